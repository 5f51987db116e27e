"""What the program spares the engine; that it is still there to be spared."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any

import pulumi
import pulumi._types
import pulumi.runtime.resource
import pulumi.runtime.rpc
import pytest
from google.protobuf import struct_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi.runtime import rpc
from pulumi.runtime.proto import source_pb2

from components import sdk

pytestmark = pytest.mark.unit


WHOLE = {(module, name): getattr(module, name) for module, name, _ in sdk._BRIEFER}
"""The SDK's own functions, as they are before anything is spared."""

leaves = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=4)
leaves |= st.sampled_from([rpc.UNKNOWN, rpc._special_sig_key])
trees = st.recursive(
    leaves, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3)
)
keeping_the_sdk = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@pytest.fixture(autouse=True)
def _sdk_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set to what they are, so that they are put back.
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    for (module, name), whole in WHOLE.items():
        monkeypatch.setattr(module, name, whole)
    monkeypatch.delenv(sdk.DEBUG, raising=False)


def whole_again() -> None:
    for (module, name), whole in WHOLE.items():
        setattr(module, name, whole)


def twice(answer: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    """Both the SDK as it is and the SDK that is brief give this answer, or fail alike."""

    def told() -> Any:
        try:
            return asyncio.run(answer())
        except Exception as error:  # noqa: BLE001 - both have to fail alike
            return type(error), str(error)

    whole_again()
    expected = told()
    sdk.be_brief()
    assert told() == expected


def test_the_sdk_still_has_what_is_spared() -> None:
    sdk.be_brief()
    unchanged = [name for (module, name), whole in WHOLE.items() if getattr(module, name) is whole]
    assert unchanged == []
    assert pulumi.runtime.resource._get_stack_trace() == source_pb2.StackTrace()


@keeping_the_sdk
@given(value=trees)
def test_values_are_written_as_the_sdk_writes_them(value: Any) -> None:
    async def written() -> Any:
        inputs = {"a": value, "b": [pulumi.Output.secret(value), pulumi.Output.from_input(value)]}
        return [
            await rpc.serialize_property(inputs, [], "property", return_protobuf_value=protobuf)
            for protobuf in (False, True)
        ]

    twice(written)


@keeping_the_sdk
@given(value=trees, secret=st.booleans(), keep=st.booleans())
def test_values_are_read_as_the_sdk_reads_them(value: Any, secret: bool, keep: bool) -> None:
    marked = {rpc._special_sig_key: rpc._special_secret_sig, "value": value} if secret else value
    struct = struct_pb2.Struct()
    struct.update({"a": value, "b": [marked, value], "c": {"d": marked}})

    async def read() -> Any:
        found = rpc.deserialize_properties(struct, keep)
        return re.sub(" at 0x[0-9a-f]+", "", repr(found)), rpc.contains_unknowns(found), rpc.contains_unknowns(value)

    twice(read)


@pytest.mark.parametrize("parent", [None, "", "urn:pulumi:stack::project::groundwork:index:Platform::aiponge"])
def test_urns_are_the_same(parent: str | None) -> None:
    async def made() -> Any:
        return [
            await pulumi.runtime.resource.create_urn(*arguments).future()
            for arguments in (
                ("web", "aws:s3/bucket:Bucket", parent),
                ("web", pulumi.Output.from_input("aws:s3/bucket:Bucket"), parent),
                ("web", "aws:s3/bucket:Bucket", parent, "project", "stack"),
                ("web", "aws:s3/bucket:Bucket", pulumi.Output.from_input(parent or "a::b")),
            )
        ]

    twice(made)


def test_the_types_of_a_class_are_read_once() -> None:
    class Annotated(pulumi.CustomResource):
        size: pulumi.Output[int]

    whole = pulumi._types.resource_types(Annotated)
    sdk.be_brief()
    assert pulumi._types.resource_types(Annotated) == whole
    assert pulumi._types.resource_types(Annotated) is pulumi._types.resource_types(Annotated)


def test_no_debug_line_reaches_the_engine_and_everything_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(pulumi.log, "_log", lambda *arguments: told.append(arguments))
    monkeypatch.setattr(pulumi.log, "get_engine", lambda: object())
    sdk.be_brief()
    pulumi.log.debug("registering")
    assert told == []
    pulumi.log.warn("look here")
    assert len(told) == 1


def test_the_environment_leaves_it_all_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sdk.DEBUG, "1")
    before = pulumi.log.debug, pulumi.runtime.resource._get_stack_trace
    sdk.be_brief()
    assert (pulumi.log.debug, pulumi.runtime.resource._get_stack_trace) == before
