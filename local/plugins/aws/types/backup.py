"""AWS Backup: vaults with their lock, policy and notifications, plans and selections."""

from __future__ import annotations

from collections.abc import Mapping

from local.plugins.aws import tags
from local.plugins.aws.api import Api, descend
from local.plugins.aws.declaration import (
    AutoName,
    Change,
    Create,
    Delete,
    Describe,
    Property,
    ResourceType,
    Timeouts,
    Values,
    fixed,
)
from local.plugins.aws.structure import to_api

_GONE = ("ResourceNotFoundException",)
_TIMEOUTS = Timeouts(120, 120, 120)
_RETAG = tags.by_operations("TagResource", "UntagResource", "ResourceArn", keys="TagKeyList")
_NAME = Property(member="BackupVaultName", replace="the name identifies it")
_OF_VAULT = Property(member="BackupVaultName", replace="it belongs to one vault")


_READ_TAGS = tags.listed_by("ListTags", "ResourceArn")


def _vault_of(inputs: Values) -> str:
    return str(inputs["backupVaultName"])


VAULT = ResourceType(
    token="aws:backup/vault:Vault",
    service="backup",
    properties={
        "name": _NAME,
        "kmsKeyArn": Property(
            member="EncryptionKeyArn", replace="a vault keeps the key that it was made with", computed=True
        ),
        # Nothing to do here: the endpoint runs no jobs, so that its vaults are always empty.
        "forceDestroy": Property(local=True, default=False),
    },
    create=Create("CreateBackupVault", tags="BackupVaultTags", token="CreatorRequestId"),
    describe=Describe("DescribeBackupVault", {"BackupVaultName": "{id}"}, "@", _GONE),
    delete=Delete("DeleteBackupVault", {"BackupVaultName": "{id}"}, _GONE),
    natural=lambda inputs: str(inputs["name"]),
    outputs={"arn": "BackupVaultArn", "recoveryPoints": "NumberOfRecoveryPoints"},
    volatile=("recoveryPoints",),
    auto_name=AutoName("name", maximum=50),
    retag=_RETAG,
    read_tags=_READ_TAGS,
    timeouts=_TIMEOUTS,
)


def _read_lock(api: Api, id: str) -> Values | None:
    found = api.maybe(_GONE, "DescribeBackupVault", BackupVaultName=id)
    return found if found and found.get("Locked") else None


LOCK = ResourceType(
    token="aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    service="backup",
    properties={
        "backupVaultName": _OF_VAULT,
        # AWS tells the date from which it cannot be changed, not the days until then.
        "changeableForDays": Property(replace="a lock is put once", unread=True),
        **fixed("a lock is put once", "maxRetentionDays minRetentionDays"),
    },
    create=Create("PutBackupVaultLockConfiguration", tags=""),
    overwrites=True,
    natural=_vault_of,
    describe=_read_lock,
    delete=Delete("DeleteBackupVaultLockConfiguration", {"BackupVaultName": "{id}"}, _GONE),
    outputs={"backupVaultArn": "BackupVaultArn"},
    timeouts=_TIMEOUTS,
)


def _change_policy(api: Api, id: str, change: Change) -> None:
    if "policy" in change.names:
        api.call("PutBackupVaultAccessPolicy", BackupVaultName=id, Policy=change.new["policy"])


VAULT_POLICY = ResourceType(
    token="aws:backup/vaultPolicy:VaultPolicy",
    service="backup",
    properties={"backupVaultName": _OF_VAULT, "policy": Property(document=True)},
    create=Create("PutBackupVaultAccessPolicy", tags=""),
    overwrites=True,
    natural=_vault_of,
    describe=Describe("GetBackupVaultAccessPolicy", {"BackupVaultName": "{id}"}, "@", _GONE),
    modify=_change_policy,
    delete=Delete("DeleteBackupVaultAccessPolicy", {"BackupVaultName": "{id}"}, _GONE),
    outputs={"backupVaultArn": "BackupVaultArn"},
    timeouts=_TIMEOUTS,
)

NOTIFICATIONS = ResourceType(
    token="aws:backup/vaultNotifications:VaultNotifications",
    service="backup",
    properties={
        "backupVaultName": _OF_VAULT,
        "snsTopicArn": Property(member="SNSTopicArn", replace="notifications are put once"),
        "backupVaultEvents": Property(replace="notifications are put once"),
    },
    create=Create("PutBackupVaultNotifications", tags=""),
    overwrites=True,
    natural=_vault_of,
    describe=Describe("GetBackupVaultNotifications", {"BackupVaultName": "{id}"}, "@", _GONE),
    delete=Delete("DeleteBackupVaultNotifications", {"BackupVaultName": "{id}"}, _GONE),
    outputs={"backupVaultArn": "BackupVaultArn"},
    timeouts=_TIMEOUTS,
)

_RULE_NAMES = {
    "targetVaultName": "TargetBackupVaultName",
    "schedule": "ScheduleExpression",
    "startWindow": "StartWindowMinutes",
    "completionWindow": "CompletionWindowMinutes",
    "coldStorageAfter": "MoveToColdStorageAfterDays",
    "deleteAfter": "DeleteAfterDays",
    "destinationVaultArn": "DestinationBackupVaultArn",
}


def _content(api: Api, inputs: Values) -> Values:
    shape = descend(api.input_shape("CreateBackupPlan"), "BackupPlan.Rules")
    rules = to_api(inputs["rules"], shape, _RULE_NAMES, "rules")
    return {"BackupPlanName": inputs["name"], "Rules": rules}


def _make_plan(api: Api, inputs: Values, mark: str) -> str:
    answer = api.call(
        "CreateBackupPlan",
        BackupPlan=_content(api, inputs),
        BackupPlanTags=dict(inputs.get("tagsAll") or {}) or None,
        CreatorRequestId=mark,
    )
    return str(answer["BackupPlanId"])


def _change_plan(api: Api, id: str, change: Change) -> None:
    if "rules" in change.names:
        api.call("UpdateBackupPlan", BackupPlanId=id, BackupPlan=_content(api, change.new))


def _find_plan(api: Api, inputs: Values, mark: str) -> str | None:
    for plan in api.pages("ListBackupPlans", "BackupPlansList"):
        if plan.get("CreatorRequestId") == mark:
            return str(plan["BackupPlanId"])
    return None


PLAN = ResourceType(
    token="aws:backup/plan:Plan",
    service="backup",
    properties={
        "name": Property(read="BackupPlan.BackupPlanName", replace="the name identifies it"),
        "rules": Property(read="BackupPlan.Rules"),
    },
    create=_make_plan,
    describe=Describe("GetBackupPlan", {"BackupPlanId": "{id}"}, "@", _GONE),
    modify=_change_plan,
    delete=Delete("DeleteBackupPlan", {"BackupPlanId": "{id}"}, _GONE, retry=("InvalidRequestException",)),
    find=_find_plan,
    outputs={"arn": "BackupPlanArn", "version": "VersionId"},
    volatile=("version",),
    names=_RULE_NAMES,
    nested_defaults={
        "rules[].scheduleExpressionTimezone": "Etc/UTC",
        "rules[].startWindow": 60,
        "rules[].completionWindow": 180,
    },
    unordered=("rules", "rules.copyActions"),
    auto_name=AutoName("name", maximum=50),
    retag=_RETAG,
    read_tags=_READ_TAGS,
    timeouts=_TIMEOUTS,
)

_CONDITIONS: Mapping[str, str] = {
    "stringEquals": "StringEquals",
    "stringLikes": "StringLike",
    "stringNotEquals": "StringNotEquals",
    "stringNotLikes": "StringNotLike",
}


def _make_selection(api: Api, inputs: Values, mark: str) -> str:
    conditions: Values = {}
    for condition in inputs.get("conditions") or []:
        for name, member in _CONDITIONS.items():
            for pair in condition.get(name) or []:
                conditions.setdefault(member, []).append({"ConditionKey": pair["key"], "ConditionValue": pair["value"]})
    content = {
        "SelectionName": inputs["name"],
        "IamRoleArn": inputs["iamRoleArn"],
        "Resources": inputs.get("resources"),
        "NotResources": inputs.get("notResources"),
        "ListOfTags": [
            {"ConditionType": tag["type"], "ConditionKey": tag["key"], "ConditionValue": tag["value"]}
            for tag in inputs.get("selectionTags") or []
        ],
        "Conditions": conditions,
    }
    answer = api.call(
        "CreateBackupSelection",
        BackupPlanId=inputs["planId"],
        BackupSelection={member: value for member, value in content.items() if value},
        CreatorRequestId=mark,
    )
    return f"{inputs['planId']}|{answer['SelectionId']}"


def _parts(locator: str) -> dict[str, str]:
    plan, _, id = locator.partition("|")
    return {"BackupPlanId": plan, "SelectionId": id}


def _read_selection(api: Api, locator: str) -> Values | None:
    answer = api.maybe(_GONE, "GetBackupSelection", **_parts(locator))
    if answer is None:
        return None
    content = answer["BackupSelection"]
    conditions = {
        name: [{"key": pair["ConditionKey"], "value": pair["ConditionValue"]} for pair in listed]
        for name, member in _CONDITIONS.items()
        if (listed := (content.get("Conditions") or {}).get(member))
    }
    listed_tags = [
        {"type": tag["ConditionType"], "key": tag["ConditionKey"], "value": tag["ConditionValue"]}
        for tag in content.get("ListOfTags") or []
    ]
    return {
        **content,
        "PlanId": answer["BackupPlanId"],
        "Conditions": [conditions] if conditions else [],
        "SelectionTags": listed_tags,
    }


def _find_selection(api: Api, inputs: Values, mark: str) -> str | None:
    listed = api.maybe(_GONE, "ListBackupSelections", BackupPlanId=inputs["planId"]) or {}
    for each in listed.get("BackupSelectionsList", []):
        if each.get("CreatorRequestId") == mark:
            return f"{inputs['planId']}|{each['SelectionId']}"
    return None


def _remove_selection(api: Api, locator: str, outputs: Values) -> None:
    api.maybe(_GONE, "DeleteBackupSelection", **_parts(locator))


_PUT = "AWS Backup cannot change a selection"

SELECTION = ResourceType(
    token="aws:backup/selection:Selection",
    service="backup",
    properties={
        "name": Property(member="SelectionName", replace=_PUT),
        **fixed(_PUT, "planId iamRoleArn resources notResources conditions selectionTags"),
    },
    create=_make_selection,
    describe=_read_selection,
    delete=_remove_selection,
    find=_find_selection,
    unordered=("conditions.stringEquals", "conditions.stringLikes", "conditions.stringNotEquals", "selectionTags"),
    auto_name=AutoName("name", maximum=50),
    handle=lambda id, known: f"{known['planId']}|{id}" if "|" not in id else id,
    public_id=lambda locator: locator.partition("|")[2],
    timeouts=_TIMEOUTS,
)

TYPES = (VAULT, LOCK, VAULT_POLICY, NOTIFICATIONS, PLAN, SELECTION)
