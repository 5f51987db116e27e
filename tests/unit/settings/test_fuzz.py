"""Whatever a stack file holds: settings, or clear messages; never a traceback, never a secret."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.settings import Settings, Source, judge
from tests.unit.settings.conftest import VALID, flat

pytestmark = pytest.mark.unit

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


def _paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [path]
    return [path, *(found for key, item in value.items() for found in _paths(item, (*path, key)))]


FULL = copy.deepcopy(VALID) | {
    "groundwork:redis": {
        "cache": {"replicas": 1, "profile": "cache", "eviction": "allkeys-lfu", "shards": 2, "logRetentionDays": 7},
        "queue": {
            "nodeType": "cache.t4g.small",
            "engineVersion": "7.0",
            "snapshotWindow": "02:00-03:00",
            "users": {"app": {"access": "on ~* +@all -@dangerous", "generation": 2}},
            "workloadUser": "app",
        },
    },
    "groundwork:database": {
        "replicas": 2,
        "multiAz": True,
        "engineVersion": "17",
        "replicaEngineVersion": "17.5",
        "storageGb": 50,
        "rpoMinutes": 5,
        "maintenanceWindow": "sun:02:30-sun:03:30",
        "restoreTo": {"source": "old", "time": "2026-11-22T10:00:00Z"},
        "parameters": {"work_mem": "8192"},
    },
    "groundwork:backup": {
        "database": {"rules": {"daily": {"schedule": "cron(0 5 ? * * *)", "startWindowMinutes": 60}}},
        "buckets": {"rules": {"daily": {"continuous": True, "deleteAfterDays": 35}}, "names": ["uploads"]},
        "lock": {"mode": "governance", "minDays": 7},
        "recovery": {"region": "eu-central-1", "rpoSeconds": 200_000},
        "objectives": {"cache": {"rpoSeconds": 90_000}, "buckets": {"uploads": {"rpoSeconds": 900}}},
    },
    "groundwork:alarms": {"profile": "production", "notify": ["ops@shop.example"]},
    "groundwork:observability": {
        "indicators": "logs",
        "logs": {"retentionDays": 30, "ownKmsKey": True},
    },
    "groundwork:services": {
        "api": {"buckets": {"uploads": "read"}, "slo": {"availabilityPercent": 99.9, "p99Milliseconds": 500}},
        "mailer": {},
    },
    "groundwork:dashboard": {"username": "operator", "replicas": {"min": 2, "max": 3}},
}
PATHS = [path for path in _paths(FULL) if path and path[0].startswith("groundwork:")]


def _check(configuration: dict[str, Any]) -> None:
    found, problems = judge(Source.parse("prod", flat(configuration)))
    assert isinstance(found, Settings) != bool(problems)
    keys = [(problem.key, problem.found, problem.cure) for problem in problems]
    assert len(keys) == len(set(keys)), "each problem is told once"
    for problem in problems:
        line = problem.line("stacks/Pulumi.prod.yaml")
        assert line.startswith("stacks/Pulumi.prod.yaml: ")
        assert problem.key
        assert problem.cure
        assert "pydantic" not in line
        assert "\n" not in line


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(PATHS), value=VALUES)
def test_any_value_in_any_place(path: tuple[str, ...], value: Any) -> None:
    configuration = copy.deepcopy(FULL)
    place: Any = configuration
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    _check(configuration)


@settings(max_examples=200, deadline=None)
@given(path=st.sampled_from(PATHS), key=st.text(min_size=1, max_size=20), value=VALUES)
def test_any_key_in_any_place(path: tuple[str, ...], key: str, value: Any) -> None:
    configuration = copy.deepcopy(FULL)
    place: Any = configuration
    for step in path:
        if not isinstance(place[step], dict):
            break
        place = place[step]
    if place is configuration:
        key = f"groundwork:{key}"
    place[key] = value
    _check(configuration)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=20).map(lambda name: f"groundwork:{name}"), VALUES, max_size=5))
def test_any_configuration_at_all(configuration: dict[str, Any]) -> None:
    _check({"aws:region": "eu-west-1", **configuration})


@settings(max_examples=100, deadline=None)
@given(removed=st.sets(st.sampled_from([path for path in PATHS if len(path) <= 2]), min_size=1, max_size=3))
def test_any_part_missing(removed: set[tuple[str, ...]]) -> None:
    configuration = copy.deepcopy(FULL)
    for path in removed:
        place: Any = configuration
        for step in path[:-1]:
            place = place.get(step, {})
        place.pop(path[-1], None)
    _check(configuration)


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from([path for path in PATHS if path[0] == "groundwork:services"]), depth=st.integers(0, 2))
def test_encrypted_values_are_never_repeated(path: tuple[str, ...], depth: int) -> None:
    """SR-SECRET: whatever is wrong with it and wherever it stands."""
    configuration = copy.deepcopy(FULL)
    value: Any = "correct-horse-battery"
    for _ in range(depth):
        value = {"x": value}
    place: Any = configuration
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    _, problems = judge(Source.parse("prod", flat(configuration), ["groundwork:services"]))
    assert problems
    assert "correct-horse" not in "".join(problem.line("x") for problem in problems)
