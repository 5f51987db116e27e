"""Who may log in to a Redis, and what they may do there: one token, or users with access strings."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Literal, Protocol

from components.errors import Refusal

AuthUpdate = Literal["SET", "ROTATE"]
"""How a changed token takes effect (ElastiCache API Reference, `AuthTokenUpdateStrategy`)."""

EVERYDAY_ACCESS = "on ~* &* +@all -@dangerous +info +client|list"
"""All keys, all channels, and all commands but those that empty, stop or spy on the server. `INFO` and `CLIENT LIST`
are what BullMQ, ioredis and the checks ask about."""
NO_ACCESS = "off ~* -@all"
"""What is left to the user `default`, which everybody is who does not log in as somebody."""

DEFAULT_USER = "default"
MOST_USERS = 99
"""Users of a group beside the default one (ElastiCache quotas)."""
ID_LIMIT = 40
"""Characters of a user's ID (ElastiCache User Guide, Role-Based Access Control)."""

_CATEGORIES = frozenset(
    {
        "admin", "all", "bitmap", "blocking", "connection", "dangerous", "fast", "geo", "hash", "hyperloglog",
        "keyspace", "list", "pubsub", "read", "scripting", "set", "slow", "sortedset", "stream", "string",
        "transaction", "write",
    }
)  # fmt: skip
_ALIASES: Mapping[str, str] = {
    "allkeys": "~*", "allchannels": "&*", "allcommands": "+@all", "nocommands": "-@all",
}  # fmt: skip
_KEYS = re.compile(r"~\S+|%(?:R|W|RW)~\S+")
_CHANNELS = re.compile(r"&\S+")
_COMMANDS = re.compile(r"([+-])(?:@([a-z]+)|[a-z][a-z0-9_.-]*(\|[a-z0-9_-]+)?)")
_PASSWORDS = re.compile(r"[><#!].*|nopass|resetpass|reset")
_EXAMPLE = "on ~app:* &* +@all -@dangerous"


class UserKnobs(Protocol):
    """One user."""

    @property
    def access(self) -> str: ...
    @property
    def generation(self) -> int: ...


class AccessKnobs(Protocol):
    """What decides about who may log in."""

    @property
    def engine_version(self) -> str: ...
    @property
    def auth_update_strategy(self) -> AuthUpdate | None: ...
    @property
    def token_generation(self) -> int: ...
    @property
    def users(self) -> Mapping[str, UserKnobs]: ...
    @property
    def workload_user(self) -> str | None: ...


def workload_user(knobs: AccessKnobs) -> str | None:
    """The user whose name and password pods get; None with a token."""
    if knobs.workload_user is not None or not knobs.users:
        return knobs.workload_user
    return next(iter(knobs.users))


def user_id(identifier: str, name: str) -> str:
    """ID of a user, which nobody else in the account's region may have; short enough, and the same every time."""
    whole = f"{identifier}-{name}"
    if len(whole) <= ID_LIMIT:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return f"{whole[: ID_LIMIT - 9].rstrip('-')}-{digest}"


def refusals(knobs: AccessKnobs) -> Iterator[Refusal]:
    """Rules of one cluster's token or users."""
    if knobs.users:
        yield from _users(knobs)
        return
    if knobs.token_generation < 1:
        yield Refusal("token_generation", knobs.token_generation, "write 1, and one more to rotate")
    if knobs.workload_user is not None:
        yield Refusal(
            "workload_user", knobs.workload_user, "there are no users: name them under users, or leave it out"
        )


def _users(knobs: AccessKnobs) -> Iterator[Refusal]:
    if knobs.auth_update_strategy is not None:
        yield Refusal(
            "auth_update_strategy",
            knobs.auth_update_strategy,
            "is about the token, and users take its place: leave one of the two out",
        )
    if knobs.token_generation != 1:
        yield Refusal(
            "token_generation",
            knobs.token_generation,
            "is about the token, and users take its place: raise the user's own generation",
        )
    if len(knobs.users) > MOST_USERS:
        yield Refusal("users", len(knobs.users), f"ElastiCache allows {MOST_USERS} beside the default one")
    if knobs.workload_user is None and len(knobs.users) > 1:
        yield Refusal("workload_user", None, f"say whose password pods get: one of {', '.join(sorted(knobs.users))}")
    elif knobs.workload_user is not None and knobs.workload_user not in knobs.users:
        yield Refusal(
            "workload_user", knobs.workload_user, f"is no user: write one of {', '.join(sorted(knobs.users))}"
        )
    for name, user in knobs.users.items():
        if name == DEFAULT_USER:
            yield Refusal(
                f"users.{name}", name, "is the user of all who do not log in, and always off: write another name"
            )
        if user.generation < 1:
            yield Refusal(f"users.{name}.generation", user.generation, "write 1, and one more to rotate")
        cure = access_cure(user.access, knobs.engine_version)
        if cure is not None:
            yield Refusal(f"users.{name}.access", _without_passwords(user.access), cure)


def _without_passwords(access: str) -> str:
    """What may be told of an access string: somebody may have written a password into it."""
    return " ".join("[secret]" if _PASSWORDS.fullmatch(word) else word for word in access.split())


def access_cure(access: str, engine_version: str) -> str | None:
    """What is wrong with an access string, and what would be right; None when nothing is.

    Only the form that ElastiCache answers is taken (on, keys, channels, then commands from all or none): whatever else
    it makes of a string would be a difference at every refresh.
    """
    words = access.split()
    if not words or words[0] != "on":
        return f"has to begin with on, or nobody could log in with it: write such as {_EXAMPLE!r}"
    if any(_PASSWORDS.fullmatch(word) for word in words):
        return "passwords are generated and no part of it: leave out everything about them"
    for word in words[1:]:
        if word in _ALIASES:
            return (
                f"ElastiCache answers {_ALIASES[word]} where {word} was written, a lasting difference: write the former"
            )
    kinds = [_kind(word) for word in words[1:]]
    wrong = [word for word, kind in zip(words[1:], kinds, strict=True) if kind is None]
    if wrong:
        return f"{wrong[0]} is no rule that ElastiCache takes: write such as {_EXAMPLE!r}"
    if [kind for kind in kinds if kind is not None] != sorted(kind for kind in kinds if kind is not None):
        return f"keys come first, then channels, then commands: write such as {_EXAMPLE!r}"
    return _incomplete(words[1:], kinds) or _too_new(words[1:], engine_version)


def _kind(word: str) -> int | None:
    """0 for keys, 1 for channels, 2 for commands; None for no rule."""
    if _KEYS.fullmatch(word):
        return 0
    if _CHANNELS.fullmatch(word):
        return 1
    command = _COMMANDS.fullmatch(word)
    return 2 if command and (command[2] is None or command[2] in _CATEGORIES) else None


def _incomplete(words: list[str], kinds: list[int | None]) -> str | None:
    commands = [word for word, kind in zip(words, kinds, strict=True) if kind == 2]
    if len(set(words)) < len(words):
        return "says something twice: say it once"
    if 0 not in kinds:
        return "names no keys: write ~* for all of them, or a pattern such as ~app:*"
    if not commands or commands[0] not in ("+@all", "-@all"):
        return "commands start from all or none of them: put +@all or -@all before the others"
    if not any(word.startswith("+") for word in commands):
        return "allows no command: add such as +@read +@write"
    return None


def _too_new(words: list[str], engine_version: str) -> str | None:
    if not engine_version.startswith("6."):
        return None
    for word in words:
        if word.startswith("%") or (word.startswith("-") and "|" in word):
            return f"{word} needs Redis 7.0, and this is {engine_version}: write a rule that 6.2 knows"
    return None
