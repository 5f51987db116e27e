"""`groundwork preview`: the engine's preview with the policy packs, and what a pull request is told of it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from groundwork.engine import Engine, policy_arguments
from groundwork.errors import UserError
from groundwork.pull_request import comment as comments
from groundwork.pull_request import events


def run(engine: Engine, extra: Sequence[str], *, comment: Path | None = None) -> int:
    """Preview the engine's stack on the user's terminal; returns the engine's exit code.

    Args:
        extra: Passed on to `pulumi preview`.
        comment: File for the comment, written whether the preview succeeds or not.

    Raises:
        UserError: the file's folder does not exist.
    """
    arguments = ("preview", *policy_arguments(), *extra)
    if comment is None:
        return engine.run(*arguments)
    if not comment.parent.is_dir():
        raise UserError(f"--pr-comment {comment}: there is no folder {comment.parent}.")
    # The log repeats every property: it stays in a folder that is the user's alone, and goes.
    with tempfile.TemporaryDirectory(prefix="groundwork-preview-") as folder:
        log = Path(folder) / "events.jsonl"
        code = engine.run(*arguments, event_log=log)
        preview = events.read(log.read_text().splitlines() if log.exists() else [])
    comment.write_text(comments.render(engine.stack.stack, preview))
    return code
