"""Makes failures and heals them.

What is to be done is on record before it is done, and doing it twice is the same as doing it once: a command that was
killed in between leaves a failure that the next one knows, and can make whole or heal.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from local.aws import lifecycle
from local.aws.layout import Layout
from local.cluster.layout import Layout as ClusterLayout
from local.failures import catalogue, disk, firewall, standing
from local.failures.active import Active, Store
from local.failures.effects import effects, processes
from local.failures.inventory import Inventory, inventory
from local.network.plan import PLAN, Plan
from local.paths import Paths
from local.processes import Processes


class NothingThere(RuntimeError):
    """What is to fail does not run; the message says so."""


@dataclass(frozen=True)
class Outcome:
    """What became of a command.

    Attributes:
        changed: False when it was so already.
        message: For a person.
    """

    changed: bool
    message: str


class Control:
    """The failures of one platform."""

    def __init__(self, paths: Paths, plan: Plan = PLAN) -> None:
        self._paths = paths
        self._plan = plan
        self._store = Store(paths.state)
        self._processes = Processes(paths.failures / "processes")
        self._own = str(Layout.of(paths).root)

    def active(self) -> list[Active]:
        """Failures that last at the moment, the oldest first."""
        return self._store.read()

    def inventory(self) -> Inventory:
        """What there is that can fail."""
        lines = lifecycle.status(self._paths, self._plan)
        return inventory(self._plan, lines, self._cluster_processes())

    def fail(self, name: str, amount: int | None = None) -> Outcome:
        """Take away what has this full name.

        Args:
            amount: How strong, where the failure has an amount; default the catalogue's.

        Raises:
            catalogue.UnknownFailure: nothing has this name.
            ValueError: the amount is out of the failure's limits.
            NothingThere: what is to fail does not run.
            firewall.FirewallError, disk.DiskError: the machine does not let it; nothing is left of it then.
        """
        inventory = self.inventory()
        fault = catalogue.find(name, inventory)
        if not (inventory.servers or inventory.components or self._who_answers() == self._own):
            raise NothingThere("there is no local platform: `groundwork local up` starts one")
        strength = catalogue.amount_of(fault.failure, amount)
        if not fault.failure.lasts:
            return self._kill(fault)
        with self._store.locked():
            active = self._store.read()
            others = [each for each in active if each.name != name]
            already = next((each for each in active if each.name == name), None)
            if already is not None and already.amount == strength:
                # It may be half made: what is whole is not changed by this.
                self._apply(already, [*others, already], inventory)
                return Outcome(False, f"{name} has failed already, since {clock(already.since)}")
            began = time.time() if already is None else already.since
            new = self._draft(Active(name, fault.failure.name, fault.target, began, strength), fault)
            self._store.write([*others, new])
            try:
                self._apply(new, [*others, new], inventory)
            except Exception:
                # Should this fail too, the failure stays on record, for `heal`.
                self._undo(new, others)
                self._settle(others)
                self._store.write(others)
                raise
        how = "" if strength is None or fault.failure.amount is None else f" ({strength} {fault.failure.amount.unit})"
        return Outcome(True, f"{name}{how}: {fault.failure.does}")

    def heal(self, name: str | None = None) -> list[Outcome]:
        """Undo one failure, or all of them; what a killed command left is removed too.

        Raises:
            catalogue.UnknownFailure: it is not active, and nothing has this name.
            firewall.FirewallError, disk.DiskError: the machine does not let it; it stays on record then.
        """
        with self._store.locked():
            active = self._store.read()
            if name is not None and name not in {each.name for each in active}:
                catalogue.find(name, self.inventory())
                return [Outcome(False, f"{name} has not failed: there is nothing to heal")]
            healed = [each for each in active if name in (None, each.name)]
            rest = [each for each in active if each not in healed]
            for each in healed:
                self._undo(each, rest)
            self._settle(rest)
            self._store.write(rest)
            if not rest:
                shutil.rmtree(self._paths.failures, ignore_errors=True)
        done = [Outcome(True, f"{each.name}: {catalogue.failure_of(each.failure).heals}") for each in healed]
        return done or [Outcome(False, "nothing has failed: there is nothing to heal")]

    def settle(self) -> None:
        """Bring what is done to packets up to date with what runs now: servers come and go while something fails."""
        if self._store.read():
            with self._store.locked():
                self._settle(self._store.read())

    def _who_answers(self) -> str | None:
        return lifecycle.who_answers(self._plan)

    def _settle(self, active: Sequence[Active]) -> None:
        if not active and self._who_answers() not in (None, self._own):
            # Another platform has these namespaces, and its failures are its own.
            return
        wanted = effects(active, self.inventory())
        firewall.apply(wanted, self._plan, self._processes, self._paths.failures)

    def _draft(self, new: Active, fault: catalogue.Fault) -> Active:
        """The failure with everything that has to be known to undo it."""
        if fault.failure in (catalogue.FREEZE, catalogue.NODE):
            found = standing.find(processes(fault), self._paths, self._plan)
            if not found:
                raise NothingThere(f"{new.name}: nothing of {fault.target} runs")
            return replace(new, stopped=tuple(found))
        if fault.failure is catalogue.DISK_FULL:
            folder = self._disk(fault.target)
            if not folder.is_dir():
                raise NothingThere(f"{new.name}: {fault.target} has no data yet")
            return replace(new, mounts=(str(folder),))
        return new

    def _apply(self, one: Active, active: Sequence[Active], inventory: Inventory) -> None:
        standing.stop(one.stopped)
        for folder in one.mounts:
            disk.fill(Path(folder), self._room(folder))
        firewall.apply(effects(active, inventory), self._plan, self._processes, self._paths.failures)

    def _undo(self, one: Active, others: Sequence[Active]) -> None:
        """Undo what is not done to packets, as far as no other failure asks for it."""
        standing.go_on(set(one.stopped) - {each for other in others for each in other.stopped})
        for folder in one.mounts:
            disk.empty(Path(folder), self._room(folder))

    def _kill(self, fault: catalogue.Fault) -> Outcome:
        found = standing.find(processes(fault), self._paths, self._plan)
        if not found:
            raise NothingThere(f"{fault.name}: nothing of {fault.target} runs")
        standing.kill(found)
        return Outcome(True, f"{fault.name}: {len(found)} processes were ended")

    def _disk(self, target: str) -> Path:
        layout = Layout.of(self._paths)
        if target == lifecycle.ENDPOINT:
            return layout.memory
        server, _, letter = target.rpartition(".")
        return layout.servers / server / letter / "data" / "pg_wal"

    def _room(self, folder: str) -> Path:
        return self._paths.failures / f"disk-{hashlib.sha256(folder.encode()).hexdigest()[:12]}"

    def _cluster_processes(self) -> list[str]:
        layout = ClusterLayout.of(self._paths, self._plan)
        return [running.name for running in layout.processes.all()]


def clock(moment: float) -> str:
    """A moment of today as a person reads it."""
    return time.strftime("%H:%M:%S", time.localtime(moment))
