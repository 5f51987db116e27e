"""Bad settings: one message each, which names the file, the key, the value and the cure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.settings import Source, judge
from tests.unit.settings.conftest import VALID, changed, flat, problems_of

pytestmark = pytest.mark.unit

_KEY = "arn:aws:kms:eu-central-1:123456789012:key/far"

_COPY = {
    "vpcId": "vpc-0a1b2c3d",
    "dataSubnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
    "clientCidrs": ["10.0.0.0/16"],
}


def _global(region: str = "eu-central-1", node: str = "cache.r7g.large", **changes: Any) -> dict[str, Any]:
    """Settings of a Redis with a copy in another region."""
    return {"nodeType": node, "secondaries": {region: {**_COPY, **changes}}}


_CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/a"

Lines = Callable[..., list[str]]


def test_the_least_configuration_is_enough_and_safe() -> None:
    settings, problems = judge(Source.parse("prod", flat(VALID)))
    assert problems == ()
    assert settings is not None
    assert settings.database.multi_az
    assert settings.database.deletion_protection
    assert settings.database.replicas == 2
    assert settings.redis.queue.replicas == 1
    assert settings.services["api"].replicas.min == 2


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            "groundwork:services/api/replica",
            2,
            "stacks/Pulumi.prod.yaml: groundwork:services.api.replica is not known: did you mean 'replicas'?",
        ),
        (
            "groundwork:databse",
            {},
            "stacks/Pulumi.prod.yaml: groundwork:databse is not known: did you mean 'database'?",
        ),
        (
            "groundwork:database/replicas",
            "two",
            'stacks/Pulumi.prod.yaml: groundwork:database.replicas is "two": '
            "must be a whole number (read replicas, spread over the zones)",
        ),
        (
            "groundwork:database/monitoringSeconds",
            True,
            "stacks/Pulumi.prod.yaml: groundwork:database.monitoringSeconds is true: "
            "must be a whole number (interval of enhanced monitoring, in seconds; 0: off)",
        ),
        (
            "groundwork:cdn/bucket",
            ...,
            "stacks/Pulumi.prod.yaml: groundwork:cdn.bucket is missing: "
            "write name of the bucket it serves, of purpose assets",
        ),
        (
            "groundwork:environment",
            "prod",
            'stacks/Pulumi.prod.yaml: groundwork:environment is "prod": '
            "must be 'local', 'staging' or 'production' (which safety rules apply)",
        ),
        (
            "groundwork:services/api/replicas/min",
            1,
            "stacks/Pulumi.prod.yaml: groundwork:services.api.replicas.min is 1: one instance is an outage at every "
            "restart, eviction and zone failure: write 2 or more",
        ),
        (
            "groundwork:queues/mails/owner",
            "mailr",
            'stacks/Pulumi.prod.yaml: groundwork:queues.mails.owner is "mailr": '
            "is no service; did you mean 'mailer'?",
        ),
        (
            "groundwork:cdn/bucket",
            "uploads",
            "stacks/Pulumi.prod.yaml: groundwork:cdn.bucket is \"uploads\": has the purpose 'uploads'; "
            "only a bucket of purpose 'assets' is public",
        ),
        (
            "aws:region",
            ...,
            "stacks/Pulumi.prod.yaml: aws:region is missing: write the region to deploy to, for example eu-west-1",
        ),
        (
            "groundwrk:services",
            {},
            "stacks/Pulumi.prod.yaml: groundwrk: is no namespace of this program: did you mean 'groundwork'?",
        ),
    ],
)
def test_one_problem_one_message(lines: Lines, path: str, value: Any, line: str) -> None:
    assert lines(path, value) == [line]


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("groundwork:database/deletionProtection", False, "database.deletionProtection"),
        ("groundwork:database/finalSnapshot", False, "database.finalSnapshot"),
        ("groundwork:database/multiAz", False, "database.multiAz"),
        ("groundwork:database/backupRetentionDays", 3, "database.backupRetentionDays"),
        ("groundwork:database/replicas", 0, "database.replicas"),
        ("groundwork:database/replicas", 16, "database.replicas"),
        ("groundwork:database/maxStorageGb", 10, "database.maxStorageGb"),
        ("groundwork:database/blueGreenUpdates", True, "database.blueGreenUpdates"),
        ("groundwork:database/rpoMinutes", 1, "database.rpoMinutes"),
        ("groundwork:database", {"ownKmsKey": True, "restoreFromSnapshot": "nightly"}, "database.ownKmsKey"),
        ("groundwork:database/replicaEngineVersion", "16.9", "database.replicaEngineVersion"),
        ("groundwork:database/backupWindow", "02:00-03:00", "database.maintenanceWindow"),
        ("groundwork:database/restoreTo", {"source": "old", "time": "noon"}, "database.restoreTo.time"),
        ("groundwork:database/caCertificate", "rds-ca-2019", "database.caCertificate"),
        ("groundwork:alarms/profile", "quiet", "alarms.profile"),
        ("groundwork:alarms/notify", ["http://plain.example"], "alarms.notify.0"),
        ("groundwork:redis/queue/replicas", 0, "redis.queue.replicas"),
        ("groundwork:redis/cache/replicas", 0, "redis.cache.replicas"),
        ("groundwork:redis/queue/snapshotRetentionDays", 0, "redis.queue.snapshotRetentionDays"),
        ("groundwork:redis/cache/snapshotRetentionDays", 0, "redis.cache.snapshotRetentionDays"),
        ("groundwork:redis/cache/finalSnapshot", False, "redis.cache.finalSnapshot"),
        ("groundwork:redis/cache/eviction", "allkeys-lru", "redis.cache.eviction"),
        ("groundwork:redis/cache/engineVersion", "7.4", "redis.cache.engineVersion"),
        ("groundwork:redis/queue/shards", 3, "redis.queue.shards"),
        ("groundwork:redis/queue/maintenanceWindow", "sun:02:30-sun:03:30", "redis.queue.maintenanceWindow"),
        ("groundwork:redis/cache/kmsKeyArn", _KEY, "redis.cache.kmsKeyArn"),
        (
            "groundwork:redis/queue",
            {"ownKmsKey": True, "kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/near"},
            "redis.queue.ownKmsKey",
        ),
        ("groundwork:redis/cache", _global(region="eu-west-1"), "redis.cache.secondaries.eu-west-1"),
        ("groundwork:redis/cache", _global(replicas=0), "redis.cache.secondaries.eu-central-1.replicas"),
        ("groundwork:redis/cache", _global(node="cache.t4g.small"), "redis.cache.nodeType"),
        (
            "groundwork:redis/cache",
            _global(kmsKeyArn="arn:aws:kms:eu-west-1:123456789012:key/near"),
            "redis.cache.secondaries.eu-central-1.kmsKeyArn",
        ),
        ("groundwork:redis/cache", {**_global(), "users": {"app": {}}}, "redis.cache.users"),
        (
            "groundwork:redis/cache",
            {
                "nodeType": "cache.r7g.large",
                "secondaries": {f"eu-{side}-1": _COPY for side in ("north", "south", "central")},
            },
            "redis.cache.secondaries",
        ),
        ("groundwork:redis/cache/restoreFromS3", ["s3://backups/a.rdb"], "redis.cache.restoreFromS3"),
        (
            "groundwork:redis/cache",
            {"restoreFromS3": ["arn:aws:s3:::backups/a.rdb"], "restoreFromSnapshot": "nightly"},
            "redis.cache.restoreFromSnapshot",
        ),
        ("groundwork:redis/cache/users", {"default": {}}, "redis.cache.users.default"),
        ("groundwork:redis/cache/users", {"app": {"access": "off ~* +@all"}}, "redis.cache.users.app.access"),
        ("groundwork:redis/queue/users", {"app": {}, "report": {}}, "redis.queue.workloadUser"),
        ("groundwork:redis/queue/workloadUser", "app", "redis.queue.workloadUser"),
        ("groundwork:redis/queue", {"users": {"app": {}}, "tokenGeneration": 2}, "redis.queue.tokenGeneration"),
        (
            "groundwork:redis/queue",
            {"users": {"app": {}}, "authUpdateStrategy": "ROTATE"},
            "redis.queue.authUpdateStrategy",
        ),
        ("groundwork:buckets/uploads/forceDestroy", True, "buckets.uploads.forceDestroy"),
        ("groundwork:buckets/uploads/corsOrigins", ["*"], "buckets.uploads.corsOrigins"),
        ("groundwork:buckets/uploads/infrequentAfterDays", 7, "buckets.uploads.infrequentAfterDays"),
        ("groundwork:buckets/uploads/replica", {"region": "eu-west-1"}, "buckets.uploads.replica.region"),
        ("groundwork:buckets/uploads/kmsKeyArn", _KEY, "buckets.uploads.kmsKeyArn"),
        ("groundwork:buckets/more", {"purpose": "logs"}, "buckets.more.purpose"),
        ("groundwork:buckets/vault", {"purpose": "backups", "lockDays": 0}, "buckets.vault.lockDays"),
        ("groundwork:buckets", {"assets": {"purpose": "assets"}, "uploads": {"purpose": "uploads"}}, "buckets"),
        ("groundwork:cdn/api", {"domain": "api.test", "paths": ["/assets/*"]}, "cdn.immutablePaths"),
        ("groundwork:cdn/domain", {"names": ["www.shop.test"]}, "cdn.domain.zoneId"),
        ("groundwork:cdn/domain", {"names": ["a.test"], "certificateArn": _CERTIFICATE}, "cdn.domain.certificateArn"),
        ("groundwork:cdn/originShield", "eu-south-2", "cdn.originShield"),
        ("groundwork:cdn/geo", {"only": ["DE"], "never": ["FR"]}, "cdn.geo"),
        ("groundwork:edge/emergencyRateLimit", 5000, "edge.emergencyRateLimit"),
        ("groundwork:workload/image", "registry.test/shop:latest", "workload.image"),
        ("groundwork:services/api/image", "registry.test/shop:1.0", "services.api.image"),
        ("groundwork:services/api/replicas", {"min": 5, "max": 3}, "services.api.replicas.max"),
        ("groundwork:services/api/resources", {"memoryLimit": "64Mi"}, "services.api.resources.memoryLimit"),
        ("groundwork:services/api/buckets", {"upload": "read"}, "services.api.buckets"),
        ("groundwork:services/api/environment", {"PORT": "1"}, "services.api.environment.PORT"),
        ("groundwork:services/api/environment", {"DB_PASSWORD": "x"}, "services.api.environment.DB_PASSWORD"),
        ("groundwork:services/queue-dashboard", {}, "services.queue-dashboard"),
        ("groundwork:services/mails-worker", {}, "services.mails-worker"),
        ("groundwork:queues/mails/longestJobSeconds", 7200, "queues.mails.longestJobSeconds"),
        ("groundwork:network", {}, "network"),
        ("groundwork:network/create/cidr", "10.20.0.0/24", "network.create.cidr"),
        ("groundwork:network/create/cidr", "10.20.0.1/16", "network.create.cidr"),
        ("groundwork:network/create/zones", ["a", "a", "b"], "network.create.zones"),
        ("groundwork:network/create/nat", "single", "network.create.nat"),
        ("groundwork:network/create/nat", "none", "network.create.endpoints"),
        ("groundwork:network/create/endpoints", ["ecr.api"], "network.create.endpoints"),
        ("groundwork:network/create/cidr", "8.8.0.0/16", "network.create.cidr"),
        ("groundwork:system", "a-system-with-a-name-", "system"),
        ("groundwork:namespace", "Not_A_Name", "namespace"),
    ],
)
def test_unsafe_combinations_are_refused_in_production(lines: Lines, path: str, value: Any, key: str) -> None:
    found = lines(path, value)
    assert len(found) == 1, found
    assert found[0].startswith(f"stacks/Pulumi.prod.yaml: groundwork:{key} is "), found


def test_a_redis_may_have_copies_in_other_regions_and_users(lines: Lines) -> None:
    """P0-REDIS, RB-REGION."""
    assert lines("groundwork:redis/cache", _global()) == []
    assert lines("groundwork:redis/cache", {"users": {"app": {}, "report": {}}, "workloadUser": "app"}) == []


def test_a_single_gateway_in_production_is_taken_when_it_is_said(lines: Lines) -> None:
    assert (
        lines("groundwork:network/create", {"cidr": "10.20.0.0/16", "nat": "single", "singleNatAccepted": True}) == []
    )
    [line] = lines("groundwork:network/create/nat", "single")
    assert "write perZone, or singleNatAccepted: true" in line


def test_a_mere_cache_may_evict_and_need_not_be_kept(lines: Lines) -> None:
    """SR-REDIS: only what holds jobs or state is."""
    mere = {"profile": "cache", "eviction": "allkeys-lfu", "snapshotRetentionDays": 0, "finalSnapshot": False}
    assert lines("groundwork:redis/cache", mere) == []
    [line] = lines("groundwork:redis/queue", {"eviction": "allkeys-lfu"})
    assert "redis.queue.eviction is not known" in line


def test_all_problems_are_told_at_once() -> None:
    configuration = changed("groundwork:database", {"multiAz": False, "finalSnapshot": False, "replicas": 0})
    assert len(problems_of(configuration)) == 3


def test_a_secret_in_the_clear_is_refused_and_not_repeated(lines: Lines) -> None:
    """SR-SECRET."""
    [line] = lines("groundwork:services/api/secrets", {"STRIPE_KEY": "sk_live_hunter2"})
    assert "groundwork:services.api.secrets.STRIPE_KEY" in line
    assert "pulumi config set --secret --path" in line
    assert "hunter2" not in line


def test_an_encrypted_secret_is_accepted(lines: Lines) -> None:
    """SR-SECRET."""
    value = {"STRIPE_KEY": "sk_live_hunter2"}
    assert lines("groundwork:services/api/secrets", value, ("groundwork:services",)) == []


def test_nothing_of_an_encrypted_value_is_repeated(lines: Lines) -> None:
    """SR-SECRET."""
    for value in ({"api": {"port": "hunter2"}}, "hunter2", {"api": {"buckets": {"hunter2": "hunter2"}}}):
        found = lines("groundwork:services", value, ("groundwork:services",))
        assert found
        assert "[secret]" in "".join(found) or "is not known" in "".join(found)


def test_local_stacks_may_be_small_but_never_single(lines: Lines) -> None:
    configuration = changed("groundwork:environment", "local")
    configuration["groundwork:database"] = {"deletionProtection": False, "finalSnapshot": False, "multiAz": False}
    configuration["groundwork:workload"] = {"image": "groundwork.local/workload:0.1.0"}
    assert problems_of(configuration, "local") == []
    configuration["groundwork:services"]["api"] = {"replicas": {"min": 1}}
    assert len(problems_of(configuration, "local")) == 1


@pytest.mark.parametrize("stack", ["Prod", "a" * 40, "prod_1"])
def test_a_stack_name_that_makes_bad_names_is_refused(stack: str) -> None:
    problem = problems_of(VALID, stack)[0]
    assert problem.key == "groundwork:system"
    assert "names" in problem.cure
