"""The kubernetes stand-in asks the server once for each form of manifest."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.plugins.kubernetes.client import ApiError, Cause
from local.plugins.kubernetes.forms import form
from local.plugins.kubernetes.judge import Judge
from local.plugins.kubernetes.kinds import Kind
from local.plugins.provider import UNKNOWN

pytestmark = pytest.mark.unit

DEPLOYMENT = Kind("apps", "v1", "Deployment")


def deployment(name: str, app: str | None = None, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "main", "image": "example/web:1", "resources": {"requests": {"cpu": "250m"}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "selector": {"matchLabels": {"app": app or name}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }


class Server:
    """Notes what it is asked; refuses a selector that does not match the pods."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def validate(self, kind: Kind, namespace: str | None, body: dict[str, Any]) -> None:
        del kind, namespace
        self.asked.append(body["metadata"]["name"])
        if body["spec"]["selector"]["matchLabels"] != body["spec"]["template"]["metadata"]["labels"]:
            raise ApiError(422, "Invalid", "refused", (Cause("spec.selector", "Invalid", "does not match"),))


def test_objects_that_differ_in_their_names_only_are_judged_once() -> None:
    server = Server()
    judge = Judge(server)  # type: ignore[arg-type]  # stands in for the API server
    for name in ("music", "storage", "music-service-10"):
        assert judge.failures(DEPLOYMENT, deployment(name), existing=False) == []
    # The last one's name is too long for a port, so it is judged for itself.
    assert server.asked == ["music", "music-service-10"]


def test_a_reference_that_does_not_match_is_another_form() -> None:
    server = Server()
    judge = Judge(server)  # type: ignore[arg-type]  # stands in for the API server
    assert judge.failures(DEPLOYMENT, deployment("music"), existing=False) == []
    for name in ("storage", "library"):
        found = judge.failures(DEPLOYMENT, deployment(name, app="music"), existing=False)
        assert [failure.property for failure in found] == ["spec.selector"]
    assert server.asked == ["music", "storage", "library"], "a refusal is never remembered"


def test_what_is_judged_with_parts_unknown_is_judged_again_when_they_are_known() -> None:
    server = Server()
    judge = Judge(server)  # type: ignore[arg-type]  # stands in for the API server
    assert judge.failures(DEPLOYMENT, deployment("music", paused=UNKNOWN), existing=False) == []
    assert judge.failures(DEPLOYMENT, deployment("music"), existing=False) == []
    assert server.asked == ["music", "music"]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["spec"].update(replicas=-1),
        lambda d: d["spec"].update(selektor={}),
        lambda d: d["metadata"].update(name="Music"),
        lambda d: d["metadata"].update(name="music--service"),
        lambda d: d["metadata"].update(name="m" * 64),
        lambda d: d["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"].update(cpu="250q"),
        lambda d: d["spec"]["template"]["spec"]["containers"][0].update(name="music"),
        lambda d: d["spec"]["selector"]["matchLabels"].update(app="other"),
        lambda d: d["spec"].update(strategy={"type": "recreate"}),
    ],
)
def test_whatever_a_server_could_refuse_changes_the_form(change: Any) -> None:
    changed = copy.deepcopy(deployment("music"))
    change(changed)
    assert form(changed) != form(deployment("music"))


@given(st.from_regex(r"[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,7})?", fullmatch=True).filter(lambda name: name != "main"))
def test_a_name_by_itself_does_not(name: str) -> None:
    assert form(deployment(name)) == form(deployment("music"))


def test_the_order_of_fields_is_no_form_of_its_own() -> None:
    manifest = deployment("music")
    assert form(dict(reversed(manifest.items()))) == form(manifest)
