"""The lock while it is held: taken, renewed, proven before every change, given back."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, Protocol

from checks.errors import describe
from runbooks.chain import Head
from runbooks.clock import Clock
from runbooks.errors import LockLost, LockRefused
from runbooks.lock import LEASE_SECONDS, Claim, LockState, Stored, decide

_MARGIN_SECONDS: Final = 5.0
"""How long before its lease ends a holder stops believing in it: what it has begun has to end before others begin."""
_RENEWALS: Final = 3.0


class Conflict(Exception):
    """The object has changed since it was read, or is there although it should not be."""


class LockStore(Protocol):
    """Where the lock object is; writes are conditional and atomic."""

    async def read(self) -> Stored | None:
        """The object; `None` while there is none."""

    async def write(self, state: LockState, version: str | None) -> str:
        """Replace that version, or create the object where the version is `None`; gives the new version.

        Raises:
            Conflict: it is another version by now.
        """


class Lease:
    """A lock that is held.

    Attributes:
        token: The fencing token; every line of the journal is written under one.
        previous: What the lock said before.
    """

    def __init__(self, store: LockStore, clock: Clock, state: LockState, version: str, since: float) -> None:
        """Use `take`."""
        self.previous: LockState | None = None
        self._store, self._clock = store, clock
        self._state, self._version, self._renewed = state, version, since
        self._lost: str | None = None
        self._trouble = ""
        self._turn = asyncio.Lock()

    @classmethod
    async def take(
        cls, store: LockStore, claim: Claim, clock: Clock, head: Head, lease_seconds: float = LEASE_SECONDS
    ) -> Lease:
        """Take the lock.

        Args:
            head: Of the journal that is resumed.

        Raises:
            LockRefused: somebody else has it, was quicker, or an unfinished run is in the way.
        """
        stored = await store.read()
        token = decide(claim, stored)
        if stored is not None and claim.resumes and stored.state.run == claim.run:
            _refuse_older(stored.state.head, head)
        since = clock.monotonic()
        state = LockState(
            token=token,
            run=claim.run,
            runbook=claim.runbook,
            host=claim.host,
            operator=claim.operator,
            nonce=secrets.token_hex(8),
            held=True,
            open=True,
            head=head,
            lease_seconds=lease_seconds,
        )
        try:
            version = await _write(store, state, stored.version if stored else None)
        except Conflict:
            raise LockRefused("another run took the stack at the same moment") from None
        lease = cls(store, clock, state, version, since)
        lease.previous = stored.state if stored else None
        return lease

    @property
    def token(self) -> int:
        """The fencing token."""
        return self._state.token

    def check(self) -> None:
        """Stop whoever no longer holds the lock, without asking the store.

        Raises:
            LockLost: it was lost, or not renewed in time.
        """
        if self._lost is None and self._clock.monotonic() - self._renewed > self._state.lease_seconds - _MARGIN_SECONDS:
            self._lost = f"it could not be renewed in time{self._trouble}"
        if self._lost is not None:
            raise LockLost(
                f"the lock of token {self.token} is lost: {self._lost}. Nothing more is changed; see who has the "
                "stack, then resume or abort"
            )

    async def renew(self, head: Head) -> None:
        """Prove to the store that this is still the holder, and leave the journal's head there.

        Raises:
            LockLost: it is not.
        """
        await self._replace(head, held=True, open=True)

    async def release(self, head: Head, *, unfinished: bool) -> None:
        """Give the lock back.

        Args:
            unfinished: The run has to be resumed or aborted before another one begins.

        Raises:
            LockLost: somebody else has it.
        """
        await self._replace(head, held=False, open=unfinished)

    async def _replace(self, head: Head, *, held: bool, open: bool) -> None:
        async with self._turn:
            self.check()
            since = self._clock.monotonic()
            state = replace(self._state, nonce=secrets.token_hex(8), head=head, held=held, open=open)
            try:
                self._version = await _write(self._store, state, self._version)
            except Conflict:
                self._lost = "somebody else took it"
                self.check()
            self._state, self._renewed = state, since

    @asynccontextmanager
    async def kept(self, head: Callable[[], Head]) -> AsyncIterator[None]:
        """Renew the lock again and again while the block runs."""

        async def beat() -> None:
            while True:
                await self._clock.sleep(self._state.lease_seconds / _RENEWALS)
                try:
                    await self.renew(head())
                except LockLost:
                    return
                except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again until the lease is over
                    self._trouble = f" ({describe(error)})"

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating


def _refuse_older(known: Head, head: Head) -> None:
    if known.sequence > head.sequence:
        raise LockRefused(
            f"the lock knows {known.sequence} lines of the run's journal, which has {head.sequence}: its end is missing"
        )


async def _write(store: LockStore, state: LockState, version: str | None) -> str:
    """Write; a conflict with a write of our own, whose answer was lost, is none."""
    try:
        return await store.write(state, version)
    except Conflict:
        stored = await store.read()
        if stored is None or stored.state.nonce != state.nonce:
            raise
        return stored.version
