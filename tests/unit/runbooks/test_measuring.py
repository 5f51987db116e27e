"""RTO and RPO are measured by a client: outages from answers, losses from numbered writes (RB-BACKUP)."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.chain import Head, Record
from runbooks.clock import Clock
from runbooks.history import Event
from runbooks.measuring import canary, measurement
from runbooks.measuring.canary import Canary
from runbooks.measuring.prober import OutageWatch, Prober, Sample, Told, Turn
from runbooks.objectives import breaches
from tests.unit.runbooks.world import FakeClock

pytestmark = pytest.mark.unit


def turns(answers: str, *, down: bool = False) -> list[tuple[str, float]]:
    """What `.` (good) and `x` (bad) tell, one request a second that takes a tenth."""
    watch = OutageWatch(good_answers=3, bad_answers=2, down=down)
    found: list[Told] = []
    for number, answer in enumerate(answers):
        found += watch.observe(Sample(number, number + 0.1, "no" if answer == "x" else None))
    return [(told.turn.name, told.moment) for told in found]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ("......", []),
        ("..xxx....", [("BEGAN", 2), ("DETECTED", 3.1), ("ENDED", 5.1)]),
        ("..x...", [("BEGAN", 2), ("ENDED", 3.1)]),
        (".xx..x...", [("BEGAN", 1), ("DETECTED", 2.1), ("ENDED", 6.1)]),
        (
            "xx...xx...",
            [("BEGAN", 0), ("DETECTED", 1.1), ("ENDED", 2.1), ("BEGAN", 5), ("DETECTED", 6.1), ("ENDED", 7.1)],
        ),
        ("..xx", [("BEGAN", 2), ("DETECTED", 3.1)]),
    ],
    ids=["none", "one", "unnoticed", "not over at first", "two", "not over"],
)
def test_an_outage_lasts_from_the_first_failure_to_the_first_of_the_good_answers(
    answers: str, told: list[tuple[str, float]]
) -> None:
    assert turns(answers) == told


def test_an_outage_that_was_told_of_before_only_ends() -> None:
    assert turns("x....", down=True) == [("ENDED", 1.1)]


@given(st.text(alphabet=".x", max_size=60))
def test_outages_begin_and_end_in_turn(answers: str) -> None:
    names = [name for name, _ in turns(answers) if name != "DETECTED"]
    assert names == ["BEGAN", "ENDED"] * (len(names) // 2) + ["BEGAN"] * (len(names) % 2)


def test_the_prober_counts_a_request_without_answer_as_a_failure() -> None:
    clock, told = FakeClock(), []
    replies = iter([None, ConnectionError("refused"), None, None])

    async def ask() -> None:
        clock.seconds += 0.5
        error = next(replies, None)
        if error is not None:
            raise error

    async def hang() -> None:
        await asyncio.sleep(60)

    async def work() -> None:
        watch = OutageWatch(good_answers=2, bad_answers=2)
        prober = Prober(ask, cast(Clock, clock), told.append, watch=watch)
        for _ in range(4):
            await prober.once()
        assert (prober.requests, prober.failures, prober.is_down) == (4, 1, False)
        silent = Prober(hang, cast(Clock, clock), told.append, timeout=0.01)
        await silent.once()

    asyncio.run(work())
    assert told[0] == Told(Turn.BEGAN, 0.5, "ConnectionError: refused")
    assert told[1] == Told(Turn.ENDED, 1.5)
    assert told[2].error == "no answer within 0.01 s"


def test_canaries_are_numbered_and_a_failed_number_is_not_used_again() -> None:
    clock, there = FakeClock(), []

    async def write(number: int) -> None:
        there.append(number)
        if number == 2_000_002:
            raise ConnectionError

    async def work() -> Canary:
        made = Canary(write, cast(Clock, clock), era=2)
        for _ in range(4):
            clock.seconds += 1
            try:
                await made.next()
            except ConnectionError:
                continue
        return made

    made = asyncio.run(work())
    assert there == [2_000_001, 2_000_002, 2_000_003, 2_000_004]
    assert made.as_data()["acknowledged"] == [[2_000_001, 2_000_001], [2_000_003, 2_000_004]]
    assert set(canary.told([{**made.as_data(), "acknowledged": []}, made.as_data()])) == set(made.acknowledged)


@given(st.sets(st.integers(1, 200)))
def test_ranges_are_the_numbers(numbers: set[int]) -> None:
    found = list(canary.ranges(numbers))
    assert {n for first, last in found for n in range(first, last + 1)} == numbers
    assert all(one[1] + 1 < other[0] for one, other in pairwise(found))


@pytest.mark.parametrize(
    ("survivors", "failed_at", "lost", "rpo"),
    [
        ({1, 2, 3, 4, 9}, 4.2, 0, 0.0),
        ({1, 2}, 4.2, 2, 2.2),
        ({1, 2, 4}, 4.2, 1, 2.2),
        (set(), 4.2, 4, 3.2),
        ({1, 2}, None, 2, 2.0),
    ],
    ids=["nothing lost", "the end", "a hole", "everything", "no outage seen"],
)
def test_lost_time_is_from_the_last_write_before_which_nothing_is_missing(
    survivors: set[int], failed_at: float | None, lost: int, rpo: float
) -> None:
    loss = canary.judge({1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0}, survivors, failed_at)
    assert (loss.acknowledged, loss.lost, loss.rpo_seconds) == (4, lost, pytest.approx(rpo))


def record(second: float, event: str, **data: Any) -> Record:
    return Record(1, f"2026-01-01T00:00:{second:06.3f}Z", event, data, Head())


def turn(second: float, which: Turn) -> Record:
    return record(second, which.value, moment=f"2026-01-01T00:00:{second:06.3f}Z")


ACTING = Event.ACTING.value


def test_the_time_of_an_outage_is_told_apart() -> None:
    """Failed at 2, noticed at 5, decided at 9, good again at 12."""
    found = measurement.times(
        [turn(2, Turn.BEGAN), turn(5, Turn.DETECTED), record(9, ACTING, step="a"), turn(12, Turn.ENDED)]
    )
    assert (found.rto, found.detection, found.decision, found.repair) == (10, 3, 4, 3)


def test_in_a_drill_nobody_had_to_decide() -> None:
    found = measurement.times(
        [record(1, ACTING, step="a"), turn(2, Turn.BEGAN), turn(3, Turn.DETECTED), turn(6, Turn.ENDED)]
    )
    assert (found.rto, found.detection, found.decision, found.repair) == (4, 1, None, 3)


def test_outages_of_one_run_count_from_the_first_to_the_last() -> None:
    found = measurement.times([turn(1, Turn.BEGAN), turn(2, Turn.ENDED), turn(4, Turn.BEGAN), turn(9, Turn.ENDED)])
    assert (found.rto, found.outages) == (8, 2)


def test_an_outage_that_is_not_over_has_no_rto_and_keeps_no_promise() -> None:
    found = measurement.times([turn(1, Turn.BEGAN)])
    assert found.rto is None
    objective = {"store": "redis.queue", "rtoSeconds": 10, "rpoSeconds": None}
    assert breaches(objective, found.rto, None) == ["RTO of redis.queue could not be measured, and 10 s are promised"]


def test_a_resume_in_an_outage_makes_the_time_an_upper_bound() -> None:
    records = [turn(1, Turn.BEGAN), record(2, Event.RESUMED.value), turn(5, Turn.ENDED)]
    assert measurement.times(records).interrupted
    assert not measurement.times(records[::2]).interrupted


@pytest.mark.parametrize(
    ("rto", "rpo", "found"),
    [(9.9, 60.0, 0), (10.1, 0.0, 1), (10.0, 60.1, 1), (11.0, 61.0, 2)],
)
def test_a_promise_is_kept_up_to_its_last_second(rto: float, rpo: float, found: int) -> None:
    objective = {"store": "database", "rtoSeconds": 10, "rpoSeconds": 60}
    assert len(breaches(objective, rto, rpo)) == found
    assert breaches(None, rto, rpo) == []
