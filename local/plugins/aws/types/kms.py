"""KMS keys and aliases."""

from __future__ import annotations

from local.plugins.aws.api import Api, ApiError
from local.plugins.aws.declaration import (
    AutoName,
    Change,
    Create,
    Property,
    ResourceType,
    Timeouts,
    Values,
)
from local.plugins.aws.tags import MARK

_GONE = ("NotFoundException",)
_IMMUTABLE = "KMS cannot change it after creation"
_LEAVING = ("PendingDeletion", "PendingReplicaDeletion")


def _read_key(api: Api, id: str) -> Values | None:
    answer = api.maybe(_GONE, "DescribeKey", KeyId=id)
    if answer is None or answer["KeyMetadata"].get("KeyState") in _LEAVING:
        return None
    found: Values = dict(answer["KeyMetadata"])
    found["Policy"] = api.call("GetKeyPolicy", KeyId=id, PolicyName="default")["Policy"]
    if found.get("Origin", "AWS_KMS") == "AWS_KMS" and found.get("KeyState") == "Enabled":
        rotation = api.maybe(("UnsupportedOperationException",), "GetKeyRotationStatus", KeyId=id) or {}
        found["EnableKeyRotation"] = bool(rotation.get("KeyRotationEnabled"))
        if found["EnableKeyRotation"]:
            found["RotationPeriodInDays"] = rotation.get("RotationPeriodInDays")
    found["IsEnabled"] = bool(found.get("Enabled"))
    found["Tags"] = api.pages("ListResourceTags", "Tags", KeyId=id)
    return found


def _rotate(api: Api, id: str, inputs: Values) -> None:
    if inputs.get("enableKeyRotation"):
        api.call("EnableKeyRotation", KeyId=id, RotationPeriodInDays=inputs.get("rotationPeriodInDays"))
    else:
        api.call("DisableKeyRotation", KeyId=id)


def _finish_key(api: Api, id: str, inputs: Values) -> None:
    if inputs.get("enableKeyRotation"):
        _rotate(api, id, inputs)
    if inputs.get("isEnabled") is False:
        api.call("DisableKey", KeyId=id)


def _change_key(api: Api, id: str, change: Change) -> None:
    enabled = change.new.get("isEnabled") is not False
    if "isEnabled" in change.names and enabled:
        api.call("EnableKey", KeyId=id)  # A disabled key takes no other change.
    if change.touches("enableKeyRotation", "rotationPeriodInDays"):
        _rotate(api, id, change.new)
    if "description" in change.names:
        api.call("UpdateKeyDescription", KeyId=id, Description=change.new.get("description") or "")
    if "policy" in change.names and change.new.get("policy"):
        api.call("PutKeyPolicy", KeyId=id, PolicyName="default", Policy=change.new["policy"])
    if "isEnabled" in change.names and not enabled:
        api.call("DisableKey", KeyId=id)


def _remove_key(api: Api, id: str, outputs: Values) -> None:
    try:
        api.call("ScheduleKeyDeletion", KeyId=id, PendingWindowInDays=outputs.get("deletionWindowInDays"))
    except ApiError as error:
        pending = error.code in ("KMSInvalidStateException", "KMSInvalidState") and "pending deletion" in str(error)
        if error.code not in _GONE and not pending:
            raise


def _find_key(api: Api, inputs: Values, mark: str) -> str | None:
    for key in api.pages("ListKeys", "Keys"):
        listed = api.maybe((*_GONE, "AccessDeniedException"), "ListResourceTags", KeyId=key["KeyId"]) or {}
        if {"TagKey": MARK, "TagValue": mark} in listed.get("Tags", []):
            return str(key["KeyId"])
    return None


def _retag(api: Api, id: str, outputs: Values, wanted: dict[str, str], unwanted: list[str]) -> None:
    if unwanted:
        api.call("UntagResource", KeyId=id, TagKeys=unwanted)
    if wanted:
        api.call("TagResource", KeyId=id, Tags=[{"TagKey": k, "TagValue": wanted[k]} for k in sorted(wanted)])


def _make_key(api: Api, inputs: Values, mark: str) -> str:
    marked = {**(inputs.get("tagsAll") or {}), MARK: mark}
    answer = api.call(
        "CreateKey",
        KeySpec=inputs["customerMasterKeySpec"],
        KeyUsage=inputs["keyUsage"],
        Description=inputs.get("description"),
        MultiRegion=inputs.get("multiRegion"),
        Policy=inputs.get("policy"),
        BypassPolicyLockoutSafetyCheck=inputs.get("bypassPolicyLockoutSafetyCheck") or None,
        Tags=[{"TagKey": key, "TagValue": marked[key]} for key in sorted(marked)],
    )
    return str(answer["KeyMetadata"]["KeyId"])


KEY = ResourceType(
    token="aws:kms/key:Key",
    service="kms",
    properties={
        "description": Property(computed=True),
        "keyUsage": Property(default="ENCRYPT_DECRYPT", replace=_IMMUTABLE),
        "customerMasterKeySpec": Property(
            default="SYMMETRIC_DEFAULT", replace=_IMMUTABLE, member="KeySpec", read="KeySpec || CustomerMasterKeySpec"
        ),
        "policy": Property(computed=True, document=True),
        "isEnabled": Property(default=True),
        "enableKeyRotation": Property(default=False),
        "rotationPeriodInDays": Property(computed=True, minimum=90, maximum=2560),
        "multiRegion": Property(computed=True, replace=_IMMUTABLE),
        "deletionWindowInDays": Property(local=True, minimum=7, maximum=30),
        "bypassPolicyLockoutSafetyCheck": Property(local=True, default=False),
    },
    shape=("CreateKey", ""),
    create=_make_key,
    finish=_finish_key,
    describe=_read_key,
    modify=_change_key,
    delete=_remove_key,
    outputs={"arn": "Arn", "keyId": "KeyId"},
    find=_find_key,
    marked=True,
    retag=_retag,
    timeouts=Timeouts(120, 120, 120),
)


def _read_alias(api: Api, id: str) -> Values | None:
    for item in api.pages("ListAliases", "Aliases"):
        if item["AliasName"] == id and item.get("TargetKeyId"):
            arn = str(item["AliasArn"])
            key = f"{arn.rpartition(':')[0]}:key/{item['TargetKeyId']}"
            return {**item, "TargetKeyArn": key}
    return None


def _change_alias(api: Api, id: str, change: Change) -> None:
    if "targetKeyId" in change.names:
        api.call("UpdateAlias", AliasName=id, TargetKeyId=change.new["targetKeyId"])


def _remove_alias(api: Api, id: str, outputs: Values) -> None:
    api.maybe(_GONE, "DeleteAlias", AliasName=id)


ALIAS = ResourceType(
    token="aws:kms/alias:Alias",
    service="kms",
    properties={
        "name": Property(
            member="AliasName",
            replace="the name identifies it",
            pattern=(
                "alias/(?!aws/)[a-zA-Z0-9/_-]{1,250}",
                "alias/ and letters, digits, /, _ and -, but not alias/aws/",
            ),
        ),
        "targetKeyId": Property(),
    },
    create=Create("CreateAlias", tags=""),
    natural=lambda inputs: str(inputs["name"]),
    describe=_read_alias,
    modify=_change_alias,
    delete=_remove_alias,
    outputs={"arn": "AliasArn", "targetKeyArn": "TargetKeyArn"},
    auto_name=AutoName("name", prefix="alias/"),
    timeouts=Timeouts(120, 120, 120),
)

TYPES = (KEY, ALIAS)
