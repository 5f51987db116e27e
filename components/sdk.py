"""What the Python SDK does for each resource that a large program can do without."""

from __future__ import annotations

import os
from typing import Any

import pulumi
import pulumi.runtime.resource
from pulumi.runtime.proto import source_pb2

DEBUG = "PULUMI_PROGRAM_DEBUG"
"""Environment variable: set to anything, it leaves the SDK as it is."""


def be_brief() -> None:
    """Spare the engine what the SDK tells it about each resource besides the resource.

    That is four debug lines, each a call whose answer the event loop waits for, and the source lines of the whole call
    stack, which in this program lead to the components and not to the stack file. In a profile of eighty services the
    program spent a third of its time on the lines, and then an eighth of its work on the stacks.
    `PULUMI_PROGRAM_DEBUG=1 pulumi up --debug` shows them again.
    """
    if os.environ.get(DEBUG):
        return
    pulumi.log.debug = _nothing
    # Private, and so looked for: an SDK that has renamed it is as slow as before, and not broken.
    if hasattr(pulumi.runtime.resource, "_get_stack_trace"):
        pulumi.runtime.resource._get_stack_trace = source_pb2.StackTrace


def _nothing(*_: Any, **__: Any) -> None:
    """In place of `pulumi.log.debug`."""
