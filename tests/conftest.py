"""Which tests may run beside which, and that nothing depends on chance or on how fast the machine is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

_TESTS = Path(__file__).parent
_LONGEST_FIRST = ("e2e/cluster", "e2e/local_aws", "e2e/system", "engine", "e2e", "unit/validation", "unit")
"""Beginnings of the folders; the workload's tests wait a lot, and fill what the others leave of two cores."""

_TOGETHER = ("e2e/local_aws", "e2e/runbooks", "unit/validation")
_WORKLOAD = "tests/e2e/workload/test_workload.py"

# The same examples each time, however long one takes.
settings.register_profile("tests", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


class ByDuty(LoadScopeScheduling):
    """Hands out tests in groups that stay on one worker.

    End-to-end tests of the AWS endpoint are one group, those of runbooks another: both have network namespaces of
    their own and mostly wait. So are the workload's own tests, with servers of their own. All others are the last: they
    share this machine's cluster and compare what is left of it. Engine tests are a group for each folder, whose tests
    share servers. Unit tests are one for each file, but for those of the recorded stacks, which share the recordings.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        _, kind, folder = file.split("/")[:3]
        if f"{kind}/{folder}" in _TOGETHER or kind == "engine":
            return f"{kind}/{folder}"
        return kind if kind == "e2e" and file != _WORKLOAD else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByDuty:
    """Used with `--numprocesses`, whatever `--dist` says."""
    return ByDuty(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The groups that take longest begin first, so that no worker is left with one at the end."""
    items.sort(key=lambda item: _rank(item.path.relative_to(_TESTS).as_posix()))


def _rank(file: str) -> int:
    return next(place for place, folder in enumerate(_LONGEST_FIRST) if file.startswith(f"{folder}/"))
