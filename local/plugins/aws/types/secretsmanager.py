"""Secrets and their versions."""

from __future__ import annotations

import base64
from typing import Any

from local.plugins.aws import tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import (
    AutoName,
    Change,
    Property,
    ResourceType,
    Timeouts,
    Values,
)
from local.plugins.provider import CheckFailure, ProviderError

_GONE = ("ResourceNotFoundException",)


def _make_secret(api: Api, inputs: Values, mark: str) -> str:
    request: dict[str, Any] = {
        "Name": inputs["name"],
        "Description": inputs.get("description") or "",
        "KmsKeyId": inputs.get("kmsKeyId"),
        "ForceOverwriteReplicaSecret": inputs.get("forceOverwriteReplicaSecret") or None,
        "ClientRequestToken": mark,
    }
    if inputs.get("tagsAll"):
        request["Tags"] = tags.pairs(inputs["tagsAll"])
    return str(api.call("CreateSecret", **request)["ARN"])


def _find_secret(api: Api, inputs: Values, mark: str) -> str | None:
    answer = api.maybe(_GONE, "DescribeSecret", SecretId=inputs["name"])
    return str(answer["ARN"]) if answer and not answer.get("DeletedDate") else None


def _read_secret(api: Api, id: str) -> Values | None:
    answer = api.maybe(_GONE, "DescribeSecret", SecretId=id)
    if answer is None or answer.get("DeletedDate"):
        return None
    policy = api.maybe(_GONE, "GetResourcePolicy", SecretId=id) or {}
    return {**answer, "Policy": policy.get("ResourcePolicy")}


def _put_policy(api: Api, id: str, policy: Any) -> None:
    if policy:
        api.call("PutResourcePolicy", SecretId=id, ResourcePolicy=policy)
    else:
        api.call("DeleteResourcePolicy", SecretId=id)


def _finish_secret(api: Api, id: str, inputs: Values) -> None:
    if inputs.get("policy"):
        _put_policy(api, id, inputs["policy"])


def _change_secret(api: Api, id: str, change: Change) -> None:
    if change.touches("description", "kmsKeyId"):
        api.call(
            "UpdateSecret",
            SecretId=id,
            Description=change.new.get("description") or "",
            KmsKeyId=change.new.get("kmsKeyId"),
        )
    if "policy" in change.names:
        _put_policy(api, id, change.new.get("policy"))


def _remove_secret(api: Api, id: str, outputs: Values) -> None:
    days = outputs.get("recoveryWindowInDays", 30)
    how: dict[str, Any] = {"RecoveryWindowInDays": int(days)} if days else {"ForceDeleteWithoutRecovery": True}
    api.maybe(_GONE, "DeleteSecret", SecretId=id, **how)


def _recovery(inputs: Values) -> list[CheckFailure]:
    days = inputs.get("recoveryWindowInDays")
    if isinstance(days, int) and days != 0 and not 7 <= days <= 30:
        return [CheckFailure("recoveryWindowInDays", f"recoveryWindowInDays is {days}; it has to be 0, or 7 to 30")]
    return []


SECRET = ResourceType(
    token="aws:secretsmanager/secret:Secret",
    service="secretsmanager",
    properties={
        "name": Property(
            replace="the name identifies it", pattern=(r"[\w/+=.@-]{1,512}", "1 to 512 letters, digits and /_+=.@-")
        ),
        "description": Property(),
        "kmsKeyId": Property(),
        "policy": Property(computed=True, document=True),
        "recoveryWindowInDays": Property(local=True, default=30),
        "forceOverwriteReplicaSecret": Property(local=True, default=False),
    },
    shape=("CreateSecret", ""),
    create=_make_secret,
    finish=_finish_secret,
    describe=_read_secret,
    modify=_change_secret,
    delete=_remove_secret,
    find=_find_secret,
    outputs={"arn": "ARN"},
    auto_name=AutoName("name", maximum=512),
    rules=(_recovery,),
    retag=tags.by_operations("TagResource", "UntagResource", "SecretId", of="id"),
    timeouts=Timeouts(120, 120, 120),
)


def _split(id: str) -> tuple[str, str]:
    secret, separator, version = id.rpartition("|")
    if not separator:
        raise ProviderError(f"the import ID of a secret version is SECRETARN|VERSIONID, not {id!r}")
    return secret, version


def _make_version(api: Api, inputs: Values, mark: str) -> str:
    answer = api.call(
        "PutSecretValue",
        SecretId=inputs["secretId"],
        SecretString=inputs.get("secretString"),
        SecretBinary=base64.b64decode(inputs["secretBinary"]) if inputs.get("secretBinary") else None,
        VersionStages=inputs.get("versionStages"),
        ClientRequestToken=mark,
    )
    return f"{inputs['secretId']}|{answer['VersionId']}"


def _find_version(api: Api, inputs: Values, mark: str) -> str | None:
    """The mark was the token, and the token is the version's ID."""
    listed = api.maybe(_GONE, "ListSecretVersionIds", SecretId=inputs["secretId"], IncludeDeprecated=True) or {}
    if any(item["VersionId"] == mark for item in listed.get("Versions", [])):
        return f"{inputs['secretId']}|{mark}"
    return None


def _read_version(api: Api, id: str) -> Values | None:
    secret, version = _split(id)
    described = api.maybe(_GONE, "DescribeSecret", SecretId=secret)
    if described is None or described.get("DeletedDate"):
        return None
    unreadable = (*_GONE, "InvalidRequestException")
    answer = api.maybe(unreadable, "GetSecretValue", SecretId=secret, VersionId=version)
    if answer is None:
        return None
    binary = answer.get("SecretBinary")
    return {
        "SecretId": secret,
        "SecretString": answer.get("SecretString"),
        "SecretBinary": base64.b64encode(binary).decode() if binary else None,
        "VersionId": answer["VersionId"],
        "VersionStages": sorted(answer.get("VersionStages") or []),
        "Arn": answer["ARN"],
    }


def _change_version(api: Api, id: str, change: Change) -> None:
    secret, version = _split(id)
    old, new = set(change.outputs.get("versionStages") or []), set(change.new.get("versionStages") or [])
    described = api.call("DescribeSecret", SecretId=secret).get("VersionIdsToStages") or {}
    for stage in sorted(new - old):
        holder = next((held for held, stages in described.items() if stage in stages and held != version), None)
        api.call(
            "UpdateSecretVersionStage",
            SecretId=secret, VersionStage=stage, MoveToVersionId=version, RemoveFromVersionId=holder,
        )  # fmt: skip
    for stage in sorted(old - new - {"AWSCURRENT"}):
        api.call("UpdateSecretVersionStage", SecretId=secret, VersionStage=stage, RemoveFromVersionId=version)


def _remove_version(api: Api, id: str, outputs: Values) -> None:
    """A version goes when it has no stage left; the current stage cannot be taken from it, only moved on."""
    secret, version = _split(id)
    described = api.maybe(_GONE, "DescribeSecret", SecretId=secret) or {}
    if described.get("DeletedDate"):
        return
    for stage in (described.get("VersionIdsToStages") or {}).get(version, []):
        if stage != "AWSCURRENT":
            api.maybe(
                (*_GONE, "InvalidParameterException"), "UpdateSecretVersionStage",
                SecretId=secret, VersionStage=stage, RemoveFromVersionId=version,
            )  # fmt: skip


def _one_value(inputs: Values) -> list[CheckFailure]:
    given = [name for name in ("secretString", "secretBinary") if inputs.get(name) is not None]
    if len(given) == 1:
        return []
    return [CheckFailure("secretString", "a secret version needs exactly one of secretString and secretBinary")]


_VALUE = "a version's value never changes"

SECRET_VERSION = ResourceType(
    token="aws:secretsmanager/secretVersion:SecretVersion",
    service="secretsmanager",
    properties={
        "secretId": Property(replace="a version belongs to one secret"),
        "secretString": Property(secret=True, replace=_VALUE),
        "secretBinary": Property(secret=True, replace=_VALUE),
        "versionStages": Property(computed=True),
    },
    shape=("PutSecretValue", ""),
    create=_make_version,
    describe=_read_version,
    modify=_change_version,
    delete=_remove_version,
    forgets=True,
    find=_find_version,
    outputs={"arn": "Arn", "versionId": "VersionId"},
    rules=(_one_value,),
    timeouts=Timeouts(120, 120, 120),
)

TYPES = (SECRET, SECRET_VERSION)
