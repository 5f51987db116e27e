"""Between resources it is judged what a program declares, not what server and autoscalers make of it (SR-SCALE)."""

from __future__ import annotations

from typing import Any

import pytest

from policies.declared import Declared, filled
from policies.model import UNKNOWN, Resource

pytestmark = pytest.mark.unit

DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def resource(properties: dict[str, Any], token: str = DEPLOYMENT, **more: Any) -> Resource:
    return Resource(token, "api", "urn:api", properties, **more)


def test_what_others_wrote_is_no_declaration() -> None:
    """An autoscaler's number of pods, and the server's defaults."""
    made = resource({"spec": {"replicas": 7, "paused": False, "minReadySeconds": 5}, "status": {}})
    assert filled(resource({"spec": {"minReadySeconds": 5}}), made).properties == {"spec": {"minReadySeconds": 5}}


def test_what_was_not_known_is_filled_in() -> None:
    declared = resource({"metadata": UNKNOWN, "spec": {"a": [{"b": UNKNOWN}, {"c": UNKNOWN}], "d": UNKNOWN}})
    made = resource({"metadata": {"name": "x"}, "spec": {"a": [{"b": 1, "z": 9}, {}], "e": 2}})
    assert filled(declared, made).properties == {
        "metadata": {"name": "x"},
        "spec": {"a": [{"b": 1}, {"c": UNKNOWN}], "d": UNKNOWN},
    }


def test_a_list_that_became_another_is_the_one_that_was_declared() -> None:
    declared, made = resource({"spec": {"ports": [UNKNOWN]}}), resource({"spec": {"ports": [1, 2]}})
    assert filled(declared, made).properties == {"spec": {"ports": [UNKNOWN]}}


def test_what_is_not_kubernetes_is_judged_as_it_was_made() -> None:
    """Names and ARNs by which resources are linked are made by the provider."""
    token = "aws:s3/bucket:Bucket"
    made = resource({"bucket": "shop", "arn": "arn:aws:s3:::shop"}, token)
    assert filled(resource({"bucket": "shop"}, token), made) is made


def test_the_engine_is_shown_what_it_asked_of_before() -> None:
    """Secrets stay marked, and an object that was never asked of is judged as it was made."""
    declared = Declared()
    declared.note(resource({"spec": {}}, secrets=frozenset({"spec.a"})))
    found = declared.of(resource({"spec": {"replicas": 2}}, secrets=frozenset({"spec.b"})))
    assert (found.properties, found.secrets) == ({"spec": {}}, frozenset({"spec.a", "spec.b"}))
    other = Resource(DEPLOYMENT, "other", "urn:other", {"spec": {"replicas": 2}})
    assert declared.of(other) is other
