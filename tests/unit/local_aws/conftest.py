"""The endpoint in this process, on a loopback port, with no servers behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from local.aws import without_servers
from tests.fixtures.aws import on_loopback


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with on_loopback(without_servers()) as address:
        yield address


@pytest.fixture
def client(endpoint: str) -> Callable[..., Any]:
    def make(service: str, **more: Any) -> Any:
        known = {"region_name": "eu-west-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=endpoint, **{**known, **more})

    return make


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> str:
    """A name of this test's own: the endpoint's state is shared by all tests."""
    import re
    import zlib

    return (
        "t"
        + re.sub(r"[^a-z0-9]", "", request.node.name.lower())[-20:]
        + f"{zlib.crc32(request.node.nodeid.encode()):x}"
    )
