"""Settings of services, queues and the cluster: what is refused, with one message each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.settings.conftest import changed, problems_of

pytestmark = pytest.mark.unit

Lines = Callable[..., list[str]]
MAILS = "groundwork:queues/mails"


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (f"{MAILS}/attempts", 0, "queues.mails.attempts"),
        (f"{MAILS}/backoffSeconds", 0, "queues.mails.backoffSeconds"),
        (f"{MAILS}/kind", "sqs", "queues.mails.kind"),
        (f"{MAILS}/keepFailed", 0, "queues.mails.keepFailed"),
        (f"{MAILS}/keepFailedDays", 365, "queues.mails.keepFailedDays"),
        (f"{MAILS}/stalledAfterSeconds", 1, "queues.mails.stalledAfterSeconds"),
        (f"{MAILS}/longestJobSeconds", 3600, "queues.mails.longestJobSeconds"),
        (f"{MAILS}/backlogPerWorker", 3, "queues.mails.backlogPerWorker"),
        (f"{MAILS}/schedules", {"nightly": {"cron": "daily"}}, "queues.mails.schedules.nightly.cron"),
        (
            f"{MAILS}/schedules",
            {"nightly": {"cron": "0 3 * * *", "timezone": "here"}},
            "queues.mails.schedules.nightly.timezone",
        ),
        (
            f"{MAILS}/schedules",
            {"nightly": {"cron": "0 3 * * *", "payload": {"apiKey": "hunter2"}}},
            "queues.mails.schedules.nightly.payload.apiKey",
        ),
    ],
)
def test_unsafe_queues_are_refused(lines: Lines, path: str, value: Any, key: str) -> None:
    """P0-QUEUE."""
    found = lines(path, value)
    assert len(found) == 1, found
    assert found[0].startswith(f"stacks/Pulumi.prod.yaml: groundwork:{key} is "), found
    assert "hunter2" not in found[0]


def test_a_target_for_the_backlog_needs_somebody_who_sees_it() -> None:
    """P0-SCALE."""
    for feature in ("keda", "metrics"):
        configuration = changed(f"{MAILS}/backlogPerWorker", 3)
        configuration["groundwork:cluster"] = {feature: {}}
        assert problems_of(configuration) == []
