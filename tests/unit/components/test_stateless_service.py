"""StatelessService: its knobs, what they come to in the cluster, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.autoscaling import ReplicaRangeArgs
from components.cluster import ClusterFeatures, GatewayFeature, IngressFeature
from components.errors import Refused
from components.exposure import Exposure
from components.namespace import EgressRule, WorkloadNamespace, WorkloadNamespaceArgs
from components.pod_options import ConfigFiles, Probes, Rollout
from components.service_rules import CanaryArgs
from components.stateless_service import StatelessService, StatelessServiceArgs, Surroundings
from components.workload_identity import TokenIssuer

pytestmark = pytest.mark.unit

IMAGE = "registry.test/orders@sha256:" + "a" * 64
GATEWAY = ClusterFeatures(gateway=GatewayFeature(name="public", namespace="gateways", client_namespace="envoy"))
INGRESS = ClusterFeatures(
    ingress=IngressFeature(class_name="nginx", client_namespace="ingress", client_cidrs=("10.9.0.0/16",))
)
METRICS = ClusterFeatures(metrics_namespace="monitoring")
EXPOSE = Exposure(hosts=["api.example.com"])


def _args(cluster: ClusterFeatures | None = None, **change: Any) -> StatelessServiceArgs:
    surroundings = Surroundings(
        system="shop",
        prefix="shop-prod",
        namespace="shop",
        issuer=TokenIssuer("https://issuer.test", "arn:aws:iam::1:oidc-provider/issuer.test"),
        cluster=cluster or ClusterFeatures(),
    )
    return StatelessServiceArgs(**{"identifier": "orders", "image": IMAGE, "surroundings": surroundings, **change})


def _build(record: Callable[..., Any], cluster: ClusterFeatures | None = None, **change: Any) -> Any:
    return record(lambda: StatelessService("orders", _args(cluster, **change)))


def _spec(recording: Any, name: str = "orders-deployment") -> Any:
    return recording.one("Deployment", name).inputs["spec"]


def _container(recording: Any) -> Any:
    [container] = _spec(recording)["template"]["spec"]["containers"]
    return container


def _variables(recording: Any) -> dict[str, Any]:
    return {item["name"]: item.get("value") for item in _container(recording)["env"]}


def test_further_ports_are_served_beside_the_main_one(record: Callable[..., Any]) -> None:
    recording = _build(record, ports={"grpc": 9000})
    assert [(item["name"], item["containerPort"]) for item in _container(recording)["ports"]] == [
        ("http", 8080),
        ("grpc", 9000),
    ]
    ports = recording.one("core/v1:Service").inputs["spec"]["ports"]
    assert ports[1] == {"name": "grpc", "port": 9000, "targetPort": "grpc", "protocol": "TCP"}


def test_a_users_image_runs_its_own_command_and_arguments(record: Callable[..., Any]) -> None:
    own = _container(_build(record, command=["/app/bin/server"], arguments=["start", "--foreground"]))
    assert own["command"] == ["/app/bin/server", "start", "--foreground"]
    assert _container(_build(record, command=["/app/bin/server"], arguments=[]))["command"] == ["/app/bin/server"]
    assert _container(_build(record))["command"][-1] == "api"


def test_cpu_memory_and_requests_scale_together_under_one_autoscaler(record: Callable[..., Any]) -> None:
    """P0-SCALE, SR-SCALE. Trap: no replica count under an autoscaler."""
    recording = _build(record, METRICS, memory_target_percent=80, requests_per_second=50)
    spec = recording.one("HorizontalPodAutoscaler").inputs["spec"]
    cpu, memory, requests = spec["metrics"]
    assert cpu["resource"]["target"] == {"type": "Utilization", "averageUtilization": 70}
    assert memory["resource"] == {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 80}}
    assert requests["pods"] == {
        "metric": {"name": "http_requests_per_second"},
        "target": {"type": "AverageValue", "averageValue": "50"},
    }
    assert "replicas" not in _spec(recording)


def test_requests_are_told_on_a_port_that_only_the_reader_of_metrics_may_call(record: Callable[..., Any]) -> None:
    recording = _build(record, METRICS, requests_per_second=50)
    assert _variables(recording)["METRICS_PORT"] == "9464"
    policy = recording.one("NetworkPolicy", "orders-metrics-policy").inputs["spec"]
    [rule] = policy["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": "metrics"}]
    assert rule["from"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "monitoring"}


@pytest.mark.parametrize(
    ("drain", "streams", "exposed", "grace", "stop"),
    [(25, 0, False, 35, 5), (25, 0, True, 45, 15), (300, 240, True, 320, 15)],
)
def test_grace_and_prestop_follow_from_the_drain_time(
    record: Callable[..., Any], drain: int, streams: int, exposed: bool, grace: int, stop: int
) -> None:
    """SR-SHUTDOWN: load balancers need longer to forget a pod than a Service does."""
    change = {"expose": EXPOSE} if exposed else {}
    recording = _build(record, GATEWAY, drain_seconds=drain, stream_seconds=streams, **change)
    assert _spec(recording)["template"]["spec"]["terminationGracePeriodSeconds"] == grace
    assert _container(recording)["lifecycle"] == {"preStop": {"sleep": {"seconds": stop}}}
    assert _variables(recording).get("SHUTDOWN_STREAM_SECONDS") == (str(streams) if streams else None)


def test_a_gateway_routes_without_affinity_and_does_not_cut_streams(record: Callable[..., Any]) -> None:
    """SR-AFFINITY. Trap: Pulumi waits for a custom resource only when told how."""
    recording = _build(record, GATEWAY, expose=EXPOSE, drain_seconds=60, stream_seconds=30)
    route = recording.one("HTTPRoute").inputs
    [rule] = route["spec"]["rules"]
    assert rule["backendRefs"] == [{"name": "orders", "port": 80, "weight": 100}]
    assert rule["timeouts"] == {"request": "0s"}
    assert "sessionPersistence" not in rule
    assert route["spec"]["parentRefs"] == [{"name": "public", "namespace": "gateways"}]
    assert route["metadata"]["annotations"]["pulumi.com/waitFor"].startswith("jsonpath=")
    assert "timeouts" not in _build(record, GATEWAY, expose=EXPOSE).one("HTTPRoute").inputs["spec"]["rules"][0]


def test_without_a_gateway_an_ingress_with_tls_does(record: Callable[..., Any]) -> None:
    """SR-AFFINITY: no annotation of any controller at all."""
    recording = _build(record, INGRESS, expose=replace(EXPOSE, tls_secret="api-tls"))
    ingress = recording.one("Ingress").inputs
    assert "annotations" not in ingress["metadata"]
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert ingress["spec"]["tls"] == [{"hosts": ["api.example.com"], "secretName": "api-tls"}]
    [path] = ingress["spec"]["rules"][0]["http"]["paths"]
    assert path["backend"] == {"service": {"name": "orders", "port": {"number": 80}}}


@pytest.mark.parametrize(
    ("cluster", "sources"),
    [
        (GATEWAY, [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "envoy"}}}]),
        (
            INGRESS,
            [
                {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}},
                {"ipBlock": {"cidr": "10.9.0.0/16"}},
            ],
        ),
    ],
)
def test_only_the_proxies_may_call_what_is_exposed(
    record: Callable[..., Any], cluster: ClusterFeatures, sources: list[Any]
) -> None:
    policy = _build(record, cluster, expose=EXPOSE).one("NetworkPolicy").inputs["spec"]
    assert policy["ingress"] == [{"from": sources, "ports": [{"protocol": "TCP", "port": "http"}]}]


def test_a_canary_gets_its_share_and_has_a_budget_and_an_autoscaler_of_its_own(record: Callable[..., Any]) -> None:
    canary = CanaryArgs(image=IMAGE.replace("a" * 64, "b" * 64), weight=20)
    recording = _build(record, GATEWAY, expose=EXPOSE, canary=canary, replicas=ReplicaRangeArgs(min=3, max=20))
    [rule] = recording.one("HTTPRoute").inputs["spec"]["rules"]
    assert [(item["name"], item["weight"]) for item in rule["backendRefs"]] == [("orders", 80), ("orders-canary", 20)]
    spec = _spec(recording, "orders-canary-deployment")
    pod = spec["template"]["spec"]
    assert pod["containers"][0]["image"] == canary.image
    assert pod["serviceAccountName"] == "orders"
    assert spec["selector"] != _spec(recording)["selector"]
    autoscalers = {
        item.inputs["metadata"]["name"]: item.inputs["spec"] for item in recording.of("HorizontalPodAutoscaler")
    }
    assert autoscalers["orders-canary"]["minReplicas"] == 2
    assert autoscalers["orders-canary"]["maxReplicas"] == 4
    assert len(recording.of("PodDisruptionBudget")) == 2
    assert len(recording.of("NetworkPolicy")) == 2


def test_hot_configuration_is_a_folder_and_changes_nothing_else(record: Callable[..., Any]) -> None:
    """Trap: a file mounted by itself (`subPath`) is never brought up to date."""

    def template(text: str, reload: Any) -> Any:
        recording = _build(record, config=ConfigFiles(files={"limits.json": text}, reload=reload))
        assert recording.one("core/v1:ConfigMap").inputs["data"] == {"limits.json": text}
        return _spec(recording)["template"]

    assert template("1", "hot") == template("2", "hot")
    assert template("1", "restart") != template("2", "restart")
    [container] = template("1", "hot")["spec"]["containers"]
    mount = next(item for item in container["volumeMounts"] if item["name"] == "config")
    assert mount == {"name": "config", "mountPath": "/etc/groundwork/config", "readOnly": True}
    assert {"name": "CONFIG_DIR", "value": "/etc/groundwork/config"} in container["env"]


def test_probes_and_rollout_steps_are_the_users(record: Callable[..., Any]) -> None:
    """SR-PROBES."""
    recording = _build(
        record,
        startup_seconds=300,
        probes=Probes(live_path="/livez", ready_path="/readyz", startup_period_seconds=10, timeout_seconds=5),
        rollout=Rollout(max_surge="25%", max_unavailable=1, min_ready_seconds=10),
    )
    container = _container(recording)
    startup = container["startupProbe"]
    assert (startup["httpGet"]["path"], startup["periodSeconds"], startup["failureThreshold"]) == ("/livez", 10, 30)
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["readinessProbe"]["timeoutSeconds"] == 5
    spec = _spec(recording)
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 1}
    assert spec["minReadySeconds"] == 10


@pytest.mark.parametrize(("timeout", "startup"), [(1, 1), (2, 2), (5, 2)])
def test_no_answer_is_waited_for_longer_than_until_the_next_question(
    record: Callable[..., Any], timeout: int, startup: int
) -> None:
    """SR-PROBES: the start asks more often than the other probes."""
    container = _container(_build(record, probes=Probes(timeout_seconds=timeout)))
    assert container["startupProbe"]["timeoutSeconds"] == startup
    assert container["livenessProbe"]["timeoutSeconds"] == timeout
    assert container["readinessProbe"]["timeoutSeconds"] == timeout


def test_scratch_space_has_the_size_asked_for_and_a_bound(record: Callable[..., Any]) -> None:
    """SR-VOLUME."""
    recording = _build(record, scratch_size="1Gi")
    volumes = _spec(recording)["template"]["spec"]["volumes"]
    assert volumes == [{"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}}]
    assert _container(recording)["resources"]["limits"]["ephemeral-storage"] == "1216Mi"
    assert _container(recording)["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize(
    ("cluster", "change", "setting"),
    [
        (None, {"image": "registry.test/orders:latest"}, "image"),
        (None, {"ports": {"http": 9000}}, "ports.http"),
        (None, {"ports": {"grpc": 80}}, "ports.grpc"),
        (None, {"ports": {"grpc": 8080}}, "ports"),
        (None, {"deregistration_seconds": 2}, "deregistration_seconds"),
        (GATEWAY, {"expose": EXPOSE, "deregistration_seconds": 5}, "deregistration_seconds"),
        (None, {"stream_seconds": 60}, "drain_seconds"),
        (None, {"drain_seconds": 3595}, "drain_seconds"),
        (None, {"requests_per_second": 50}, "requests_per_second"),
        (None, {"cpu_target_percent": None, "memory_target_percent": 80}, "cpu_target_percent"),
        (None, {"probes": Probes(live_path="/health/ready")}, "probes.ready_path"),
        (None, {"probes": Probes(live_failures=0)}, "probes.live_failures"),
        (None, {"probes": Probes(timeout_seconds=6)}, "probes.timeout_seconds"),
        (None, {"probes": Probes(live_period_seconds=2)}, "probes.timeout_seconds"),
        (None, {"rollout": Rollout(max_surge=0)}, "rollout.max_surge"),
        (None, {"rollout": Rollout(max_surge="0%", max_unavailable="0%")}, "rollout.max_surge"),
        (None, {"rollout": Rollout(max_unavailable=2)}, "rollout.max_unavailable"),
        (None, {"rollout": Rollout(max_unavailable="100%")}, "rollout.max_unavailable"),
        (None, {"rollout": Rollout(max_surge="a few")}, "rollout.max_surge"),
        (None, {"scratch_size": "100Gi"}, "scratch_size"),
        (None, {"config": ConfigFiles(files={"a": "db_password: hunter2"})}, "config.files.a"),
        (None, {"config": ConfigFiles(files={"../a": "x"})}, "config.files.../a"),
        (None, {"config": ConfigFiles(files={"a": "broker: amqp://u:hunter2@host"})}, "config.files.a"),
        (None, {"arguments": ["serve", "--token=hunter2"]}, "arguments.3"),
        (None, {"expose": EXPOSE}, "expose"),
        (GATEWAY, {"expose": replace(EXPOSE, hosts=["localhost"])}, "expose.hosts"),
        (GATEWAY, {"expose": replace(EXPOSE, tls_secret="x")}, "expose.tls_secret"),
        (GATEWAY, {"canary": CanaryArgs(image=IMAGE)}, "canary"),
        (INGRESS, {"expose": EXPOSE, "canary": CanaryArgs(image=IMAGE)}, "canary"),
        (GATEWAY, {"expose": EXPOSE, "canary": CanaryArgs(image=IMAGE, weight=80)}, "canary.weight"),
        (GATEWAY, {"expose": EXPOSE, "canary": CanaryArgs(image="orders:next")}, "canary.image"),
    ],
)
def test_unsafe_services_are_refused(
    record: Callable[..., Any], cluster: ClusterFeatures | None, change: dict[str, Any], setting: str
) -> None:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            StatelessService("orders", _args(cluster, **change))
        return caught.value

    recording = record(build)
    assert [item.setting for item in recording.result.refusals] == [setting]
    assert "hunter2" not in str(recording.result)
    assert [item.type for item in recording.resources] == ["groundwork:index:StatelessService"]


def test_pods_reach_each_other_names_stores_and_https_and_nothing_else(record: Callable[..., Any]) -> None:
    """The namespace denies both ways; no pod reaches the node's own credentials."""
    args = WorkloadNamespaceArgs(
        identifier="shop", store_cidrs=["10.20.0.0/16"], egress=[EgressRule(cidr="203.0.113.0/24", ports=[25])]
    )
    recording = record(lambda: WorkloadNamespace("namespace", args))
    assert recording.one("NetworkPolicy", "namespace-default-deny").inputs["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }
    inside, dns, https, stores, mail = recording.one("NetworkPolicy", "namespace-inside").inputs["spec"]["egress"]
    assert inside == {"to": [{"podSelector": {}}]}
    assert {item["port"] for item in dns["ports"]} == {53}
    assert https["to"][0]["ipBlock"]["except"] == ["169.254.0.0/16"]
    assert [item["port"] for item in https["ports"]] == [443]
    assert stores["to"] == [{"ipBlock": {"cidr": "10.20.0.0/16"}}]
    assert [item["port"] for item in stores["ports"]] == [5432, 6379]
    assert mail == {
        "to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}],
        "ports": [{"protocol": "TCP", "port": 25}],
    }
