"""Where settings come from: the configuration that the engine hands to the program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config as engine_config

from components.settings.model import Settings
from components.settings.overlay import KEY, Base, BaseProblems, merged, reach, read_base, without_nulls
from components.settings.problems import NAMESPACE, Problem, did_you_mean

STACKS = Path(__file__).resolve().parents[2] / "stacks"
"""Folder of the stack files: bases and file names in settings are relative to it."""
_TEXT_KEYS = frozenset({"system", "environment", "namespace", KEY})
_NEIGHBOURS = ("aws", "kubernetes", "pulumi", "random", NAMESPACE)


@dataclass(frozen=True)
class Source:
    """A stack's configuration, not yet judged.

    Attributes:
        stack: The stack's name.
        region: `aws:region`, if set.
        values: What stands under `groundwork:`, structured values parsed, on top of the base if there is one.
        secure: Keys among them that are encrypted in the file.
        namespaces: Namespaces of all keys in the file.
        own: What the stack's own file says of `values`; nothing where there is no base.
        base: What the stack is based on, if anything.
        unread: What is wrong with the base, each with its file; then `values` is only what the stack's own file says.
    """

    stack: str
    region: str | None
    values: Mapping[str, Any]
    secure: frozenset[str] = frozenset()
    namespaces: frozenset[str] = field(default_factory=frozenset)
    own: Mapping[str, Any] = field(default_factory=dict)
    base: Base | None = None
    unread: tuple[tuple[str, Problem], ...] = ()

    @property
    def file(self) -> str:
        """The stack's own file, as messages name it."""
        return stack_file(self.stack)

    @classmethod
    def from_engine(cls, stacks: Path = STACKS) -> Source:
        """Read what the engine passed to this run."""
        everything = {**engine_config.get_config_env(), **engine_config.CONFIG.get()}
        return cls.parse(pulumi.get_stack(), everything, (key for key in everything if _is_secure(key)), stacks)

    @classmethod
    def parse(
        cls, stack: str, everything: Mapping[str, Any], secure: Iterable[str] = (), stacks: Path = STACKS
    ) -> Source:
        """Sort flat configuration, and put it on top of the base that it names.

        Args:
            stack: The stack's name.
            everything: All keys with their namespaces; structured values are JSON, single ones text.
            secure: Keys that are encrypted in the file.
            stacks: Folder of the stack files.
        """
        own = {
            name: value if name in _TEXT_KEYS else _parsed(value)
            for key, value in everything.items()
            for namespace, _, name in [key.partition(":")]
            if namespace == NAMESPACE
        }
        plain = cls(
            stack=stack,
            region=everything.get("aws:region"),
            values=own,
            secure=frozenset(key.partition(":")[2] for key in secure if key.startswith(f"{NAMESPACE}:")),
            namespaces=frozenset(key.partition(":")[0] for key in everything),
        )
        if KEY not in own:
            return plain
        try:
            base = read_base(own.pop(KEY), stacks, stack_file(stack))
        except BaseProblems as error:
            return replace(plain, unread=error.problems)
        return replace(plain, values=without_nulls(merged(base.values, own), Settings), own=own, base=base)

    def line(self, problem: Problem) -> str:
        """The message for the user, with the file that the value comes from."""
        if self.base is None:
            return problem.line(self.file)
        namespace, _, path = problem.key.partition(":")
        parts = path.split(".")
        if namespace != NAMESPACE or reach(self.own, parts) >= reach(self.base.values, parts):
            return problem.line(self.file)
        return problem.line(self.base.file)

    def lines(self, problems: Iterable[Problem]) -> list[str]:
        """All messages: what is wrong with the base, or the problems found without such faults."""
        return [problem.line(file) for file, problem in self.unread] or [self.line(problem) for problem in problems]

    def problems(self) -> Iterator[Problem]:
        """What is wrong beyond the settings' own namespace."""
        for namespace in sorted(self.namespaces - set(_NEIGHBOURS)):
            cure = did_you_mean(namespace, _NEIGHBOURS)
            if cure.startswith("did you mean"):
                yield Problem(f"{namespace}:", "is no namespace of this program", cure)
        if not self.region:
            yield Problem("aws:region", "is missing", "write the region to deploy to, for example eu-west-1")


def stack_file(stack: str) -> str:
    """A stack's own file, as messages name it."""
    return f"stacks/Pulumi.{stack}.yaml"


def _is_secure(key: str) -> bool:
    return engine_config.is_config_secret(key) or key in engine_config.get_config_secret_keys_env()


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
