"""The light-weight resource classes send the engine what the generated ones send."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components import aws
from components.kubernetes import KubernetesObject, type_token
from components.lean import to_camel, wire
from local.plugins.aws.schema import snake

pytestmark = pytest.mark.unit

SAMPLES: list[tuple[str, str, dict[str, Any]]] = [
    ("Vpc", "ec2.Vpc", {"cidr_block": "10.0.0.0/16", "enable_dns_hostnames": True, "tags": {"my_key": "x"}}),
    ("Subnet", "ec2.Subnet", {"vpc_id": "vpc-1", "cidr_block": "10.0.0.0/20", "availability_zone": "eu-west-1a"}),
    ("InternetGateway", "ec2.InternetGateway", {"vpc_id": "vpc-1"}),
    ("RouteTable", "ec2.RouteTable", {"vpc_id": "vpc-1"}),
    ("Route", "ec2.Route", {"route_table_id": "rtb-1", "destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}),
    ("RouteTableAssociation", "ec2.RouteTableAssociation", {"subnet_id": "s-1", "route_table_id": "rtb-1"}),
    ("VpcEndpoint", "ec2.VpcEndpoint", {"vpc_id": "vpc-1", "service_name": "s3", "vpc_endpoint_type": "Gateway"}),
    ("SecurityGroup", "ec2.SecurityGroup", {"name": "x", "description": "y", "vpc_id": "vpc-1"}),
    (
        "SecurityGroupIngressRule",
        "vpc.SecurityGroupIngressRule",
        {"security_group_id": "sg-1", "cidr_ipv4": "10.0.0.0/8", "from_port": 1, "to_port": 1, "ip_protocol": "tcp"},
    ),
    (
        "SecurityGroupEgressRule",
        "vpc.SecurityGroupEgressRule",
        {"security_group_id": "sg-1", "referenced_security_group_id": "sg-2", "ip_protocol": "tcp", "to_port": 1},
    ),
    (
        "DatabaseProxy",
        "rds.Proxy",
        {
            "name": "x",
            "engine_family": "POSTGRESQL",
            "role_arn": "arn:aws:iam::1:role/x",
            "vpc_subnet_ids": ["a", "b"],
            "require_tls": True,
            "auths": [{"auth_scheme": "SECRETS", "secret_arn": "y", "client_password_auth_type": "z"}],
        },
    ),
    (
        "DatabaseProxyTargetGroup",
        "rds.ProxyDefaultTargetGroup",
        {"db_proxy_name": "x", "connection_pool_config": {"max_connections_percent": 80}},
    ),
    (
        "DatabaseProxyTarget",
        "rds.ProxyTarget",
        {"db_proxy_name": "x", "target_group_name": "default", "db_instance_identifier": "y"},
    ),
    ("StateMachine", "sfn.StateMachine", {"name": "x", "definition": "{}", "role_arn": "y", "type": "EXPRESS"}),
    (
        "Schedule",
        "scheduler.Schedule",
        {
            "name": "x",
            "schedule_expression": "rate(1 minute)",
            "flexible_time_window": {"mode": "OFF"},
            "target": {"arn": "x", "role_arn": "y", "retry_policy": {"maximum_retry_attempts": 0}},
        },
    ),
    ("CacheSubnetGroup", "elasticache.SubnetGroup", {"name": "x", "description": "y", "subnet_ids": ["a"]}),
    (
        "CacheParameterGroup",
        "elasticache.ParameterGroup",
        {
            "name": "x",
            "description": "y",
            "family": "redis7",
            "parameters": [{"name": "maxmemory-policy", "value": "noeviction"}],
        },
    ),
    (
        "CacheUser",
        "elasticache.User",
        {"user_id": "x", "user_name": "y", "engine": "redis", "access_string": "on ~* +@all", "passwords": ["p" * 16]},
    ),
    (
        "GlobalReplicationGroup",
        "elasticache.GlobalReplicationGroup",
        {"global_replication_group_id_suffix": "x", "primary_replication_group_id": "y", "engine_version": "7.1"},
    ),
    ("CacheUserGroup", "elasticache.UserGroup", {"user_group_id": "x", "engine": "redis", "user_ids": ["a", "b"]}),
    (
        "ReplicationGroup",
        "elasticache.ReplicationGroup",
        {"description": "x", "auth_token": "t" * 20, "auth_token_update_strategy": "SET", "num_cache_clusters": 2},
    ),
    ("DatabaseSubnetGroup", "rds.SubnetGroup", {"name": "x", "description": "y", "subnet_ids": ["a"]}),
    (
        "DatabaseParameterGroup",
        "rds.ParameterGroup",
        {
            "description": "y",
            "family": "postgres17",
            "parameters": [{"name": "rds.force_ssl", "value": "1", "apply_method": "immediate"}],
        },
    ),
    (
        "DatabaseInstance",
        "rds.Instance",
        {"instance_class": "db.t4g.micro", "password": "p" * 20, "replicate_source_db": "x", "multi_az": True},
    ),
    ("Bucket", "s3.Bucket", {"bucket": "x", "force_destroy": False, "tags": {"a_b": "c"}}),
    ("BucketVersioning", "s3.BucketVersioning", {"bucket": "x", "versioning_configuration": {"status": "Enabled"}}),
    (
        "BucketServerSideEncryptionConfiguration",
        "s3.BucketServerSideEncryptionConfiguration",
        {"bucket": "x", "rules": [{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}]},
    ),
    ("BucketPublicAccessBlock", "s3.BucketPublicAccessBlock", {"bucket": "x", "block_public_acls": True}),
    (
        "BucketOwnershipControls",
        "s3.BucketOwnershipControls",
        {"bucket": "x", "rule": {"object_ownership": "BucketOwnerEnforced"}},
    ),
    ("BucketPolicy", "s3.BucketPolicy", {"bucket": "x", "policy": "{}"}),
    (
        "BucketLifecycleConfiguration",
        "s3.BucketLifecycleConfiguration",
        {
            "bucket": "x",
            "rules": [
                {
                    "id": "a",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                    "noncurrent_version_expiration": {"noncurrent_days": 30},
                    "transitions": [{"days": 30, "storage_class": "STANDARD_IA"}],
                }
            ],
        },
    ),
    (
        "BucketCorsConfiguration",
        "s3.BucketCorsConfiguration",
        {"bucket": "x", "cors_rules": [{"allowed_methods": ["GET"], "allowed_origins": ["*"], "max_age_seconds": 1}]},
    ),
    (
        "BucketObject",
        "s3.BucketObjectv2",
        {
            "bucket": "x",
            "key": "y",
            "source": pulumi.StringAsset("z"),
            "content_type": "text/css",
            "cache_control": "no-cache",
        },
    ),
    ("BucketLogging", "s3.BucketLogging", {"bucket": "x", "target_bucket": "y", "target_prefix": "z"}),
    (
        "BucketInventory",
        "s3.Inventory",
        {
            "bucket": "x",
            "name": "all",
            "included_object_versions": "All",
            "optional_fields": ["Size"],
            "schedule": {"frequency": "Weekly"},
            "destination": {
                "bucket": {"bucket_arn": "y", "format": "Parquet", "prefix": "z", "encryption": {"sse_s3": {}}}
            },
        },
    ),
    (
        "BucketNotification",
        "s3.BucketNotification",
        {
            "bucket": "x",
            "eventbridge": True,
            "queues": [{"id": "a", "queue_arn": "q", "events": ["s3:ObjectCreated:*"], "filter_prefix": "p"}],
            "topics": [{"id": "b", "topic_arn": "t", "events": ["s3:ObjectRemoved:*"], "filter_suffix": "s"}],
        },
    ),
    (
        "BucketObjectLockConfiguration",
        "s3.BucketObjectLockConfiguration",
        {"bucket": "x", "rule": {"default_retention": {"mode": "GOVERNANCE", "days": 1}}, "region": "eu-west-1"},
    ),
    (
        "BucketReplicationConfig",
        "s3.BucketReplicationConfig",
        {
            "bucket": "x",
            "role": "r",
            "rules": [
                {
                    "id": "a",
                    "status": "Enabled",
                    "priority": 0,
                    "filter": {"prefix": ""},
                    "delete_marker_replication": {"status": "Enabled"},
                    "destination": {"bucket": "y", "encryption_configuration": {"replica_kms_key_id": "k"}},
                    "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
                }
            ],
        },
    ),
    (
        "OriginAccessControl",
        "cloudfront.OriginAccessControl",
        {"origin_access_control_origin_type": "s3", "signing_behavior": "always", "signing_protocol": "sigv4"},
    ),
    (
        "CachePolicy",
        "cloudfront.CachePolicy",
        {
            "min_ttl": 1,
            "default_ttl": 2,
            "max_ttl": 3,
            "parameters_in_cache_key_and_forwarded_to_origin": {
                "cookies_config": {"cookie_behavior": "none"},
                "headers_config": {"header_behavior": "none"},
                "query_strings_config": {"query_string_behavior": "none"},
                "enable_accept_encoding_brotli": True,
            },
        },
    ),
    (
        "ResponseHeadersPolicy",
        "cloudfront.ResponseHeadersPolicy",
        {
            "security_headers_config": {
                "strict_transport_security": {
                    "access_control_max_age_sec": 1,
                    "include_subdomains": True,
                    "override": True,
                },
                "content_type_options": {"override": True},
                "frame_options": {"frame_option": "DENY", "override": True},
                "referrer_policy": {"referrer_policy": "no-referrer", "override": True},
            },
            "custom_headers_config": {"items": [{"header": "Cache-Control", "value": "x", "override": False}]},
        },
    ),
    (
        "Distribution",
        "cloudfront.Distribution",
        {
            "enabled": True,
            "is_ipv6_enabled": True,
            "http_version": "http2and3",
            "origins": [{"origin_id": "a", "domain_name": "b", "origin_access_control_id": "c"}],
            "default_cache_behavior": {
                "target_origin_id": "a",
                "viewer_protocol_policy": "redirect-to-https",
                "allowed_methods": ["GET"],
                "cached_methods": ["GET"],
                "response_headers_policy_id": "p",
            },
            "ordered_cache_behaviors": [
                {
                    "path_pattern": "/a/*",
                    "target_origin_id": "a",
                    "viewer_protocol_policy": "https-only",
                    "allowed_methods": ["GET"],
                    "cached_methods": ["GET"],
                }
            ],
            "restrictions": {"geo_restriction": {"restriction_type": "none"}},
            "viewer_certificate": {"cloudfront_default_certificate": True},
        },
    ),
    (
        "OriginRequestPolicy",
        "cloudfront.OriginRequestPolicy",
        {
            "name": "x",
            "cookies_config": {"cookie_behavior": "all"},
            "headers_config": {"header_behavior": "allExcept", "headers": {"items": ["Host"]}},
            "query_strings_config": {"query_string_behavior": "all"},
        },
    ),
    (
        "Certificate",
        "acm.Certificate",
        {
            "region": "us-east-1",
            "domain_name": "a.test",
            "subject_alternative_names": ["b.test"],
            "validation_method": "DNS",
            "tags": {"a_b": "c"},
        },
    ),
    (
        "CertificateValidation",
        "acm.CertificateValidation",
        {"region": "us-east-1", "certificate_arn": "a", "validation_record_fqdns": ["b"]},
    ),
    (
        "Record",
        "route53.Record",
        {
            "zone_id": "Z",
            "name": "a.test",
            "type": "A",
            "allow_overwrite": True,
            "aliases": [{"name": "b", "zone_id": "Y", "evaluate_target_health": False}],
        },
    ),
    (
        "LogDeliverySource",
        "cloudwatch.LogDeliverySource",
        {"region": "us-east-1", "name": "x", "log_type": "ACCESS_LOGS", "resource_arn": "a"},
    ),
    (
        "LogDeliveryDestination",
        "cloudwatch.LogDeliveryDestination",
        {
            "name": "x",
            "output_format": "parquet",
            "delivery_destination_configuration": {"destination_resource_arn": "a"},
        },
    ),
    (
        "LogDelivery",
        "cloudwatch.LogDelivery",
        {
            "delivery_source_name": "x",
            "delivery_destination_arn": "a",
            "record_fields": ["date"],
            "s3_delivery_configurations": [{"suffix_path": "b", "enable_hive_compatible_path": False}],
        },
    ),
    ("Policy", "iam.Policy", {"name": "x", "description": "y", "policy": "{}"}),
    (
        "IpSet",
        "wafv2.IpSet",
        {"name": "x", "scope": "CLOUDFRONT", "ip_address_version": "IPV4", "addresses": [], "region": "us-east-1"},
    ),
    (
        "WebAcl",
        "wafv2.WebAcl",
        {
            "name": "x",
            "scope": "CLOUDFRONT",
            "default_action": {"allow": {}},
            "visibility_config": {
                "cloudwatch_metrics_enabled": True,
                "metric_name": "x",
                "sampled_requests_enabled": True,
            },
            "rules": [
                {
                    "name": "a",
                    "priority": 0,
                    "action": {"block": {}},
                    "statement": {"ip_set_reference_statement": {"arn": "b"}},
                    "visibility_config": {
                        "cloudwatch_metrics_enabled": True,
                        "metric_name": "a",
                        "sampled_requests_enabled": True,
                    },
                },
                {
                    "name": "c",
                    "priority": 1,
                    "override_action": {"none": {}},
                    "statement": {
                        "managed_rule_group_statement": {
                            "vendor_name": "AWS",
                            "name": "c",
                            "rule_action_overrides": [{"name": "d", "action_to_use": {"count": {}}}],
                        }
                    },
                    "visibility_config": {
                        "cloudwatch_metrics_enabled": True,
                        "metric_name": "c",
                        "sampled_requests_enabled": True,
                    },
                },
                {
                    "name": "e",
                    "priority": 2,
                    "action": {"block": {}},
                    "statement": {
                        "rate_based_statement": {
                            "limit": 100,
                            "aggregate_key_type": "IP",
                            "evaluation_window_sec": 300,
                        }
                    },
                    "visibility_config": {
                        "cloudwatch_metrics_enabled": True,
                        "metric_name": "e",
                        "sampled_requests_enabled": True,
                    },
                },
            ],
        },
    ),
    ("Secret", "secretsmanager.Secret", {"name": "x", "recovery_window_in_days": 7}),
    ("SecretVersion", "secretsmanager.SecretVersion", {"secret_id": "x", "secret_string": "y"}),
    ("Role", "iam.Role", {"name": "x", "assume_role_policy": "{}", "max_session_duration": 3600}),
    ("RolePolicy", "iam.RolePolicy", {"name": "x", "role": "r", "policy": "{}"}),
    ("Key", "kms.Key", {"description": "x", "enable_key_rotation": True, "deletion_window_in_days": 7}),
    ("KeyAlias", "kms.Alias", {"name": "alias/x", "target_key_id": "y"}),
    ("LogGroup", "cloudwatch.LogGroup", {"name": "x", "retention_in_days": 30, "tags": {"a": "b"}}),
    (
        "LogMetricFilter",
        "cloudwatch.LogMetricFilter",
        {
            "name": "x",
            "log_group_name": "y",
            "pattern": "{ $.status >= 500 }",
            "metric_transformation": {
                "name": "Errors",
                "namespace": "n",
                "value": "1",
                "dimensions": {"the_service": "$.service"},
            },
        },
    ),
    (
        "CompositeAlarm",
        "cloudwatch.CompositeAlarm",
        {"alarm_name": "x", "alarm_rule": "ALARM(y)", "alarm_actions": ["t"], "ok_actions": ["t"], "tags": {"a": "b"}},
    ),
    ("Dashboard", "cloudwatch.Dashboard", {"dashboard_name": "x", "dashboard_body": "{}"}),
    (
        "MetricAlarm",
        "cloudwatch.MetricAlarm",
        {
            "name": "x",
            "comparison_operator": "GreaterThanThreshold",
            "evaluation_periods": 3,
            "threshold": 0.5,
            "metric_queries": [
                {
                    "id": "a",
                    "metric": {
                        "metric_name": "m",
                        "namespace": "n",
                        "period": 60,
                        "stat": "Average",
                        "dimensions": {"CacheClusterId": "redis-001"},
                    },
                },
                {"id": "worst", "expression": "MAX([a])", "return_data": True},
            ],
        },
    ),
    ("Topic", "sns.Topic", {"name": "x", "kms_master_key_id": "k"}),
    ("TopicSubscription", "sns.TopicSubscription", {"topic": "t", "protocol": "email", "endpoint": "a@b.example"}),
    ("DefaultSecurityGroup", "ec2.DefaultSecurityGroup", {"vpc_id": "vpc-1", "ingress": [], "egress": []}),
    ("ElasticIp", "ec2.Eip", {"domain": "vpc", "tags": {"a_b": "c"}}),
    ("NatGateway", "ec2.NatGateway", {"subnet_id": "s-1", "allocation_id": "e-1"}),
    (
        "FlowLog",
        "ec2.FlowLog",
        {"vpc_id": "vpc-1", "traffic_type": "ALL", "log_destination": "l", "iam_role_arn": "r"},
    ),
    ("TopicPolicy", "sns.TopicPolicy", {"arn": "t", "policy": "{}"}),
    ("BackupVault", "backup.Vault", {"name": "x", "kms_key_arn": "k", "force_destroy": False, "tags": {"a_b": "c"}}),
    ("BackupVaultLock", "backup.VaultLockConfiguration", {"backup_vault_name": "x", "min_retention_days": 7}),
    ("BackupVaultPolicy", "backup.VaultPolicy", {"backup_vault_name": "x", "policy": "{}"}),
    (
        "BackupVaultNotifications",
        "backup.VaultNotifications",
        {"backup_vault_name": "x", "sns_topic_arn": "t", "backup_vault_events": ["COPY_JOB_FAILED"]},
    ),
    (
        "BackupPlan",
        "backup.Plan",
        {
            "name": "x",
            "rules": [
                {
                    "rule_name": "daily",
                    "target_vault_name": "v",
                    "schedule": "cron(0 5 ? * * *)",
                    "start_window": 60,
                    "completion_window": 180,
                    "enable_continuous_backup": True,
                    "lifecycle": {"cold_storage_after": 30, "delete_after": 120},
                    "copy_actions": [{"destination_vault_arn": "arn", "lifecycle": {"delete_after": 35}}],
                    "recovery_point_tags": {"my_stack": "prod"},
                }
            ],
        },
    ),
    (
        "BackupSelection",
        "backup.Selection",
        {
            "name": "x",
            "plan_id": "p",
            "iam_role_arn": "r",
            "resources": ["*"],
            "conditions": [{"string_equals": [{"key": "aws:ResourceTag/a_b", "value": "c_d"}]}],
        },
    ),
    ("OpenIdConnectProvider", "iam.OpenIdConnectProvider", {"url": "https://x", "client_id_lists": ["a"]}),
]


def test_every_class_has_a_sample() -> None:
    assert sorted(name for name, _, _ in SAMPLES) == sorted(aws.__all__)


@pytest.mark.parametrize(("name", "generated", "properties"), SAMPLES, ids=[name for name, _, _ in SAMPLES])
def test_it_registers_what_the_generated_class_registers(
    record: Callable[..., Any], name: str, generated: str, properties: dict[str, Any]
) -> None:
    """Same type, same inputs with the same secrets, same provider version."""
    package, _, cls = generated.partition(".")
    # From its own module: what a package shows depends on which of its modules were imported before.
    theirs_class = getattr(importlib.import_module(f"pulumi_aws.{package}.{snake(cls)}"), cls)
    ours = record(lambda: getattr(aws, name)("sample", **properties)).resources[0]
    theirs = record(lambda: theirs_class("sample", **properties)).resources[0]
    assert ours.type == theirs.type
    assert ours.raw == theirs.raw
    assert ours.version == theirs.version
    assert set(ours.secret_outputs) == set(theirs.secret_outputs)


_SELECTOR = {"matchLabels": {"app.kubernetes.io/name": "sample"}}
KINDS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("v1", "Namespace", "core.v1", {}),
    ("v1", "ServiceAccount", "core.v1", {}),
    ("v1", "ConfigMap", "core.v1", {"data": {"ca.pem": "x"}}),
    ("v1", "Secret", "core.v1", {"type": "Opaque"}),
    ("v1", "Service", "core.v1", {"spec": {"selector": {"a": "b"}, "ports": [{"port": 80, "targetPort": "http"}]}}),
    ("apps/v1", "Deployment", "apps.v1", {"spec": {"selector": _SELECTOR, "template": {"spec": {"containers": []}}}}),
    ("policy/v1", "PodDisruptionBudget", "policy.v1", {"spec": {"maxUnavailable": 1, "selector": _SELECTOR}}),
    ("autoscaling/v2", "HorizontalPodAutoscaler", "autoscaling.v2", {"spec": {"minReplicas": 2, "maxReplicas": 3}}),
    ("networking.k8s.io/v1", "NetworkPolicy", "networking.v1", {"spec": {"podSelector": {}}}),
]


@pytest.mark.parametrize(("api", "kind", "module", "body"), KINDS, ids=[kind for _, kind, _, _ in KINDS])
def test_a_manifest_registers_what_the_generated_class_registers(
    record: Callable[..., Any], api: str, kind: str, module: str, body: dict[str, Any]
) -> None:
    cls = getattr(importlib.import_module(f"pulumi_kubernetes.{module}"), kind)
    content = {"metadata": {"name": "sample", "labels": {"app.kubernetes.io/name": "sample"}}, **body}
    ours = record(lambda: KubernetesObject("sample", {"apiVersion": api, "kind": kind, **content})).resources[0]
    theirs = record(lambda: cls("sample", **content)).resources[0]
    assert ours.type == theirs.type == type_token(api, kind)
    assert ours.inputs == theirs.inputs
    assert ours.version == theirs.version
    assert set(ours.secret_outputs) == set(theirs.secret_outputs)


def test_outputs_are_found_under_their_python_names_and_others_are_not(record: Callable[..., Any]) -> None:
    def build() -> pulumi.Output[str]:
        group = aws.ReplicationGroup("sample", description="x")
        with pytest.raises(AttributeError, match="nonsense"):
            _ = group.nonsense  # type: ignore[attr-defined]
        return group.primary_endpoint_address

    assert record(build).result == "primary.test"


def test_keys_of_the_users_own_maps_are_left_alone() -> None:
    assert wire([{"max_ttl": 1, "tags": {"my_key": "my_value"}}]) == [{"maxTtl": 1, "tags": {"my_key": "my_value"}}]
    assert to_camel("cidr_ipv4") == "cidrIpv4"
