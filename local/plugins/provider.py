"""What a stand-in resource provider is: requests, results, errors and the methods to write.

The server in `local.plugins.server` turns these into the engine's protocol. Values are plain Python values, plus
`UNKNOWN` (computed, in a preview), `Secret` (round an output that must be encrypted) and assets.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from threading import Event
from typing import Any, Final, Literal, Protocol

Severity = Literal["debug", "info", "warning", "error"]


class Unknown:
    """The type of `UNKNOWN`; there is one instance only. It is true: something is there, only what is not known."""

    _instance: Unknown | None = None

    def __new__(cls) -> Unknown:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Unknown:
        return self


UNKNOWN: Final = Unknown()
"""A value that a preview cannot know yet."""


@dataclass(frozen=True)
class Secret:
    """An output that the engine has to encrypt. `value` is plain."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(...)"


@dataclass(frozen=True, eq=False)
class Asset:
    """Content that the program hands over, known at least by its SHA-256.

    The engine leaves the content out where only a comparison is due (old values, and both sides of a diff): what
    arrives there is a plain `Asset`. Two assets with the same hash are equal, wherever their content comes from.
    """

    hash: str = ""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Asset):
            return NotImplemented
        if self.hash and other.hash:
            return self.hash == other.hash
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(self.hash)

    def content(self) -> bytes:
        """The bytes.

        Raises:
            ProviderError: the engine left them out, or the file cannot be read.
        """
        raise ProviderError("the content of this asset was left out by the engine; only its hash is known")


@dataclass(frozen=True, eq=False)
class FileAsset(Asset):
    """An asset read from a file of this machine."""

    path: str = ""

    def content(self) -> bytes:
        try:
            return Path(self.path).read_bytes()
        except OSError as error:
            raise ProviderError(f"cannot read the asset {self.path!r}: {error.strerror}") from None


@dataclass(frozen=True, eq=False)
class StringAsset(Asset):
    """An asset whose content is given as text (UTF-8)."""

    text: str = ""

    def content(self) -> bytes:
        return self.text.encode()


@dataclass(frozen=True, eq=False)
class FileArchive(Asset):
    """An archive file or folder of this machine."""

    path: str = ""


class ProviderError(Exception):
    """A failure that the user is shown exactly as it is: one clear message, no traceback."""


class InitError(ProviderError):
    """The object exists but is not ready: the engine keeps it in its state and reports the reasons.

    Args:
        id: The resource's ID, as a finished create would have returned it.
        outputs: Its outputs as far as they are known.
        reasons: Why it is not ready, one message each.
    """

    def __init__(self, id: str, outputs: dict[str, Any], reasons: list[str]) -> None:
        super().__init__("; ".join(reasons) or "the resource is not ready")
        self.id = id
        self.outputs = outputs
        self.reasons = reasons


@dataclass(frozen=True)
class CheckFailure:
    """A property that cannot be accepted.

    Attributes:
        property: Path of the property, such as `spec.replicas` or `ingress[0].port`; "" for the resource as a whole.
        reason: What is wrong and what would be right.
    """

    property: str
    reason: str


class ChangeKind(Enum):
    """What happens to one property; the `_REPLACE` ones force the resource to be replaced."""

    ADD = "ADD"
    ADD_REPLACE = "ADD_REPLACE"
    DELETE = "DELETE"
    DELETE_REPLACE = "DELETE_REPLACE"
    UPDATE = "UPDATE"
    UPDATE_REPLACE = "UPDATE_REPLACE"

    @property
    def replaces(self) -> bool:
        """Whether this change forces a replacement."""
        return self.name.endswith("_REPLACE")

    def replacing(self) -> ChangeKind:
        """The same change, forcing a replacement."""
        return self if self.replaces else ChangeKind[f"{self.name}_REPLACE"]


class Log(Protocol):
    """Shows a message to the user beside the resource; `ephemeral` ones only in the live status line."""

    def __call__(self, message: str, severity: Severity = "info", ephemeral: bool = False) -> None: ...


@dataclass(frozen=True)
class CheckRequest:
    """Are these inputs right, and what are they with names and defaults filled in?"""

    urn: str
    type: str
    name: str
    old_inputs: dict[str, Any]
    inputs: dict[str, Any]
    random_seed: bytes = b""


@dataclass(frozen=True)
class CheckResult:
    """The inputs to go on with, and what is wrong with them."""

    inputs: dict[str, Any]
    failures: list[CheckFailure] = field(default_factory=list)


@dataclass(frozen=True)
class DiffRequest:
    """What would change?"""

    urn: str
    type: str
    id: str
    old_outputs: dict[str, Any]
    old_inputs: dict[str, Any]
    inputs: dict[str, Any]
    ignore_changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DiffResult:
    """Changes by property path; none means that the resource stays as it is."""

    changes: dict[str, ChangeKind]
    delete_before_replace: bool = False


@dataclass(frozen=True)
class CreateRequest:
    """Make it. In a preview: tell what is known of the outputs, and touch nothing.

    Attributes:
        timeout: Seconds, when the program set one.
        cancelled: Set when the user interrupts or the engine has gone: end soon, by `InitError` when something
            exists already.
    """

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    preview: bool
    timeout: float | None
    log: Log
    cancelled: Event


@dataclass(frozen=True)
class CreateResult:
    """What was made. The ID may be empty in a preview only."""

    id: str
    outputs: dict[str, Any]


@dataclass(frozen=True)
class ReadRequest:
    """What is it like now? Outputs and inputs are empty on import."""

    urn: str
    type: str
    id: str
    outputs: dict[str, Any]
    inputs: dict[str, Any]


@dataclass(frozen=True)
class ReadResult:
    """The resource as it is: what the program could have said (inputs) and all that is known (outputs)."""

    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass(frozen=True)
class UpdateRequest:
    """Change it in place. See `CreateRequest` for preview, timeout, log and cancelled."""

    urn: str
    type: str
    name: str
    id: str
    old_outputs: dict[str, Any]
    old_inputs: dict[str, Any]
    inputs: dict[str, Any]
    preview: bool
    timeout: float | None
    log: Log
    cancelled: Event


@dataclass(frozen=True)
class DeleteRequest:
    """Remove it, and return once it is gone. Already gone is no error."""

    urn: str
    type: str
    name: str
    id: str
    outputs: dict[str, Any]
    inputs: dict[str, Any]
    timeout: float | None
    log: Log
    cancelled: Event


class Provider(ABC):
    """A resource provider. Methods are synchronous and are called from several threads at once.

    Any of them may raise `ProviderError`; whatever else they raise is reported as a fault of the plugin.

    Attributes:
        judges_by_asking: Whether `check` and `diff` may wait for a server. Those that only compute are called on the
            thread that hears the engine, as previews of `create` and `update` are.
    """

    name: str
    version: str
    judges_by_asking: bool = False

    def check_config(self, config: dict[str, Any]) -> list[CheckFailure]:
        """Judge the provider's configuration; values may be `UNKNOWN`."""
        return []

    @abstractmethod
    def configure(self, config: dict[str, Any]) -> None:
        """Take the configuration, all of it known."""

    @abstractmethod
    def check(self, request: CheckRequest) -> CheckResult:
        """Validate inputs, fill in names and defaults."""

    @abstractmethod
    def diff(self, request: DiffRequest) -> DiffResult:
        """Compare."""

    @abstractmethod
    def create(self, request: CreateRequest) -> CreateResult:
        """Make the resource."""

    @abstractmethod
    def read(self, request: ReadRequest) -> ReadResult | None:
        """Look the resource up; None when it is gone."""

    @abstractmethod
    def update(self, request: UpdateRequest) -> dict[str, Any]:
        """Change the resource in place and return all outputs."""

    @abstractmethod
    def delete(self, request: DeleteRequest) -> None:
        """Remove the resource."""

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        """Call a function of the provider."""
        raise ProviderError(f"{self.name} stand-in: the function {token!r} is not supported")

    def discard(self, request: DeleteRequest) -> None:
        """Remove what a create made for an engine that died before it could record it.

        A provider whose create adopts what is there already may leave it for the next update.
        """
        self.delete(request)


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, ChangeKind]]:
    """Every leaf in which two values differ, as property path and kind of change.

    An unknown new value is an update: what it will be is not known, that it may differ is.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(k for k in new if k not in old)]:
            below = join(path, key)
            if key not in new:
                yield below, ChangeKind.DELETE
            elif key not in old:
                yield below, ChangeKind.ADD
            else:
                yield from differences(old[key], new[key], below)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            below = f"{path}[{index}]"
            if index >= len(new):
                yield below, ChangeKind.DELETE
            elif index >= len(old):
                yield below, ChangeKind.ADD
            else:
                yield from differences(old[index], new[index], below)
    elif old is UNKNOWN or new is UNKNOWN or (type(old) is not type(new) and not _both_numbers(old, new)) or old != new:
        yield path, ChangeKind.UPDATE


def _both_numbers(old: object, new: object) -> bool:
    def number(value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool)

    return number(old) and number(new)


def join(path: str, key: str) -> str:
    """Append a key to a property path, quoted when it holds a character that a path gives a meaning."""
    if any(character in key for character in '.[]"'):
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path else key


def copied(value: Any) -> Any:
    """A deep copy of plain values; `copy.deepcopy` takes several times as long, which large previews feel."""
    kind = type(value)
    if kind is dict:
        return {key: copied(item) for key, item in value.items()}
    if kind is list:
        return [copied(item) for item in value]
    return value


def contains_unknown(value: Any) -> bool:
    """Whether any part of the value is unknown."""
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return value is UNKNOWN


def structured(value: Any) -> Any:
    """A configuration value as it was meant: the SDKs hand lists, maps, numbers and booleans over as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
