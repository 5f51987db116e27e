"""What a system has not is left out, and what would then be made of nothing is refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.unit.settings.conftest import VALID, changed, problems_of

pytestmark = pytest.mark.unit


def _without(*keys: str) -> dict[str, Any]:
    configuration = copy.deepcopy(VALID)
    for key in keys:
        del configuration[f"groundwork:{key}"]
    return configuration


def test_a_system_may_have_neither_buckets_nor_cdn_nor_queues() -> None:
    configuration = _without("buckets", "cdn", "queues")
    configuration["groundwork:services"] = {"web": {}}
    assert problems_of(configuration) == []


def test_assets_without_a_distribution_are_refused() -> None:
    """P0-CDN: nobody could read them."""
    [problem] = problems_of(_without("cdn"))
    assert problem.key == "groundwork:buckets.assets.purpose"
    assert "cdn.bucket: assets" in problem.cure


def test_a_distribution_without_its_bucket_is_refused() -> None:
    configuration = _without("buckets")
    configuration["groundwork:services"] = {"api": {}, "mailer": {}}
    [problem] = problems_of(configuration)
    assert problem.key == "groundwork:cdn.bucket"


def test_a_web_acl_without_a_distribution_is_refused() -> None:
    """P0-EDGE."""
    configuration = _without("cdn")
    del configuration["groundwork:buckets"]["assets"]
    assert problems_of(configuration) == []
    configuration["groundwork:edge"] = {"rateLimit": 100}
    [problem] = problems_of(configuration)
    assert (problem.key, problem.found) == ("groundwork:edge", 'is {"rateLimit": 100}')


def test_buckets_without_one_for_logs_are_refused_in_production() -> None:
    """SR-STORE: leaving the CDN out lets nobody leave the logs out."""
    configuration = _without("cdn")
    configuration["groundwork:buckets"] = {"uploads": {"purpose": "uploads"}}
    assert [problem.key for problem in problems_of(configuration)] == ["groundwork:buckets"]


@pytest.mark.parametrize("kind", ["postgres", None])
def test_settings_of_queues_in_redis_are_refused_where_there_are_none(kind: str | None) -> None:
    """P0-QUEUE: a queue Redis that is written down and never made would be trusted."""
    configuration = _without("queues") if kind is None else changed("groundwork:queues/mails/kind", kind)
    assert problems_of(configuration) == []
    configuration["groundwork:redis"] = {"queue": {"replicas": 2}, "cache": {"replicas": 2}}
    configuration["groundwork:dashboard"] = {"username": "ops"}
    assert [problem.key for problem in problems_of(configuration)] == [
        "groundwork:redis.queue",
        "groundwork:dashboard",
    ]
