"""Failures that are active now, and the file that keeps them, so that whoever comes next can heal them."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Active:
    """A failure that lasts.

    Attributes:
        name: Its full name.
        failure: Name in the catalogue.
        target: What it is said of.
        since: Seconds since the epoch.
        amount: In the failure's unit.
        stopped: Processes that stand still because of it: id and kernel start time.
        mounts: Folders that something was mounted on because of it.
    """

    name: str
    failure: str
    target: str
    since: float
    amount: int | None = None
    stopped: tuple[tuple[int, int], ...] = ()
    mounts: tuple[str, ...] = ()


class Store:
    """The file `failures.json` in the state folder. What is to be done is written there before it is done."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.path = state / "failures.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process at a time makes failures or heals them."""
        self._state.mkdir(parents=True, exist_ok=True)
        with (self._state / "failures.lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def read(self) -> list[Active]:
        """What is active, the oldest first."""
        try:
            return parse(self.path.read_text())
        except FileNotFoundError:
            return []

    def write(self, active: Sequence[Active]) -> None:
        """Replace what is active, whole or not at all."""
        if not active:
            self.path.unlink(missing_ok=True)
            return
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps([asdict(each) for each in active], indent=1))
        partial.rename(self.path)


def parse(text: str) -> list[Active]:
    """The file's content."""
    return [
        Active(**{**each, "stopped": tuple(map(tuple, each["stopped"])), "mounts": tuple(each["mounts"])})
        for each in json.loads(text)
    ]
