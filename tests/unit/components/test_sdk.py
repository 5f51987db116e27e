"""What the program spares the engine; that it is still there to be spared."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi.runtime.resource
import pytest
from pulumi.runtime.proto import source_pb2

from components import sdk

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _sdk_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set to what they are, so that they are put back.
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    monkeypatch.setattr(pulumi.runtime.resource, "_get_stack_trace", pulumi.runtime.resource._get_stack_trace)
    monkeypatch.delenv(sdk.DEBUG, raising=False)


def test_the_sdk_still_has_what_is_spared() -> None:
    assert pulumi.runtime.resource._get_stack_trace is not source_pb2.StackTrace
    sdk.be_brief()
    assert pulumi.runtime.resource._get_stack_trace() == source_pb2.StackTrace()


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
