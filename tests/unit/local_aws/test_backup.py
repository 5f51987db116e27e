"""AWS Backup as the endpoint answers it: what moto lacks, and what AWS refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.unit

Client = Callable[..., Any]


def _rule(vault: str, **more: Any) -> dict[str, Any]:
    return {"RuleName": "daily", "TargetBackupVaultName": vault, **more}


def _plan(vault: str, **more: Any) -> dict[str, Any]:
    return {"BackupPlanName": vault, "Rules": [_rule(vault, **more)]}


@pytest.fixture(name="backup")
def backup_fixture(client: Client, unique: str) -> Any:
    backup = client("backup")
    backup.create_backup_vault(BackupVaultName=unique)
    return backup


def test_a_plan_is_changed_and_its_name_is_free_once_it_is_gone(backup: Any, unique: str) -> None:
    """P0-BACKUP: the second deployment changes the plan that the first one made."""
    id = backup.create_backup_plan(BackupPlan=_plan(unique))["BackupPlanId"]
    first = backup.get_backup_plan(BackupPlanId=id)
    changed = _plan(unique, ScheduleExpression="cron(0 3 ? * * *)")
    assert backup.update_backup_plan(BackupPlanId=id, BackupPlan=changed)["BackupPlanId"] == id
    second = backup.get_backup_plan(BackupPlanId=id)
    assert second["BackupPlan"]["Rules"][0]["ScheduleExpression"] == "cron(0 3 ? * * *)"
    assert second["VersionId"] != first["VersionId"]
    backup.delete_backup_plan(BackupPlanId=id)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        backup.get_backup_plan(BackupPlanId=id)
    assert backup.create_backup_plan(BackupPlan=_plan(unique))["BackupPlanId"] != id


def test_a_plan_goes_after_its_selections(backup: Any, unique: str) -> None:
    """P0-BACKUP: selections are kept as they were put, and found by their plan."""
    plan = backup.create_backup_plan(BackupPlan=_plan(unique))["BackupPlanId"]
    content = {
        "SelectionName": unique,
        "IamRoleArn": "arn:aws:iam::123456789012:role/backup",
        "Resources": ["*"],
        "Conditions": {"StringEquals": [{"ConditionKey": "aws:ResourceTag/backup", "ConditionValue": unique}]},
    }
    id = backup.create_backup_selection(BackupPlanId=plan, BackupSelection=content)["SelectionId"]
    found = backup.get_backup_selection(BackupPlanId=plan, SelectionId=id)
    assert found["BackupSelection"] == content
    [listed] = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    assert (listed["SelectionId"], listed["SelectionName"]) == (id, unique)
    with pytest.raises(ClientError, match="must be deleted prior"):
        backup.delete_backup_plan(BackupPlanId=plan)
    backup.delete_backup_selection(BackupPlanId=plan, SelectionId=id)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        backup.get_backup_selection(BackupPlanId=plan, SelectionId=id)
    backup.delete_backup_plan(BackupPlanId=plan)


def test_a_vault_has_a_policy_and_somebody_to_tell(backup: Any, unique: str) -> None:
    """P0-BACKUP: both come and go, and go with the vault."""
    policy = '{"Version": "2012-10-17", "Statement": []}'
    topic = "arn:aws:sns:eu-west-1:123456789012:alarms"
    for get in (backup.get_backup_vault_access_policy, backup.get_backup_vault_notifications):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            get(BackupVaultName=unique)
    backup.put_backup_vault_access_policy(BackupVaultName=unique, Policy=policy)
    backup.put_backup_vault_notifications(
        BackupVaultName=unique, SNSTopicArn=topic, BackupVaultEvents=["COPY_JOB_FAILED"]
    )
    assert backup.get_backup_vault_access_policy(BackupVaultName=unique)["Policy"] == policy
    told = backup.get_backup_vault_notifications(BackupVaultName=unique)
    assert (told["SNSTopicArn"], told["BackupVaultEvents"]) == (topic, ["COPY_JOB_FAILED"])
    backup.delete_backup_vault(BackupVaultName=unique)
    backup.create_backup_vault(BackupVaultName=unique)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        backup.get_backup_vault_access_policy(BackupVaultName=unique)


def test_a_lock_is_described_and_lifted(backup: Any, unique: str) -> None:
    """P0-BACKUP: governance mode has no date from which it is fixed."""
    backup.put_backup_vault_lock_configuration(BackupVaultName=unique, MinRetentionDays=7, MaxRetentionDays=400)
    found = backup.describe_backup_vault(BackupVaultName=unique)
    assert (found["Locked"], found["MinRetentionDays"], found["MaxRetentionDays"]) == (True, 7, 400)
    assert "LockDate" not in found
    backup.delete_backup_vault_lock_configuration(BackupVaultName=unique)
    assert not backup.describe_backup_vault(BackupVaultName=unique)["Locked"]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"StartWindowMinutes": 30}, "60 minutes"),
        ({"Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 119}}, "90 days"),
        ({"Lifecycle": {"DeleteAfterDays": 36}, "EnableContinuousBackup": True}, "from 1 to 35"),
        ({"TargetBackupVaultName": "nowhere"}, "nowhere not found"),
    ],
)
def test_what_aws_refuses_is_refused(backup: Any, unique: str, rule: dict[str, Any], reason: str) -> None:
    """P0-BACKUP: a plan that AWS would not take does not come up here either."""
    with pytest.raises(ClientError, match=reason):
        backup.create_backup_plan(BackupPlan=_plan(unique, **rule))
