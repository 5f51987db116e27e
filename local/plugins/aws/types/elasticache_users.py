"""ElastiCache: users and user groups."""

from __future__ import annotations

from local.plugins.aws.api import Api
from local.plugins.aws.declaration import (
    Change,
    Create,
    Delete,
    Describe,
    Modify,
    Property,
    ResourceType,
    Status,
    Timeouts,
    Values,
)
from local.plugins.aws.types.elasticache_groups import READ_TAGS, RETAG
from local.plugins.provider import CheckFailure

_ENGINES = ("redis", "valkey")
_ID = (
    "[a-zA-Z](?!.*--)[a-zA-Z0-9-]{0,38}[a-zA-Z0-9]|[a-zA-Z]",
    "1 to 40 letters, digits and single hyphens",
)
_IDENTIFIED = "the ID identifies it"
_PASSWORD_LENGTHS = range(16, 129)
_NO_USER = ("UserNotFound", "UserNotFoundFault")
_NO_GROUP = ("UserGroupNotFound", "UserGroupNotFoundFault")


def _present_user(description: Values) -> Values:
    authentication = description.get("Authentication") or {}
    return {**description, "NoPasswordRequired": authentication.get("Type") == "no-password"}


def _authentication(inputs: Values) -> list[CheckFailure]:
    passwords, none_needed = inputs.get("passwords"), inputs.get("noPasswordRequired")
    if none_needed is True and passwords:
        return [CheckFailure("passwords", "passwords and noPasswordRequired exclude each other: write one of them")]
    if not none_needed and passwords is None:
        return [CheckFailure("passwords", "passwords is missing: one or two, or noPasswordRequired")]
    if isinstance(passwords, list):
        if len(passwords) not in (1, 2):
            return [CheckFailure("passwords", f"passwords has {len(passwords)} items; a user has one or two")]
        known = [password for password in passwords if isinstance(password, str)]
        if any(len(password) not in _PASSWORD_LENGTHS for password in known):
            return [CheckFailure("passwords", "a password has 16 to 128 characters")]
    return []


USER = ResourceType(
    token="aws:elasticache/user:User",
    service="elasticache",
    properties={
        "userId": Property(replace=_IDENTIFIED, lower=True, pattern=_ID),
        "userName": Property(replace="the name is what clients log in with"),
        "engine": Property(values=_ENGINES),
        "accessString": Property(),
        "passwords": Property(unread=True, secret=True),
        "noPasswordRequired": Property(default=False),
    },
    create=Create("CreateUser"),
    natural=lambda inputs: str(inputs["userId"]).lower(),
    describe=Describe("DescribeUsers", {"UserId": "{id}"}, "Users[0]", _NO_USER),
    present=_present_user,
    modify=Modify("ModifyUser", {"UserId": "{id}"}),
    delete=Delete("DeleteUser", {"UserId": "{id}"}, gone=_NO_USER, retry=("InvalidUserState",)),
    outputs={"arn": "ARN"},
    status=Status("Status", ("active",)),
    rules=(_authentication,),
    retag=RETAG,
    read_tags=READ_TAGS,
    timeouts=Timeouts(300, 300, 300),
)


def _change_group(api: Api, id: str, change: Change) -> None:
    old, new = set(change.outputs.get("userIds") or []), set(change.new.get("userIds") or [])
    request: Values = {
        "UserIdsToAdd": sorted(new - old),
        "UserIdsToRemove": sorted(old - new),
        "Engine": change.new["engine"] if "engine" in change.names else None,
    }
    sent = {name: value for name, value in request.items() if value}
    if sent:
        api.call("ModifyUserGroup", UserGroupId=id, **sent)


USER_GROUP = ResourceType(
    token="aws:elasticache/userGroup:UserGroup",
    service="elasticache",
    properties={
        "userGroupId": Property(replace=_IDENTIFIED, lower=True, pattern=_ID),
        "engine": Property(values=_ENGINES),
        "userIds": Property(),
    },
    create=Create("CreateUserGroup"),
    natural=lambda inputs: str(inputs["userGroupId"]).lower(),
    describe=Describe("DescribeUserGroups", {"UserGroupId": "{id}"}, "UserGroups[0]", _NO_GROUP),
    modify=_change_group,
    delete=Delete("DeleteUserGroup", {"UserGroupId": "{id}"}, gone=_NO_GROUP, retry=("InvalidUserGroupState",)),
    outputs={"arn": "ARN"},
    status=Status("Status", ("active",)),
    retag=RETAG,
    read_tags=READ_TAGS,
    timeouts=Timeouts(600, 600, 600),
)

TYPES = (USER, USER_GROUP)
