"""The engine: concurrency, deadlines, failures of any kind, secrets kept out."""

from __future__ import annotations

import asyncio
import json
from xml.etree import ElementTree

import pytest
from rich.console import Console

from checks import report
from checks.catalogue import catalogue
from checks.context import Context
from checks.engine import Check, Progress, run, select
from checks.outputs import OutputsError, read_outputs
from checks.result import Finding, Outcome, Result, failed, passed, skipped, warned
from tests.fixtures.checks.fakes import context, outputs, raw_outputs

pytestmark = pytest.mark.unit


async def _good(_context: Context) -> Finding:
    return passed("fine", answer=42)


async def _bad(_context: Context) -> Finding:
    return failed("broken")


async def test_results_come_in_the_order_given_and_progress_tells_each() -> None:
    told: list[Progress] = []
    checks = [Check("a", "X", _good), Check("b", "X", _bad)]
    results = await run(context(), checks, on_progress=told.append)
    assert [(result.check, result.outcome) for result in results] == [("a", Outcome.PASS), ("b", Outcome.FAIL)]
    assert sorted(each.check for each in told if each.result is None) == ["a", "b"]
    assert [each.finished for each in told if each.result is not None] == [1, 2]
    assert {each.total for each in told} == {2}


async def test_checks_run_at_once() -> None:
    """Each waits for the other: one after the other they would never end."""
    both = asyncio.Barrier(2)

    async def meet(_context: Context) -> Finding:
        await both.wait()
        return passed("met")

    results = await run(context(), [Check("a", "X", meet), Check("b", "X", meet)], deadline=30)
    assert [result.outcome for result in results] == [Outcome.PASS, Outcome.PASS]


async def test_a_check_that_hangs_fails_at_its_deadline_and_no_other_does() -> None:
    async def hang(_context: Context) -> Finding:
        await asyncio.Event().wait()
        raise AssertionError("never")

    results = await run(context(), [Check("hang", "X", hang, deadline=0.05), Check("good", "X", _good)])
    assert (results[0].outcome, results[0].summary) == (Outcome.FAIL, "no result within 0.05 s")
    assert results[1].outcome is Outcome.PASS


async def test_an_error_is_a_failure_in_one_line() -> None:
    async def stumble(_context: Context) -> Finding:
        raise ConnectionRefusedError("first line\nsecond line")

    (result,) = await run(context(), [Check("a", "X", stumble)])
    assert (result.outcome, result.summary) == (Outcome.FAIL, "ConnectionRefusedError: first line")


async def test_a_group_of_errors_shows_the_first_inside() -> None:
    async def stumble(_context: Context) -> Finding:
        raise ExceptionGroup("unhandled errors in a TaskGroup", [ConnectionResetError("gone")])

    (result,) = await run(context(), [Check("a", "X", stumble)])
    assert result.summary == "ConnectionResetError: gone"


async def test_no_secret_leaves_in_summary_evidence_or_error() -> None:
    given = context()
    given.redactor.remember("s3cr/et")

    async def tell(_context: Context) -> Finding:
        return passed("token s3cr/et", nested=[{"s3cr/et": "rediss://:s3cr%2Fet@host"}])

    async def stumble(_context: Context) -> Finding:
        raise ValueError("could not log in with s3cr/et")

    results = await run(given, [Check("a", "X", tell), Check("b", "X", stumble)])
    assert "s3cr" not in report.as_json(results)
    assert results[1].summary == "ValueError: could not log in with [secret]"


def test_selection_by_name_pattern_and_requirement() -> None:
    checks = catalogue(outputs())
    assert [check.name for check in select(checks, ["redis/queue/*"])] == [
        f"redis/queue/{aspect}" for aspect in ("round-trip", "primary", "eviction", "strangers", "plain-text")
    ]
    assert {check.requirement for check in select(checks, ["PV-REPLICA"])} == {"PV-REPLICA"}
    assert select(checks, []) == checks


def test_every_part_of_the_outputs_has_its_checks() -> None:
    names = [check.name for check in catalogue(outputs())]
    assert names == [
        "service/music/pods",
        "worker/tunes/pods",
        "dashboard/pods",
        "dashboard/credentials",
        *(
            f"redis/{key}/{aspect}"
            for key in ("cache", "queue")
            for aspect in ("round-trip", "primary", "eviction", "strangers", "plain-text")
        ),
        "database/writer",
        "database/plain-text",
        "database/replica/shop-replica-1",
        "bucket/assets/round-trip",
        "bucket/assets/public-access",
        "bucket/assets/encryption",
        "queue/tunes/job",
        "cdn/file",
        "cdn/https",
    ]


async def test_a_queue_whose_owner_is_missing_fails() -> None:
    raw = raw_outputs()
    raw["workers"]["tunes"]["owner"] = "nobody"
    (check,) = select(catalogue(read_outputs(raw)), ["queue/*"])
    (result,) = await run(context(), [check])
    assert (result.outcome, result.summary) == (
        Outcome.FAIL,
        'the queue\'s owner "nobody" is no service of the stack',
    )


def test_no_outputs_say_what_to_do() -> None:
    with pytest.raises(OutputsError, match="run `pulumi up` first"):
        read_outputs({})


def test_missing_and_wrong_outputs_are_each_named_without_their_values() -> None:
    raw = raw_outputs()
    del raw["services"]["music"]["livePath"]
    raw["redis"]["queue"]["profile"] = "hoard"
    with pytest.raises(OutputsError) as error:
        read_outputs(raw)
    lines = str(error.value).splitlines()
    assert lines[1:] == [
        "  services.music.livePath: Field required",
        "  redis.queue.profile: Input should be 'cache', 'queue' or 'state'",
    ]


RESULTS = [
    Result("a", "PV-HEALTH", Outcome.PASS, "fine", {"pods": 3}, 0.5),
    Result("b", "P0-REDIS", Outcome.FAIL, "broken <&> \x1b", {}, 0.25),
    Result("c", "P0-CDN", Outcome.SKIPPED, "no CDN", {}, 0.0),
    Result("d", "P0-S3", Outcome.WARN, "so so", {}, 0.0),
]


def test_json_has_totals_and_evidence() -> None:
    data = json.loads(report.as_json(RESULTS))
    assert data["totals"] == {"pass": 1, "fail": 1, "skipped": 1, "warn": 1}
    assert data["results"][0]["evidence"] == {"pods": 3}


def test_junit_is_valid_and_counts() -> None:
    suite = ElementTree.fromstring(report.as_junit(RESULTS, "local"))[0]
    counts = {key: suite.get(key) for key in ("name", "tests", "failures", "errors", "skipped")}
    assert counts == {"name": "local", "tests": "4", "failures": "1", "errors": "0", "skipped": "1"}
    failure = suite[1].find("failure")
    assert failure is not None
    assert failure.get("message") == "broken <&> ?"


def test_the_table_shows_every_result() -> None:
    console = Console(width=120, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(report.table(RESULTS))
    text = capture.get()
    assert "1 passed, 1 warned, 1 failed, 1 skipped" in text
    for result in RESULTS[:1]:
        assert result.summary in text


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([Outcome.PASS, Outcome.WARN, Outcome.SKIPPED], 0),
        ([Outcome.PASS, Outcome.FAIL], 1),
        ([], 1),
    ],
)
def test_the_exit_code_is_1_when_something_failed_or_nothing_ran(outcomes: list[Outcome], code: int) -> None:
    assert report.exit_code([Result("a", "X", outcome, "", {}, 0.0) for outcome in outcomes]) == code


def test_findings_carry_their_outcome() -> None:
    assert [make("x").outcome for make in (passed, warned, failed, skipped)] == [
        Outcome.PASS,
        Outcome.WARN,
        Outcome.FAIL,
        Outcome.SKIPPED,
    ]
