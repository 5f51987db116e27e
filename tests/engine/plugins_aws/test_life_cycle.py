"""Every supported type through its life, under the real engine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from local.plugins.aws.types import TYPES
from tests.engine.plugins_aws.conftest import Endpoint
from tests.engine.plugins_aws.programs import EVERYTHING, SECRETS

pytestmark = pytest.mark.engine

# What the second version of the program is expected to do to each resource that it changes.
UPDATED = {
    "vpc", "subnet-a", "subnet-b", "subnet-c", "gateway", "table", "endpoint", "inside", "web", "in-cidr", "key",
    "slow-log", "topic", "plain-alarm", "worst-alarm", "both-alarms", "counting", "board", "proxy", "proxy-pool",
    "machine", "schedule",
    "cache-parameters", "redis", "somebody", "people", "everywhere",
    "database-parameters", "database", "Uploads", "versioning", "encryption", "block",
    "ownership", "policy", "lifecycle", "cors", "hello.txt", "inline", "access", "caching", "asking", "heading",
    "lock", "logging", "inventory", "notification", "replication",
    "certificate", "proof", "www", "purge", "log-source", "log-target", "log-delivery", "blocked", "acl",
    "cdn", "secret", "role", "role-policy", "issuer",
    "topic-policy", "near", "near-policy", "backups", "nobody", "address", "nat", "secrets",
}  # fmt: skip
REPLACED = {"version", "near-lock", "stores", "flow-log"}


def steps(output: str) -> dict[str, dict[str, Any]]:
    """The steps of `preview --json` by resource name, those that change nothing left out."""
    found = json.loads(output[output.index("{") :])
    return {
        step["urn"].rpartition("::")[2]: step
        for step in found["steps"]
        if step["op"] not in ("same", "create-replacement", "delete-replaced")
    }


def left_over(endpoint: Endpoint) -> dict[str, list[Any]]:
    """What is in the endpoint that AWS itself did not put there."""
    looks: dict[str, Callable[[], list[Any]]] = {
        "vpcs": lambda: [vpc for vpc in endpoint.client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]],
        "groups": lambda: [
            group
            for group in endpoint.client("ec2").describe_security_groups()["SecurityGroups"]
            if group["GroupName"] != "default"
        ],
        "gateways": lambda: endpoint.client("ec2").describe_internet_gateways()["InternetGateways"],
        "endpoints": lambda: [
            item
            for item in endpoint.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
            if item["State"].lower() != "deleted"
        ],
        "addresses": lambda: endpoint.client("ec2").describe_addresses()["Addresses"],
        "nat gateways": lambda: [
            item
            for item in endpoint.client("ec2").describe_nat_gateways()["NatGateways"]
            if item["State"] not in ("deleting", "deleted")
        ],
        "flow logs": lambda: endpoint.client("ec2").describe_flow_logs()["FlowLogs"],
        "keys": lambda: [
            key
            for key in endpoint.client("kms").list_keys()["Keys"]
            if endpoint.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion"
            and endpoint.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyManager"] != "AWS"
        ],
        "vaults": lambda: endpoint.client("backup").list_backup_vaults()["BackupVaultList"],
        "far vaults": lambda: endpoint.client("backup", "eu-central-1").list_backup_vaults()["BackupVaultList"],
        "plans": lambda: endpoint.client("backup").list_backup_plans()["BackupPlansList"],
        "topics": lambda: endpoint.client("sns").list_topics()["Topics"],
        "subscriptions": lambda: endpoint.client("sns").list_subscriptions()["Subscriptions"],
        "alarms": lambda: endpoint.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "composite alarms": lambda: endpoint.client("cloudwatch").describe_alarms(AlarmTypes=["CompositeAlarm"])[
            "CompositeAlarms"
        ],
        "dashboards": lambda: endpoint.client("cloudwatch").list_dashboards()["DashboardEntries"],
        "metric filters": lambda: endpoint.client("logs").describe_metric_filters()["metricFilters"],
        "log groups": lambda: endpoint.client("logs").describe_log_groups()["logGroups"],
        "aliases": lambda: [
            alias
            for alias in endpoint.client("kms").list_aliases()["Aliases"]
            if not alias["AliasName"].startswith("alias/aws/")
        ],
        "redis": lambda: endpoint.client("elasticache").describe_replication_groups()["ReplicationGroups"],
        "global redis": lambda: endpoint.client("elasticache").describe_global_replication_groups()[
            "GlobalReplicationGroups"
        ],
        "redis abroad": lambda: endpoint.client("elasticache", "eu-central-1").describe_replication_groups()[
            "ReplicationGroups"
        ],
        "cache users": lambda: endpoint.client("elasticache").describe_users()["Users"],
        "cache user groups": lambda: endpoint.client("elasticache").describe_user_groups()["UserGroups"],
        "cache subnets": lambda: [
            group
            for group in endpoint.client("elasticache").describe_cache_subnet_groups()["CacheSubnetGroups"]
            if group["CacheSubnetGroupName"] != "default"
        ],
        "cache parameters": lambda: [
            group
            for group in endpoint.client("elasticache").describe_cache_parameter_groups()["CacheParameterGroups"]
            if not group["CacheParameterGroupName"].startswith("default.")
        ],
        "databases": lambda: endpoint.client("rds").describe_db_instances()["DBInstances"],
        "proxies": lambda: endpoint.client("rds").describe_db_proxies()["DBProxies"],
        "database subnets": lambda: endpoint.client("rds").describe_db_subnet_groups()["DBSubnetGroups"],
        "database parameters": lambda: [
            group
            for group in endpoint.client("rds").describe_db_parameter_groups()["DBParameterGroups"]
            if not group["DBParameterGroupName"].startswith("default.")
        ],
        "buckets": lambda: endpoint.client("s3").list_buckets()["Buckets"],
        "distributions": lambda: (
            endpoint.client("cloudfront").list_distributions()["DistributionList"].get("Items", [])
        ),
        "access controls": lambda: (
            endpoint.client("cloudfront").list_origin_access_controls()["OriginAccessControlList"].get("Items", [])
        ),
        "cache policies": lambda: (
            endpoint.client("cloudfront").list_cache_policies(Type="custom")["CachePolicyList"].get("Items", [])
        ),
        "request policies": lambda: (
            endpoint.client("cloudfront")
            .list_origin_request_policies(Type="custom")["OriginRequestPolicyList"]
            .get("Items", [])
        ),
        "headers policies": lambda: (
            endpoint.client("cloudfront")
            .list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"]
            .get("Items", [])
        ),
        "secrets": lambda: endpoint.client("secretsmanager").list_secrets()["SecretList"],
        "roles": lambda: endpoint.client("iam").list_roles()["Roles"],
        "certificates": lambda: endpoint.client("acm", "us-east-1").list_certificates()["CertificateSummaryList"],
        "records": lambda: [
            record
            for zone in endpoint.client("route53").list_hosted_zones()["HostedZones"]
            for record in endpoint.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])[
                "ResourceRecordSets"
            ]
        ],
        "policies": lambda: endpoint.client("iam").list_policies(Scope="Local")["Policies"],
        "log sources": lambda: endpoint.client("logs", "us-east-1").describe_delivery_sources()["deliverySources"],
        "log targets": lambda: endpoint.client("logs", "us-east-1").describe_delivery_destinations()[
            "deliveryDestinations"
        ],
        "log deliveries": lambda: endpoint.client("logs", "us-east-1").describe_deliveries()["deliveries"],
        "address sets": lambda: endpoint.client("wafv2", "us-east-1").list_ip_sets(Scope="CLOUDFRONT")["IPSets"],
        "web acls": lambda: endpoint.client("wafv2", "us-east-1").list_web_acls(Scope="CLOUDFRONT")["WebACLs"],
        "machines": lambda: endpoint.client("stepfunctions").list_state_machines()["stateMachines"],
        "schedules": lambda: endpoint.client("scheduler").list_schedules()["Schedules"],
        "issuers": lambda: endpoint.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"],
    }
    return {name: found for name, look in looks.items() if (found := look())}


def test_every_type_lives(aws: Any, endpoint: Endpoint) -> None:
    """Preview, up, no second change, no drift, updates and replacements where due, nothing left after destroy."""
    aws.write(EVERYTHING)
    aws.write("hello", "hello.txt")
    zone = endpoint.client("route53").create_hosted_zone(Name="delivery.test", CallerReference="delivery")
    aws.config("zone", zone["HostedZone"]["Id"].rpartition("/")[2])
    before = left_over(endpoint)

    preview = aws.preview().assert_succeeded()
    assert "[unknown]" in preview.output, "a preview shows what is not known yet"
    assert endpoint.count("Create*") == 0, "a preview makes nothing"

    aws.up().assert_succeeded()
    types = {resource["type"] for resource in aws.resources()}
    assert types == set(TYPES), "the program uses every declared type"
    outputs = aws.outputs()
    assert re.fullmatch(r"\d{12}", outputs["account"])
    assert outputs["region"] == "eu-west-1"
    assert outputs["zones"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    assert outputs["partition"] == "aws"
    assert outputs["database"].endswith(":5432")
    assert all(outputs[name] for name in ("redis", "replica", "proxy", "cdn"))
    journal = aws.folder.parent / "platform" / "aws-intents"
    for hidden in SECRETS:
        assert hidden not in aws.state()
        assert all(hidden not in file.read_text() for file in journal.iterdir())

    unchanged = aws.up().assert_succeeded()
    assert f"{len(aws.resources()) + 1} unchanged" in unchanged.output
    assert not list(journal.iterdir()), "the engine has shown that it knows every ID"
    refreshed = aws.refresh("--expect-no-changes")
    assert refreshed.code == 0, refreshed.output

    aws.config("second", "true")
    planned = steps(aws.run("preview", "--json").assert_succeeded().output)
    assert {name for name, step in planned.items() if step["op"] == "replace"} == REPLACED
    assert {name for name, step in planned.items() if step["op"] == "update"} == UPDATED
    assert planned["version"]["replaceReasons"] == ["secretString"]
    assert planned["near-lock"]["replaceReasons"] == ["minRetentionDays"]
    assert "defaultCacheBehavior" not in planned["cdn"]["diffReasons"]
    nested = planned["cdn"]["detailedDiff"]
    assert "orderedCacheBehaviors[0].compress" in nested
    changed = aws.up().assert_succeeded()
    assert all(hidden not in changed.output for hidden in SECRETS)
    assert aws.refresh("--expect-no-changes").assert_succeeded()
    assert aws.up("--expect-no-changes").assert_succeeded()
    for hidden in SECRETS:
        assert hidden not in aws.state()
    vault = endpoint.client("backup").describe_backup_vault(BackupVaultName="near")
    assert (vault["Locked"], vault["MinRetentionDays"]) == (True, 2), "a lock that is put anew is still there"

    aws.destroy().assert_succeeded()
    assert left_over(endpoint) == before


REPLACING = """
import pulumi
import pulumi_aws as aws

second = pulumi.Config().get_bool("second") or False
vpc = aws.ec2.Vpc("vpc", cidr_block="10.1.0.0/16" if second else "10.0.0.0/16")
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.1.1.0/24" if second else "10.0.1.0/24")
aws.elasticache.ParameterGroup("parameters", family="redis7", description="two" if second else "one")
aws.s3.Bucket("named", bucket="a-name-of-my-own-2" if second else "a-name-of-my-own")
aws.kms.Key("key", key_usage="ENCRYPT_DECRYPT", multi_region=second)
"""


def test_replacements_name_the_property_and_leave_one(lasting: Any, endpoint: Endpoint) -> None:
    """A property that AWS cannot change replaces the resource; the old one is gone afterwards."""
    lasting.write(REPLACING)
    lasting.up().assert_succeeded()
    first = {resource["urn"]: resource["id"] for resource in lasting.resources()}
    lasting.config("second", "true")
    planned = steps(lasting.run("preview", "--json").assert_succeeded().output)
    assert {name: sorted(step["replaceReasons"]) for name, step in planned.items()} == {
        "vpc": ["cidrBlock"],
        "subnet": ["cidrBlock", "vpcId"],
        "parameters": ["description"],
        "named": ["bucket"],
        "key": ["multiRegion"],
    }
    lasting.up().assert_succeeded()
    second = {resource["urn"]: resource["id"] for resource in lasting.resources()}
    assert first.keys() == second.keys()
    assert all(first[urn] != second[urn] for urn in first)
    found = left_over(endpoint)
    assert {name: len(items) for name, items in found.items()} == {
        "vpcs": 1, "keys": 1, "cache parameters": 1, "buckets": 1
    }  # fmt: skip
    lasting.destroy().assert_succeeded()
    assert left_over(endpoint) == {}


LOCKED = """
import pulumi
import pulumi_aws as aws

vault = aws.s3.Bucket("vault", bucket="locked-vault", force_destroy=True, object_lock_enabled=True)
kept = aws.s3.BucketVersioning("kept", bucket=vault.bucket, versioning_configuration={"status": "Enabled"})
aws.s3.BucketObjectLockConfiguration(
    "lock", bucket=vault.bucket, rule={"default_retention": {"mode": "GOVERNANCE", "days": 1}},
    opts=pulumi.ResourceOptions(depends_on=[kept]),
)
"""


def test_force_destroy_lifts_a_governance_lock(lasting: Any, endpoint: Endpoint) -> None:
    """P0-BACKUP: a stack that says so can be destroyed although its backups are locked."""
    lasting.write(LOCKED)
    lasting.up().assert_succeeded()
    endpoint.client("s3").put_object(Bucket="locked-vault", Key="a", Body=b"a", ChecksumAlgorithm="CRC32")
    lasting.destroy().assert_succeeded()
    assert left_over(endpoint) == {}


DRIFTING = """
import pulumi_aws as aws

aws.s3.BucketVersioning(
    "versioning", bucket=aws.s3.Bucket("bucket", bucket="drifting", tags={"a": "1"}).bucket,
    versioning_configuration={"status": "Enabled"},
)
aws.secretsmanager.Secret("secret", name="drifting", description="mine", recovery_window_in_days=0)
aws.iam.Role("gone", name="gone", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
"""


def test_drift_is_seen_and_mended(lasting: Any, endpoint: Endpoint) -> None:
    """What somebody else changed or removed shows in a refresh, and the next update puts it right."""
    lasting.write(DRIFTING)
    lasting.up().assert_succeeded()
    s3, secrets = endpoint.client("s3"), endpoint.client("secretsmanager")
    s3.put_bucket_versioning(Bucket="drifting", VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_tagging(Bucket="drifting", Tagging={"TagSet": [{"Key": "b", "Value": "2"}]})
    secrets.update_secret(SecretId="drifting", Description="somebody else's")
    endpoint.client("iam").delete_role(RoleName="gone")
    refreshed = lasting.refresh().assert_succeeded().output
    assert "3 updated" in refreshed and "1 deleted" in refreshed, refreshed
    mended = lasting.up().assert_succeeded().output
    assert "3 updated" in mended and "1 created" in mended, mended
    assert s3.get_bucket_versioning(Bucket="drifting")["Status"] == "Enabled"
    assert s3.get_bucket_tagging(Bucket="drifting")["TagSet"] == [{"Key": "a", "Value": "1"}]
    assert secrets.describe_secret(SecretId="drifting")["Description"] == "mine"
    assert endpoint.client("iam").get_role(RoleName="gone")
    lasting.destroy().assert_succeeded()
