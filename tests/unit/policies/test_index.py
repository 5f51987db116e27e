"""Lookups leave out only what cannot matter: whatever is unknown stays a candidate."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.index import Index, index_of, objects_of
from policies.kubernetes import KubernetesObject, objects, of_kinds, selects
from policies.model import UNKNOWN, Resource
from policies.node import Undetermined
from policies.replicas import effective_replicas

pytestmark = pytest.mark.unit

_NAME = st.sampled_from(["a", "b", UNKNOWN, None])
_LABELS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["a", "b", UNKNOWN]), max_size=2)
_EXPRESSION = st.fixed_dictionaries(
    {"key": st.sampled_from(["app", "tier"]), "operator": st.sampled_from(["Exists", "DoesNotExist"])}
)
_SELECTOR = st.one_of(
    st.none(),
    st.just(UNKNOWN),
    st.fixed_dictionaries({}, optional={"matchLabels": _LABELS, "matchExpressions": st.lists(_EXPRESSION, max_size=1)}),
)
_METADATA = st.one_of(st.fixed_dictionaries({}, optional={"name": _NAME, "namespace": _NAME}), st.just(UNKNOWN))


def _object(token: str, properties: dict[str, Any], number: int = 0) -> KubernetesObject:
    (one,) = objects(Resource(f"kubernetes:{token}", f"r{number}", f"urn{number}", properties))
    return one


def _made(token: str, specs: list[tuple[Any, Any]]) -> list[KubernetesObject]:
    return [_object(token, {"metadata": meta, "spec": spec}, n) for n, (meta, spec) in enumerate(specs)]


def _covers(budget: KubernetesObject, workload: KubernetesObject, labels: dict[str, Any]) -> bool:
    if budget.namespace != workload.namespace:
        return False
    return selects(budget.node.at("spec", "selector"), labels)


@given(
    st.lists(st.tuples(_METADATA, st.fixed_dictionaries({"selector": _SELECTOR})), max_size=6),
    _METADATA,
    st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["a", "b"]), max_size=2),
)
def test_no_budget_that_might_matter_is_left_out(budgets: list[Any], metadata: Any, labels: dict[str, str]) -> None:
    """SR-PDB: neither one that selects, nor one of which that cannot be known."""
    made = _made("policy/v1:PodDisruptionBudget", budgets)
    workload = _object("apps/v1:Deployment", {"metadata": metadata}, 99)
    candidates = objects_of(made).budgets.candidates(workload, labels)
    assert [one for one in made if one in candidates] == list(candidates)
    for one in made:
        if one not in candidates:
            assert _covers(one, workload, labels) is False


@given(
    st.lists(
        st.tuples(
            _METADATA,
            st.fixed_dictionaries(
                {
                    "scaleTargetRef": st.fixed_dictionaries(
                        {}, optional={"kind": st.sampled_from(["Deployment", "StatefulSet", UNKNOWN]), "name": _NAME}
                    ),
                    "minReplicas": st.integers(2, 9),
                }
            ),
        ),
        max_size=5,
    ),
    _METADATA,
)
def test_an_autoscaler_is_found_as_if_each_were_asked(scalers: list[Any], metadata: Any) -> None:
    """SR-PDB: the same bounds, or the same doubt, as over all autoscalers in their order."""
    made = _made("autoscaling/v2:HorizontalPodAutoscaler", scalers)
    workload = _object("apps/v1:Deployment", {"metadata": metadata, "spec": {"replicas": 1}}, 99)
    found = _outcome(workload, objects_of(made))
    one_by_one = [_outcome(workload, [one]) for one in made]
    decisive = [one for one in one_by_one if one != (1, 1, "spec.replicas")]
    assert found == (decisive[0] if decisive else (1, 1, "spec.replicas"))


def _outcome(workload: KubernetesObject, everything: Any) -> Any:
    try:
        bounds = effective_replicas(workload, everything)
    except Undetermined as unknown:
        return str(unknown)
    return bounds.least, bounds.most, bounds.source


def test_the_index_is_made_once_and_holds_what_it_was_given() -> None:
    resources = [Resource("kubernetes:core/v1:Service", "a", "a", {}), Resource("aws:s3/bucket:Bucket", "b", "b", {})]
    index = index_of(resources)
    assert index_of(index) is index
    assert isinstance(index, Index)
    assert (list(index), len(index), index[1], index[:1]) == (resources, 2, resources[1], (resources[0],))
    assert index.objects is index.objects
    assert [one.kind for one in index.objects] == ["Service"]


def test_objects_are_found_by_name_also_when_it_is_not_known_yet() -> None:
    """SR-VOLUME: a claim whose name the provider is still to choose may be the one."""
    claims = _made(
        "core/v1:PersistentVolumeClaim",
        [({"name": "a", "namespace": "n"}, {}), ({"name": UNKNOWN}, {}), ({"name": "b", "namespace": "n"}, {})],
    )
    everything = objects_of(claims)
    assert everything.named("", "PersistentVolumeClaim", "n", "a") == [claims[0], claims[1]]
    assert everything.named("", "PersistentVolumeClaim", "m", "a") == [claims[1]]
    assert everything.named("", "Secret", "n", "a") == []


def test_services_are_found_by_the_pods_that_they_select() -> None:
    services = _made(
        "core/v1:Service",
        [({"namespace": "n"}, {"selector": {"app": "a"}}), ({"namespace": "n"}, {}), ({}, {"selector": {"app": "a"}})],
    )
    pod = _object("core/v1:Pod", {"metadata": {"namespace": "n"}}, 9)
    assert objects_of(services).services.candidates(pod, {"app": "a"}) == [services[0], services[1]]


def test_a_rule_for_some_kinds_is_asked_about_those_and_about_lists() -> None:
    applies = of_kinds({("apps", "Deployment")}, {"aws:s3/bucket:Bucket"})
    asked = ["kubernetes:apps/v1:Deployment", "kubernetes:extensions/v1beta1:Deployment", "aws:s3/bucket:Bucket"]
    asked += ["kubernetes:core/v1:List", "kubernetes:apps/v1:DeploymentPatch", "kubernetes:apps/v1:DeploymentList"]
    assert [token for token in asked if not applies(token)] == []
    assert not applies("kubernetes:core/v1:Service")
    assert not applies("aws:s3/bucketPolicy:BucketPolicy")
