"""Objectives and logs in a stack file: one message for each fault, and arguments that say the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.observability_settings import observability_args, observed_variables
from components.settings import Source, judge
from components.settings.model import Settings
from components.slo import SloArgs
from components.workload_identity import TokenIssuer
from tests.unit.settings.conftest import changed, flat

pytestmark = pytest.mark.unit

ISSUER = TokenIssuer("https://issuer.test", "arn")
DIGEST = "registry.test/fluent-bit@sha256:" + "b" * 64
START = "stacks/Pulumi.prod.yaml: groundwork:"


def _settings(path: str, value: Any) -> Settings:
    settings, problems = judge(Source.parse("prod", flat(changed(path, value))))
    assert settings is not None, problems
    return settings


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            "services/api/slo",
            {"availabilityPercent": 100},
            "services.api.slo.availabilityPercent is 100.0: leaves no budget for any change or fault: write 99.99 or "
            "less",
        ),
        (
            "services/api/slo",
            {"availabilityPercent": 93},
            "services.api.slo.availabilityPercent is 93.0: not even an outage would burn such a budget fast enough to "
            "wake anybody: write more than 93.1",
        ),
        (
            "services/api/slo",
            {"availabilityPercent": None},
            "services.api.slo is null: promises nothing: write availabilityPercent, p95Milliseconds or p99Milliseconds",
        ),
        (
            "services/api/slo",
            {"p95Milliseconds": 500, "p99Milliseconds": 250},
            "services.api.slo.p99Milliseconds is 250: promises more than p95Milliseconds (500) does: write a longer "
            "time, or leave it out",
        ),
        (
            "services/api/slo",
            {"p99Milliseconds": 300},
            "services.api.slo.p99Milliseconds is 300: must be 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000 or 10000 "
            "(milliseconds that 99 percent of the requests take at most)",
        ),
        (
            "observability/logs",
            {"existingGroup": "/mine", "ownKmsKey": True},
            'observability.logs.existingGroup is "/mine": a group that exists keeps its key: leave out ownKmsKey and '
            "kmsKeyArn",
        ),
        (
            "observability",
            {"indicators": "prometheus"},
            'observability.indicators is "prometheus": nothing in the cluster reads metrics: write '
            "cluster.prometheusOperator if the cluster has it, or logs",
        ),
        (
            "observability/logs/fluentBit",
            {"image": "fluent-bit:3", "owner": "platform-team", "expires": "2027-06-30"},
            'observability.logs.fluentBit.image is "fluent-bit:3": a tag can be moved to other code',
        ),
        (
            "observability/logs/fluentBit",
            {"image": DIGEST, "owner": "a; b", "expires": "2027-06-30"},
            'observability.logs.fluentBit.owner is "a; b": write who answers for it, for example platform-team',
        ),
        (
            "observability/logs/fluentBit",
            {"image": DIGEST, "owner": "platform-team", "expires": "next year"},
            'observability.logs.fluentBit.expires is "next year": write the last day of the exemption',
        ),
        (
            "observability/logs",
            {"retentionDays": 31},
            "observability.logs.retentionDays is 31: must be 1, 3, 5, 7, 14, 30,",
        ),
    ],
)
def test_one_message_each(lines: Callable[..., list[str]], path: str, value: Any, line: str) -> None:
    [found] = lines(f"groundwork:{path}", value)
    assert found.startswith(START + line)


def test_what_is_written_is_what_is_made() -> None:
    settings = _settings("groundwork:services/api/slo", {"availabilityPercent": 99.5, "p99Milliseconds": 500})
    args = observability_args(
        settings,
        identifier="shop-prod",
        account="1",
        region="eu-west-1",
        namespace="n",
        place="n",
        topic_arn="t",
        issuer=ISSUER,
        tags={},
    )
    assert args.slos == {"api": SloArgs(availability_percent=99.5, p99_milliseconds=500)}
    assert (args.indicators, args.logs.retention_days, args.logs.existing_group) == ("logs", 30, None)
    assert observed_variables(settings, settings.services["api"]) == {"LOG_REQUESTS": "true"}
    assert observed_variables(settings, settings.services["mailer"]) == {}
