"""An endpoint of the tests' own: other namespaces and addresses than the platform's, another state folder."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.aws import lifecycle
from local.aws.dataplane.clean import addresses
from local.network import namespaces
from local.network.plan import Plan, plan_of
from local.paths import Paths

TEST_PLAN = plan_of(216, "ga")


@pytest.fixture(scope="session")
def plan() -> Iterator[Plan]:
    """The address plan, its namespaces up."""
    namespaces.up(TEST_PLAN)
    yield TEST_PLAN
    namespaces.down(TEST_PLAN)


@pytest.fixture(scope="session")
def paths(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paths]:
    """Where the tests' endpoint keeps its state; it answers."""
    # Tools are the machine's own: built once, not for these tests again.
    own = Paths(cache=Paths.from_environment().cache, state=tmp_path_factory.mktemp("state"))
    lifecycle.start(own, plan)
    yield own
    lifecycle.stop(own, plan)
    assert addresses(plan) == []


@pytest.fixture(scope="session")
def authority(paths: Paths) -> str:
    """The root certificate that clients trust."""
    return str(paths.aws / "ca" / "ca.pem")


@pytest.fixture(scope="session")
def client(paths: Paths, plan: Plan) -> Callable[..., Any]:
    def make(service: str, region: str = plan.region, **more: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=plan.aws_url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            **more,
        )

    return make


@pytest.fixture(scope="module")
def unique() -> str:
    """A name that no other resource on the platform has."""
    return f"e2e-{secrets.token_hex(4)}"


@pytest.fixture(scope="session")
def server_names(paths: Paths, plan: Plan) -> Callable[[], set[str]]:
    """Names of the servers that run now."""
    return lambda: {line.name for line in lifecycle.status(paths, plan)}


@pytest.fixture(scope="session")
def server_files(paths: Paths) -> Callable[[str], list[Path]]:
    """What a server has on disk."""
    from local.aws.layout import Layout

    return lambda name: list((Layout.of(paths).servers).glob(f"{name}/*"))


@pytest.fixture(scope="session")
def eventually() -> Callable[..., None]:
    """Wait until a condition holds; the limit is generous, since the machine may be busy."""

    def wait(condition: Callable[[], object], what: str, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.1)

    return wait
