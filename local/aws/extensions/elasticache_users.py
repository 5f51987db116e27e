"""ElastiCache's users and user groups: who may log in to a replication group, and what they may do there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult

from local.aws.errors import Invalid, Refused

if TYPE_CHECKING:
    from local.aws.extensions.elasticache import ElastiCache
    from local.aws.extensions.elasticache_groups import Group

DEFAULT_USER = "default"
MOST_PASSWORDS = 2
_IDENTIFIER = re.compile(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,39}")
_CATEGORIES = (
    "admin|all|bitmap|blocking|connection|dangerous|fast|geo|hash|hyperloglog|keyspace|list|pubsub|read|scripting|set|"
    "slow|sortedset|stream|string|transaction|write"
)
# Key patterns, channels, categories, commands and their first arguments; passwords are no part of an access string.
_RULE = re.compile(
    r"on|off|allkeys|resetkeys|allchannels|resetchannels|allcommands|nocommands|~\S+|%R?W?~\S+|&\S+"
    rf"|[+-]@(?:{_CATEGORIES})|[+-][a-z][a-z0-9_.-]*(?:\|[a-z0-9_-]+)?"
)


@dataclass
class User:
    """A user.

    Attributes:
        identifier: Names it in the API; the name is what clients log in with.
        access: Its access string, as declared.
        passwords: Any of them lets it in; none with `no_password`.
    """

    identifier: str
    name: str
    arn: str
    access: str
    passwords: list[str] = field(repr=False)
    no_password: bool = False

    def describe(self, groups: Iterable[UserGroup], status: str) -> dict[str, object]:
        """The API's `User`."""
        return {
            "UserId": self.identifier,
            "UserName": self.name,
            "Status": status,
            "Engine": "redis",
            "MinimumEngineVersion": "6.0",
            "AccessString": self.access,
            "UserGroupIds": [group.identifier for group in groups if self.identifier in group.user_ids],
            "Authentication": {
                "Type": "no-password" if self.no_password else "password",
                "PasswordCount": len(self.passwords) or None,
            },
            "ARN": self.arn,
        }


@dataclass
class UserGroup:
    """Users that are let in to the replication groups that name it."""

    identifier: str
    arn: str
    user_ids: list[str]

    def describe(self, groups: Iterable[Group], status: str) -> dict[str, object]:
        """The API's `UserGroup`."""
        return {
            "UserGroupId": self.identifier,
            "Status": status,
            "Engine": "redis",
            "UserIds": list(self.user_ids),
            "MinimumEngineVersion": "6.0",
            "ReplicationGroups": [group.identifier for group in groups if group.user_group == self.identifier],
            "ARN": self.arn,
        }


def check_access(access: str) -> None:
    """What ElastiCache says of a wrong access string."""
    words = access.split()
    wrong = [word for word in words if not _RULE.fullmatch(word)]
    if wrong or not words:
        raise Invalid("InvalidParameterValue", f"Access string {access!r} is invalid: {', '.join(wrong) or 'empty'}.")


class UserOperations:
    """Operations on users and user groups; a part of ElastiCache's responses."""

    if TYPE_CHECKING:
        region: str
        current_account: str

        @property
        def backend(self) -> ElastiCache: ...
        def _get_params(self) -> Any: ...

    # -- Users --------------------------------------------------------------------------------------------------

    def create_user(self) -> ActionResult:
        params = self._get_params()
        identifier = self._identifier(params["UserId"], "user")
        if identifier in self.backend.access_users:
            raise Invalid("UserAlreadyExists", f"User {identifier} already exists.")
        check_access(params["AccessString"])
        _check_engine(params)
        user = User(
            identifier=identifier,
            name=params["UserName"],
            arn=self._arn("user", identifier),
            access=params["AccessString"],
            **_authentication(params),
        )
        self.backend.access_users[identifier] = user
        self.backend.tagging_service.tag_resource(user.arn, params.get("Tags") or [])
        return ActionResult(self._described(user))

    def describe_users(self) -> ActionResult:
        identifier = self._get_params().get("UserId")
        users = [self._user(identifier)] if identifier else list(self.backend.access_users.values())
        return ActionResult({"Users": [self._described(user) for user in users]})

    def modify_user(self) -> ActionResult:
        params = self._get_params()
        user = self._user(params["UserId"])
        if params.get("AppendAccessString"):
            raise Refused("AppendAccessString", "Write the whole AccessString.")
        access = params.get("AccessString") or user.access
        check_access(access)
        _check_engine(params)
        if any(params.get(name) is not None for name in ("Passwords", "NoPasswordRequired", "AuthenticationMode")):
            changed = _authentication(params)
            user.passwords, user.no_password = changed["passwords"], changed["no_password"]
        user.access = access
        self._changed_groups(group.identifier for group in self._groups_of(user))
        return ActionResult(self._described(user))

    def delete_user(self) -> ActionResult:
        user = self._user(self._get_params()["UserId"])
        groups = self._groups_of(user)
        if groups and user.name == DEFAULT_USER:
            raise Invalid("DefaultUserAssociatedToUserGroup", f"User {user.identifier} is the default of a group.")
        for group in groups:
            group.user_ids.remove(user.identifier)
        self._changed_groups(group.identifier for group in groups)
        del self.backend.access_users[user.identifier]
        self.backend.tagging_service.delete_all_tags_for_resource(user.arn)
        return ActionResult({**self._described(user), "Status": "deleting"})

    # -- User groups --------------------------------------------------------------------------------------------

    def create_user_group(self) -> ActionResult:
        params = self._get_params()
        identifier = self._identifier(params["UserGroupId"], "usergroup")
        if identifier in self.backend.user_groups:
            raise Invalid("UserGroupAlreadyExists", f"User group {identifier} already exists.")
        _check_engine(params)
        group = UserGroup(identifier, self._arn("usergroup", identifier), self._members(params.get("UserIds") or []))
        self.backend.user_groups[identifier] = group
        self.backend.tagging_service.tag_resource(group.arn, params.get("Tags") or [])
        return ActionResult(self._described_group(group))

    def describe_user_groups(self) -> ActionResult:
        identifier = self._get_params().get("UserGroupId")
        groups = [self.backend.user_group(identifier)] if identifier else list(self.backend.user_groups.values())
        return ActionResult({"UserGroups": [self._described_group(group) for group in groups]})

    def modify_user_group(self) -> ActionResult:
        params = self._get_params()
        group = self.backend.user_group(params["UserGroupId"])
        unwanted = {identifier.lower() for identifier in params.get("UserIdsToRemove") or []}
        kept = [identifier for identifier in group.user_ids if identifier not in unwanted]
        group.user_ids = self._members([*kept, *(params.get("UserIdsToAdd") or [])])
        self._changed_groups([group.identifier])
        return ActionResult(self._described_group(group))

    def delete_user_group(self) -> ActionResult:
        group = self.backend.user_group(self._get_params()["UserGroupId"])
        users = [each.identifier for each in self.backend.groups.values() if each.user_group == group.identifier]
        if users:
            raise Invalid("InvalidUserGroupState", f"User group {group.identifier} is in use by {', '.join(users)}.")
        del self.backend.user_groups[group.identifier]
        self.backend.tagging_service.delete_all_tags_for_resource(group.arn)
        return ActionResult({**self._described_group(group), "Status": "deleting"})

    # -- What they have in common -------------------------------------------------------------------------------

    def _arn(self, kind: str, identifier: str) -> str:
        return f"arn:aws:elasticache:{self.region}:{self.current_account}:{kind}:{identifier}"

    def _identifier(self, text: str, kind: str) -> str:
        if not _IDENTIFIER.fullmatch(text.lower()):
            raise Invalid(
                "InvalidParameterValue",
                f"The ID {text!r} of a {kind}: at most 40 letters, digits and single hyphens, a letter first.",
            )
        return text.lower()

    def _user(self, identifier: str) -> User:
        if identifier.lower() not in self.backend.access_users:
            raise Invalid("UserNotFound", f"User {identifier} not found.")
        return self.backend.access_users[identifier.lower()]

    def _members(self, identifiers: list[str]) -> list[str]:
        """Users of a group, judged as AWS does: all there, one default, no name twice."""
        users = [self._user(identifier) for identifier in identifiers]
        names = [user.name for user in users]
        if DEFAULT_USER not in names:
            raise Invalid("DefaultUserRequired", "A user group needs a user with the name default.")
        if len(set(names)) < len(names):
            raise Invalid("DuplicateUserName", "A user group takes one user of each name.")
        return [user.identifier for user in users]

    def _groups_of(self, user: User) -> list[UserGroup]:
        return [group for group in self.backend.user_groups.values() if user.identifier in group.user_ids]

    def _changed_groups(self, identifiers: Iterable[str]) -> None:
        named = set(identifiers)
        for group in self.backend.groups.values():
            if group.user_group in named:
                group.change()

    def _status(self, groups: Iterable[UserGroup]) -> str:
        """Active once every server that they are let in to knows them."""
        named = {group.identifier for group in groups}
        settled = all(
            group.status == "available" for group in self.backend.groups.values() if group.user_group in named
        )
        return "active" if settled else "modifying"

    def _described(self, user: User) -> dict[str, object]:
        return user.describe(self.backend.user_groups.values(), self._status(self._groups_of(user)))

    def _described_group(self, group: UserGroup) -> dict[str, object]:
        return group.describe(self.backend.groups.values(), self._status([group]))


def _check_engine(params: Mapping[str, Any]) -> None:
    engine = params.get("Engine")
    if engine is not None and engine.lower() != "redis":
        raise Refused(f"users of engine {engine!r}", "It runs redis.")


def _authentication(params: Mapping[str, Any]) -> dict[str, Any]:
    """How a user logs in, from either form that the API takes."""
    mode = params.get("AuthenticationMode") or {}
    kind = mode.get("Type")
    if kind == "iam":
        raise Refused("users that log in with IAM", "Give them passwords.")
    passwords = list(params.get("Passwords") or mode.get("Passwords") or [])
    no_password = bool(params.get("NoPasswordRequired")) or kind == "no-password-required"
    if no_password and passwords:
        raise Invalid("InvalidParameterCombination", "A user without a password takes none.")
    if not no_password and not 1 <= len(passwords) <= MOST_PASSWORDS:
        raise Invalid("InvalidParameterValue", "A user has one password or two.")
    if any(not re.fullmatch(r"[!-~]{16,128}", password) for password in passwords):
        raise Invalid("InvalidParameterValue", "A password has 16 to 128 printable characters without spaces.")
    return {"passwords": passwords, "no_password": no_password}
