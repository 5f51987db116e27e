"""What the configuration of the rules on workloads changes. SR-REPLICAS, SR-PROBES, SR-SHUTDOWN, SR-KIND."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from policies.judge import judge_resource, judge_stack
from policies.model import Resource, Status
from policies.packs import all_rules

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 22)


def _found(policy: str, settings: Mapping[str, Any], *resources: Resource) -> list[str]:
    """Property paths of what a policy finds."""
    (rule,) = (rule for rule in all_rules() if rule.policy == policy)
    found = [finding for one in resources for finding in judge_resource(rule, one, settings, TODAY)]
    found += judge_stack(rule, resources, settings, TODAY)
    return [finding.verdict.path.rpartition(".")[2] for finding in found]


def _workload(
    pod: Mapping[str, Any] | None = None, kind: str = "Deployment", name: str = "api", **spec: Any
) -> Resource:
    token = f"kubernetes:apps/v1:{kind}"
    template = {"metadata": {"labels": {"app": "api"}}, "spec": pod or {}}
    properties = {"kind": kind, "metadata": {"name": name}, "spec": {"template": template, **spec}}
    return Resource(token, name, f"{token}::{name}", properties)


def _container(**given: Any) -> Mapping[str, Any]:
    return {"containers": [{"name": "app", **given}]}


def _constraint(key: str, when: str) -> Mapping[str, Any]:
    selector = {"matchLabels": {"app": "api"}}
    constraint = {"topologyKey": key, "maxSkew": 1, "whenUnsatisfiable": when, "labelSelector": selector}
    return {"topologySpreadConstraints": [constraint]}


def _anti_affinity() -> Mapping[str, Any]:
    term = {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": {"app": "api"}}}
    preferred = [{"weight": 1, "podAffinityTerm": term}]
    return {"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}}


SERVICE = Resource(
    "kubernetes:core/v1:Service",
    "api",
    "service",
    {"metadata": {"name": "api"}, "spec": {"selector": {"app": "api"}, "type": "LoadBalancer"}},
)
INNER = Resource(
    "kubernetes:core/v1:Service", "api", "service", {"metadata": {"name": "api"}, "spec": {"selector": {"app": "api"}}}
)
LIVE = {"httpGet": {"path": "/live", "port": 1}}
READY = {"httpGet": {"path": "/fit", "port": 1}}


def test_other_labels_of_zones_can_be_named() -> None:
    """SR-REPLICAS: `zoneKeys`."""
    workload = _workload(_constraint("rack", "DoNotSchedule"), replicas=2)
    assert _found("SR-REPLICAS", {}, workload) == ["topologyKey"]
    assert _found("SR-REPLICAS", {"zoneKeys": ["rack"]}, workload) == []


@pytest.mark.parametrize("pod", [_constraint("topology.kubernetes.io/zone", "ScheduleAnyway"), _anti_affinity()])
def test_a_preference_can_be_accepted(pod: Mapping[str, Any]) -> None:
    """SR-REPLICAS: `acceptPreferred`."""
    assert len(_found("SR-REPLICAS", {}, _workload(pod))) == 1
    assert _found("SR-REPLICAS", {"acceptPreferred": True}, _workload(pod)) == []


def test_the_smallest_number_of_pods_is_configurable() -> None:
    """SR-REPLICAS: `minReplicas`."""
    pod = _constraint("topology.kubernetes.io/zone", "DoNotSchedule")
    for least, replicas, refused in ((1, 1, False), (3, 2, True), (3, 3, False)):
        found = _found("SR-REPLICAS-COUNT", {"minReplicas": least}, _workload(pod, replicas=replicas))
        assert found == (["replicas"] if refused else []), (least, replicas)


def test_helpers_need_no_probes() -> None:
    """SR-PROBES: `helpers`, by name and by pattern."""
    for helpers, refused in (([], True), (["app"], False), (["a*"], False), (["other"], True)):
        assert bool(_found("SR-PROBES", {"helpers": helpers}, _workload(_container()))) is refused
        readiness = _workload(_container(readinessProbe={"tcpSocket": {"port": 1}}))
        assert bool(_found("SR-PROBES-READINESS", {"helpers": helpers}, readiness)) is refused


def test_the_words_for_dependencies_are_configurable() -> None:
    """SR-PROBES: `dependencyWords`, whatever their case."""
    workload = _workload(_container(livenessProbe=LIVE, readinessProbe=READY))
    assert _found("SR-PROBES", {"dependencyWords": ["LIVE"]}, workload) == ["path"]
    ready = {"httpGet": {"path": "/ready", "port": 1}}
    workload = _workload(_container(livenessProbe=ready, readinessProbe=READY))
    assert _found("SR-PROBES", {"dependencyWords": []}, workload) == []


def test_what_is_slow_and_what_is_too_late_is_configurable() -> None:
    """SR-PROBES: `slowStartSeconds`, `deadAfterSeconds`."""
    workload = _workload(_container(livenessProbe={**LIVE, "initialDelaySeconds": 10}, readinessProbe=READY))
    assert _found("SR-PROBES", {"slowStartSeconds": 9}, workload) == ["initialDelaySeconds"]
    assert _found("SR-PROBES", {"slowStartSeconds": 10}, workload) == []
    assert _found("SR-PROBES", {"deadAfterSeconds": 29}, workload) == ["failureThreshold"]
    assert _found("SR-PROBES", {"deadAfterSeconds": 30}, workload) == []


@pytest.mark.parametrize("policy", ["SR-SHUTDOWN", "SR-SHUTDOWN-DEREGISTRATION"])
def test_variables_and_assumptions_about_draining_are_configurable(policy: str) -> None:
    """SR-SHUTDOWN: `drainSeconds`, `drainVariables`, `longestJobVariables`."""
    assert _found("SR-SHUTDOWN", {"drainSeconds": 30}, _workload(_container())) == ["terminationGracePeriodSeconds"]
    assert _found("SR-SHUTDOWN", {"drainSeconds": 29}, _workload(_container())) == []
    told = _workload(_container(env=[{"name": "GRACEFUL_TIMEOUT", "value": "45"}]))
    for setting in ("drainVariables", "longestJobVariables"):
        found = _found("SR-SHUTDOWN", {setting: ["GRACEFUL_TIMEOUT"]}, told)
        assert found == ["terminationGracePeriodSeconds"]
    assert _found("SR-SHUTDOWN", {}, told) == []
    assert _found("SR-SHUTDOWN-DEREGISTRATION", {"longestJobVariables": ["GRACEFUL_TIMEOUT"]}, told, INNER) == []


def test_the_waits_before_sigterm_are_configurable() -> None:
    """SR-SHUTDOWN: `serviceSeconds`, `edgeSeconds`."""
    workload = _workload(_container(lifecycle={"preStop": {"sleep": {"seconds": 8}}}))
    policy = "SR-SHUTDOWN-DEREGISTRATION"
    for service, settings, refused in (
        (INNER, {"serviceSeconds": 8}, False),
        (INNER, {"serviceSeconds": 9}, True),
        (SERVICE, {"edgeSeconds": 8, "serviceSeconds": 20}, False),
        (SERVICE, {"edgeSeconds": 9}, True),
    ):
        assert bool(_found(policy, settings, workload, service)) is refused, settings


def test_kinds_that_need_a_reason_are_configurable() -> None:
    """SR-KIND: `reasonedKinds`."""
    workload = _workload(kind="DaemonSet")
    assert _found("SR-KIND", {}, workload) == ["kind"]
    assert _found("SR-KIND", {"reasonedKinds": ["Pod", "StatefulSet"]}, workload) == []


def test_a_namespace_that_is_chosen_at_the_deployment_cannot_be_compared() -> None:
    """SR-REPLICAS: told, and neither passed nor refused; where every namespace counts there is nothing to compare."""
    (rule,) = (rule for rule in all_rules() if rule.policy == "SR-REPLICAS")
    for extra, statuses in (({"namespaces": ["shop"]}, [Status.UNDETERMINED]), ({"namespaceSelector": {}}, [])):
        term = {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": {"app": "api"}}, **extra}
        required = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
        found = judge_resource(rule, _workload({"affinity": {"podAntiAffinity": required}}), {}, TODAY)
        assert [finding.status for finding in found] == statuses


def test_an_anti_affinity_over_named_namespaces_counts_where_the_own_one_is_among_them() -> None:
    """SR-REPLICAS: `namespaces` and `namespaceSelector` of a term, which add up."""
    for extra, refused in (
        ({"namespaces": ["shop"]}, False),
        ({"namespaces": ["other"]}, True),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}, False),
        ({"namespaces": ["shop"], "namespaceSelector": {"matchLabels": {"team": "x"}}}, False),
        (
            {
                "namespaceSelector": {
                    "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}]
                }
            },
            False,
        ),
    ):
        term = {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": {"app": "api"}}, **extra}
        required = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
        workload = _workload({"affinity": {"podAntiAffinity": required}})
        workload.properties["metadata"]["namespace"] = "shop"
        assert bool(_found("SR-REPLICAS", {}, workload)) is refused, extra
