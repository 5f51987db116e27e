"""StatelessService, QueueWorkers, QueueDashboard: what they register and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.autoscaling import ReplicaRangeArgs
from components.errors import Refused
from components.network import StoreAccess
from components.pods import ContainerResources, SecretVariable
from components.queue_dashboard import QueueDashboard, QueueDashboardArgs
from components.queue_workers import QueueWorkers, QueueWorkersArgs
from components.redis import RedisCluster, RedisClusterArgs
from components.stateless_service import StatelessService, StatelessServiceArgs, Surroundings
from components.workload_identity import BucketGrant, TokenIssuer

pytestmark = pytest.mark.unit

SURROUNDINGS = Surroundings(
    system="shop",
    prefix="shop-prod",
    namespace="shop",
    issuer=TokenIssuer("https://issuer.test", "arn:aws:iam::1:oidc-provider/issuer.test"),
    certificates="trusted-certificates",
    variables={"AWS_REGION": "eu-west-1"},
    secrets=[
        SecretVariable("REDIS_URL", "redis-cache", "REDIS_URL"),
        SecretVariable("QUEUE_REDIS_URL", "redis-queue", "QUEUE_REDIS_URL"),
    ],
    checksum="abc",
)
SERVICE = StatelessServiceArgs(
    identifier="orders",
    image="registry.test/orders@sha256:" + "a" * 64,
    surroundings=SURROUNDINGS,
    grants=[BucketGrant("arn:aws:s3:::uploads", "readWrite")],
)


def _redis(profile: Any) -> RedisCluster:
    return RedisCluster(
        "redis",
        RedisClusterArgs(
            identifier="shop-prod-queue",
            secret_identifier="x",
            profile=profile,
            access=StoreAccess(vpc_id="v", subnet_ids=["a", "b"], client_cidrs=[]),
        ),
    )


def _workers(profile: Any = "queue", **change: Any) -> QueueWorkers:
    return QueueWorkers(
        "mails",
        QueueWorkersArgs(
            queue="mails",
            owner="orders",
            redis=_redis(profile),
            image=SERVICE.image,
            surroundings=SURROUNDINGS,
            **change,
        ),
    )


def _pod(recording: Any, name: str = "orders-deployment") -> Any:
    return recording.one("Deployment", name).inputs["spec"]["template"]["spec"]


def _variables(pod: Any) -> dict[str, Any]:
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in pod["containers"][0]["env"]}


def test_the_autoscaler_owns_the_number_of_replicas(record: Callable[..., Any]) -> None:
    """SR-SCALE, SR-REPLICAS."""
    recording = record(lambda: StatelessService("orders", SERVICE))
    assert "replicas" not in recording.one("Deployment").inputs["spec"]
    autoscaler = recording.one("HorizontalPodAutoscaler")
    assert autoscaler.inputs["spec"]["minReplicas"] == 2
    assert autoscaler.inputs["spec"]["scaleTargetRef"]["name"] == "orders"
    assert any(urn.endswith("::orders-deployment") for urn in autoscaler.depends_on)


def test_one_pod_at_a_time_may_be_evicted(record: Callable[..., Any]) -> None:
    """SR-PDB."""
    recording = record(lambda: StatelessService("orders", SERVICE))
    budget = recording.one("PodDisruptionBudget").inputs["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == recording.one("Deployment").inputs["spec"]["selector"]


def test_the_pod_fits_podsecurity_restricted(record: Callable[..., Any]) -> None:
    pod = _pod(record(lambda: StatelessService("orders", SERVICE)))
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_only_writable_place_is_bounded_scratch_space(record: Callable[..., Any]) -> None:
    """SR-VOLUME."""
    pod = _pod(record(lambda: StatelessService("orders", SERVICE)))
    writable = [item for item in pod["containers"][0]["volumeMounts"] if not item.get("readOnly")]
    assert [item["mountPath"] for item in writable] == ["/tmp"]
    scratch = next(item for item in pod["volumes"] if item["name"] == "scratch")
    assert scratch["emptyDir"] == {"sizeLimit": "64Mi"}


def test_probes_differ_and_a_slow_start_is_no_failure(record: Callable[..., Any]) -> None:
    """SR-PROBES."""
    args = replace(SERVICE, startup_seconds=200)
    [container] = _pod(record(lambda: StatelessService("orders", args)))["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    startup = container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] == 200


@pytest.mark.parametrize("drain", [1, 25, 300])
def test_the_grace_period_outlasts_deregistration_and_draining(record: Callable[..., Any], drain: int) -> None:
    """SR-SHUTDOWN."""
    pod = _pod(record(lambda: StatelessService("orders", replace(SERVICE, drain_seconds=drain))))
    stop = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > stop + drain
    assert _variables(pod)["SHUTDOWN_DRAIN_SECONDS"] == str(drain)


def test_pods_are_spread_over_zones_and_hosts(record: Callable[..., Any]) -> None:
    """SR-REPLICAS."""
    zone, host = _pod(record(lambda: StatelessService("orders", SERVICE)))["topologySpreadConstraints"]
    assert (zone["topologyKey"], zone["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "DoNotSchedule")
    assert host["topologyKey"] == "kubernetes.io/hostname"


def test_secrets_come_from_secrets_and_a_change_replaces_the_pods(record: Callable[..., Any]) -> None:
    """SR-SECRET, SR-REDIS."""
    recording = record(lambda: StatelessService("orders", replace(SERVICE, checksum="def")))
    variables = _variables(_pod(recording))
    assert variables["REDIS_URL"] == {"secretKeyRef": {"name": "redis-cache", "key": "REDIS_URL"}}
    assert variables["MEMORY_FALLBACK"] == "false"
    metadata = recording.one("Deployment").inputs["spec"]["template"]["metadata"]
    assert metadata["annotations"] == {"groundwork.dev/secrets-checksum": "abcdef"}


def test_what_waits_comes_after_what_it_waits_for(record: Callable[..., Any]) -> None:
    """The engine has few places: a Service waiting for pods must not keep the Deployment from being made."""
    recording = record(lambda: StatelessService("orders", SERVICE))
    names = {
        name: [urn.rsplit("::")[-1] for urn in recording.one("", name).depends_on]
        for name in ("orders-deployment", "orders-service")
    }
    assert "orders-deployment" in names["orders-service"]
    assert {"orders-account", "orders-role", "orders-role-policy"} <= set(names["orders-deployment"])


def test_no_client_is_bound_to_an_instance(record: Callable[..., Any]) -> None:
    """SR-AFFINITY."""
    service = record(lambda: StatelessService("orders", SERVICE)).one("core/v1:Service").inputs["spec"]
    assert service["sessionAffinity"] == "None"
    assert service["ports"] == [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]


def test_a_role_for_one_account_and_granted_buckets_only(record: Callable[..., Any]) -> None:
    recording = record(lambda: StatelessService("orders", SERVICE))
    role = recording.one("iam/role:Role").inputs
    [trust] = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Condition"]["StringEquals"] == {
        "issuer.test:aud": "sts.amazonaws.com",
        "issuer.test:sub": "system:serviceaccount:shop:orders",
    }
    [statement] = json.loads(recording.one("RolePolicy").inputs["policy"])["Statement"]
    assert statement["Resource"] == "arn:aws:s3:::uploads/*"
    assert not any("*" in action for action in statement["Action"])
    variables = _variables(_pod(recording))
    assert variables["AWS_ROLE_ARN"] == "arn:aws:test:::orders-role"
    token = next(item for item in _pod(recording)["volumes"] if item["name"] == "identity")
    assert token["projected"]["sources"][0]["serviceAccountToken"]["audience"] == "sts.amazonaws.com"


def test_without_grants_there_is_no_role_and_no_token(record: Callable[..., Any]) -> None:
    recording = record(lambda: StatelessService("orders", replace(SERVICE, grants=())))
    assert not recording.of("Role")
    pod = _pod(recording)
    assert "AWS_ROLE_ARN" not in _variables(pod)
    assert [item["name"] for item in pod["volumes"]] == ["scratch", "certificates"]
    assert pod["automountServiceAccountToken"] is False


def test_other_namespaces_may_call_only_an_exposed_service(record: Callable[..., Any]) -> None:
    inside = record(lambda: StatelessService("orders", SERVICE))
    assert not inside.of("NetworkPolicy")
    policy = record(lambda: StatelessService("orders", replace(SERVICE, exposed=True))).one("NetworkPolicy")
    [rule] = policy.inputs["spec"]["ingress"]
    assert rule == {"from": [{"namespaceSelector": {}}], "ports": [{"protocol": "TCP", "port": "http"}]}


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"replicas": ReplicaRangeArgs(min=1, max=2)}, "replicas.min"),
        ({"replicas": ReplicaRangeArgs(min=3, max=2)}, "replicas.max"),
        ({"resources": ContainerResources(memory_request="1Gi", memory_limit="512Mi")}, "resources.memory_limit"),
        ({"drain_seconds": 4000}, "drain_seconds"),
    ],
)
def test_unsafe_services_are_refused(record: Callable[..., Any], change: dict[str, Any], setting: str) -> None:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            StatelessService("orders", replace(SERVICE, **change))
        return caught.value

    recording = record(build)
    assert [item.setting for item in recording.result.refusals] == [setting]
    assert [item.type for item in recording.resources] == ["groundwork:index:StatelessService"]


def test_workers_get_the_time_to_finish_their_longest_job(record: Callable[..., Any]) -> None:
    """SR-SHUTDOWN, P0-QUEUE."""
    pod = _pod(record(lambda: _workers(longest_job_seconds=600)), "mails-deployment")
    assert pod["terminationGracePeriodSeconds"] > 600
    assert "lifecycle" not in pod["containers"][0], "nothing has to be deregistered"
    variables = _variables(pod)
    assert (variables["ROLE"], variables["QUEUES"], variables["SERVICE_NAME"]) == ("worker", "mails", "orders")
    assert pod["containers"][0]["command"][-1] == "worker"


def test_workers_have_a_budget_and_an_autoscaler_and_no_service(record: Callable[..., Any]) -> None:
    """P0-QUEUE, SR-PDB, SR-SCALE."""
    recording = record(_workers)
    assert recording.one("PodDisruptionBudget").inputs["metadata"]["name"] == "mails-worker"
    assert recording.one("HorizontalPodAutoscaler").inputs["spec"]["scaleTargetRef"]["name"] == "mails-worker"
    assert not recording.of("core/v1:Service")


def test_queues_in_a_redis_that_evicts_are_refused(record: Callable[..., Any]) -> None:
    """SR-REDIS-HA: queue Redis never evicts."""

    def build() -> None:
        with pytest.raises(Refused, match=r"redis\.profile is 'cache'"):
            _workers("cache")

    assert not record(build).of("Deployment")


def test_a_job_longer_than_an_hour_is_refused(record: Callable[..., Any]) -> None:
    def build() -> None:
        with pytest.raises(Refused, match="longest_job_seconds"):
            _workers(longest_job_seconds=4000)

    assert not record(build).of("Deployment")


def test_the_dashboard_asks_for_a_password_and_knows_no_other_secret(record: Callable[..., Any]) -> None:
    """P0-QUEUE: behind authentication."""
    recording = record(
        lambda: QueueDashboard(
            "dashboard",
            QueueDashboardArgs(
                queues=["mails", "songs"],
                redis=_redis("queue"),
                image=SERVICE.image,
                surroundings=SURROUNDINGS,
                secret_identifier="shop-prod/dashboard",
            ),
        )
    )
    variables = _variables(_pod(recording, "dashboard-service-deployment"))
    assert variables["DASHBOARD_PASSWORD"] == {"secretKeyRef": {"name": "queue-dashboard", "key": "DASHBOARD_PASSWORD"}}
    assert variables["QUEUES"] == "mails,songs"
    assert "REDIS_URL" not in variables
    assert recording.one("core/v1:Secret").is_secret("data", "DASHBOARD_PASSWORD")
