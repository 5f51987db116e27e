"""Which tests may run beside which, and that nothing depends on chance or on how fast the machine is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

_TESTS = Path(__file__).parent
_LONGEST_FIRST = ("e2e", "engine", "unit")

# The same examples each time, however long one takes.
settings.register_profile("tests", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


class ByDuty(LoadScopeScheduling):
    """Hands out tests in groups that stay on one worker.

    End-to-end tests of the AWS endpoint are one group, those of runbooks another: both have network namespaces of
    their own and mostly wait. All others are a third one: they share this machine's cluster and compare what is left
    of it. Engine tests are a group for each folder, whose tests share servers; unit tests one for each file.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        _, kind, folder = file.split("/")[:3]
        if kind == "e2e":
            return f"{kind}/{folder}" if folder in ("local_aws", "runbooks") else kind
        return f"{kind}/{folder}" if kind == "engine" else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByDuty:
    """Used with `--numprocesses`, whatever `--dist` says."""
    return ByDuty(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The groups that take longest begin first, so that no worker is left with one at the end."""
    items.sort(key=lambda item: _LONGEST_FIRST.index(item.path.relative_to(_TESTS).parts[0]))
