"""One place for what the command line prints: results on standard output, progress and errors on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

_LOG_WIDTH = 180
"""Columns of output that goes to a file or a pipe, where nothing folds lines."""


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=_LOG_WIDTH)


OUT = _console(stderr=False)
ERR = _console(stderr=True)


@contextmanager
def progress(title: str) -> Iterator[Callable[[str], None]]:
    """Show which step runs: a spinner on a terminal, one line a step elsewhere; closes with the time taken."""
    began = time.monotonic()
    if ERR.is_terminal:
        with ERR.status(title) as status:
            yield lambda step: status.update(f"{title}: {step}")
    else:
        yield lambda step: ERR.print(f"{title}: {step}", markup=False, highlight=False, soft_wrap=True)
    ERR.print(f"{title}: done in {time.monotonic() - began:.0f} s", markup=False, highlight=False)
