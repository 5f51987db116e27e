"""Settings of the backups (P0-BACKUP): promises against schedules, each refusal one message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components import protection
from components.settings import Settings, Source, judge
from tests.unit.settings.conftest import VALID, changed, flat

pytestmark = pytest.mark.unit

Lines = Callable[..., list[str]]
ONE_QUEUE = [{"to": "arn:aws:sqs:eu-west-1:123456789012:images"}]


def _settings(**groups: Any) -> Settings:
    settings, problems = judge(
        Source.parse("prod", flat(VALID | {f"groundwork:{key}": group for key, group in groups.items()}))
    )
    assert settings is not None, problems
    return settings


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("backup/objectives/cache", {"rpoSeconds": 89_999}, "backup.objectives.cache.rpoSeconds"),
        ("backup/objectives/queue", {"rpoSeconds": 3600}, "backup.objectives.queue.rpoSeconds"),
        ("backup/objectives/buckets", {"uploads": {"rpoSeconds": 899}}, "backup.objectives.buckets.uploads.rpoSeconds"),
        ("backup/objectives/buckets", {"logs": {"rpoSeconds": 900}}, "backup.objectives.buckets.logs.rpoSeconds"),
        ("backup/objectives/buckets", {"uplods": {}}, "backup.objectives.buckets.uplods"),
        ("backup/recovery", {"region": "eu-central-1", "rpoSeconds": 100_799}, "backup.recovery.rpoSeconds"),
        ("backup/recovery", {"region": "eu-west-1"}, "backup.recovery.region"),
        ("backup/lock", {"mode": "compliance", "changeableDays": 30}, "backup.lock.mode"),
        ("backup/lock", None, "backup.lock"),
        ("backup/database", None, "backup.database"),
        ("backup/forceDestroy", True, "backup.forceDestroy"),
        ("backup/buckets", {"names": ["uplods"]}, "backup.buckets.names.0"),
        ("buckets/uploads/notifications", ONE_QUEUE, "buckets.uploads.notifications"),
        (
            "backup/database",
            {"rules": {"daily": {"schedule": "cron(0 2 ? * SUN *)"}}},
            "backup.database.rules.daily.schedule",
        ),
        ("backup/database", {"rules": {"daily": {"continuous": True}}}, "backup.database.rules.daily.continuous"),
        (
            "backup/buckets",
            {"rules": {"yearly": {"coldAfterDays": 30, "deleteAfterDays": 100}}},
            "backup.buckets.rules.yearly.deleteAfterDays",
        ),
    ],
)
def test_what_backups_cannot_keep_is_refused_in_one_line(lines: Lines, path: str, value: Any, key: str) -> None:
    [line] = lines(f"groundwork:{path}", value)
    assert line.startswith(f"stacks/Pulumi.prod.yaml: groundwork:{key} is "), line


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("backup/objectives/cache", {"rpoSeconds": 90_000, "rtoSeconds": 1800}),
        ("backup/objectives/buckets", {"uploads": {"rpoSeconds": 900}}),
        ("backup/recovery", {"region": "eu-central-1", "rpoSeconds": 100_800}),
        ("backup/lock", {"mode": "compliance", "changeableDays": 30, "confirm": "irrevocable"}),
        ("backup/buckets", None),
        ("buckets/uploads/notifications", [*ONE_QUEUE, {"to": "eventBridge"}]),
        ("backup/buckets", {"names": ["logs", "assets"]}),
    ],
)
def test_what_they_can_keep_is_not(lines: Lines, path: str, value: Any) -> None:
    assert lines(f"groundwork:{path}", value) == []


def test_a_promise_says_what_it_rests_on_and_what_would_do(lines: Lines) -> None:
    [line] = lines("groundwork:backup/objectives/queue", {"rpoSeconds": 3600})
    assert "snapshotWindow (02:00-03:00)" in line
    assert "write 90000 or more" in line


def test_no_snapshots_no_promise(lines: Lines) -> None:
    """ElastiCache is not backed up by AWS Backup: its own snapshots are what counts."""
    configuration = changed("groundwork:redis/cache", {"profile": "cache", "snapshotRetentionDays": 0})
    configuration["groundwork:backup"] = {"objectives": {"cache": {"rpoSeconds": 1_000_000}}}
    _, [problem] = judge(Source.parse("prod", flat(configuration)))
    assert "snapshotRetentionDays is 0" in problem.cure


def test_every_store_has_objectives_among_the_outputs() -> None:
    settings = _settings(backup={"objectives": {"database": {"rtoSeconds": 3600}}})
    told = protection.told(settings)
    assert sorted(told) == [
        "buckets.assets", "buckets.logs", "buckets.uploads", "database", "redis.cache", "redis.queue"
    ]  # fmt: skip
    assert told["database"] == {
        "rpoSeconds": 300, "rtoSeconds": 3600, "worstSeconds": 300, "by": "the log that RDS uploads"
    }  # fmt: skip
    assert told["buckets.uploads"]["worstSeconds"] == 900
    assert told["buckets.logs"]["worstSeconds"] is None


def test_uploads_are_backed_up_unless_buckets_are_named() -> None:
    assert list(protection.backed_up(_settings())) == ["uploads"]
    assert list(protection.backed_up(_settings(backup={"buckets": {"names": ["assets"]}}))) == ["assets"]
    assert list(protection.backed_up(_settings(backup={"buckets": None}))) == []
    assert protection.bucket_tags(_settings(), "uploads", "shop-prod-backup") == {"backup": "shop-prod-backup-buckets"}
    assert protection.bucket_tags(_settings(), "logs", "shop-prod-backup") == {}
    assert protection.database_tags(_settings(), "shop-prod-backup") == {"backup": "shop-prod-backup-database"}
