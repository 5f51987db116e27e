"""Burn-rate alarms of a service's objectives in CloudWatch.

Each window has an alarm of its own, which tells nobody; a composite alarm tells when both windows of a pair are bad, so
that it needs something bad that has lasted and has not ended. CloudWatch looks at sums of a day at most. The pair of
three days therefore looks at three whole days in a row, each of which has to burn: it may come later than an exact
window of three days would, and never without reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import pulumi

from components import aws
from components.errors import Refusal, refuse
from components.options import child
from components.request_metrics import ERRORS, REQUESTS, RequestMetrics, metric, slower_than
from components.slo import BURNS, DAY, HOUR, MINUTE, Burn, Objective, Severity, Slo, objectives, refusals, threshold

LEAST_BAD = 2
"""Bad requests in a window that count at all: at night, one of ten is 10 percent and no reason to wake anybody."""
_LONGEST = 7 * DAY


@dataclass(frozen=True, kw_only=True)
class SloAlarmsArgs:
    """Alarms of one service's objectives.

    Attributes:
        identifier: Start of the alarms' names, for example `aiponge-prod-api-gateway`.
        service: As its log lines and metrics name it.
        slo: What it promises.
        metrics: Where its requests are counted.
        topic_arn: Where alarms go.
        tags: On the alarms.
    """

    identifier: str
    service: str
    slo: Slo
    metrics: RequestMetrics
    topic_arn: pulumi.Input[str]
    tags: Mapping[str, str] = field(default_factory=dict)


class SloAlarms(pulumi.ComponentResource):
    """For each objective two alarms that tell: `page` and `ticket`.

    Attributes:
        names: Names of the alarms that tell.

    Raises:
        Refused: an objective that nobody could keep, or be told of.
    """

    names: Sequence[str]

    def __init__(self, name: str, args: SloAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:SloAlarms", name, None, opts)
        refuse(f"SloAlarms {name!r}", (_under_slo(item) for item in refusals(args.slo)))
        self.names = [
            self._tell(name, args, objective, severity)
            for objective in objectives(args.slo)
            for severity in get_args(Severity)
        ]
        self.register_outputs({"names": self.names})

    def _tell(self, name: str, args: SloAlarmsArgs, objective: Objective, severity: Severity) -> str:
        burns = [burn for burn in BURNS if burn.severity == severity]
        windows = [
            self._watch(name, args, objective, burn, seconds) for burn in burns for seconds in (burn.long, burn.short)
        ]
        identifier = f"{args.identifier}-{objective.name}-{severity}"
        actions = [args.topic_arn]
        aws.CompositeAlarm(
            f"{name}-{objective.name}-{severity}",
            alarm_name=identifier,
            alarm_rule=rule(
                [
                    (_named(args, objective, burn, burn.long), _named(args, objective, burn, burn.short))
                    for burn in burns
                ]
            ),
            alarm_description=f"{_ACTION[severity]}. Promised: {objective.meaning}. Told when "
            + " or ".join(f"{burn.share:.0%} of the 30 days' budget is spent in {span(burn.long)}" for burn in burns)
            + ".",
            alarm_actions=actions,
            ok_actions=actions,
            tags=dict(args.tags),
            # The rule names them as texts, and CloudWatch wants them to exist.
            opts=child(self, depends_on=windows),
        )
        return identifier

    def _watch(self, name: str, args: SloAlarmsArgs, objective: Objective, burn: Burn, seconds: int) -> aws.MetricAlarm:
        limit = threshold(objective, burn)
        period, periods = cloudwatch_window(seconds)
        return aws.MetricAlarm(
            f"{name}-{objective.name}-{_ending(burn, seconds)}",
            name=_named(args, objective, burn, seconds),
            alarm_description=f"More than {limit:.4%} of the requests of {span(seconds)} are bad: {burn.rate:g} times "
            "what the budget allows. Tells nobody by itself.",
            comparison_operator="GreaterThanThreshold",
            threshold=limit,
            evaluation_periods=periods,
            datapoints_to_alarm=periods,
            # Without requests nothing is bad.
            treat_missing_data="notBreaching",
            metric_queries=queries(args.metrics.namespace, args.service, objective, period),
            tags=dict(args.tags),
            opts=child(self, depends_on=args.metrics.filters),
        )


_ACTION: Mapping[Severity, str] = {"page": "A person is needed now", "ticket": "A person is needed within days"}


def _under_slo(refusal: Refusal) -> Refusal:
    return Refusal(f"slo.{refusal.setting}".rstrip("."), refusal.value, refusal.cure)


def _ending(burn: Burn, seconds: int) -> str:
    return f"{burn.rate:g}x-{span(seconds)}"


def _named(args: SloAlarmsArgs, objective: Objective, burn: Burn, seconds: int) -> str:
    return f"{args.identifier}-{objective.name}-{_ending(burn, seconds)}"


def span(seconds: int) -> str:
    """Seconds in the greatest unit that they are a whole number of: `5m`, `6h`, `3d`."""
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def cloudwatch_window(seconds: int) -> tuple[int, int]:
    """A window as period (seconds) and number of periods in a row, all of which have to be bad.

    An alarm's metrics are summed over a day at most, and it looks back seven days at most (CloudWatch User Guide,
    alarm evaluation and multi-day alarms).

    Raises:
        ValueError: the window cannot be had.
    """
    if seconds <= 0 or seconds % MINUTE or seconds > _LONGEST or (seconds > DAY and seconds % DAY):
        raise ValueError(f"no alarm of CloudWatch has a window of {seconds} s")
    return (seconds, 1) if seconds <= DAY else (DAY, seconds // DAY)


def rule(pairs: Sequence[tuple[str, str]]) -> str:
    """The rule of a composite alarm that is bad when both alarms of a pair are."""
    return " OR ".join(f'(ALARM("{long}") AND ALARM("{short}"))' for long, short in pairs)


def bad_metric(objective: Objective) -> str:
    """Name of the metric of an objective's bad requests."""
    return ERRORS if objective.within is None else slower_than(objective.within)


def queries(namespace: str, service: str, objective: Objective, period: int) -> list[Any]:
    """The share of bad requests; 0 while there are fewer of them than count."""
    metrics = {"bad": bad_metric(objective), "requests": REQUESTS}
    share = f"IF(FILL(bad, 0) >= {LEAST_BAD}, FILL(bad, 0) / requests, 0)"
    return [
        *(
            {"id": id, "metric": metric(namespace, name, service, period), "return_data": False}
            for id, name in metrics.items()
        ),
        {"id": "share", "expression": share, "label": f"{service}: bad requests", "return_data": True},
    ]
