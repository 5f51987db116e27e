"""Where settings come from: the configuration that the engine hands to the program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import config as engine_config

from components.settings.problems import NAMESPACE, Problem, did_you_mean

_TEXT_KEYS = frozenset({"system", "environment", "namespace"})
_NEIGHBOURS = ("aws", "kubernetes", "pulumi", "random", NAMESPACE)


@dataclass(frozen=True)
class Source:
    """A stack's configuration, not yet judged.

    Attributes:
        stack: The stack's name.
        region: `aws:region`, if set.
        values: What stands under `groundwork:`, structured values parsed.
        secure: Keys among them that are encrypted in the file.
        namespaces: Namespaces of all keys in the file.
    """

    stack: str
    region: str | None
    values: Mapping[str, Any]
    secure: frozenset[str] = frozenset()
    namespaces: frozenset[str] = field(default_factory=frozenset)

    @property
    def file(self) -> str:
        """The file to name in messages."""
        return f"stacks/Pulumi.{self.stack}.yaml"

    @classmethod
    def from_engine(cls) -> Source:
        """Read what the engine passed to this run."""
        everything = {**engine_config.get_config_env(), **engine_config.CONFIG.get()}
        return cls.parse(pulumi.get_stack(), everything, (key for key in everything if _is_secure(key)))

    @classmethod
    def parse(cls, stack: str, everything: Mapping[str, Any], secure: Iterable[str] = ()) -> Source:
        """Sort flat configuration: structured values arrive as JSON, single ones as text."""
        values = {
            name: value if name in _TEXT_KEYS else _parsed(value)
            for key, value in everything.items()
            for namespace, _, name in [key.partition(":")]
            if namespace == NAMESPACE
        }
        return cls(
            stack=stack,
            region=everything.get("aws:region"),
            values=values,
            secure=frozenset(key.partition(":")[2] for key in secure if key.startswith(f"{NAMESPACE}:")),
            namespaces=frozenset(key.partition(":")[0] for key in everything),
        )

    def problems(self) -> Iterator[Problem]:
        """What is wrong beyond the settings' own namespace."""
        for namespace in sorted(self.namespaces - set(_NEIGHBOURS)):
            cure = did_you_mean(namespace, _NEIGHBOURS)
            if cure.startswith("did you mean"):
                yield Problem(f"{namespace}:", "is no namespace of this program", cure)
        if not self.region:
            yield Problem("aws:region", "is missing", "write the region to deploy to, for example eu-west-1")


def _is_secure(key: str) -> bool:
    return engine_config.is_config_secret(key) or key in engine_config.get_config_secret_keys_env()


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
