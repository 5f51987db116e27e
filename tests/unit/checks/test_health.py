"""PV-HEALTH, first half: every pod itself, and truth of its answers."""

from __future__ import annotations

import json

import pytest

from checks.cluster import Answer
from checks.health import every_pod_is_live_and_ready, judge_answer
from checks.result import Outcome
from tests.fixtures.checks.fakes import FakeCluster, context, health, outputs, pod

pytestmark = pytest.mark.unit

MUSIC = outputs().services["music"]
THREE = [pod("a", "eu-west-1a"), pod("b", "eu-west-1b"), pod("c", "eu-west-1c")]


@pytest.mark.parametrize("status", ["pass", "PASS", "ok", "up", "warn"])
def test_a_sound_answer_is_believed(status: str) -> None:
    assert judge_answer(health(200, status)) == ""


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (health(200, "fail"), 'HTTP 200 contradicts the body\'s status "fail"'),
        (health(503, "pass"), 'HTTP 503 contradicts the body\'s status "pass"'),
        (health(503, "fail"), 'HTTP 503, status "fail"'),
        (health(503, "fail", output="shutting down"), 'HTTP 503, status "fail": shutting down'),
        (
            health(503, "fail", checks={"redis:responseTime": [{"status": "fail", "output": "ECONNREFUSED"}]}),
            'HTTP 503, status "fail": redis (ECONNREFUSED)',
        ),
        (
            Answer(200, "text/html", "<html>"),
            "HTTP 200 with content type text/html instead of application/health+json",
        ),
        (Answer(200, "application/health+json", "OK"), "HTTP 200 with a body that is no JSON"),
        (Answer(200, "application/health+json", json.dumps([])), "HTTP 200 with a body that has no status"),
        (Answer(200, "application/health+json", "{}"), "HTTP 200 with a body that has no status"),
    ],
)
def test_code_type_and_body_must_agree(answer: Answer, fault: str) -> None:
    """PV-HEALTH: an answer that contradicts itself is no health."""
    assert judge_answer(answer) == fault


async def test_all_pods_sound_in_three_zones_pass() -> None:
    """PV-HEALTH."""
    finding = await every_pod_is_live_and_ready(context(FakeCluster(THREE)), MUSIC)
    assert (finding.outcome, finding.summary) == (Outcome.PASS, "3 pods live and ready in 3 zones")
    assert [each["pod"] for each in finding.evidence["pods"]] == ["a", "b", "c"]
    assert finding.evidence["zones"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]


@pytest.mark.parametrize(("path", "what"), [("/health/live", "live"), ("/health/ready", "ready")])
async def test_one_pod_that_is_not_fails_and_is_named(path: str, what: str) -> None:
    """PV-HEALTH: each pod counts, however many others are sound."""
    cluster = FakeCluster(THREE, {("b", path): health(503, "fail")})
    finding = await every_pod_is_live_and_ready(context(cluster), MUSIC)
    assert finding.outcome is Outcome.FAIL
    assert finding.summary == f'2 of 3 pods live and ready; b is not {what}: HTTP 503, status "fail"'


async def test_a_pod_that_cannot_be_asked_does_not_hide_the_others() -> None:
    cluster = FakeCluster(THREE, {("c", "/health/ready"): ConnectionError("no route")})
    finding = await every_pod_is_live_and_ready(context(cluster), MUSIC)
    assert finding.summary == "2 of 3 pods live and ready; c is not ready: ConnectionError: no route"


async def test_too_few_pods_fail() -> None:
    finding = await every_pod_is_live_and_ready(context(FakeCluster(THREE[:1])), MUSIC)
    assert (finding.outcome, finding.summary) == (Outcome.FAIL, "1 pods where 2 are the least")


async def test_no_pods_fail() -> None:
    finding = await every_pod_is_live_and_ready(context(FakeCluster()), MUSIC)
    assert (finding.outcome, finding.summary) == (Outcome.FAIL, "0 pods where 2 are the least")


async def test_a_pod_that_is_pending_says_why() -> None:
    cluster = FakeCluster([*THREE, pod("d", None, "Pending", ("ImagePullBackOff",))])
    finding = await every_pod_is_live_and_ready(context(cluster), MUSIC)
    assert finding.summary == "3 of 4 pods live and ready; d is Pending: ImagePullBackOff"


async def test_all_pods_in_one_zone_is_a_warning() -> None:
    cluster = FakeCluster([pod("a"), pod("b")])
    finding = await every_pod_is_live_and_ready(context(cluster), MUSIC)
    assert finding.outcome is Outcome.WARN
    assert finding.summary == "2 pods live and ready in 1 zones: all of them are in eu-west-1a"


async def test_unknown_zones_are_no_warning() -> None:
    cluster = FakeCluster([pod("a", None), pod("b", None)])
    finding = await every_pod_is_live_and_ready(context(cluster), MUSIC)
    assert (finding.outcome, finding.summary) == (Outcome.PASS, "2 pods live and ready")
