"""The users of a Redis: each with a password of its own, rotated with two alive, and an access string."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_random as random

from components import aws
from components.options import child
from components.redis_access import DEFAULT_USER, EVERYDAY_ACCESS, NO_ACCESS, user_id
from components.secrets import Credential, CredentialArgs

ENGINE = "redis"
_LENGTH = 64
"""Characters of a password: letters and digits, which an address takes as they are."""


@dataclass(frozen=True, kw_only=True)
class RedisUserArgs:
    """One user.

    Attributes:
        access: What it may do (ElastiCache User Guide, Role-Based Access Control: access strings): `on`, then keys,
            channels and commands.
        generation: Of its password; one more rotates it, and the one before stays valid until the next rotation.
    """

    access: str = EVERYDAY_ACCESS
    generation: int = 1


@dataclass(frozen=True, kw_only=True)
class RedisUsersArgs:
    """The users of one cluster.

    Attributes:
        identifier: Name of the cluster, and of its user group.
        secret_identifier: Start of the secrets' names; `/<user>` follows.
        users: By the name that clients log in with.
        recovery_days: Days in which a deleted secret can be restored; 0 deletes at once.
        tags: On everything.
    """

    identifier: str
    secret_identifier: str
    users: Mapping[str, RedisUserArgs]
    recovery_days: int = 30
    tags: Mapping[str, str] = field(default_factory=dict)


class RedisUsers(pulumi.ComponentResource):
    """A user group: its users, and the user `default`, which is off.

    Attributes:
        group_id: The group, once its users are in it.
        logins: Name and password by user, once ElastiCache knows the password; secret.
        secret_arns: Where each is kept, as `{"username": …, "password": …}`; during a rotation, `passwordPrevious`.
    """

    group_id: pulumi.Output[str]
    logins: Mapping[str, pulumi.Output[str]]
    secret_arns: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: RedisUsersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:RedisUsers", name, None, opts)
        tags = dict(args.tags)
        users = [self._nobody(name, args)]
        logins: dict[str, pulumi.Output[str]] = {}
        secret_arns: dict[str, pulumi.Output[str]] = {}
        for key, user in args.users.items():
            credential = Credential(
                f"{name}-{key}",
                CredentialArgs(
                    identifier=f"{args.secret_identifier}/{key}",
                    description=f"User {key} of {args.identifier}",
                    key="password",
                    fixed={"username": key},
                    generation=user.generation,
                    length=_LENGTH,
                    recovery_days=args.recovery_days,
                    tags=args.tags,
                ),
                child(self),
            )
            alive = [credential.value] if credential.previous is None else [credential.value, credential.previous]
            made = aws.CacheUser(
                f"{name}-{key}-user",
                user_id=user_id(args.identifier, key),
                user_name=key,
                engine=ENGINE,
                access_string=user.access,
                passwords=alive,
                tags=tags,
                opts=child(self),
            )
            users.append(made)
            # The user's name as it comes back, so that nobody is given a password that ElastiCache does not know yet.
            logins[key] = pulumi.Output.format("{0}:{1}", made.user_name, credential.value)
            secret_arns[key] = credential.secret_arn
        group = aws.CacheUserGroup(
            f"{name}-group",
            user_group_id=args.identifier,
            engine=ENGINE,
            user_ids=[user.user_id for user in users],
            tags=tags,
            opts=child(self),
        )
        self.group_id = group.user_group_id
        self.logins = logins
        self.secret_arns = secret_arns
        self.register_outputs({"groupId": self.group_id})

    def _nobody(self, name: str, args: RedisUsersArgs) -> aws.CacheUser:
        """The user of all who do not log in: off, and should it ever be on, with a password that is kept nowhere."""
        password = random.RandomPassword(
            f"{name}-{DEFAULT_USER}-value", length=_LENGTH, special=False, opts=child(self)
        )
        return aws.CacheUser(
            f"{name}-{DEFAULT_USER}-user",
            user_id=user_id(args.identifier, DEFAULT_USER),
            user_name=DEFAULT_USER,
            engine=ENGINE,
            access_string=NO_ACCESS,
            passwords=[password.result],
            tags=dict(args.tags),
            opts=child(self),
        )
