"""One run at a time on a stack: who may begin, who takes over, and with which fencing token. Pure decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from runbooks.chain import Head
from runbooks.errors import LockRefused

LEASE_SECONDS: Final = 30.0
"""How long a lock holds after its last renewal. A healthy holder renews it three times as often."""


@dataclass(frozen=True)
class LockState:
    """What the lock object says.

    Attributes:
        token: Fencing token: grows with every holder, never goes back.
        run: The run that has the lock, or had it last.
        runbook: What that run does.
        host: Name of the machine that it runs on.
        operator: Who started it.
        nonce: Of the last write, by which a writer knows its own.
        held: Whether somebody holds it; it also ends when its lease runs out.
        open: Whether the run is unfinished: it has to be resumed or aborted before another one begins.
        head: The last line of the run's journal when this was written.
        lease_seconds: How long it holds after its last renewal.
    """

    token: int
    run: str
    runbook: str
    host: str
    operator: str
    nonce: str
    held: bool
    open: bool
    head: Head = field(default_factory=Head)
    lease_seconds: float = LEASE_SECONDS

    def as_data(self) -> dict[str, Any]:
        """As the object has it."""
        return asdict(self)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> LockState:
        """The other way round.

        Raises:
            LockRefused: it is no lock of ours.
        """
        try:
            return cls(**{**data, "head": Head(**data["head"])})
        except (TypeError, KeyError):
            raise LockRefused("the lock object is not one of ours, or of another version: look at it by hand") from None


@dataclass(frozen=True)
class Stored:
    """A lock object as it was read.

    Attributes:
        state: What it says.
        version: By which the store tells whether it has changed since (an ETag).
        age_seconds: How long ago it was written, by the store's own clock: those of two machines may differ.
    """

    state: LockState
    version: str
    age_seconds: float

    @property
    def expires_seconds(self) -> float:
        """Seconds that its holder may still be alive; 0 if nobody holds it."""
        if not self.state.held:
            return 0.0
        return max(0.0, self.state.lease_seconds - self.age_seconds)


@dataclass(frozen=True)
class Claim:
    """Who wants the lock.

    Attributes:
        run: The run.
        runbook: What it does.
        host: The machine's name.
        operator: Who started it.
        resumes: Whether it goes on with a run that was begun before, or ends it.
        sole: Whether no other process on this machine has the run's journal open: then a holder on this machine is
            dead, and nobody has to wait for its lease.
        abandons: ID of an unfinished run that is given up for good.
        last_token: Of the run's journal; 0 for a new run.
    """

    run: str
    runbook: str
    host: str
    operator: str
    resumes: bool = False
    sole: bool = False
    abandons: str | None = None
    last_token: int = 0


def decide(claim: Claim, stored: Stored | None) -> int:
    """The fencing token that the claim gets.

    Raises:
        LockRefused: somebody else holds the lock, or a run is unfinished; the message says what to do.
    """
    if stored is None:
        return claim.last_token + 1
    state = stored.state
    if claim.resumes and state.run != claim.run:
        raise LockRefused(
            f"run {claim.run} does not have the stack any more: run {state.run} ({state.runbook}) had it last"
        )
    dead = claim.sole and claim.resumes and state.run == claim.run and state.host == claim.host
    if stored.expires_seconds > 0 and not dead:
        raise LockRefused(
            f"run {state.run} ({state.runbook}) of {state.operator} on {state.host} holds the stack; unless it renews "
            f"its lock, that ends in {stored.expires_seconds:.0f} s"
        )
    if state.open and state.run not in (claim.run, claim.abandons):
        raise LockRefused(
            f"run {state.run} ({state.runbook}) of {state.operator} on {state.host} is unfinished: resume or abort it "
            f"there, or give it up with --abandon {state.run}"
        )
    return max(state.token, claim.last_token) + 1
