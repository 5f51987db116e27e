"""The other three systems, composed: each has what its row of the requirements says, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.naming import Names
from components.platform import Platform, PlatformArgs
from tests.fixtures.stacks import settings
from tests.unit.components.conftest import Recording, record

pytestmark = pytest.mark.unit


def _composed(stack: str) -> Recording:
    args = PlatformArgs(
        settings=settings(stack), stack=stack, account="123456789012", region="eu-west-1", trusted_certificates="PEM"
    )

    async def build() -> dict[str, Any]:
        return dict((await Platform.create(args.settings.system, args)).outputs)

    return record(build, stack=stack)


@pytest.fixture(scope="module")
def viral_engine() -> Recording:
    return _composed("viral-engine")


@pytest.fixture(scope="module")
def pv_api() -> Recording:
    return _composed("pv-api")


@pytest.fixture(scope="module")
def resilient_api() -> Recording:
    return _composed("resilient-api")


def _pod(recording: Recording, deployment: str) -> dict[str, Any]:
    template: dict[str, Any] = recording.one("Deployment", deployment).inputs["spec"]["template"]["spec"]
    return template


def _variables(recording: Recording, deployment: str) -> dict[str, str | None]:
    return {item["name"]: item.get("value") for item in _pod(recording, deployment)["containers"][0]["env"]}


def test_viral_engine_has_queues_in_its_database_and_redis_for_pubsub_only(viral_engine: Recording) -> None:
    """P0-QUEUE, P0-REDIS: default 10, webhooks 20, batch 50; no Redis queue, no dashboard."""
    workers = viral_engine.result["workers"]
    assert {name: worker["kind"] for name, worker in workers.items()} == dict.fromkeys(
        ["default", "webhooks", "batch"], "postgres"
    )
    concurrency = {name: _variables(viral_engine, f"{name}-deployment")["QUEUE_CONCURRENCY"] for name in workers}
    assert concurrency == {"default": "10", "webhooks": "20", "batch": "50"}
    assert [item.name for item in viral_engine.of("RedisCluster")] == ["redis-cache"]
    assert viral_engine.result["dashboard"] is None
    assert "QUEUE_REDIS_URL" not in _variables(viral_engine, "default-deployment")


def test_viral_engine_has_three_instances_on_8080_whose_streams_drain(viral_engine: Recording) -> None:
    """PV-ROUND, SR-SHUTDOWN."""
    web = viral_engine.result["services"]["web"]
    assert (web["minReplicas"], web["targetPort"]) == (3, 8080)
    pod = _pod(viral_engine, "web-deployment")
    assert pod["containers"][0]["command"] == ["/app/bin/server", "api"]
    assert _variables(viral_engine, "web-deployment")["SHUTDOWN_STREAM_SECONDS"] == "45"
    assert pod["terminationGracePeriodSeconds"] > 60


def test_viral_engine_has_neither_buckets_nor_a_distribution(viral_engine: Recording) -> None:
    assert not [
        item for item in viral_engine.resources if item.type.startswith(("aws:s3/", "aws:cloudfront/", "aws:wafv2/"))
    ]
    assert not viral_engine.of("ObjectStorage")
    assert (viral_engine.result["buckets"], viral_engine.result["cdn"], viral_engine.result["edge"]) == ({}, None, None)
    assert "CDN_URL" not in _variables(viral_engine, "web-deployment")


def test_viral_engine_has_a_writer_and_two_replicas(viral_engine: Recording) -> None:
    """P0-REPLICA."""
    assert len(viral_engine.of("rds/instance:Instance")) == 3


def test_viral_engine_reads_through_pgbouncer_and_listens_for_jobs_without(viral_engine: Recording) -> None:
    """P0-REPLICA: a pool of transactions would lose what a session listens for."""
    assert viral_engine.of("ReaderPool")
    assert not viral_engine.of("rds/proxy:Proxy")


def test_pv_api_has_limits_in_redis_and_files_in_a_bucket(pv_api: Recording) -> None:
    """SR-REDIS, P0-S3: what limits is never evicted; no fallback to memory."""
    outputs = pv_api.result
    assert outputs["redis"]["cache"]["profile"] == "state"
    assert sorted(outputs["buckets"]) == ["logs", "uploads"]
    assert (outputs["cdn"], outputs["workers"], outputs["dashboard"]) == (None, {}, None)
    variables = _variables(pv_api, "api-deployment")
    assert variables["MEMORY_FALLBACK"] == "false"
    assert variables["SUBSCRIPTION_CACHE_SECONDS"] == "60"
    assert "REDIS_URL" in variables


def test_pv_api_keeps_nobody_on_one_instance_and_its_temporary_files_are_bounded(pv_api: Recording) -> None:
    """SR-AFFINITY, SR-VOLUME: a cookie as such is fine."""
    assert pv_api.one("core/v1:Service", "api-service").inputs["spec"]["sessionAffinity"] == "None"
    [scratch] = [item for item in _pod(pv_api, "api-deployment")["volumes"] if item["name"] == "scratch"]
    assert scratch["emptyDir"] == {"sizeLimit": "512Mi"}


def test_resilient_api_has_a_cdn_in_front_of_assets_and_api_behind_a_web_acl(resilient_api: Recording) -> None:
    """P0-CDN, P0-EDGE: origins fail over to the copy, the API is never cached."""
    distribution = resilient_api.one("Distribution").inputs
    paths = [item["pathPattern"] for item in distribution["orderedCacheBehaviors"]]
    assert paths == ["/api/account/*", "/api/*", "/assets/*"]
    assert distribution["originGroups"]
    assert resilient_api.of("WebAcl")
    assert resilient_api.result["edge"] is not None


def test_resilient_api_is_kept_in_another_region_and_its_backups_are_locked(resilient_api: Recording) -> None:
    """P0-BACKUP, SR-STORE."""
    assert len(resilient_api.of("s3/bucket:Bucket")) == 7, "four, and three copies"
    lock = resilient_api.of("BucketObjectLockConfiguration")
    assert [item.inputs["rule"]["defaultRetention"]["days"] for item in lock] == [35, 35]
    writer = resilient_api.one("rds/instance:Instance", "database-writer").inputs
    assert writer["backupRetentionPeriod"] == 35


def test_resilient_api_takes_new_configuration_without_a_restart(resilient_api: Recording) -> None:
    deployment = resilient_api.one("Deployment", "api-deployment").inputs
    assert "CONFIG_DIR" in json.dumps(deployment)
    assert "rateLimitRequests" not in json.dumps(deployment), "a change of a file must not replace the pods"


@pytest.mark.parametrize(
    ("system", "stack", "prefix"),
    [("aiponge", "prod", "aiponge-prod"), ("pv-api", "pv-api", "pv-api")],
)
def test_a_stack_of_the_systems_name_is_not_named_twice(system: str, stack: str, prefix: str) -> None:
    assert Names(system, stack).prefix == prefix
