"""A process that works on a run and kills itself (kill -9) once the journal has a given line.

`python -m tests.e2e.runbooks.process OUTPUTS FOLDER EVENT:STEP apply HASH | resume RUN`
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import signal
import sys
from pathlib import Path

import checks
from runbooks import operations
from runbooks.approval import Approval
from runbooks.catalogue import RUNBOOKS
from runbooks.chain import Record
from runbooks.operations import Desk
from runbooks.runs import Runs


def main(outputs: str, folder: str, last: str, way: str, what: str) -> None:
    """Work until the line."""

    def listen(record: Record) -> None:
        if f"{record.event}:{record.data.get('step', '')}" == last:
            os.kill(os.getpid(), signal.SIGKILL)

    desk = Desk(
        stack="staging",
        outputs=checks.read_outputs(json.loads(Path(outputs).read_text())),
        settings=checks.Settings(region=os.environ["AWS_REGION"]),
        runs=Runs(Path(folder)),
        runbooks=RUNBOOKS,
        listener=listen,
    )
    if way == "apply":
        asyncio.run(operations.apply(desk, what, lambda _plan: Approval(getpass.getuser(), "test", "now")))
    else:
        asyncio.run(operations.resume(desk, what))


if __name__ == "__main__":
    main(*sys.argv[1:])
