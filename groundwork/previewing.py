"""`groundwork preview`: the engine's preview with the policy packs, and what a pull request is told of it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from groundwork.engine import Engine, policy_arguments
from groundwork.errors import UserError
from groundwork.pull_request import comment as comments
from groundwork.pull_request import events
from groundwork.pull_request import sarif as sarifs


def run(engine: Engine, extra: Sequence[str], *, comment: Path | None = None, sarif: Path | None = None) -> int:
    """Preview the engine's stack on the user's terminal; returns the engine's exit code.

    Args:
        extra: Passed on to `pulumi preview`.
        comment: File for the comment, written whether the preview succeeds or not.
        sarif: File for what the policies said, likewise.

    Raises:
        UserError: a file's folder does not exist.
    """
    arguments = ("preview", *policy_arguments(), *extra)
    if comment is None and sarif is None:
        return engine.run(*arguments)
    for option, file in (("--pr-comment", comment), ("--sarif", sarif)):
        if file is not None and not file.parent.is_dir():
            raise UserError(f"{option} {file}: there is no folder {file.parent}.")
    # The log repeats every property: it stays in a folder that is the user's alone, and goes.
    with tempfile.TemporaryDirectory(prefix="groundwork-preview-") as folder:
        log = Path(folder) / "events.jsonl"
        code = engine.run(*arguments, event_log=log)
        preview = events.read(log.read_text().splitlines() if log.exists() else [])
    if comment is not None:
        comment.write_text(comments.render(engine.stack.stack, preview))
    if sarif is not None:
        sarif.write_text(sarifs.render(preview, f"{engine.stack.path.parent.name}/{engine.stack.path.name}"))
    return code
