"""A cursor over plain data that remembers its property path and refuses to guess about unknown values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from policies.model import UNKNOWN, Resource, Verdict, undetermined

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
NOT_KNOWN_YET: Final = "its value is not known until the update runs"


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


_MISSING: Final = _Missing()


class Undetermined(Exception):
    """Raised where a rule needs a value that is unknown or has no usable shape."""

    def __init__(self, path: str, reason: str = NOT_KNOWN_YET) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class Node:
    """A value at a property path.

    Going down never fails for a key that is absent: the node is then not `present`. Going down into, or
    reading, a value that is unknown raises `Undetermined` with its path.
    """

    __slots__ = ("_key", "_parent", "_value")

    def __init__(self, value: Any, path: str | int | tuple[str, ...] = "", parent: Node | None = None) -> None:
        self._value = value
        # Most nodes are looked at and never named: their paths are put together only when asked for.
        self._key = path
        self._parent = parent

    @property
    def path(self) -> str:
        """The property path, such as `spec.containers[0].image`."""
        if self._parent is None:
            return str(self._key)
        path = self._parent.path
        if isinstance(self._key, int):
            return f"{path}[{self._key}]"
        for key in self._key if isinstance(self._key, tuple) else (self._key,):
            path = _joined(path, key)
        return path

    def __getitem__(self, key: str) -> Node:
        value = self._value
        if type(value) is dict:  # what most values are, and quicker to ask than for any mapping
            return Node(value.get(key, _MISSING), key, self)
        if not self.present:
            return Node(_MISSING, key, self)
        if not isinstance(value, Mapping):
            raise Undetermined(self.path, f"a mapping was expected, not {type(value).__name__}")
        return Node(value.get(key, _MISSING), key, self)

    def at(self, *keys: str) -> Node:
        """The node below, key by key."""
        value = self._value
        for key in keys:
            if type(value) is not dict:
                break
            value = value.get(key, _MISSING)
        else:  # nothing in between has to be a node
            return Node(value, keys, self)
        node = self
        for key in keys:
            node = node[key]
        return node

    @property
    def unknown(self) -> bool:
        """Whether the value itself is not known yet."""
        return self._value is UNKNOWN

    @property
    def present(self) -> bool:
        """Whether there is a value, null counting as none; raises when that cannot be known."""
        if self._value is UNKNOWN:
            raise Undetermined(self.path)
        return self._value is not _MISSING and self._value is not None

    @property
    def value(self) -> Any:
        """The plain value, `None` when absent; raises when unknown."""
        return self._value if self.present else None

    @property
    def text(self) -> str:
        """The value as a string, empty when absent; booleans as in YAML (`true`)."""
        if type(self._value) is str:
            return self._value
        value = self.value
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    @property
    def truthy(self) -> bool:
        """Whether the value is true, as a boolean or as the annotation text `true`."""
        return self.text.strip().lower() in {"true", "yes", "on", "1"}

    def whole(self, default: int, meaning: str) -> int:
        """The value as a whole number, not negative; a default when absent.

        Args:
            default: What absence means.
            meaning: What it counts, for the message, as in `number of pods`.

        Raises:
            Undetermined: when unknown, or no such number.
        """
        if not self.present:
            return default
        value = self._value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise Undetermined(self.path, f"{value!r} is no {meaning}")
        return value

    def elements(self) -> Iterator[Node]:
        """The nodes of a list; none when absent."""
        if type(self._value) is not list and not self.present:
            return
        if isinstance(self._value, (str, bytes)) or not isinstance(self._value, Sequence):
            raise Undetermined(self.path, f"a list was expected, not {type(self._value).__name__}")
        for index, value in enumerate(self._value):
            yield Node(value, index, self)

    def entries(self) -> Iterator[tuple[str, Node]]:
        """Key and node of every entry of a mapping; none when absent."""
        if not self.present:
            return
        if not isinstance(self._value, Mapping):
            raise Undetermined(self.path, f"a mapping was expected, not {type(self._value).__name__}")
        for key in self._value:
            yield str(key), self[key]

    def known(self) -> Any:
        """The value with everything below it; raises when any part is unknown."""
        _require_known(self._value, self.path)
        return self.value


def _joined(path: str, key: str) -> str:
    if not _IDENTIFIER.match(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def guard(resource: Resource, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Pass verdicts on; when judging meets an unknown value, end with a verdict that says so."""
    try:
        yield from verdicts
    except Undetermined as unknown:
        yield undetermined(resource, unknown.path, unknown.reason)


def distinct(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Each verdict about a resource once: parts of a rule that need one unknown value say so together."""
    seen: set[tuple[str, str]] = set()
    for verdict in verdicts:
        key = verdict.path, verdict.problem
        if key not in seen:
            seen.add(key)
            yield verdict


def _require_known(value: Any, path: str) -> None:
    if value is UNKNOWN:
        raise Undetermined(path)
    if isinstance(value, Mapping):
        for key, child in value.items():
            _require_known(child, f"{path}.{key}")
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for index, child in enumerate(value):
            _require_known(child, f"{path}[{index}]")
