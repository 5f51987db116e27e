"""The delivered stacks through the real engine: names, parents, and what bad stack files come to."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.engine

PLATFORM = "groundwork:index:Platform"


def _chain(urn: str) -> list[str]:
    """The types from the outermost parent to the resource."""
    return urn.split("::")[2].split("$")


@pytest.mark.parametrize("stack", ["local", "staging", "prod"])
def test_a_preview_creates_the_platform_with_everything_below_it(checkout: Any, stack: str) -> None:
    """P0-REDIS, P0-S3, P0-QUEUE, P0-REPLICA, P0-CDN, P0-SECRETS: the row AIPONGE, in one tree."""
    checkout.init(stack)
    steps = checkout.preview(stack)["steps"]
    urns = [step["urn"] for step in steps]
    assert {step["op"] for step in steps} == {"create"}
    assert len(urns) == len(set(urns))
    ours = [urn for urn in urns if "pulumi:" not in _chain(urn)[-1]]
    assert len(ours) > 200
    assert all(_chain(urn)[0] == PLATFORM for urn in ours)
    names = {(_chain(urn)[-1], urn.rsplit("::", 1)[-1]): _chain(urn) for urn in ours}
    redis = names["aws:elasticache/replicationGroup:ReplicationGroup", "redis-queue-cluster"]
    assert redis[:2] == [PLATFORM, "groundwork:index:RedisCluster"]
    secret = names["aws:secretsmanager/secretVersion:SecretVersion", "redis-queue-token-version"]
    assert secret[1:3] == ["groundwork:index:RedisCluster", "groundwork:index:Credential"]
    deployment = names["kubernetes:apps/v1:Deployment", "music-service-deployment"]
    assert deployment == [PLATFORM, "groundwork:index:StatelessService", "kubernetes:apps/v1:Deployment"]
    worker = names["kubernetes:apps/v1:Deployment", "music-generation-deployment"]
    assert worker[1] == "groundwork:index:QueueWorkers"


def test_a_stack_without_buckets_and_queues_in_redis_previews_by_itself(checkout: Any) -> None:
    """P0-QUEUE: Viral Engine, by `pulumi` alone."""
    checkout.init("viral-engine")
    urns = [step["urn"] for step in checkout.preview("viral-engine")["steps"]]
    made = {(_chain(urn)[-1], urn.rsplit("::", 1)[-1]) for urn in urns}
    assert ("kubernetes:apps/v1:Deployment", "webhooks-deployment") in made
    assert [name for type_, name in made if type_ == "groundwork:index:RedisCluster"] == ["redis-cache"]
    assert not [type_ for type_, _ in made if type_.startswith(("aws:s3/", "aws:cloudfront/", "aws:wafv2/"))]


def test_a_stack_uses_what_the_cluster_has(checkout: Any) -> None:
    """P0-SCALE, P0-SECRETS: KEDA, a Gateway, External Secrets; queues in both places."""
    checkout.init("prod")
    checkout.change(
        "prod",
        "groundwork:cluster",
        {
            "keda": {},
            "metrics": {},
            "externalSecrets": {"store": "aws"},
            "prometheusOperator": {"labels": {"release": "prometheus"}},
            "gateway": {"name": "public", "namespace": "gateways"},
        },
    )
    checkout.change("prod", "groundwork:observability", {"indicators": "prometheus"})
    digest = "registry.example.com/aiponge/next@sha256:" + "1" * 64
    gateway = "groundwork:services/api-gateway"
    checkout.change("prod", f"{gateway}/expose", {"hosts": ["api.example.com"]})
    checkout.change("prod", f"{gateway}/canary", {"image": digest})
    checkout.change("prod", f"{gateway}/requestsPerSecond", 50)
    checkout.change("prod", "groundwork:queues/storage-background/kind", "postgres")
    schedule = {"nightly": {"cron": "0 3 * * *", "exclusive": True}}
    checkout.change("prod", "groundwork:queues/storage-background/schedules", schedule)
    urns = [step["urn"] for step in checkout.preview("prod")["steps"]]
    made = {(_chain(urn)[-1], urn.rsplit("::", 1)[-1]) for urn in urns}
    assert ("kubernetes:keda.sh/v1alpha1:ScaledObject", "storage-background-autoscaler") in made
    assert ("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", "api-gateway-route") in made
    assert ("kubernetes:apps/v1:Deployment", "api-gateway-canary-deployment") in made
    assert ("kubernetes:monitoring.coreos.com/v1:PrometheusRule", "observability-prometheus-rules") in made
    assert ("kubernetes:monitoring.coreos.com/v1:ServiceMonitor", "observability-prometheus-services") in made
    assert ("kubernetes:monitoring.coreos.com/v1:ServiceMonitor", "observability-prometheus-workers") in made
    assert ("kubernetes:external-secrets.io/v1:ExternalSecret", "redis-cache-secret-external") in made
    assert not [name for type_, name in made if type_ == "kubernetes:core/v1:Secret"]


def test_a_preview_shows_no_generated_secret_and_no_traceback(checkout: Any) -> None:
    """SR-SECRET."""
    checkout.init("local")
    run = checkout.run("preview", "--diff", "--stack", "local")
    assert run.code == 0, run.output
    assert "Traceback" not in run.output
    assert "rediss://" not in run.output
    assert "postgresql://" not in run.output


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "groundwork:services/api-gateway/replica",
            2,
            "stacks/Pulumi.local.yaml: groundwork:services.api-gateway.replica is not known: did you mean 'replicas'?",
        ),
        (
            "groundwork:database/replicas",
            "two",
            'stacks/Pulumi.local.yaml: groundwork:database.replicas is "two": must be a whole number',
        ),
        (
            "groundwork:database/backupRetentionDays",
            0,
            "stacks/Pulumi.local.yaml: groundwork:database.backupRetentionDays is 0: read replicas are made from",
        ),
        (
            # Null takes away what the base says: the engine hands it over as it stands.
            "groundwork:cdn",
            {"bucket": None},
            "stacks/Pulumi.local.yaml: groundwork:cdn.bucket is missing: write name of the bucket",
        ),
    ],
)
def test_a_bad_stack_file_gets_one_message_and_nothing_is_changed(
    checkout: Any, path: str, value: Any, message: str
) -> None:
    checkout.init("local")
    checkout.change("local", path, value)
    run = checkout.run("up", "--yes", "--skip-preview", "--stack", "local")
    assert run.code != 0
    assert message in run.output
    assert run.output.count("stacks/Pulumi.local.yaml: groundwork:") == run.output.count(message)
    assert "Traceback" not in run.output
    exported = checkout.run("stack", "export", "--stack", "local").output
    assert PLATFORM not in exported


def test_a_deployment_with_placeholders_is_refused_before_anything_exists(checkout: Any) -> None:
    checkout.init("prod")
    run = checkout.run("up", "--yes", "--skip-preview", "--stack", "prod")
    assert run.code != 0
    assert "groundwork:workload.image" in run.output
    assert "this is a placeholder" in run.output
    assert "Traceback" not in run.output
    assert PLATFORM not in checkout.run("stack", "export", "--stack", "prod").output


def test_an_endpoint_that_does_not_answer_is_told_and_nothing_is_registered(checkout: Any) -> None:
    checkout.init("local")
    checkout.change("local", "aws:endpoints", [{"sts": "http://127.0.0.1:9"}])
    run = checkout.run("preview", "--stack", "local")
    assert run.code != 0
    assert "AWS does not tell whose account this is" in run.output
    assert "Traceback" not in run.output
