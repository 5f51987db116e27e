"""No shape of a workload makes the rules on workloads stumble. SR-REPLICAS, SR-PROBES, SR-SHUTDOWN, SR-KIND."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.judge import judge
from policies.model import UNKNOWN, Resource
from policies.rules.table_workloads import WORKLOADS

pytestmark = pytest.mark.unit

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 10**12)
    | st.floats()
    | st.sampled_from(["", "²", "9" * 5000, "http://[", "sleep", "50%", "worker", "Always", "ip", "{", "'"])
    | st.just(UNKNOWN)
)
_WRONG = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "key"]), inner, max_size=2),
    max_leaves=4,
)


def _mapping(**fields: Any) -> st.SearchStrategy[Any]:
    """A mapping with some of the fields, or something else altogether."""
    return st.one_of(st.fixed_dictionaries({}, optional=fields), _WRONG)


def _list(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.lists(inner, max_size=2), _WRONG)


_LABELS = _mapping(app=st.just("api"))
_SELECTOR = _mapping(matchLabels=_LABELS, matchExpressions=_list(_mapping(key=_WRONG, operator=_WRONG, values=_WRONG)))
_TERM = _mapping(
    topologyKey=st.just("topology.kubernetes.io/zone"),
    labelSelector=_SELECTOR,
    maxSkew=_WRONG,
    whenUnsatisfiable=_WRONG,
    namespaces=_WRONG,
    namespaceSelector=_SELECTOR,
    matchLabelKeys=_WRONG,
    mismatchLabelKeys=_WRONG,
)
_PROBE = _mapping(
    httpGet=_mapping(path=_WRONG, port=_WRONG, host=_WRONG, httpHeaders=_list(_mapping(name=_WRONG, value=_WRONG))),
    exec=_mapping(command=_list(_SCALARS)),
    grpc=_mapping(port=_WRONG, service=_WRONG),
    periodSeconds=_WRONG,
    initialDelaySeconds=_WRONG,
)
_CONTAINER = _mapping(
    name=_WRONG,
    restartPolicy=_WRONG,
    ports=_list(_mapping(name=_WRONG, containerPort=_WRONG)),
    env=_list(_mapping(name=st.just("JOB_MAX_SECONDS"), value=_WRONG)),
    livenessProbe=_PROBE,
    readinessProbe=_PROBE,
    startupProbe=_PROBE,
    lifecycle=_mapping(preStop=_mapping(sleep=_mapping(seconds=_WRONG), exec=_mapping(command=_list(_SCALARS)))),
)
_POD = _mapping(
    containers=_list(_CONTAINER),
    initContainers=_list(_CONTAINER),
    terminationGracePeriodSeconds=_WRONG,
    nodeSelector=_WRONG,
    topologySpreadConstraints=_list(_TERM),
    affinity=_mapping(
        podAntiAffinity=_mapping(requiredDuringSchedulingIgnoredDuringExecution=_list(_TERM)), nodeAffinity=_WRONG
    ),
)
_METADATA = _mapping(
    name=st.just("api"), labels=_LABELS, annotations=_mapping(**{"groundwork/drain-seconds": _WRONG}), namespace=_WRONG
)
_SPECS = {
    "kubernetes:apps/v1:Deployment": _mapping(
        replicas=_WRONG, strategy=_WRONG, template=_mapping(metadata=_METADATA, spec=_POD)
    ),
    "kubernetes:core/v1:Pod": _POD,
    "kubernetes:core/v1:Service": _mapping(selector=_LABELS, type=_WRONG, ports=_list(_mapping(port=_WRONG))),
    "kubernetes:networking.k8s.io/v1:Ingress": _mapping(
        defaultBackend=_mapping(service=_mapping(name=_WRONG)), ingressClassName=_WRONG
    ),
    "kubernetes:keda.sh/v1alpha1:ScaledObject": _mapping(scaleTargetRef=_mapping(name=st.just("api"))),
}
_RESOURCE = st.sampled_from(sorted(_SPECS)).flatmap(
    lambda token: st.tuples(st.just(token), st.fixed_dictionaries({"metadata": _METADATA, "spec": _SPECS[token]}))
)


@settings(deadline=None)
@given(st.lists(_RESOURCE, max_size=3))
def test_no_shape_of_a_workload_makes_a_rule_stumble(given_resources: list[tuple[str, dict[str, Any]]]) -> None:
    """SR-REPLICAS, SR-PROBES, SR-SHUTDOWN, SR-KIND: whatever is declared, a rule gives verdicts; it never raises."""
    resources = [Resource(token, f"r{n}", f"urn{n}", props) for n, (token, props) in enumerate(given_resources)]
    for finding in judge(WORKLOADS, resources, date(2026, 11, 22)):
        assert finding.message.startswith(f"[{finding.rule}] ")
