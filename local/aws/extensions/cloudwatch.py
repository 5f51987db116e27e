"""CloudWatch: composite alarms. They are recorded like all others: no alarm goes off by itself."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch import urls as moto_urls
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from local.aws.alarm_rules import alarms_of
from local.aws.errors import Invalid, Refused
from local.aws.extensions.routing import urls

_NO_METRIC: dict[str, Any] = {
    "namespace": None,
    "metric_name": None,
    "comparison_operator": None,
    "evaluation_periods": None,
    "period": None,
    "threshold": None,
    "statistic": None,
    "dimensions": [],
}
"""What moto wants of every alarm and a composite one has not."""


class CloudWatch(CloudWatchBackend):
    """The region's CloudWatch."""

    @property
    def _url_module(self) -> Any:
        return urls(moto_urls, Responses)


class Responses(CloudWatchResponse):
    """The operation that moto lacks; it describes, tags and deletes what this one makes."""

    def put_composite_alarm(self) -> ActionResult:
        backend = self.cloudwatch_backend
        name, rule = self._get_param("AlarmName"), self._get_param("AlarmRule")
        if self._get_param("ActionsSuppressor"):
            raise Refused("suppressors of composite alarms")
        watched = alarms_of(rule)
        missing = sorted(set(watched) - backend.alarms.keys())
        if missing:
            raise Invalid(
                "ValidationError",
                f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do not exist",
            )
        if name in watched:
            raise Invalid("ValidationError", f"The alarm rule of {name} refers to {name} itself")
        backend.put_metric_alarm(
            name=name,
            rule=rule,
            description=self._get_param("AlarmDescription"),
            actions_enabled=self._get_bool_param("ActionsEnabled", True),
            alarm_actions=self._get_param("AlarmActions", []),
            ok_actions=self._get_param("OKActions", []),
            insufficient_data_actions=self._get_param("InsufficientDataActions", []),
            tags=self._get_param("Tags", []),
            **_NO_METRIC,
        )
        return EmptyResult()
