"""`groundwork gate`: the checks right after a deployment, which is marked as verified or told how to be taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from groundwork import checking, deployments
from groundwork.console import ERR
from groundwork.engine import Engine
from groundwork.errors import UserError

TAG: Final = "groundwork:verified"
"""The stack's tag that holds the last deployment which passed its checks."""


def run(engine: Engine, *, within: float, junit: Path | None) -> int:
    """Run every check of the engine's stack, then mark the deployment or advise; returns the checks' exit code.

    Args:
        within: Seconds in which what fails is tried again.
        junit: Also write the checks' results to this file.

    Raises:
        UserError: the stack was never brought up, or a backend keeps no tags.
    """
    made = deployments.read(json.loads(engine.answer("stack", "history", "--json")))
    if not made:
        raise UserError(f"stack {engine.stack.stack!r} was never deployed: run `groundwork up {engine.stack.stack}`.")
    code = checking.run(engine, within=within, junit=junit)
    if code == 0 and made[0].succeeded:
        engine.answer("stack", "tag", "set", TAG, deployments.Mark(made[0].ended, made[0].revision).as_text())
        ERR.print(f"verified: the deployment that ended at {made[0].ended}", highlight=False)
        return 0
    for line in deployments.advice(engine.stack.stack, made, _mark(engine)):
        ERR.print(line, markup=False, highlight=False, soft_wrap=True)
    return code or 1


def _mark(engine: Engine) -> deployments.Mark | None:
    tags = json.loads(engine.answer("stack", "tag", "ls", "--json"))
    return deployments.Mark.parse(tags[TAG]) if TAG in tags else None
