"""What differs between a stack and its rehearsal: told completely, judged like any stack, no more than it must be."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.platform import Platform as Components
from components.platform import PlatformArgs
from components.settings import Settings
from groundwork.project import StackFile, read_stack
from groundwork.rehearsal import Adapted, Platform, adapted
from groundwork.rehearsal.draft import Draft
from groundwork.rehearsal.judging import judged
from groundwork.rehearsal.settings import FEWEST, MOST_PODS, MOST_REPLICAS
from tests.fixtures.stacks import NAMES
from tests.unit.components.conftest import Recording, record

pytestmark = pytest.mark.unit

PLATFORM = Platform.of(read_stack("local"))
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"


def _stack(**changes: Any) -> StackFile:
    """The stack prod with parts replaced; `database__replicas=3` goes down."""
    config = copy.deepcopy(read_stack("prod").config)
    for path, value in changes.items():
        first, *others = path.split("__")
        if not others:
            config[f"groundwork:{first}"] = value
            continue
        place = config.setdefault(f"groundwork:{first}", {})
        for key in others[:-1]:
            place = place.setdefault(key.replace("_", "-"), {})
        place[others[-1]] = value
    return StackFile("prod", Path("Pulumi.prod.yaml"), config)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    else:
        yield path, value


def _differing(one: Any, other: Any) -> set[str]:
    first, second = dict(_leaves(one)), dict(_leaves(other))
    return {key for key in first.keys() | second.keys() if first.get(key, ...) != second.get(key, ...)}


@pytest.mark.parametrize("stack", NAMES)
def test_every_difference_is_told_and_every_rule_is_kept(stack: str) -> None:
    own = read_stack(stack)
    before = copy.deepcopy(own.config)
    plan = adapted(own, PLATFORM)
    assert own.config == before, "a pure function"
    told = [change.key for change in plan.changes]
    assert len(told) == len(set(told))
    for key in _differing(own.config, plan.config):
        assert any(key == one or key.startswith(f"{one}.") or one.startswith(f"{key}.") for one in told), key
    assert judged(stack, plan.config, Path()) == []
    assert all(change.why and change.was != change.becomes for change in plan.changes)


@pytest.mark.parametrize("stack", NAMES)
def test_nothing_of_yours_is_named_in_a_rehearsal(stack: str) -> None:
    plan = adapted(read_stack(stack), PLATFORM)
    text = json.dumps({key: value for key, value in plan.config.items() if key != "groundwork:buckets"})
    assert "example.com" not in text
    assert "arn:" not in text
    assert "/id/EXAMPLE" not in text
    for bucket in plan.config.get("groundwork:buckets", {}).values():
        assert "replica" not in bucket


@pytest.mark.parametrize("stack", NAMES)
def test_what_is_adapted_already_needs_no_change(stack: str) -> None:
    plan = adapted(read_stack(stack), PLATFORM)
    assert adapted(StackFile(stack, Path("x"), dict(plan.config)), PLATFORM).changes == ()


def test_the_local_stack_gets_other_names_only() -> None:
    plan = adapted(read_stack("local"), PLATFORM, "small")
    names = {"groundwork:system", "groundwork:workloadIdentity"}
    assert {change.key for change in plan.changes} - {"groundwork:backup.forceDestroy"} == names


_ABSENT = ("database-readers", "database-alarms-recovery-point")
"""Starts of names that a rehearsal has not: its own image is not here, and nothing here measures a recovery point."""


def _names(recording: Recording, kind: str) -> list[str]:
    return sorted(item.name for item in recording.of(kind) if not item.name.startswith(_ABSENT))


def _composed(config: Any, stack: str) -> Recording:
    ours = {key.partition(":")[2]: value for key, value in config.items() if key.startswith("groundwork:")}
    settings = Settings.model_validate(ours)
    args = PlatformArgs(
        settings=settings, stack=stack, account="1" * 12, region="eu-west-1", trusted_certificates="PEM"
    )

    async def build() -> None:
        await Components.create(settings.system, args)

    return record(build, stack=stack)


@pytest.mark.parametrize("stack", [name for name in NAMES if name != "local"])
def test_a_rehearsal_is_made_of_the_same_parts(stack: str) -> None:
    """But for copies of buckets in other regions and what a Gateway or a metrics adapter would need."""
    own = read_stack(stack)
    real, rehearsed = _composed(own.config, stack), _composed(adapted(own, PLATFORM).config, stack)
    for kind in (
        "StatelessService",
        "QueueWorkers",
        "RedisCluster",
        "PostgresCluster",
        "Cdn",
        "Edge",
        "WebAcl",
        "PodDisruptionBudget",
        "HorizontalPodAutoscaler",
        "NetworkPolicy",
        "MetricAlarm",
        "rds/instance:Instance",
    ):
        assert _names(real, kind) == _names(rehearsed, kind), kind
    thresholds = {item.name: item.inputs["threshold"] for item in real.of("MetricAlarm")}
    for item in rehearsed.of("MetricAlarm"):
        assert item.inputs["threshold"] == thresholds[item.name], item.name
    names = [item.inputs["replicationGroupId"] for item in rehearsed.of("ReplicationGroup")]
    assert all(name.startswith(f"rehearsal-{stack}-") for name in names)


def _told(plan: Adapted) -> dict[str, tuple[Any, Any]]:
    return {change.key.removeprefix("groundwork:"): (change.was, change.becomes) for change in plan.changes}


@pytest.mark.parametrize(
    ("changes", "key", "becomes"),
    [
        ({"namespace": "mine"}, "namespace", None),
        ({"redis__cache__shards": 3}, "redis.cache.shards", None),
        ({"redis__queue__kmsKeyArn": KEY}, "redis.queue.ownKmsKey", True),
        ({"redis__cache__engineVersion": "6.2"}, "redis.cache.engineVersion", None),
        ({"redis__cache__restoreFromSnapshot": "s"}, "redis.cache.restoreFromSnapshot", None),
        ({"database__restoreTo": {"source": "old"}}, "database.restoreTo", None),
        ({"database__replicas": 9}, "database.replicas", MOST_REPLICAS),
        ({"database__engineVersion": "17"}, "database.engineVersion", PLATFORM.postgres),
        ({"database__finalSnapshot": True}, "database.finalSnapshot", None),
        ({"buckets__uploads__kmsKeyArn": KEY}, "buckets.uploads.kmsKeyArn", None),
        ({"buckets__uploads__notifications": [{"to": "eventBridge"}]}, "buckets.uploads.notifications", None),
        ({"buckets__backups__lockMode": "compliance"}, "buckets.backups.lockMode", None),
        ({"cdn__api": {"domain": "api.test"}}, "cdn.api", None),
        ({"cdn__domain": {"names": ["www.test.org"], "zoneId": "Z1"}}, "cdn.domain", None),
        ({"cluster": {"keda": {}}, "queues__music-generation__backlogPerWorker": 3}, "cluster.keda", None),
        ({"services__user-service__image": "a@sha256:" + "1" * 64}, "services.user-service.image", None),
        ({"services__user-service__probes": {"livePath": "/livez"}}, "services.user-service.probes.livePath", None),
        ({"workload__command": ["/app"]}, "workload.command", None),
        ({"redis__cache__restoreFromS3": ["arn:aws:s3:::b/s.rdb"]}, "redis.cache.restoreFromS3", None),
        ({"backup__recovery": {"region": "eu-central-1"}}, "backup.recovery", None),
        ({"backup__lock": {"mode": "compliance"}}, "backup.lock", None),
        ({"observability__indicators": "prometheus"}, "observability.indicators", None),
        ({"observability__logs__kmsKeyArn": KEY}, "observability.logs.ownKmsKey", True),
        ({"network": {"existing": {"vpcId": "vpc-0a1b2c3d"}}}, "network", {"create": {"cidr": "10.90.0.0/16"}}),
    ],
)
def test_what_this_machine_cannot_do_is_changed_and_told(changes: dict[str, Any], key: str, becomes: Any) -> None:
    plan = adapted(_stack(**changes), PLATFORM)
    assert _told(plan)[key][1] == becomes
    assert judged("prod", plan.config, Path()) == []


def test_a_service_behind_a_gateway_is_reachable_without_one() -> None:
    cluster = {"metrics": {}, "gateway": {"name": "public", "namespace": "gateways"}}
    service = {
        "expose": {"hosts": ["api.test.org"]},
        "canary": {"image": "a@sha256:" + "1" * 64},
        "requestsPerSecond": 50,
        "cpuTargetPercent": None,
    }
    own = _stack(cluster=cluster)
    own.config["groundwork:services"]["user-service"] |= service
    plan = adapted(own, PLATFORM)
    left = plan.config["groundwork:services"]["user-service"]
    assert left["exposed"] is True
    assert not left.keys() & service.keys()
    assert judged("prod", plan.config, Path()) == []


def test_secrets_are_made_up_and_never_told() -> None:
    """SR-SECRET: what is encrypted in the stack file stays there."""
    own = _stack()
    own.config["groundwork:services"]["user-service"]["secrets"] = {"STRIPE_KEY": {"secure": "v1:hunter2"}}
    plan = adapted(own, PLATFORM)
    assert plan.secrets == ("groundwork:services.user-service.secrets.STRIPE_KEY",)
    assert "hunter2" not in json.dumps(plan.config)
    assert "hunter2" not in "".join(change.line() for change in plan.changes)


def test_instances_are_as_many_as_this_machine_holds() -> None:
    def least(stack: str) -> list[int]:
        config = adapted(read_stack(stack), PLATFORM).config
        parts = [*config["groundwork:services"].values(), *config.get("groundwork:queues", {}).values()]
        return [part.get("replicas", {}).get("min", FEWEST) for part in parts]

    assert sum(least("prod")) <= MOST_PODS
    assert set(least("prod")) == {FEWEST}
    assert least("viral-engine")[0] == 3, "three instances, as PV-ROUND has them"


def test_a_draft_records_changes_and_nothing_else() -> None:
    draft = Draft({"groundwork:database": {"replicas": 2, "rpoMinutes": None}})
    draft.set("groundwork:database", "replicas", to=2, why="same")
    draft.drop("groundwork:database", "name", why="not there")
    draft.drop("groundwork:redis", "cache", "shards", why="not there")
    assert draft.changes == []
    draft.drop("groundwork:database", "rpoMinutes", why="null is something")
    draft.set("groundwork:redis", "cache", "replicas", to=1, why="made")
    assert [change.line() for change in draft.changes] == [
        "groundwork:database.rpoMinutes: not set -> left out (null is something)",
        "groundwork:redis.cache.replicas: not set -> 1 (made)",
    ]
