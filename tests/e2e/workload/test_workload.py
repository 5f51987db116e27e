"""The conformance workload's own tests, against real Redis, PostgreSQL with a replica, and S3 by moto.

They prove PV-ANY, PV-HEALTH, PV-JOB, PV-REPLICA, PV-DBFAIL, PV-REDISFAIL, P0-QUEUE, P0-SCALE, P0-SECRETS, SR-REDIS,
SR-SHUTDOWN, SR-LOGS and SR-SECRET for the workload; each test's name begins with its IDs.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.e2e.workload.conftest import WORKLOAD, Npm

pytestmark = pytest.mark.e2e


def test_the_workload_passes_its_own_tests(installed: Npm) -> None:
    """PV-ANY, PV-HEALTH, PV-JOB, PV-REPLICA: two and three instances side by side, servers and workers killed."""
    done = installed("test", "--", "--test-reporter=tap")
    assert done.returncode == 0, _failures(done.stdout)
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed is not None, done.stdout[-2000:]
    assert int(passed[1]) >= 76
    assert re.search(r"^# skipped 0$", done.stdout, re.MULTILINE)


def test_the_types_in_its_comments_hold(installed: Npm) -> None:
    """JSDoc types are checked as strictly as TypeScript's."""
    done = installed("run", "typecheck")
    assert done.returncode == 0, done.stdout


def test_the_lock_file_names_no_registry() -> None:
    """It installs from whichever registry the machine is set up for, and every package by its digest."""
    packages = json.loads((WORKLOAD / "package-lock.json").read_text())["packages"]
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert not [name for name, entry in packages.items() if name and "integrity" not in entry]


def _failures(tap: str) -> str:
    lines = tap.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("not ok")]
    return "\n".join(line for start in starts for line in lines[start : start + 25]) or tap[-4000:]
