"""Credentials with two live versions, and how they reach pods."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.errors import Refused
from components.secrets import (
    Credential,
    CredentialArgs,
    DeliveredSecret,
    DeliveredSecretArgs,
    ExternalDelivery,
)

pytestmark = pytest.mark.unit

EXTERNAL = ExternalDelivery(
    store="aws", store_kind="ClusterSecretStore", prefix="shop-prod", recovery_days=30, tags={"system": "shop"}
)


def _credential(generation: int) -> Credential:
    args = CredentialArgs(
        identifier="shop/x", description="d", key="password", fixed={"username": "ops"}, generation=generation
    )
    return Credential("login", args)


@pytest.mark.parametrize(
    ("generation", "names"),
    [(1, ["login-value"]), (2, ["login-value", "login-value-2"]), (3, ["login-value-2", "login-value-3"])],
)
def test_a_rotation_makes_one_value_and_keeps_the_one_before(
    record: Callable[..., Any], generation: int, names: list[str]
) -> None:
    """P0-SECRETS: two live versions. A value lives as long as its name is registered."""
    recording = record(lambda: _credential(generation))
    assert sorted(item.name for item in recording.of("RandomPassword")) == names
    version = recording.one("SecretVersion")
    kept = json.loads(version.inputs["secretString"])
    assert kept["password"] == f"generated-{names[-1]}"
    assert kept.get("passwordPrevious") == (f"generated-{names[0]}" if generation > 1 else None)
    assert version.is_secret("secretString")


def test_both_values_are_secret(record: Callable[..., Any]) -> None:
    """SR-SECRET."""

    async def build() -> list[bool]:
        made = _credential(2)
        assert made.previous is not None
        return [await output.is_secret() for output in (made.value, made.previous)]

    assert record(build).result == [True, True]


def test_there_is_no_generation_before_the_first(record: Callable[..., Any]) -> None:
    def build() -> None:
        with pytest.raises(Refused, match="generation is 0"):
            _credential(0)

    assert not record(build).of("RandomPassword")


def _delivered(value: str, external: ExternalDelivery | None) -> DeliveredSecret:
    args = DeliveredSecretArgs(
        identifier="redis", namespace="shop", data={"REDIS_URL": pulumi.Output.secret(value)}, external=external
    )
    return DeliveredSecret("redis", args)


def test_without_an_operator_the_secret_is_written_to_the_cluster(record: Callable[..., Any]) -> None:
    recording = record(lambda: _delivered("rediss://a", None))
    assert recording.one("core/v1:Secret").is_secret("data", "REDIS_URL")
    assert not recording.of("ExternalSecret")


def test_with_an_operator_nothing_secret_is_sent_to_the_cluster(record: Callable[..., Any]) -> None:
    """P0-SECRETS, SR-SECRET. Trap: Pulumi waits for a custom resource only when told how."""
    recording = record(lambda: _delivered("rediss://a", EXTERNAL))
    assert not recording.of("core/v1:Secret")
    kept = recording.one("secretsmanager/secret:Secret").inputs
    assert kept["name"] == "shop-prod/delivered/redis"
    version = recording.one("SecretVersion")
    assert version.is_secret("secretString")
    assert json.loads(version.inputs["secretString"]) == {"REDIS_URL": "rediss://a"}
    external = recording.one("ExternalSecret")
    assert "rediss" not in json.dumps(external.raw)
    assert external.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}
    assert external.inputs["spec"]["secretStoreRef"] == {"name": "aws", "kind": "ClusterSecretStore"}
    [source] = external.inputs["spec"]["dataFrom"]
    assert source["extract"]["key"] == "arn:aws:test:::redis-kept"
    assert source["extract"]["version"].startswith("uuid/")


def test_each_content_has_a_secret_of_its_own_so_that_pods_never_start_with_the_old_one(
    record: Callable[..., Any],
) -> None:
    """The operator fetches in its own time: under one name, new pods could be quicker than it."""

    def name(value: str) -> str:
        recording = record(lambda: _delivered(value, EXTERNAL).identifier)
        external = recording.one("ExternalSecret").inputs
        assert external["metadata"]["name"] == external["spec"]["target"]["name"] == recording.result
        return str(recording.result)

    assert name("rediss://a") == name("rediss://a") != name("rediss://b")
    assert name("rediss://a").startswith("redis-")
