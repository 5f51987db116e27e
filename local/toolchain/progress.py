"""Showing what is being built, on a terminal and in a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Progress(Protocol):
    """Told about one piece of work after the other."""

    def begin(self, title: str) -> None:
        """A piece of work starts."""

    def update(self, detail: str) -> None:
        """What the work is at now; called a few times a second."""

    def end(self, outcome: str) -> None:
        """The work is over, well or not; `outcome` is one line for the user."""


class Lines:
    """Plain lines, for output that is not a terminal: start, end, and a sign of life in between."""

    def __init__(self, say: Callable[[str], None], every: float = 30.0) -> None:
        """Say each line through `say`, a sign of life every so many seconds."""
        self._say = say
        self._every = every
        self._title = ""
        self._began = 0.0
        self._shown = 0.0

    def begin(self, title: str) -> None:
        """Print the title."""
        self._title, self._began = title, time.monotonic()
        self._shown = self._began
        self._say(title)

    def update(self, detail: str) -> None:
        """Print the detail when the last line is old enough."""
        now = time.monotonic()
        if now - self._shown >= self._every:
            self._shown = now
            self._say(f"{self._title}: {now - self._began:.0f} s, {detail}")

    def end(self, outcome: str) -> None:
        """Print the outcome."""
        self._say(outcome)


class Spinner:
    """One moving line on a terminal, with the elapsed time; the outcome stays."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._display: RichProgress | None = None
        self._task: TaskID | None = None

    def begin(self, title: str) -> None:
        """Start the moving line."""
        self._display = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", markup=False, style="dim"),
            console=self._console,
            transient=True,
        )
        self._task = self._display.add_task(title, total=None, detail="")
        self._display.start()

    def update(self, detail: str) -> None:
        """Show the detail beside the elapsed time."""
        if self._display is not None and self._task is not None:
            self._display.update(self._task, detail=detail)

    def end(self, outcome: str) -> None:
        """Replace the moving line by the outcome."""
        if self._display is not None:
            self._display.stop()
            self._display = None
        self._console.print(outcome, markup=False, highlight=False, soft_wrap=True)


def progress_for(console: Console) -> Progress:
    """The display that suits the console."""
    if console.is_terminal:
        return Spinner(console)
    return Lines(lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True))


def as_progress(listener: Progress | Callable[[str], None] | None) -> Progress:
    """A function that takes one line is told lines; None hears nothing."""
    if listener is None:
        return Lines(lambda _: None)
    return Lines(listener) if callable(listener) else listener
