"""Backups out of the stores' reach (P0-BACKUP): vaults, plans, rights, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components import backup_rules
from components.alarms import AlarmTopic, AlarmTopicArgs
from components.backup import Backup, BackupArgs, BackupPlanArgs, BackupRuleArgs, VaultLockArgs, backup_tag
from components.errors import Refused

pytestmark = pytest.mark.unit

Record = Callable[..., Any]
TOPIC = "arn:aws:sns:eu-west-1:123456789012:shop-prod-alarms"
WRITER = "arn:aws:rds:eu-west-1:123456789012:db:shop-prod-database"
DATABASE = BackupPlanArgs(kind="database", stores=[WRITER], rules={"daily": BackupRuleArgs()})
BUCKETS = BackupPlanArgs(
    kind="buckets", stores=["arn:aws:s3:::shop-uploads"], rules={"daily": BackupRuleArgs(continuous=True)}
)
ARGS = BackupArgs(
    identifier="shop-prod-backup",
    account="123456789012",
    region="eu-west-1",
    plans={"database": DATABASE, "buckets": BUCKETS},
    recovery_region="eu-central-1",
    topic_arn=TOPIC,
)


def _refused(record: Record, **change: Any) -> Refused:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            Backup("backup", replace(ARGS, **change))
        return caught.value

    recording = record(build)
    assert not recording.of("vault:Vault"), "nothing is half done"
    refused: Refused = recording.result
    return refused


def test_two_vaults_in_two_regions_with_keys_of_their_own(record: Record) -> None:
    recording = record(lambda: Backup("backup", ARGS))
    vaults = {item.inputs["name"]: item.inputs for item in recording.of("vault:Vault")}
    assert vaults["shop-prod-backup"].get("region") is None
    assert vaults["shop-prod-backup-recovery"]["region"] == "eu-central-1"
    assert vaults["shop-prod-backup"]["kmsKeyArn"] != vaults["shop-prod-backup-recovery"]["kmsKeyArn"]
    keys = {item.name: item.inputs for item in recording.of("kms/key:Key")}
    assert keys["backup-recovery-vault-key"]["region"] == "eu-central-1"
    assert all(key["enableKeyRotation"] for key in keys.values())
    assert not any(vault["forceDestroy"] for vault in vaults.values())
    for kind in ("VaultLockConfiguration", "VaultPolicy"):
        assert {item.inputs.get("region") for item in recording.of(kind)} == {None, "eu-central-1"}


def test_nobody_deletes_recovery_points_but_the_service_itself(record: Record) -> None:
    recording = record(lambda: Backup("backup", ARGS))
    for policy in recording.of("VaultPolicy"):
        [statement] = json.loads(policy.inputs["policy"])["Statement"]
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        assert "backup:DeleteRecoveryPoint" in statement["Action"]
        # Lifted by changing the policy: a vault that nobody can administer any more helps nobody.
        assert "backup:PutBackupVaultAccessPolicy" not in statement["Action"]
        [spared] = statement["Condition"]["ArnNotEquals"].values()
        assert spared.endswith("role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup")


def test_the_lock_is_governance_unless_the_word_is_said(record: Record) -> None:
    [near, away] = record(lambda: Backup("backup", ARGS)).of("VaultLockConfiguration")
    for lock in (near, away):
        assert lock.inputs["minRetentionDays"] == 7
        assert "changeableForDays" not in lock.inputs, "with days of grace the lock would be one for ever"
    said = VaultLockArgs(mode="compliance", changeable_days=30, confirm="irrevocable")
    [lock, _] = record(lambda: Backup("backup", replace(ARGS, lock=said))).of("VaultLockConfiguration")
    assert lock.inputs["changeableForDays"] == 30
    assert not record(lambda: Backup("backup", replace(ARGS, lock=None))).of("VaultLockConfiguration")


def test_a_rule_copies_into_the_other_vault(record: Record) -> None:
    longer = BackupRuleArgs(schedule="cron(0 6 1 * ? *)", delete_after_days=400, cold_after_days=30, copy_days=200)
    plan = replace(DATABASE, rules={"daily": BackupRuleArgs(), "monthly": longer})
    recording = record(lambda: Backup("backup", replace(ARGS, plans={"database": plan})))
    rules = {rule["ruleName"]: rule for rule in recording.one("plan:Plan").inputs["rules"]}
    [copy] = rules["daily"]["copyActions"]
    assert copy == {"destinationVaultArn": "arn:aws:test:::backup-recovery-vault", "lifecycle": {"deleteAfter": 35}}
    assert rules["monthly"]["lifecycle"] == {"coldStorageAfter": 30, "deleteAfter": 400}
    assert rules["monthly"]["copyActions"][0]["lifecycle"] == {"coldStorageAfter": 30, "deleteAfter": 200}
    alone = record(lambda: Backup("backup", replace(ARGS, recovery_region=None)))
    assert len(alone.of("vault:Vault")) == 1
    assert all("copyActions" not in rule for item in alone.of("plan:Plan") for rule in item.inputs["rules"])


def test_stores_are_found_by_one_tag_of_their_plan(record: Record) -> None:
    """Of several selection tags one would do, and another stack's stores would be in the plan."""
    recording = record(lambda: Backup("backup", ARGS))
    for selection in recording.of("selection:Selection"):
        plan = selection.name.removeprefix("backup-")
        [(key, value)] = backup_tag("shop-prod-backup", plan).items()
        assert selection.inputs["conditions"] == [{"stringEquals": [{"key": f"aws:ResourceTag/{key}", "value": value}]}]
        assert "selectionTags" not in selection.inputs
        assert selection.inputs["iamRoleArn"] == f"arn:aws:test:::{selection.name}"


def test_what_a_plan_promises_is_among_its_outputs(record: Record) -> None:
    def build() -> Any:
        return Backup("backup", ARGS).outputs

    plans = record(build).result["plans"]
    assert plans["database"]["worstSeconds"] == (1440 + 240) * 60
    assert plans["buckets"] == {
        "id": "backup-buckets-id",
        "roleArn": "arn:aws:test:::backup-buckets",
        "selects": "backup=shop-prod-backup-buckets",
        "worstSeconds": 900,
    }


def test_the_roles_reach_the_stores_and_nothing_else(record: Record) -> None:
    recording = record(lambda: Backup("backup", ARGS))
    roles = {item.name: json.loads(item.inputs["policy"])["Statement"] for item in recording.of("RolePolicy")}
    for statements in roles.values():
        for statement in statements:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not any("*" in action for action in actions)
            if statement["Resource"] == "*":
                assert statement["Sid"] in ("FindByTag", "Lists"), "what cannot be limited to a resource"
    instances = next(each for each in roles["backup-database"] if each["Sid"] == "Instances")
    assert instances["Resource"] == [WRITER]
    assert not any("s3:" in str(each["Action"]) for each in roles["backup-database"])
    objects = next(each for each in roles["backup-buckets"] if each["Sid"] == "Objects")
    assert objects["Resource"] == ["arn:aws:s3:::shop-uploads/*"]
    assert not any("rds:" in str(each["Action"]) for each in roles["backup-buckets"])


def test_failures_and_silence_are_told(record: Record) -> None:
    recording = record(lambda: Backup("backup", ARGS))
    told = recording.one("VaultNotifications").inputs
    assert told["snsTopicArn"] == TOPIC
    assert {"BACKUP_JOB_FAILED", "BACKUP_JOB_EXPIRED", "COPY_JOB_FAILED"} <= set(told["backupVaultEvents"])
    alarms = {item.inputs["name"]: item.inputs for item in recording.of("MetricAlarm")}
    assert sorted(alarms) == [f"shop-prod-backup-{kind}" for kind in ("expired", "failed", "silent")]
    silent = alarms["shop-prod-backup-silent"]
    # A day, an hour to start, three to complete, and one more.
    assert (silent["evaluationPeriods"], silent["period"]) == (29, 3600)
    assert silent["treatMissingData"] == "breaching"
    assert all(alarm["alarmActions"] == [TOPIC] for alarm in alarms.values())


def test_an_alarm_cannot_look_back_for_a_month(record: Record) -> None:
    """CloudWatch looks back for a week: a plan that runs more seldom has no alarm on silence."""
    plan = replace(DATABASE, rules={"monthly": BackupRuleArgs(schedule="cron(0 5 1 * ? *)")})
    recording = record(lambda: Backup("backup", replace(ARGS, plans={"database": plan})))
    assert "shop-prod-backup-silent" not in recording.result.alarms


def test_the_topic_takes_what_aws_backup_publishes(record: Record) -> None:
    args = AlarmTopicArgs(identifier="alarms", account="123456789012", publishers=["backup.amazonaws.com"])
    recording = record(lambda: AlarmTopic("alarms", args))
    policy = json.loads(recording.one("TopicPolicy").inputs["policy"])["Statement"]
    services = next(each for each in policy if each["Sid"] == "Services")
    assert services["Principal"] == {"Service": ["cloudwatch.amazonaws.com", "backup.amazonaws.com"]}
    assert services["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    key = json.loads(recording.one("kms/key:Key").inputs["policy"])["Statement"]
    assert key[-1]["Principal"] == {"Service": ["backup.amazonaws.com"]}


@pytest.mark.parametrize(
    ("change", "setting", "words"),
    [
        ({"schedule": "rate(1 day)"}, "schedule", "cron"),
        ({"schedule": "cron(0/30 * ? * * *)"}, "schedule", "30 minutes apart"),
        ({"start_window_minutes": 30}, "start_window_minutes", "60 minutes or more"),
        ({"completion_window_minutes": 100}, "completion_window_minutes", "120 or more"),
        ({"continuous": True}, "continuous", "backup_retention_days"),
        ({"cold_after_days": 30, "delete_after_days": 119}, "delete_after_days", "120 or more"),
        ({"cold_after_days": 30, "delete_after_days": 120, "copy_days": 100}, "copy_days", "120 or more"),
        ({"delete_after_days": 6}, "delete_after_days", "less than 7 days"),
        ({"copy_days": 6}, "copy_days", "less than 7 days"),
    ],
)
def test_rules_that_aws_would_refuse_or_not_keep(
    record: Record, change: dict[str, Any], setting: str, words: str
) -> None:
    plan = replace(DATABASE, rules={"daily": replace(BackupRuleArgs(), **change)})
    [refusal] = _refused(record, plans={"database": plan}).refusals
    assert refusal.setting == f"plans.database.rules.daily.{setting}"
    assert words in refusal.cure


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"delete_after_days": 36}, "delete_after_days"),
        ({"cold_after_days": 1, "delete_after_days": 35}, "cold_after_days"),
    ],
)
def test_continuous_backups_are_short_and_warm(record: Record, change: dict[str, Any], setting: str) -> None:
    plan = replace(BUCKETS, rules={"daily": replace(BackupRuleArgs(continuous=True), **change)})
    refusals = _refused(record, plans={"buckets": plan}).refusals
    assert refusals[0].setting == f"plans.buckets.rules.daily.{setting}"


@pytest.mark.parametrize(
    ("lock", "setting"),
    [
        (VaultLockArgs(mode="compliance", changeable_days=30), "lock.mode"),
        (VaultLockArgs(mode="compliance", confirm="irrevocable"), "lock.changeable_days"),
        (VaultLockArgs(mode="compliance", confirm="irrevocable", changeable_days=2), "lock.changeable_days"),
        (VaultLockArgs(changeable_days=30), "lock.changeable_days"),
        (VaultLockArgs(confirm="irrevocable"), "lock.confirm"),
        (VaultLockArgs(min_days=30, max_days=20), "lock.max_days"),
        (VaultLockArgs(max_days=30), "plans.database.rules.daily.delete_after_days"),
    ],
)
def test_locks_that_are_not_meant_or_fail_every_job(record: Record, lock: VaultLockArgs, setting: str) -> None:
    assert setting in {refusal.setting for refusal in _refused(record, lock=lock).refusals}


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"recovery_region": "eu-west-1"}, "recovery_region"),
        ({"plans": {}}, "plans"),
        ({"plans": {"database": replace(DATABASE, rules={})}}, "plans.database.rules"),
        (
            {
                "recovery_region": None,
                "plans": {"database": replace(DATABASE, rules={"daily": BackupRuleArgs(copy_days=30)})},
            },
            "plans.database.rules.daily.copy_days",
        ),
    ],
)
def test_backups_that_would_be_none(record: Record, change: dict[str, Any], setting: str) -> None:
    [refusal] = _refused(record, **change).refusals
    assert refusal.setting == setting


def test_the_best_rule_is_what_a_plan_promises() -> None:
    often = BackupRuleArgs(schedule="cron(0 */6 ? * * *)")
    promise = backup_rules.worst_case({"daily": BackupRuleArgs(), "often": often})
    assert promise.seconds == (360 + 60 + 180) * 60
    assert "often" in promise.by
    assert backup_rules.worst_case({"always": BackupRuleArgs(continuous=True)}).seconds == 900
    # A copy is a snapshot, whatever it is a copy of.
    assert backup_rules.worst_copy({"always": BackupRuleArgs(continuous=True)}).seconds == (1440 + 240) * 60


def test_redis_promises_what_its_own_snapshots_keep() -> None:
    """P0-BACKUP: AWS Backup does not know ElastiCache's Redis."""
    assert backup_rules.daily_snapshots("02:00-03:00", 7).seconds == 25 * 3600
    assert backup_rules.daily_snapshots("23:30-01:00", 1).seconds == 25.5 * 3600
    assert backup_rules.daily_snapshots("02:00-03:00", 0).seconds is None


@pytest.mark.parametrize(
    ("schedule", "start_window", "refused"),
    [
        ("cron(0 2 ? * * *)", 60, True),
        ("cron(0 2 ? * MON-SAT *)", 60, False),
        ("cron(0 2 ? * * *)", 120, False),
        ("cron(30 3 ? * * *)", 60, False),
        ("cron(20 1 ? * SUN *)", 60, False),
        ("cron(30 1 ? * SUN *)", 120, True),
    ],
)
def test_jobs_that_rds_never_starts(schedule: str, start_window: int, refused: bool) -> None:
    """RDS takes no backup in the hour before its maintenance (sun:02:30-sun:03:30) nor during it."""
    knobs = BackupRuleArgs(schedule=schedule, start_window_minutes=start_window)
    assert bool(list(backup_rules.within_maintenance(knobs, "sun:02:30-sun:03:30"))) is refused
