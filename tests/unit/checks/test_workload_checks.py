"""P0-QUEUE and P0-CDN: jobs, dashboard, files, each shown to fail when what it guards is broken."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from checks import cdn, queues
from checks.cluster import Answer
from checks.dashboard import asks_for_credentials, judge_codes
from checks.result import Outcome
from tests.fixtures.checks.fakes import FakeAws, FakeCluster, context, outputs, pod

pytestmark = pytest.mark.unit

MUSIC = outputs().services["music"]


def _json(code: int, **fields: Any) -> Answer:
    return Answer(code, "application/json", json.dumps(fields))


class Broker:
    """Answers as the service that owns the queue: each read shows the job's next state."""

    def __init__(self, *states: Answer, taken: Answer | None = None) -> None:
        self.states = list(states)
        self.taken = taken or _json(202, id="j-1", queue="tunes")

    def __call__(self, method: str, path: str, body: Any) -> Answer:
        if method == "POST":
            return self.taken
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


async def test_a_job_that_comes_back_completed_passes() -> None:
    """P0-QUEUE."""
    cluster = FakeCluster(of_service=Broker(_json(404), _json(200, state="active"), _json(200, state="completed")))
    finding = await queues.job_round_trip(context(cluster), "tunes", MUSIC)
    assert finding.outcome is Outcome.PASS
    assert finding.evidence["job"] == "j-1"
    method, path, body = cluster.asked[0]
    assert (method, path, body["queue"], list(body["payload"])) == ("POST", "/jobs", "tunes", ["canary"])
    assert cluster.asked[-1][:2] == ("GET", "/jobs/tunes/j-1")


@pytest.mark.parametrize(
    ("broker", "summary"),
    [
        (Broker(_json(200, state="failed")), "the job failed"),
        (
            Broker(_json(200), taken=_json(503, detail="queue redis is away")),
            "music did not take the job: HTTP 503 (queue redis is away)",
        ),
        (Broker(_json(200), taken=_json(202)), "music took the job but named no id"),
        (Broker(Answer(500, "text/plain", "oops")), "music does not say what became of the job: HTTP 500"),
    ],
)
async def test_a_broken_queue_fails(broker: Broker, summary: str) -> None:
    """P0-QUEUE."""
    finding = await queues.job_round_trip(context(FakeCluster(of_service=broker)), "tunes", MUSIC)
    assert (finding.outcome, finding.summary) == (Outcome.FAIL, summary)


async def test_a_job_that_nobody_does_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """P0-QUEUE: no worker."""
    monkeypatch.setattr(queues, "JOB_SECONDS", 0.2)
    cluster = FakeCluster(of_service=Broker(_json(200, state="waiting")))
    finding = await queues.job_round_trip(context(cluster), "tunes", MUSIC)
    assert finding.outcome is Outcome.FAIL
    assert finding.summary == "a job was not completed within 0.2 s; last state: waiting"


BODY = b"content"


@pytest.mark.parametrize(
    ("answers", "outcome", "summary"),
    [
        ([(200, BODY, "miss"), (200, BODY, "hit")], Outcome.PASS, "the file comes through, the second time from the"),
        ([(200, BODY, "miss"), (200, BODY, "miss")], Outcome.WARN, "but the second answer was a miss"),
        ([(403, b"", "error"), (403, b"", "error")], Outcome.FAIL, "the first request for a file in the bucket got"),
        ([(200, BODY, "miss"), (502, b"", "error")], Outcome.FAIL, "the second request for a file in the bucket got"),
        ([(200, b"other", "miss"), (200, BODY, "hit")], Outcome.FAIL, "the first answer is not the file"),
        ([(200, BODY, "miss"), (200, b"stale", "hit")], Outcome.FAIL, "the second answer is not the file"),
    ],
)
def test_what_the_cdn_answers_decides(answers: list[tuple[int, bytes, str]], outcome: Outcome, summary: str) -> None:
    """P0-CDN."""
    finding = cdn.judge_answers(answers, BODY)
    assert finding.outcome is outcome
    assert summary in finding.summary


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        ((401, 401, 200), Outcome.PASS),
        ((200, 401, 200), Outcome.FAIL),
        ((401, 200, 200), Outcome.FAIL),
        ((401, 401, 401), Outcome.FAIL),
        ((503, 401, 200), Outcome.FAIL),
    ],
)
def test_the_dashboard_is_for_those_with_credentials_only(codes: tuple[int, int, int], outcome: Outcome) -> None:
    """P0-QUEUE: behind authentication."""
    assert judge_codes(*codes).outcome is outcome


class _Guarded(BaseHTTPRequestHandler):
    expected = "Basic " + base64.b64encode(b"admin:open sesame").decode()

    def do_GET(self) -> None:
        self.send_response(200 if self.headers.get("authorization") == self.expected else 401)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def guarded() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Guarded)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


async def test_the_dashboard_is_asked_three_times_over_http(guarded: int) -> None:
    """P0-QUEUE: real requests with none, wrong and right credentials."""
    aws = FakeAws({"arn:dashboard": {"username": "admin", "password": "open sesame"}})
    dashboard = outputs().dashboard
    assert dashboard is not None
    given = context(FakeCluster([pod("board")], port=guarded), aws)
    finding = await asks_for_credentials(given, dashboard)
    assert finding.outcome is Outcome.PASS, finding
    wrong = FakeAws({"arn:dashboard": {"username": "admin", "password": "rotated away"}})
    finding = await asks_for_credentials(context(FakeCluster([pod("board")], port=guarded), wrong), dashboard)
    assert finding.summary == "HTTP 401 with the right credentials instead of 200"


async def test_a_dashboard_without_pods_fails() -> None:
    dashboard = outputs().dashboard
    assert dashboard is not None
    finding = await asks_for_credentials(context(FakeCluster([pod("board", phase="Pending")])), dashboard)
    assert (finding.outcome, finding.summary) == (Outcome.FAIL, "no pod of the dashboard is running")
