"""Which tests may run beside which."""

from __future__ import annotations

from pathlib import Path

import pytest

_TESTS = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests for `--dist loadgroup`, the groups that take longest first.

    All end-to-end tests are one group: they share this machine's network namespaces and compare what is left of them.
    Engine tests are a group for each folder, whose tests share servers; unit tests one for each file. First, because
    xdist reads the groups in the same hook.
    """
    for item in items:
        kind, folder = item.path.relative_to(_TESTS).parts[:2]
        name = {"e2e": kind, "engine": f"{kind}/{folder}"}.get(kind, str(item.path))
        item.add_marker(pytest.mark.xdist_group(name))
    items.sort(key=lambda item: ("e2e", "engine", "unit").index(item.path.relative_to(_TESTS).parts[0]))
