"""One rehearsal under way: what each step does to the platform."""

from __future__ import annotations

import re
import secrets
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

import checks
from groundwork import checking
from groundwork.console import ERR
from groundwork.engine import policy_arguments
from groundwork.errors import UserError
from groundwork.rehearsal.inventory import World, world
from groundwork.rehearsal.project import Rehearsal
from groundwork.rehearsal.sequence import Broken, Step
from groundwork.rehearsal.settings import Adapted
from local.paths import Paths

SETTLING_SECONDS = 180.0
"""Time in which a check that fails is tried again: autoscalers start the instances beyond the first after `up`."""
_MOST_LINES = 12
_CHANGED = re.compile(r"^ *[-+~@=><]+ +\S+:\S+ \S+ (?:created|updated|replaced|deleted|refreshed|read)\b")
_FROM_NOTHING = ("--yes", "--skip-preview")


def folder(paths: Paths) -> Path:
    """Where rehearsals are, below the platform's state: `groundwork local down` removes them too."""
    return paths.state / "rehearsals"


@dataclass
class Run:
    """One rehearsal under way.

    Attributes:
        tell: Told what is being done.
        before: What existed before.
        step: The step under way.
        seen: Resources that the step is through with.
    """

    stack: str
    paths: Paths
    tell: Callable[[str], None]
    before: World | None = None
    step: str = ""
    seen: int = field(default=0, init=False)

    @property
    def project(self) -> Rehearsal:
        """The stack in a folder of its own, below the platform's state: `groundwork local down` removes it too."""
        return Rehearsal(folder(self.paths) / self.stack, self.paths, self.stack)

    @property
    def log(self) -> Path:
        """The engine's whole output, secrets masked by the engine."""
        return folder(self.paths) / f"{self.stack}.log"

    def steps(self, plan: Adapted) -> list[Step]:
        """What a rehearsal promises."""
        return [
            Step("prepare", "nothing is left of an earlier rehearsal", lambda: self.prepare(plan)),
            Step("up", "comes up from nothing, with the policy packs", self.up),
            Step("up again", "a second up changes nothing", self.up_again),
            Step("refresh", "the state is what is really there", self.refresh),
            Step("check", "every check passes", self.check),
            Step("destroy", "everything can be removed", self.destroy, cleans=True),
            Step("nothing left", "the platform is as it was before", self.nothing_left, cleans=True),
        ]

    def begin(self, step: str) -> None:
        """Another step begins."""
        self.step, self.seen = step, 0
        self.tell(step)

    def prepare(self, plan: Adapted) -> str:
        """Remove what is left of an earlier rehearsal, take stock, and make the project."""
        leftovers = self.clear_leftovers()
        self.before = self._stock()
        try:
            project = Rehearsal.create(self.project.folder, self.paths, self.stack, {"config": dict(plan.config)})
        except RuntimeError as error:
            raise _failed("stack init", error) from None
        for key in plan.secrets:
            # On standard input: arguments can be read by every process of the machine.
            self._engine(project, "config", "set", "--secret", "--path", key, text=secrets.token_hex(24))
        return leftovers or "nothing was left"

    def clear_leftovers(self) -> str:
        """Remove what a rehearsal made, also one that was interrupted or killed; says what it did."""
        project = self.project
        if not project.folder.exists():
            return ""
        if project.has_state():
            project.release_locks()
            if project.is_pending():
                self._complete(project)
            self._engine(project, "destroy", *_FROM_NOTHING)
        project.remove()
        return "what an earlier one left was removed"

    def up(self) -> str:
        """From nothing, with the policy packs."""
        self._engine(self.project, "up", *_FROM_NOTHING, *policy_arguments())
        try:
            return f"{len(self.project.resources())} resources"
        except RuntimeError as error:
            raise _failed("stack export", error) from None

    def up_again(self) -> str:
        """Nothing may change."""
        self._engine(self.project, "up", *_FROM_NOTHING, "--expect-no-changes", *policy_arguments())
        return "no change"

    def refresh(self) -> str:
        """Nothing may differ from the state."""
        self._engine(self.project, "refresh", *_FROM_NOTHING, "--expect-no-changes")
        return "no drift"

    def check(self) -> str:
        """No check may fail."""
        try:
            return verdict(checking.collect(self.project.engine(), within=SETTLING_SECONDS))
        except UserError as error:
            raise Broken(str(error)) from None

    def destroy(self) -> str:
        """Remove everything, and the project with its state."""
        if not self.project.folder.exists():
            return "nothing was made"
        self.clear_leftovers()
        return "removed"

    def nothing_left(self) -> str:
        """Compare what exists with what existed before."""
        if self.before is None:
            return "nothing was made"
        left = self._stock().beyond(self.before)
        if left:
            more = " …" if len(left) > _MOST_LINES else ""
            raise Broken(f"{len(left)} left: {', '.join(left[:_MOST_LINES])}{more}")
        return "nothing is left"

    def _complete(self, project: Rehearsal) -> None:
        """After a kill some things may exist that the state does not know yet: the next `up` finds them again.

        If it fails on the way, what it found can be removed all the same.
        """
        try:
            self._engine(project, "up", *_FROM_NOTHING)
        except Broken as broken:
            self._keep(str(broken))

    def _stock(self) -> World:
        try:
            return world(self.paths)
        except (BotoCoreError, ClientError, OSError, subprocess.CalledProcessError) as error:
            raise Broken(f"cannot take stock of the platform: {error}") from None

    def _engine(self, project: Rehearsal, *arguments: str, text: str | None = None) -> None:
        """Run the engine; its output is in the log as it comes."""
        self._keep(f"== {self.step}: pulumi {' '.join(arguments)}")
        try:
            project.answer(*arguments, on_line=self._line, text=text)
        except RuntimeError as error:
            raise _failed(arguments[0], error) from None

    def _line(self, line: str) -> None:
        self._keep(line)
        if ERR.is_terminal and _CHANGED.match(line):
            self.seen += 1
            self.tell(f"{self.step}, {self.seen} resources")

    def _keep(self, line: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{line}\n")


def _failed(command: str, error: RuntimeError) -> Broken:
    return Broken(f"pulumi {command} failed: {reason(str(error))}")


def verdict(results: list[checks.Result]) -> str:
    """What the checks say in a line.

    Raises:
        Broken: a check failed.
    """
    failed = [result for result in results if result.outcome is checks.Outcome.FAIL]
    if failed:
        lines = [f"{result.check}: {result.summary}" for result in failed]
        raise Broken(f"{len(failed)} of {len(results)} checks failed: " + "; ".join(lines[:_MOST_LINES]))
    skipped = sum(result.outcome is checks.Outcome.SKIPPED for result in results)
    return f"{len(results) - skipped} checks passed" + (f", {skipped} skipped" if skipped else "")


def reason(output: str) -> str:
    """The end of the engine's output that says what went wrong: its errors, or its last lines."""
    lines = [line.strip() for line in output.splitlines() if line.strip() and "warning: using pulumi-" not in line]
    errors = [line for line in lines if line.startswith("error:")]
    return " | ".join((errors or lines)[-_MOST_LINES:])
