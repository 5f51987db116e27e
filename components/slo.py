"""Service level objectives, their error budgets, and how fast a budget may burn: arithmetic, nothing else.

An objective is a share of requests that are good, counted over 30 days: answered without an error of the server's, or
within a time. A percentile is the same thing said differently: a p99 of 500 ms means that 99 percent of the requests
take no longer than 500 ms. So availability and latency have the same budget and the same alarms, and no percentile has
to be computed from percentiles.

Windows and shares are those of The Site Reliability Workbook, chapter 5, Alerting on SLOs (multiwindow, multi-burn-rate
alerts).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from components.errors import Refusal

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
PERIOD_SECONDS = 30 * DAY
"""Over which a budget is counted."""

Milliseconds = Literal[5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000]
"""Times that requests are held against: the boundaries that Prometheus' clients give a histogram of seconds by default,
so that the same requests can be counted from a histogram and from log lines."""
MILLISECONDS: tuple[int, ...] = get_args(Milliseconds)

Severity = Literal["page", "ticket"]
"""`page`: a person is needed now. `ticket`: within the next days."""


@dataclass(frozen=True, kw_only=True)
class Burn:
    """A share of the budget that must not be spent within a window without somebody being told.

    Attributes:
        share: Of the budget.
        long: The window, seconds: what is bad has lasted.
        short: A twelfth of it, seconds: what is bad has not ended yet.
        severity: Who is needed.
    """

    share: float
    long: int
    short: int
    severity: Severity

    @property
    def rate(self) -> float:
        """How many times faster than the budget allows: at 1, it lasts exactly until the end of the period."""
        return round(self.share * PERIOD_SECONDS / self.long, 9)


BURNS: Sequence[Burn] = (
    Burn(share=0.02, long=HOUR, short=5 * MINUTE, severity="page"),
    Burn(share=0.05, long=6 * HOUR, short=30 * MINUTE, severity="page"),
    Burn(share=0.10, long=DAY, short=2 * HOUR, severity="ticket"),
    Burn(share=0.10, long=3 * DAY, short=6 * HOUR, severity="ticket"),
)
FASTEST = max(burn.rate for burn in BURNS)


class Slo(Protocol):
    """What a service promises."""

    @property
    def availability_percent(self) -> float | None: ...
    @property
    def p95_milliseconds(self) -> Milliseconds | None: ...
    @property
    def p99_milliseconds(self) -> Milliseconds | None: ...


@dataclass(frozen=True, kw_only=True)
class SloArgs:
    """What a service promises, over 30 days.

    Attributes:
        availability_percent: Percent of the requests that are not answered with a status of 500 or more; none: no
            promise.
        p95_milliseconds: 95 percent of the requests take no longer; none: no promise.
        p99_milliseconds: 99 percent of the requests take no longer; none: no promise.
    """

    availability_percent: float | None = 99.9
    p95_milliseconds: Milliseconds | None = None
    p99_milliseconds: Milliseconds | None = None


@dataclass(frozen=True, kw_only=True)
class Objective:
    """One promise of a service.

    Attributes:
        name: `availability`, `p95` or `p99`.
        percent: Of the requests that are good.
        within: Milliseconds that a good request takes at most; none: a good one is one without an error.
    """

    name: str
    percent: float
    within: Milliseconds | None = None

    @property
    def budget(self) -> float:
        """Share of the requests that may be bad: the error budget."""
        return round(1 - self.percent / 100, 9)

    @property
    def budget_minutes(self) -> float:
        """Minutes of a complete outage that the budget of a period pays for, if requests come evenly."""
        return round(self.budget * PERIOD_SECONDS / MINUTE, 3)

    @property
    def meaning(self) -> str:
        """In words."""
        if self.within is None:
            return f"{self.percent:g} percent of the requests are answered without an error of the server's"
        return f"{self.percent:g} percent of the requests are answered within {self.within} ms"


def objectives(slo: Slo) -> tuple[Objective, ...]:
    """The promises one by one."""
    found = []
    if slo.availability_percent is not None:
        found.append(Objective(name="availability", percent=slo.availability_percent))
    if slo.p95_milliseconds is not None:
        found.append(Objective(name="p95", percent=95, within=slo.p95_milliseconds))
    if slo.p99_milliseconds is not None:
        found.append(Objective(name="p99", percent=99, within=slo.p99_milliseconds))
    return tuple(found)


def threshold(objective: Objective, burn: Burn) -> float:
    """Share of bad requests in a window above which the budget burns too fast."""
    return round(objective.budget * burn.rate, 9)


def seconds_to_tell(objective: Objective, burn: Burn, bad: float) -> float | None:
    """How long after the start of something bad the long window is above its threshold; None: never.

    Args:
        objective: The promise.
        burn: The window.
        bad: Share of bad requests from the start on; all were good before.
    """
    limit = threshold(objective, burn)
    return burn.long * limit / bad if bad > limit else None


def refusals(slo: Slo) -> Iterator[Refusal]:
    """Promises that nobody could keep, or be told of."""
    promised = objectives(slo)
    if not promised:
        yield Refusal("", None, "promises nothing: write availability_percent, p95_milliseconds or p99_milliseconds")
    percent = slo.availability_percent
    if percent is not None and percent >= 100:
        yield Refusal("availability_percent", percent, "leaves no budget for any change or fault: write 99.99 or less")
    elif percent is not None and Objective(name="availability", percent=percent).budget * FASTEST >= 1:
        least = 100 * (1 - 1 / FASTEST)
        yield Refusal(
            "availability_percent",
            percent,
            f"not even an outage would burn such a budget fast enough to wake anybody: write more than {least:.1f}",
        )
    for setting, value in (("p95_milliseconds", slo.p95_milliseconds), ("p99_milliseconds", slo.p99_milliseconds)):
        if value is not None and value not in MILLISECONDS:
            listed = ", ".join(map(str, MILLISECONDS))
            yield Refusal(setting, value, f"is no boundary of the usual histograms: write one of {listed}")
    if slo.p95_milliseconds and slo.p99_milliseconds and slo.p99_milliseconds <= slo.p95_milliseconds:
        yield Refusal(
            "p99_milliseconds",
            slo.p99_milliseconds,
            f"promises more than p95_milliseconds ({slo.p95_milliseconds}) does: write a longer time, or leave it out",
        )
