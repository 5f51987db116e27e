"""What all files of the folder share, beside the recordings of the stacks."""

from __future__ import annotations

import pytest

from local.paths import Paths
from local.plugins.aws.provider import AwsProvider


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> AwsProvider:
    """The local plugin, not configured; it reads each type's schema from the SDK once."""
    base = tmp_path_factory.getbasetemp()
    return AwsProvider({}, Paths(cache=base / "aws-schema", state=base / "no-state"))
