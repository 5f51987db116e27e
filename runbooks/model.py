"""What a runbook is made of: steps that can be planned, taken, taken back, resumed, and read by a person."""

from __future__ import annotations

import json
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from botocore import xform_name

if TYPE_CHECKING:
    from runbooks.scene import Scene


class Progress(Enum):
    """How far what an action brings about has come, as the live system tells it."""

    OPEN = "open"
    UNDERWAY = "under way"
    DONE = "done"


class Criticality(Enum):
    """What the failure of a step means."""

    REQUIRED = "required"
    """The run stops and stays open."""
    ADVISORY = "advisory"
    """It is written down and the run goes on."""


@dataclass(frozen=True)
class ApiCall:
    """One call of an AWS API: what is performed, what a person types, and what a policy has to allow.

    Attributes:
        service: Name of the service in the AWS CLI, for example `elasticache`.
        operation: Name of the operation, for example `TestFailover`.
        parameters: Its parameters.
        resources: ARNs that the policy names; `*` where the service has no permissions by resource (Service
            Authorization Reference).
        permission: Action of the policy where it is not `service:operation`.
        region: Where; `None`: in the stack's region.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[str, ...] = ("*",)
    permission: str | None = None
    region: str | None = None

    @property
    def action(self) -> str:
        """What a policy allows."""
        return self.permission or f"{self.service}:{self.operation}"

    @property
    def command(self) -> str:
        """The AWS CLI's command."""
        words = ["aws", self.service, xform_name(self.operation, "-")]
        words += ["--region", self.region] if self.region else []
        for name, value in self.parameters.items():
            option = "--" + xform_name(name, "-")
            if isinstance(value, bool):
                words.append(option if value else option.replace("--", "--no-", 1))
            elif isinstance(value, list) and all(isinstance(item, str) for item in value):
                words += [option, *value]
            else:
                words += [option, value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))]
        return shlex.join(words)


@dataclass(frozen=True)
class Act:
    """A change: how far it has come, how it is made, how one sees that it was made.

    Attributes:
        progress: Asks the live system; never changes anything.
        verify: What was found, as evidence; raises `NotYet` while it does not hold.
        calls: Calls that make the change, in this order.
        reads: Calls that `progress`, `verify` and the step's precheck ask.
        run: Makes a change that is no AWS call; `None`: the calls are the change.
        by_hand: Commands that a person types for what is no AWS call.
    """

    progress: Callable[[Scene], Awaitable[Progress]]
    verify: Callable[[Scene], Awaitable[Mapping[str, Any]]]
    calls: tuple[ApiCall, ...] = ()
    reads: tuple[ApiCall, ...] = ()
    run: Callable[[Scene], Awaitable[None]] | None = None
    by_hand: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether it changes anything; a gate only looks."""
        return bool(self.calls) or self.run is not None

    @property
    def commands(self) -> tuple[str, ...]:
        """What a person types to make the change; for a gate, to look."""
        calls = self.calls if self.changes else self.reads
        return (*(call.command for call in calls), *self.by_hand)


@dataclass(frozen=True)
class Step:
    """One step of a runbook.

    Attributes:
        name: Its name within the runbook, for example `failover`.
        title: What it does, for a person.
        act: What it does.
        undo: How it is taken back; `None`: it cannot be.
        no_way_back: Why it cannot be taken back, or needs not.
        precheck: Raises `Refused` where the change must not be made as things are.
        expected_seconds: How long it usually takes.
        timeout_seconds: How long it may take, checks included.
        settle_seconds: How long the live system may take to tell of a call whose answer was never seen. Only then is
            the call made again.
        criticality: What its failure means.
    """

    name: str
    title: str
    act: Act
    expected_seconds: float
    timeout_seconds: float
    undo: Act | None = None
    no_way_back: str = ""
    precheck: Callable[[Scene], Awaitable[None]] | None = None
    settle_seconds: float = 5.0
    criticality: Criticality = Criticality.REQUIRED

    @property
    def calls(self) -> tuple[ApiCall, ...]:
        """Every call that it may make, to undo it as well."""
        undo = (*self.undo.calls, *self.undo.reads) if self.undo else ()
        return (*self.act.reads, *self.act.calls, *undo)


@dataclass(frozen=True)
class Targets:
    """What a run is about, resolved from the stack's outputs and the live account.

    Attributes:
        name: The one that a person has to type before anything is done to it.
        values: Everything that the steps go by, as plain data. Another value makes another plan.
        objective: Name of the store among the stack's `backup.objectives`, for example `redis.queue`.
    """

    name: str
    values: Mapping[str, Any]
    objective: str | None = None


@dataclass(frozen=True)
class Parameter:
    """Something that the user chooses.

    Attributes:
        name: As in `--set name=value`.
        description: What it means, its unit, and what may be written.
        default: Value without; `None`: it has to be given.
        example: A value, for the page.
    """

    name: str
    description: str
    default: str | None
    example: str


class Probe(Protocol):
    """A client of what is repaired: writes numbers through the endpoint that services use."""

    async def write(self, number: int) -> None:
        """Write a number; raises unless the store has acknowledged it."""

    async def survivors(self) -> Set[int]:
        """The numbers that are there."""

    async def clear(self) -> None:
        """Remove them."""


@dataclass(frozen=True)
class Runbook:
    """A procedure.

    Attributes:
        name: As on the command line, for example `redis-failover`.
        requirement: ID of the demand, for example `RB-REDIS`.
        revision: Goes up with every change of what it does; part of a plan's hash.
        title: What it does, in a few words.
        purpose: When it is wanted.
        preconditions: What has to hold.
        blast_radius: Who notices what.
        not_when: When not to run it.
        parameters: What the user chooses.
        resolve: Finds the targets; changes nothing.
        reads: Calls that `resolve` and `probe` make, for targets.
        steps: The steps for targets.
        example: Targets with names to be replaced, for the page.
        probe: Opens the client that measures; `None`: nothing is measured.
    """

    name: str
    requirement: str
    revision: int
    title: str
    purpose: str
    preconditions: tuple[str, ...]
    blast_radius: str
    not_when: tuple[str, ...]
    resolve: Callable[[Scene, Mapping[str, str]], Awaitable[Targets]]
    steps: Callable[[Targets], Sequence[Step]]
    example: Targets
    reads: Callable[[Targets], tuple[ApiCall, ...]]
    parameters: tuple[Parameter, ...] = ()
    probe: Callable[[Scene, Targets], AbstractAsyncContextManager[Probe]] | None = None

    def calls(self, targets: Targets) -> tuple[ApiCall, ...]:
        """Every call that a run with these targets may make."""
        steps = (call for step in self.steps(targets) for call in step.calls)
        return (*self.reads(targets), *steps)


async def open_gate(_scene: Scene) -> Progress:
    """The progress of a step that only looks: nothing is ever done already."""
    return Progress.OPEN
