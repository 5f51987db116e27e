"""QueueWorkers: what workers are told, what scales them, where queues are kept, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.cluster import ClusterFeatures
from components.errors import Refused
from components.network import StoreAccess
from components.pods import SecretVariable
from components.queue_workers import QueueWorkers, QueueWorkersArgs
from components.queues import QUEUE_PREFIX, QueueOptions, ScheduleArgs
from components.redis import RedisCluster, RedisClusterArgs
from components.stateless_service import Surroundings
from components.workload_identity import TokenIssuer

pytestmark = pytest.mark.unit

SURROUNDINGS = Surroundings(
    system="shop",
    prefix="shop-prod",
    namespace="shop",
    issuer=TokenIssuer("https://issuer.test", "arn:aws:iam::1:oidc-provider/issuer.test"),
    secrets=[
        SecretVariable("DATABASE_URL", "database", "DATABASE_URL"),
        SecretVariable("QUEUE_REDIS_URL", "redis-queue", "QUEUE_REDIS_URL"),
    ],
)
IMAGE = "registry.test/orders@sha256:" + "a" * 64
KEDA = ClusterFeatures(keda_namespace="keda")
METRICS = ClusterFeatures(metrics_namespace="monitoring")
NIGHTLY = ScheduleArgs(cron="0 3 * * *", timezone="Europe/Vienna", exclusive=True, payload={"report": "daily"})


def _redis(profile: Any = "queue") -> RedisCluster:
    return RedisCluster(
        "redis",
        RedisClusterArgs(
            identifier="shop-prod-queue",
            secret_identifier="x",
            profile=profile,
            access=StoreAccess(vpc_id="v", subnet_ids=["a", "b"], client_cidrs=[]),
        ),
    )


def _workers(cluster: ClusterFeatures | None = None, **change: Any) -> QueueWorkers:
    if "redis" not in change and change.get("options", QueueOptions()).kind == "bullmq":
        change["redis"] = _redis()
    surroundings = replace(SURROUNDINGS, cluster=cluster or ClusterFeatures())
    change = {"image": IMAGE, **change}
    args = QueueWorkersArgs(queue="mails", owner="orders", surroundings=surroundings, **change)
    return QueueWorkers("mails", args)


def _variables(recording: Any) -> dict[str, Any]:
    [container] = recording.one("Deployment").inputs["spec"]["template"]["spec"]["containers"]
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


def _grace(recording: Any) -> int:
    seconds: int = recording.one("Deployment").inputs["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    return seconds


@pytest.mark.parametrize("seconds", [1, 60, 600, 3595])
def test_bullmq_close_has_no_timeout_so_grace_is_above_the_longest_job(
    record: Callable[..., Any], seconds: int
) -> None:
    """SR-SHUTDOWN. Trap: `worker.close()` waits for as long as the job takes. The workload ends a job that takes
    longer than JOB_MAX_SECONDS, drains for as long, and only then may it be killed."""
    recording = record(lambda: _workers(longest_job_seconds=seconds))
    variables = _variables(recording)
    assert variables["JOB_MAX_SECONDS"] == variables["SHUTDOWN_DRAIN_SECONDS"] == str(seconds)
    assert _grace(recording) > seconds


def test_every_knob_of_a_queue_reaches_its_workers(record: Callable[..., Any]) -> None:
    """P0-QUEUE."""
    options = QueueOptions(attempts=3, backoff_seconds=30, keep_failed_days=14, keep_failed=500)
    variables = _variables(
        record(
            lambda: _workers(
                options=options,
                concurrency=8,
                stalled_after_seconds=45,
                max_stalled=2,
                schedules={"nightly": NIGHTLY},
            )
        )
    )
    assert variables["QUEUES"] == "mails"
    assert variables["QUEUE_CONCURRENCY"] == "8"
    assert (variables["JOB_LOCK_SECONDS"], variables["JOB_MAX_STALLED"]) == ("45", "2")
    assert json.loads(variables["QUEUE_OPTIONS"]) == {
        "mails": {"kind": "bullmq", "attempts": 3, "backoffSeconds": 30, "keepFailedDays": 14, "keepFailed": 500}
    }
    assert json.loads(variables["QUEUE_SCHEDULES"]) == {
        "nightly": {
            "cron": "0 3 * * *",
            "timezone": "Europe/Vienna",
            "exclusive": True,
            "payload": {"report": "daily"},
        }
    }


def test_bullmq_in_cluster_mode_needs_a_hash_tag_and_the_prefix_is_one(record: Callable[..., Any]) -> None:
    """Trap: without a tag in braces a queue's keys are in several slots, and its scripts fail."""
    assert _variables(record(_workers))["QUEUE_PREFIX"] == QUEUE_PREFIX
    assert QUEUE_PREFIX.startswith("{")
    assert QUEUE_PREFIX.endswith("}")


def test_a_queue_in_postgres_has_no_redis_queue(record: Callable[..., Any]) -> None:
    """P0-QUEUE, Viral Engine: jobs in the database, through the same interface."""
    recording = record(lambda: _workers(options=QueueOptions(kind="postgres")))
    variables = _variables(recording)
    assert json.loads(variables["QUEUE_OPTIONS"])["mails"]["kind"] == "postgres"
    assert "QUEUE_REDIS_URL" not in variables
    assert "DATABASE_URL" in variables
    assert not recording.of("ReplicationGroup")


def test_a_list_length_scaler_misses_jobs_so_keda_asks_for_the_real_backlog(record: Callable[..., Any]) -> None:
    """P0-SCALE. Trap: `wait` and `active` are lists, `prioritized` and `delayed` sorted sets."""
    recording = record(lambda: _workers(KEDA, concurrency=4))
    scaled = recording.one("ScaledObject").inputs
    [trigger] = scaled["spec"]["triggers"]
    assert trigger["type"] == "metrics-api", "neither redis nor redis-lists"
    assert trigger["metadata"] == {
        "url": "http://mails-worker.shop.svc/metrics",
        "format": "prometheus",
        "valueLocation": 'groundwork_queue_backlog{queue="mails"}',
        "targetValue": "4",
    }
    assert recording.one("ScaledObject").type == "kubernetes:keda.sh/v1alpha1:ScaledObject"


@pytest.mark.parametrize("cluster", [ClusterFeatures(), KEDA, METRICS])
def test_a_replica_count_under_an_autoscaler_is_a_conflict_so_there_is_none(
    record: Callable[..., Any], cluster: ClusterFeatures
) -> None:
    """SR-SCALE. Traps: server-side apply conflicts on `spec.replicas`; two autoscalers of one Deployment fight."""
    recording = record(lambda: _workers(cluster))
    assert "replicas" not in recording.one("Deployment").inputs["spec"]
    assert len(recording.of("HorizontalPodAutoscaler")) + len(recording.of("ScaledObject")) == 1


def test_a_cooldown_counts_only_for_scaling_to_zero_so_scaling_down_is_slowed_otherwise(
    record: Callable[..., Any],
) -> None:
    """Trap: KEDA's `cooldownPeriod` does nothing above zero instances."""
    spec = record(lambda: _workers(KEDA)).one("ScaledObject").inputs["spec"]
    assert "cooldownPeriod" not in spec
    assert spec["minReplicaCount"] == 2
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 300


def test_pulumi_waits_for_custom_resources_only_when_told_so_it_is(record: Callable[..., Any]) -> None:
    """Trap: pulumi-kubernetes knows no custom resource's readiness."""
    metadata = record(lambda: _workers(KEDA)).one("ScaledObject").inputs["metadata"]
    assert metadata["annotations"]["pulumi.com/waitFor"] == "condition=Ready"


def test_custom_resources_of_a_chart_in_the_same_run_fail_so_no_operator_is_installed(
    record: Callable[..., Any],
) -> None:
    """Trap: the kind has to be there before. What the cluster has is told by the settings."""
    for cluster, kinds in ((ClusterFeatures(), 0), (KEDA, 1), (METRICS, 0)):
        recording = record(lambda cluster=cluster: _workers(cluster))
        assert len(recording.of("ScaledObject")) == kinds
        assert not [item for item in recording.resources if "helm" in item.type or "CustomResource" in item.type]


def test_without_keda_an_adapter_serves_the_backlog_to_the_usual_autoscaler(record: Callable[..., Any]) -> None:
    """P0-SCALE."""
    recording = record(lambda: _workers(METRICS, concurrency=4, backlog_per_worker=10))
    [metric] = recording.one("HorizontalPodAutoscaler").inputs["spec"]["metrics"]
    assert metric == {
        "type": "External",
        "external": {
            "metric": {"name": "groundwork_queue_backlog", "selector": {"matchLabels": {"queue": "mails"}}},
            "target": {"type": "AverageValue", "averageValue": "10"},
        },
    }


@pytest.mark.parametrize(
    ("cluster", "scaling"),
    [
        (ClusterFeatures(), {"on": "cpu", "targetPercent": 70}),
        (KEDA, {"on": "backlog", "by": "keda", "perWorker": 5}),
        (METRICS, {"on": "backlog", "by": "metrics", "perWorker": 5}),
    ],
)
def test_what_scales_the_workers_is_said_plainly(
    record: Callable[..., Any], cluster: ClusterFeatures, scaling: dict[str, Any]
) -> None:
    recording = record(lambda: dict(_workers(cluster).outputs))
    assert recording.result["scaling"] == scaling


def test_only_those_who_read_metrics_may_call_a_worker(record: Callable[..., Any]) -> None:
    assert not record(_workers).of("core/v1:Service")
    recording = record(lambda: _workers(replace(KEDA, metrics_namespace="monitoring")))
    assert recording.one("core/v1:Service").inputs["spec"]["sessionAffinity"] == "None"
    [rule] = recording.one("NetworkPolicy").inputs["spec"]["ingress"]
    names = [item["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for item in rule["from"]]
    assert names == ["keda", "monitoring"]
    assert rule["ports"] == [{"protocol": "TCP", "port": "http"}]


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"redis": None}, "redis"),
        ({"image": "registry.test/orders:latest"}, "image"),
        ({"options": QueueOptions(attempts=0)}, "options.attempts"),
        ({"options": QueueOptions(backoff_seconds=0)}, "options.backoff_seconds"),
        ({"options": QueueOptions(keep_failed=0)}, "options.keep_failed"),
        ({"options": QueueOptions(keep_failed_days=365)}, "options.keep_failed_days"),
        ({"concurrency": 0}, "concurrency"),
        ({"stalled_after_seconds": 2}, "stalled_after_seconds"),
        ({"max_stalled": 0}, "max_stalled"),
        ({"backlog_per_worker": 0}, "backlog_per_worker"),
        ({"longest_job_seconds": 3600}, "longest_job_seconds"),
        ({"schedules": {"s": replace(NIGHTLY, cron="@daily")}}, "schedules.s.cron"),
        ({"schedules": {"s": replace(NIGHTLY, timezone="Vienna time")}}, "schedules.s.timezone"),
        ({"schedules": {"s": replace(NIGHTLY, payload={"apiKey": "x"})}}, "schedules.s.payload.apiKey"),
        ({"schedules": {"s": replace(NIGHTLY, payload={"lease": "x"})}}, "schedules.s.payload.lease"),
    ],
)
def test_unsafe_workers_are_refused(record: Callable[..., Any], change: dict[str, Any], setting: str) -> None:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            _workers(**change)
        return caught.value

    recording = record(build)
    assert [item.setting for item in recording.result.refusals] == [setting]
    assert not recording.of("Deployment")


def test_a_queue_has_one_place(record: Callable[..., Any]) -> None:
    def build() -> None:
        with pytest.raises(Refused, match="kept in the database: leave redis out"):
            _workers(options=QueueOptions(kind="postgres"), redis=_redis())

    assert not record(build).of("Deployment")


def test_noeviction_is_the_only_right_policy_so_a_cache_is_refused(record: Callable[..., Any]) -> None:
    """SR-REDIS-HA. Trap: a Redis that evicts loses jobs."""

    def build() -> None:
        with pytest.raises(Refused, match=r"redis\.profile is 'cache'"):
            _workers(redis=_redis("cache"))

    assert not record(build).of("Deployment")
