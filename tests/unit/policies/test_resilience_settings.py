"""The resilience rules with other settings than their own: environments, counts, days, patterns and exemptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from groundwork.project import POLICY_PACKS, ROOT
from policies.crossguard import policies_from
from policies.judge import judge, judge_resource, judge_stack
from policies.model import UNKNOWN, Finding, Resource, Status
from policies.rules.table_resilience import RESILIENCE

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 22)
REDIS = "aws:elasticache/replicationGroup:ReplicationGroup"
INSTANCE, CLUSTER = "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"
BUCKET, BLOCK = "aws:s3/bucket:Bucket", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"

GOOD_REDIS = {
    "engine": "redis",
    "numCacheClusters": 2,
    "automaticFailoverEnabled": True,
    "multiAzEnabled": True,
    "atRestEncryptionEnabled": True,
    "transitEncryptionEnabled": True,
    "authToken": "t",
    "snapshotRetentionLimit": 1,
}
GOOD_INSTANCE = {
    "identifier": "db",
    "multiAz": True,
    "storageEncrypted": True,
    "backupRetentionPeriod": 7,
    "deletionProtection": True,
    "finalSnapshotIdentifier": "f",
}
TLS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
BARE_BUCKET = {"bucket": "b", "versioning": {"enabled": True}, "policy": {"Statement": [TLS]}}
AES = {
    "serverSideEncryptionConfiguration": {"rule": {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}}
}
KMS = {
    "serverSideEncryptionConfiguration": {"rule": {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}}
}
DSSE = {
    "serverSideEncryptionConfiguration": {
        "rule": {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms:dsse"}}
    }
}
BLOCKED = (
    BLOCK,
    {
        "bucket": "b",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    },
)
SITE: Mapping[str, Any] = {
    "defaultCacheBehavior": {
        "targetOriginId": "site",
        "viewerProtocolPolicy": "https-only",
        "maxTtl": 60,
        "forwardedValues": {"cookies": {"forward": "whitelist", "whitelistedNames": ["variant", "theme"]}},
    },
    "orderedCacheBehaviors": [
        {
            "pathPattern": "/shop/*",
            "targetOriginId": "site",
            "viewerProtocolPolicy": "https-only",
            "maxTtl": 60,
            "forwardedValues": {"cookies": {"forward": "none"}},
        }
    ],
    "origins": [
        {"originId": "site", "domainName": "site", "customOriginConfig": {"originProtocolPolicy": "https-only"}}
    ],
    "viewerCertificate": {"acmCertificateArn": "c", "minimumProtocolVersion": "TLSv1.2_2021"},
}
PLAN = (
    "aws:backup/plan:Plan",
    {
        "name": "p",
        "rules": [{"ruleName": "r", "schedule": "cron(0 * ? * * *)", "startWindow": 60, "completionWindow": 60}],
    },
)
CONTINUOUS = ("aws:backup/plan:Plan", {"name": "p", "rules": [{"ruleName": "r", "enableContinuousBackup": True}]})
TABLE = "aws:dynamodb/table:Table"
SELECTION = ("aws:backup/selection:Selection", {"planId": "p", "resources": ["arn:aws:rds:*:*:db:db"]})

Given = tuple[str, Mapping[str, Any]]


def found(policy: str, settings: Mapping[str, Any], *declared: Given) -> list[Finding]:
    """What one policy finds, with its own defaults for whatever is not set."""
    (rule,) = [rule for rule in RESILIENCE if rule.policy == policy]
    resources = [Resource(token, f"r{number}", f"urn{number}", props) for number, (token, props) in enumerate(declared)]
    by_resource = [one for resource in resources for one in judge_resource(rule, resource, settings, TODAY)]
    return by_resource + judge_stack(rule, resources, settings, TODAY)


CASES: Sequence[tuple[str, Mapping[str, Any], Sequence[Given], list[str]]] = [
    # Environments: the setting goes before the tag; both the keys and the words can be chosen.
    ("SR-DB", {"environment": "development"}, [(INSTANCE, {"tags": {"environment": "production"}})], []),
    ("SR-CDN-LOGS", {"environment": "production"}, [(DISTRIBUTION, {"tags": {"env": "dev"}})], ["loggingConfig"]),
    ("SR-CDN-LOGS", {"environmentTags": ["Tier"]}, [(DISTRIBUTION, {"tags": {"tier": "dev"}})], []),
    ("SR-CDN-LOGS", {"environmentTags": ["tier"]}, [(DISTRIBUTION, {"tags": {"env": "dev"}})], ["loggingConfig"]),
    ("SR-CDN-LOGS", {"notProduction": ["Blue"]}, [(DISTRIBUTION, {"tags": {"env": "BLUE"}})], []),
    ("SR-CDN-LOGS", {"notProduction": ["blue"]}, [(DISTRIBUTION, {"tags": {"env": "staging"}})], ["loggingConfig"]),
    # SR-REDIS-HA
    ("SR-REDIS-HA", {"minimumReplicas": 2}, [(REDIS, {**GOOD_REDIS, "numCacheClusters": 3})], []),
    (
        "SR-REDIS-HA",
        {"minimumReplicas": 2},
        [(REDIS, GOOD_REDIS), (REDIS, {**GOOD_REDIS, "numNodeGroups": 2, "replicasPerNodeGroup": 1})],
        ["numCacheClusters", "replicasPerNodeGroup"],
    ),
    ("SR-REDIS-HA", {"snapshotRetentionDays": 0}, [(REDIS, {**GOOD_REDIS, "snapshotRetentionLimit": 0})], []),
    ("SR-REDIS-HA", {"snapshotRetentionDays": 2}, [(REDIS, GOOD_REDIS)], ["snapshotRetentionLimit"]),
    ("SR-REDIS-HA", {"snapshotRetentionDays": 2}, [(REDIS, {**GOOD_REDIS, "snapshotRetentionLimit": 2})], []),
    (
        "SR-REDIS-HA",
        {"purposeTag": "use"},
        [(REDIS, {**GOOD_REDIS, "snapshotRetentionLimit": 0, "tags": {"use": "cache"}})],
        [],
    ),
    (
        "SR-REDIS-HA",
        {"purposeTag": "use"},
        [(REDIS, {**GOOD_REDIS, "snapshotRetentionLimit": 0, "tags": {"purpose": "cache"}})],
        ["snapshotRetentionLimit"],
    ),
    ("SR-REDIS-HA-MEMORY", {"queues": ["SHOP-*"]}, [(REDIS, {"replicationGroupId": "shop-1"})], ["parameterGroupName"]),
    ("SR-REDIS-HA-MEMORY", {"caches": ["shop-*"]}, [(REDIS, {"replicationGroupId": "Shop-1"})], []),
    # SR-DB
    ("SR-DB", {"backupRetentionDays": 8}, [(INSTANCE, GOOD_INSTANCE)], ["backupRetentionPeriod"]),
    ("SR-DB", {"backupRetentionDays": 1}, [(INSTANCE, {**GOOD_INSTANCE, "backupRetentionPeriod": 1})], []),
    ("SR-DB-REPLICAS", {"minimumReplicas": 0}, [(INSTANCE, GOOD_INSTANCE)], []),
    (
        "SR-DB-REPLICAS",
        {"minimumReplicas": 2},
        [(INSTANCE, GOOD_INSTANCE), (INSTANCE, {"replicateSourceDb": "db"})],
        ["replicateSourceDb"],
    ),
    (
        "SR-DB-REPLICAS",
        {"minimumReplicas": 0},
        [(CLUSTER, {"clusterIdentifier": "c"}), (MEMBER, {"clusterIdentifier": "c", "availabilityZone": "a"})],
        [],
    ),
    ("SR-DB-REPLICAS", {"minimumReplicas": 0}, [(CLUSTER, {"clusterIdentifier": "c"})], ["clusterIdentifier"]),
    # SR-STORE
    ("SR-STORE-SETTINGS", {"acceptDefaults": True}, [(BUCKET, BARE_BUCKET)], []),
    (
        "SR-STORE-SETTINGS",
        {"acceptDefaults": True},
        [(BUCKET, BARE_BUCKET), (BLOCK, {**BLOCKED[1], "ignorePublicAcls": False})],
        ["ignorePublicAcls"],
    ),
    (
        "SR-STORE-SETTINGS",
        {"acceptDefaults": True, "requireKmsKey": True},
        [(BUCKET, BARE_BUCKET)],
        ["serverSideEncryptionConfiguration"],
    ),
    (
        "SR-STORE-SETTINGS",
        {"requireKmsKey": True},
        [(BUCKET, {**BARE_BUCKET, **AES}), BLOCKED],
        ["serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault.sseAlgorithm"],
    ),
    ("SR-STORE-SETTINGS", {"requireKmsKey": True}, [(BUCKET, {**BARE_BUCKET, **KMS}), BLOCKED], []),
    ("SR-STORE-SETTINGS", {"requireKmsKey": True}, [(BUCKET, {**BARE_BUCKET, **DSSE}), BLOCKED], []),
    ("SR-STORE-SETTINGS", {"replicated": ["r*"]}, [(BUCKET, {**BARE_BUCKET, **AES}), BLOCKED], ["replication"]),
    ("SR-STORE-SETTINGS", {"replicated": ["x*"]}, [(BUCKET, {**BARE_BUCKET, **AES}), BLOCKED], []),
    (
        "SR-STORE-SETTINGS",
        {"replicated": ["*"]},
        [
            (BUCKET, {**BARE_BUCKET, **AES}),
            BLOCKED,
            (REPLICATION, {"bucket": "b", "rules": [{"status": "Disabled"}, {"status": "Enabled"}]}),
        ],
        [],
    ),
    (
        "SR-STORE-SETTINGS",
        {"replicated": ["*"]},
        [(BUCKET, {**BARE_BUCKET, **AES}), BLOCKED, (REPLICATION, {"bucket": "b", "rules": [{"status": "Disabled"}]})],
        ["replication"],
    ),
    (
        "SR-STORE-SETTINGS",
        {"replicated": ["*"]},
        [(BUCKET, {**BARE_BUCKET, **AES, "replicationConfiguration": {"rules": [{"status": "Enabled"}]}}), BLOCKED],
        [],
    ),
    # SR-CDN
    (
        "SR-CDN",
        {"minimumProtocolVersion": "TLSv1.2_2025"},
        [(DISTRIBUTION, SITE)],
        ["viewerCertificate.minimumProtocolVersion"],
    ),
    ("SR-CDN", {"minimumProtocolVersion": "TLSv1.2_2019"}, [(DISTRIBUTION, SITE)], []),
    ("SR-CDN-CACHE", {}, [(DISTRIBUTION, SITE)], ["defaultCacheBehavior.maxTtl"]),
    ("SR-CDN-CACHE", {"anonymousCookies": ["theme"]}, [(DISTRIBUTION, SITE)], ["defaultCacheBehavior.maxTtl"]),
    ("SR-CDN-CACHE", {"anonymousCookies": ["theme", "variant", "consent"]}, [(DISTRIBUTION, SITE)], []),
    (
        "SR-CDN-CACHE",
        {"anonymousCookies": ["theme", "variant"], "apiPaths": ["/shop/*"]},
        [(DISTRIBUTION, SITE)],
        ["orderedCacheBehaviors[0].maxTtl"],
    ),
    # P0-BACKUP
    ("P0-BACKUP", {"retentionDays": 8}, [(INSTANCE, GOOD_INSTANCE)], ["backupRetentionPeriod"]),
    ("P0-BACKUP", {"databaseRpoMinutes": 4}, [(INSTANCE, GOOD_INSTANCE)], ["backupRetentionPeriod"]),
    ("P0-BACKUP", {"databaseRpoMinutes": 5}, [(INSTANCE, GOOD_INSTANCE)], []),
    ("P0-BACKUP", {"databaseRpoMinutes": 180}, [(INSTANCE, {"identifier": "db"}), PLAN, SELECTION], []),
    (
        "P0-BACKUP",
        {"databaseRpoMinutes": 179},
        [(INSTANCE, {"identifier": "db"}), PLAN, SELECTION],
        ["backupRetentionPeriod"],
    ),
    ("P0-BACKUP", {"databaseRpoMinutes": 15}, [(INSTANCE, {"identifier": "db"}), CONTINUOUS, SELECTION], []),
    (
        "P0-BACKUP",
        {"databaseRpoMinutes": 14},
        [(INSTANCE, {"identifier": "db"}), CONTINUOUS, SELECTION],
        ["backupRetentionPeriod"],
    ),
    ("P0-BACKUP", {"retentionDays": 35}, [(TABLE, {"pointInTimeRecovery": {"enabled": True}})], []),
    (
        "P0-BACKUP",
        {"retentionDays": 36},
        [(TABLE, {"pointInTimeRecovery": {"enabled": True}})],
        ["pointInTimeRecovery"],
    ),
    ("P0-BACKUP", {"redisRetentionDays": 0}, [(REDIS, {"engine": "redis"})], []),
    ("P0-BACKUP", {"redisRetentionDays": 2}, [(REDIS, GOOD_REDIS)], ["snapshotRetentionLimit"]),
    ("P0-BACKUP", {"redisRpoMinutes": 1499}, [(REDIS, GOOD_REDIS)], ["snapshotRetentionLimit"]),
    ("P0-BACKUP", {"redisRpoMinutes": 1500}, [(REDIS, GOOD_REDIS)], []),
]


@pytest.mark.parametrize(("policy", "settings", "declared", "paths"), CASES)
def test_settings_decide(policy: str, settings: Mapping[str, Any], declared: Sequence[Given], paths: list[str]) -> None:
    """SR-REDIS-HA, SR-DB, SR-STORE, SR-CDN, P0-BACKUP: paths of the violations, and nothing undetermined."""
    findings = found(policy, settings, *declared)
    assert [(one.status, one.verdict.path) for one in findings] == [(Status.VIOLATION, path) for path in paths]


@pytest.mark.parametrize(
    "word",
    [
        *("development", "dev", "local", "test", "testing", "ci", "qa", "sandbox", "preview", "review"),
        *("ephemeral", "staging", "stage", "uat", "acceptance"),
    ],
)
def test_what_is_called_otherwise_than_production_is_let_be(word: str) -> None:
    """SR-CDN: the words that docs/policies.md lists."""
    assert found("SR-CDN-LOGS", {}, (DISTRIBUTION, {"tags": {"Environment": word.upper()}})) == []


def test_more_replicas_are_counted_in_the_message() -> None:
    """SR-REDIS-HA, SR-DB."""
    (redis,) = found("SR-REDIS-HA", {"minimumReplicas": 2}, (REDIS, GOOD_REDIS))
    assert "numCacheClusters = 2: leaves a primary with fewer than 2 replicas to take its place" in redis.message
    (short,) = found("SR-REDIS-HA", {"snapshotRetentionDays": 2}, (REDIS, GOOD_REDIS))
    assert "keeps daily snapshots for 1 day. Cure: set it to 2 or more." in short.message
    two = {**GOOD_REDIS, "snapshotRetentionLimit": 2}
    (short,) = found("SR-REDIS-HA", {"snapshotRetentionDays": 3}, (REDIS, two))
    assert "keeps daily snapshots for 2 days. Cure: set it to 3 or more." in short.message
    replica = (INSTANCE, {"replicateSourceDb": "db"})
    (database,) = found("SR-DB-REPLICAS", {"minimumReplicas": 2}, (INSTANCE, GOOD_INSTANCE), replica)
    assert "makes only 1 Instance a replica of this one, which should have 2 or more" in database.message


def test_an_exemption_names_the_resource_in_the_settings() -> None:
    """SR-REDIS-HA: cloud resources carry no annotations."""
    row = {"resource": "r0", "reason": "moves out", "owner": "shop", "expires": "2027-01-01"}
    (one,) = found("SR-CDN-LOGS", {"exemptions": [row]}, (DISTRIBUTION, {}))
    assert one.status is Status.EXEMPT
    assert one.message.endswith("Exempt until 2027-01-01, owner shop: moves out.")


def test_the_table_is_fit_for_a_pack() -> None:
    """Every row is one policy with an own name, a schema of which every property has a default, and advice."""
    names = [rule.policy for rule in RESILIENCE]
    assert len(names) == len(set(names))
    for rule in RESILIENCE:
        assert (rule.resource is None) != (rule.stack is None)
        assert rule.policy.startswith(rule.id)
        assert rule.remediation.endswith(".")
        assert all("default" in row and row["description"].endswith(".") for row in rule.schema.values())
    assert [policy.name for policy in policies_from(RESILIENCE)][: len(names)] == names


def test_every_pack_is_one_that_the_engine_can_read() -> None:
    """`groundwork up` and `preview` name every folder of `policies` that is a pack."""
    folders = {file.parent for file in (ROOT / "policies").glob("*/PulumiPolicy.yaml")}
    assert folders == set(POLICY_PACKS)
    for folder in folders:
        project = yaml.safe_load((folder / "PulumiPolicy.yaml").read_text())
        assert project["runtime"]["name"] == "python"
        assert (folder / "__main__.py").exists()


_TYPES = sorted(
    {
        *(REDIS, INSTANCE, CLUSTER, MEMBER, BUCKET, BLOCK, REPLICATION, DISTRIBUTION, PLAN[0], SELECTION[0]),
        "aws:elasticache/serverlessCache:ServerlessCache",
        "aws:elasticache/parameterGroup:ParameterGroup",
        "aws:elasticache/userGroup:UserGroup",
        "aws:elasticache/user:User",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:cloudfront/cachePolicy:CachePolicy",
        "aws:dynamodb/table:Table",
    }
)
_KEYS = (
    *("name", "id", "arn", "tags", "engine", "engineVersion", "family", "parameters", "value", "parameterGroupName"),
    *("numCacheClusters", "nodeGroupConfigurations", "replicaCount", "userGroupIds", "userIds", "accessString"),
    *("replicateSourceDb", "storageEncrypted", "snapshotIdentifier", "backupRetentionPeriod", "clusterIdentifier"),
    *("bucket", "policy", "Statement", "Effect", "Principal", "Condition", "versioning", "rules", "grants", "acl"),
    *("defaultCacheBehavior", "orderedCacheBehaviors", "origins", "customOriginConfig", "cachePolicyId", "originId"),
    *("targetOriginId", "viewerCertificate", "forwardedValues", "planId", "resources", "conditions", "schedule"),
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.floats() | st.text(max_size=4) | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=25,
)


@given(
    st.lists(
        st.tuples(st.sampled_from(_TYPES), st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=6)), max_size=4
    )
)
def test_no_shape_of_data_makes_a_rule_stumble(declared: list[Given]) -> None:
    """Whatever is declared, a rule gives verdicts; it never raises."""
    resources = [Resource(token, f"r{n}", f"urn{n}", props) for n, (token, props) in enumerate(declared)]
    for finding in judge(RESILIENCE, resources, TODAY):
        assert finding.message.startswith(f"[{finding.rule}] ")
