"""Which names say that their value is a secret, and which values are none whatever they are called."""

from __future__ import annotations

import math
import re
from collections import Counter
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import pairwise
from typing import Final

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# Ends of words: PGPASSWORD and clientsecret are one word each.
_TELLING_END = re.compile(
    r"(?:password|passwd|passphrase|secret|token|apikey|privatekey|accesskey|secretkey|credentials?|creds"
    r"|requirepass|masterauth)\Z"
)
_TELLING_WORDS: Final = frozenset({"pass", "pwd"})
_TELLING_KEYS: Final = frozenset(
    {"access", "account", "api", "auth", "encryption", "license", "master", "private", "session", "shared", "signing",
     "ssh"}
)  # fmt: skip
_TELLING_COOKIES: Final = frozenset({"erlang", "release"})
# The last word says what a value is: TOKEN_TTL is a time, PASSWORD_FILE a path.
_HARMLESS_ENDS: Final = frozenset(
    {"age", "alg", "algorithm", "arn", "arns", "attempts", "audience", "authentication", "authorization", "backend",
     "bits", "bucket", "bytes", "cache", "capacity", "class", "column", "count", "days", "dir", "directory",
     "disabled", "domain", "driver", "duration", "email", "enabled", "encoding", "encryption", "endpoint", "engine",
     "event", "events", "expiration", "expires", "expiry", "field", "file", "files", "folder", "format",
     "generation", "group", "handler", "header", "hint", "host", "hours", "id", "ids", "interval", "issuer", "kind",
     "label", "length", "lifetime", "limit", "link", "location", "manager", "max", "min", "minutes", "mode", "ms",
     "name", "names", "namespace", "parameter", "path", "paths", "pattern", "plugin", "policy", "port", "prefix",
     "provider", "queue", "rate", "realm", "ref", "reference", "regex", "region", "required", "reset", "role",
     "rotation", "rounds", "route", "scope", "scopes", "seconds", "server", "service", "size", "source", "state",
     "status", "store", "strategy", "suffix", "table", "template", "timeout", "topic", "ttl", "type", "uri", "url",
     "username", "validation", "validator", "validity", "version"}
)  # fmt: skip
_HARMLESS_WORDS: Final = frozenset({"existing", "public", "publishable", "pub", "example", "sample", "site"})
# Names that may mean a secret: enough only together with a value that looks made by a generator.
_FAINT_ENDS: Final = frozenset({"auth", "cookie", "hmac", "key", "salt", "seed", "signature"})
_FAINT_LENGTH: Final = 20
_FAINT_ENTROPY: Final = 3.5

_SWITCH = re.compile(
    r"(?:|0|1|true|false|yes|no|on|off|null|nil|none|enabled|disabled|required|optional)\Z", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"(?:<[^<>]*>|\*+|x{3,}|\.{3,}|change[-_ ]?me|replace(?:[-_ ]?me)?|todo|redacted|placeholder|your[-_ ].*"
    r"|\[(?:secret|redacted)\])\Z",
    re.IGNORECASE,
)
# Expansions and templates, in which something else puts the value.
_EXPANSION: Final = (
    r"(?:\$\([^()\s]+\)|\$\{[^{}]+\}|\$[A-Z_][A-Z0-9_]*|\{\{[^{}]+\}\}|%\([^()]+\)s?|%[A-Z_]+%|@[A-Z_]+@)"
)
_ONLY_EXPANSION = re.compile(rf"{_EXPANSION}+\Z")
_REFERENCE = re.compile(
    r"(?:arn:aws[\w-]*:|(?:vault|op|ssm|awssm|aws-sm|gcpsm|azkv|file|env|secretref|doppler|bao|sops)(?::|\+)"
    r"|ref\+|projects/[^/]+/secrets/|ENC\[|/(?:[\w.-]+/)+[\w.-]+\Z|\$\([^()]*\s|<<)"
)
# UUIDs, sentences, paths and addresses of things.
_STRUCTURED = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z|\s|:|^/|/[^/]*/[^/]*/", re.IGNORECASE)
_MIXED = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])")


def words(name: str) -> list[str]:
    """The words of a name, whether it is written DB_PASSWORD, db.password or dbPassword."""
    return [word.lower() for word in _WORD.findall(name)]


@lru_cache(maxsize=8192)
def names_secret(name: str, more: tuple[str, ...] = (), harmless: tuple[str, ...] = ()) -> bool:
    """Whether a name says that its value is a secret.

    Args:
        name: Of a variable, a key or an option.
        more: Further names of secrets; `*` stands for anything.
        harmless: Names of what is no secret; `*` stands for anything.
    """
    if _named(name, harmless):
        return False
    if _named(name, more):
        return True
    found = words(name)
    if not found or found[-1] in _HARMLESS_ENDS or _HARMLESS_WORDS & set(found):
        return False
    if any(_TELLING_END.search(word) for word in found) or found[-1] in _TELLING_WORDS:
        return True
    for one, other in pairwise(found):
        if (other == "key" and one in _TELLING_KEYS) or (other == "cookie" and one in _TELLING_COOKIES):
            return True
    return False


def hints_at_secret(name: str, value: str, harmless: tuple[str, ...] = ()) -> bool:
    """Whether a name may mean a secret and its value looks made by a generator: long, mixed, and hard to guess."""
    if len(value) < _FAINT_LENGTH:
        return False
    found = words(name)
    if not found or found[-1] not in _FAINT_ENDS or _HARMLESS_WORDS & set(found) or _named(name, harmless):
        return False
    if _STRUCTURED.search(value) or not is_literal(value):
        return False
    return _MIXED.match(value) is not None and entropy(value) >= _FAINT_ENTROPY


def is_literal(value: str) -> bool:
    """Whether a value under a secret's name is one: no switch, no placeholder, no reference to where it is kept."""
    text = value.strip()
    return not (
        _SWITCH.match(text) or _PLACEHOLDER.match(text) or _ONLY_EXPANSION.match(text) or _REFERENCE.match(text)
    )


def entropy(text: str) -> float:
    """Shannon entropy in bits for each character."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())


def _named(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
