"""The parts that rules are made of: quantities, percentages, selectors, the cursor over unknown data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.crossguard import plain
from policies.judge import judge
from policies.kubernetes import objects, selects
from policies.manifests import NotAManifest, resource_from_manifest
from policies.model import UNKNOWN, Resource
from policies.node import Node, Undetermined
from policies.packs import all_rules
from policies.quantities import quantity, scaled

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1Ki", 1024),
        ("1.5Gi", 1610612736),
        ("1k", 1000),
        ("100m", "0.1"),
        ("1e3", 1000),
        ("1E3", 1000),
        ("2E", 2 * 10**18),
        (".5", "0.5"),
        (7, 7),
        ("-1", -1),
    ],
)
def test_quantities(text: Any, value: Any) -> None:
    assert quantity(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "much", "1 Gi", "1Gi ib", "Gi", "1KiB", True, None])
def test_what_is_no_quantity(text: Any) -> None:
    assert quantity(text) is None


@pytest.mark.parametrize(
    ("value", "total", "number"),
    [(1, 3, 1), ("2", 3, 2), ("50%", 3, 2), ("34%", 3, 2), ("33%", 3, 1), ("0%", 3, 0), ("100%", 3, 3), (2.0, 3, 2)],
)
def test_percentages_round_up(value: Any, total: int, number: int) -> None:
    """SR-PDB: as Kubernetes rounds."""
    assert scaled(value, total) == number


@pytest.mark.parametrize("value", ["half", "-1", -1, 1.5, True, "1.5%", None])
def test_what_is_neither_number_nor_percentage(value: Any) -> None:
    assert scaled(value, 3) is None


@given(st.integers(0, 100), st.integers(0, 10_000))
def test_a_percentage_never_rounds_down_nor_by_more_than_one(percent: int, total: int) -> None:
    """SR-PDB."""
    found = scaled(f"{percent}%", total)
    assert found is not None
    assert 0 <= found * 100 - percent * total < 100


LABELS = {"app": "api", "tier": "web"}


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({}, True),
        (None, False),
        ({"matchLabels": {"app": "api"}}, True),
        ({"matchLabels": {"app": "api", "tier": "db"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["x", "api"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["x"]}]}, False),
        ({"matchExpressions": [{"key": "none", "operator": "In", "values": ["x"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]}, False),
        ({"matchExpressions": [{"key": "none", "operator": "NotIn", "values": ["x"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "none", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "none", "operator": "DoesNotExist"}]}, True),
        (
            {
                "matchLabels": {"app": "api"},
                "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}],
            },
            False,
        ),
    ],
)
def test_selectors_match_as_in_kubernetes(selector: Any, matches: bool) -> None:
    """SR-PDB: all labels and all expressions."""
    assert selects(Node(selector), LABELS) is matches


def test_an_operator_that_does_not_exist_is_undetermined() -> None:
    selector = {"matchExpressions": [{"key": "app", "operator": "Like", "values": ["a"]}]}
    with pytest.raises(Undetermined):
        selects(Node(selector), LABELS)


def test_the_cursor_remembers_paths_and_does_not_guess() -> None:
    node = Node({"a": [{"b/c": 1}], "u": UNKNOWN, "s": "text"})
    assert [child["b/c"].path for child in node["a"].elements()] == ['a[0]["b/c"]']
    assert not node["none"]["deeper"].present
    for read in (
        lambda: node["u"].present,
        lambda: node["u"]["below"],
        lambda: node["u"].text,
        lambda: list(node["u"].elements()),
        lambda: node["s"]["below"],
        lambda: list(node["s"].elements()),
        lambda: node.known(),
    ):
        with pytest.raises(Undetermined):
            read()


def test_redacted_secrets_are_unknown_not_absent() -> None:
    assert plain({"spec": "[secret]", "n": [1.0, 2.5]}) == {"spec": UNKNOWN, "n": [1, 2.5]}


@pytest.mark.parametrize(
    ("token", "group", "kind"),
    [
        ("kubernetes:core/v1:Pod", "", "Pod"),
        ("kubernetes:apps/v1:DeploymentPatch", "apps", "Deployment"),
        ("kubernetes:extensions/v1beta1:Ingress", "networking.k8s.io", "Ingress"),
        ("kubernetes:extensions/v1beta1:Deployment", "apps", "Deployment"),
    ],
)
def test_type_tokens_name_group_and_kind(token: str, group: str, kind: str) -> None:
    (one,) = objects(Resource(token, "x", "x", {}))
    assert (one.group, one.kind) == (group, kind)


@pytest.mark.parametrize("token", ["aws:s3/bucket:Bucket", "pulumi:providers:kubernetes", "kubernetes"])
def test_other_resources_hold_no_objects(token: str) -> None:
    assert list(objects(Resource(token, "x", "x", {}))) == []


@pytest.mark.parametrize("document", [{}, {"kind": "Pod"}, {"apiVersion": "v1"}, {"apiVersion": 1, "kind": "Pod"}])
def test_what_is_no_manifest_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(NotAManifest):
        resource_from_manifest(document)


def test_the_table_is_fit_for_a_pack() -> None:
    names = [rule.policy for rule in all_rules()]
    assert len(names) == len(set(names))
    for rule in all_rules():
        assert (rule.resource is None) != (rule.stack is None)
        assert rule.policy.startswith(rule.id)


_KEYS = (
    *("spec", "template", "metadata", "labels", "annotations", "volumes", "name", "emptyDir", "sizeLimit", "hostPath"),
    *("selector", "matchLabels", "matchExpressions", "key", "operator", "values", "minAvailable", "maxUnavailable"),
    *("replicas", "containers", "volumeMounts", "sessionAffinity", "env", "value", "valueFrom", "secretKeyRef", "args"),
    *("data", "scaleTargetRef", "metrics", "triggers", "resource", "resources", "requests", "cpu", "logConfiguration"),
    *("environment", "variables", "TOKEN", "REDIS_URL", "MEMORY_FALLBACK", "LOG_FILE", "mountPath", "httpHeaders"),
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.text(max_size=4) | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=25,
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "kubernetes:apps/v1:Deployment",
                    "kubernetes:core/v1:Pod",
                    "kubernetes:core/v1:Service",
                    "kubernetes:core/v1:PersistentVolumeClaim",
                    "kubernetes:policy/v1:PodDisruptionBudget",
                    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
                    "kubernetes:networking.k8s.io/v1:Ingress",
                    "aws:lb/targetGroup:TargetGroup",
                    "kubernetes:core/v1:ConfigMap",
                    "kubernetes:core/v1:Secret",
                    "kubernetes:keda.sh/v1alpha1:ScaledObject",
                    "kubernetes:autoscaling.k8s.io/v1:VerticalPodAutoscaler",
                    "kubernetes:core/v1:LimitRange",
                    "aws:ecs/taskDefinition:TaskDefinition",
                    "aws:lambda/function:Function",
                    "pulumi:pulumi:Stack",
                ]
            ),
            st.dictionaries(
                st.sampled_from(
                    ["spec", "metadata", "items", "stickiness", "data", "containerDefinitions", "environment"]
                ),
                _VALUES,
                max_size=3,
            ),
        ),
        max_size=4,
    )
)
def test_no_shape_of_data_makes_a_rule_stumble(given_resources: list[tuple[str, dict[str, Any]]]) -> None:
    """Whatever is declared, a rule gives verdicts; it never raises."""

    resources = [Resource(token, f"r{n}", f"urn{n}", props) for n, (token, props) in enumerate(given_resources)]
    for finding in judge(all_rules(), resources, date(2026, 11, 22)):
        assert finding.message.startswith(f"[{finding.rule}] ")
