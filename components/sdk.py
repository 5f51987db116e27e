"""What the Python SDK does for each resource that a large program can do without."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import cache, wraps
from types import ModuleType
from typing import Any, Final

import pulumi
import pulumi._types
import pulumi.runtime.resource
import pulumi.runtime.rpc
from pulumi.runtime.proto import source_pb2

DEBUG = "PULUMI_PROGRAM_DEBUG"
"""Environment variable: set to anything, it leaves the SDK as it is."""

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
"""Types of values that hold no others, are no secret and always known."""

Function = Callable[..., Any]


def be_brief() -> None:
    """Spare the engine what the SDK tells it about each resource besides the resource, and the program idle work.

    The engine is spared four debug lines, each a call whose answer the event loop waits for, and the source lines of
    the whole call stack, which in this program lead to the components and not to the stack file. In a profile of
    eighty services the program spent a third of its time on the lines, and then an eighth of its work on the stacks.
    `PULUMI_PROGRAM_DEBUG=1 pulumi up --debug` shows them again.

    The program is spared what comes out the same each time or is thrown away: an eighth of its processor time for four
    hundred services.
    """
    if os.environ.get(DEBUG):
        return
    pulumi.log.debug = _nothing
    for module, name, brief in _BRIEFER:
        # Private, and so looked for: an SDK that has renamed one is as slow as before, and not broken.
        whole = getattr(module, name, None)
        if whole is not None:
            setattr(module, name, brief(whole))


def _nothing(*_: Any, **__: Any) -> None:
    """In place of `pulumi.log.debug`."""


def _without_stack(_: Function) -> Function:
    return source_pb2.StackTrace


def _urn_at_once(create: Function) -> Function:
    """One output for a URN whose parts are known, and not seven: each registration has one made for mocks."""

    @wraps(create)
    def create_urn(name: Any, type_: Any, parent: Any = None, *scope: Any) -> Any:
        if isinstance(name, str) and isinstance(type_, str) and isinstance(parent, str):
            return pulumi.Output.from_input(f"{parent[: parent.rfind('::')]}${type_}::{name}")
        return create(name, type_, parent, *scope)

    return create_urn


def _plain_as_it_is(serialize: Function) -> Function:
    """What is plain is its own serialized form, whatever else it might have been."""

    @wraps(serialize)
    async def serialize_property(value: Any, *context: Any, **options: Any) -> Any:
        if type(value) in _PLAIN and not options.get("return_protobuf_value"):
            return value
        written: Awaitable[Any] = serialize(value, *context, **options)
        return await written

    return serialize_property


def _plain_at_once(deserialize: Function) -> Function:
    """What is plain, and not the mark of the unknown, is its own meaning."""

    @wraps(deserialize)
    def deserialize_property(value: Any, *options: Any) -> Any:
        if type(value) in _PLAIN and value != pulumi.runtime.rpc.UNKNOWN:
            return value
        return deserialize(value, *options)

    return deserialize_property


def _plain_is_known(search: Function) -> Function:
    """Nothing unknown is in what is plain."""

    @wraps(search)
    def contains_unknowns(value: Any) -> bool:
        return type(value) not in _PLAIN and bool(search(value))

    return contains_unknowns


_BRIEFER: Final[tuple[tuple[ModuleType, str, Callable[[Function], Function]], ...]] = (
    (pulumi.runtime.resource, "_get_stack_trace", _without_stack),
    (pulumi.runtime.resource, "create_urn", _urn_at_once),
    (pulumi.runtime.rpc, "serialize_property", _plain_as_it_is),
    (pulumi.runtime.rpc, "deserialize_property", _plain_at_once),
    (pulumi.runtime.rpc, "contains_unknowns", _plain_is_known),
    # The annotations of a class are the same for each of its resources.
    (pulumi._types, "resource_types", cache),
)
