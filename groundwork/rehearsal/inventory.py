"""What really exists on the local platform: read from the AWS endpoint and the cluster, not from the engine's state."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from local.network.plan import PLAN
from local.paths import Paths
from local.toolchain import find

_KINDS = (
    "namespaces",
    "deployments",
    "services",
    "configmaps",
    "secrets",
    "serviceaccounts",
    "poddisruptionbudgets",
    "horizontalpodautoscalers",
    "networkpolicies",
)


@dataclass(frozen=True)
class World:
    """What exists at one moment.

    Attributes:
        aws: As `kind/name`.
        cluster: As `kind/namespace/name`.
    """

    aws: frozenset[str]
    cluster: frozenset[str]

    def beyond(self, before: World) -> list[str]:
        """What exists here and did not then."""
        return sorted((self.aws - before.aws) | (self.cluster - before.cluster))


def world(paths: Paths) -> World:
    """Take stock of the endpoint and the cluster."""
    return World(frozenset(aws_inventory()), frozenset(cluster_inventory(find("kubectl", paths), paths.kubeconfig)))


def client(service: str, region: str = PLAN.region) -> Any:
    """A client of the local platform's endpoint."""
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=PLAN.aws_url,
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def aws_inventory() -> set[str]:
    """Everything in the account that a stack can make, as `kind/name`; default VPC and its parts left out."""
    ec2, cache, rds = client("ec2"), client("elasticache"), client("rds")
    vpcs = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    inside = [{"Name": "vpc-id", "Values": vpcs}]
    found = {f"vpc/{vpc}" for vpc in vpcs}
    if vpcs:
        found |= {f"subnet/{item['SubnetId']}" for item in ec2.describe_subnets(Filters=inside)["Subnets"]}
        groups = ec2.describe_security_groups(Filters=inside)["SecurityGroups"]
        found |= {f"security-group/{item['GroupId']}" for item in groups if item["GroupName"] != "default"}
        tables = ec2.describe_route_tables(Filters=inside)["RouteTables"]
        found |= {f"route-table/{t['RouteTableId']}" for t in tables if not any(a["Main"] for a in t["Associations"])}
    gateways = ec2.describe_internet_gateways()["InternetGateways"]
    found |= {f"internet-gateway/{item['InternetGatewayId']}" for item in gateways}
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    found |= {f"vpc-endpoint/{item['VpcEndpointId']}" for item in endpoints if item["State"] != "deleted"}
    found |= _names("replication-group", cache.describe_replication_groups()["ReplicationGroups"], "ReplicationGroupId")
    found |= _names("cache-subnets", cache.describe_cache_subnet_groups()["CacheSubnetGroups"], "CacheSubnetGroupName")
    parameters = cache.describe_cache_parameter_groups()["CacheParameterGroups"]
    found |= {
        name for name in _names("cache-parameters", parameters, "CacheParameterGroupName") if "/default." not in name
    }
    found |= _names("db-instance", rds.describe_db_instances()["DBInstances"], "DBInstanceIdentifier")
    found |= _names("db-proxy", rds.describe_db_proxies()["DBProxies"], "DBProxyName")
    found |= _names("db-subnets", rds.describe_db_subnet_groups()["DBSubnetGroups"], "DBSubnetGroupName")
    parameters = rds.describe_db_parameter_groups()["DBParameterGroups"]
    found |= {name for name in _names("db-parameters", parameters, "DBParameterGroupName") if "/default." not in name}
    found |= _names("bucket", client("s3").list_buckets()["Buckets"], "Name")
    found |= _names("secret", client("secretsmanager").list_secrets()["SecretList"], "Name")
    found |= _names("role", client("iam").list_roles()["Roles"], "RoleName")
    providers = client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    found |= _names("oidc-provider", providers, "Arn")
    found |= _names("log-group", client("logs").describe_log_groups()["logGroups"], "logGroupName")
    found |= _names("topic", client("sns").list_topics()["Topics"], "TopicArn")
    alarms = client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    found |= _names("alarm", [*alarms["MetricAlarms"], *alarms["CompositeAlarms"]], "AlarmName")
    found |= _names("metric-filter", client("logs").describe_metric_filters()["metricFilters"], "filterName")
    found |= _names("dashboard", client("cloudwatch").list_dashboards()["DashboardEntries"], "DashboardName")
    found |= _names("state-machine", client("stepfunctions").list_state_machines()["stateMachines"], "name")
    found |= _names("schedule", client("scheduler").list_schedules()["Schedules"], "Name")
    found |= _names("backup-vault", client("backup").list_backup_vaults()["BackupVaultList"], "BackupVaultName")
    found |= _names("backup-plan", client("backup").list_backup_plans()["BackupPlansList"], "BackupPlanName")
    keys = client("kms").list_keys()["Keys"]
    found |= {f"key/{key['KeyId']}" for key in keys if _is_in_use(key["KeyId"])}
    found |= _names("policy", client("iam").list_policies(Scope="Local")["Policies"], "PolicyName")
    return found | _cloudfront_inventory() | _edge_inventory()


def _edge_inventory() -> set[str]:
    """What belongs to a distribution and lives in us-east-1."""
    waf, logs = client("wafv2", "us-east-1"), client("logs", "us-east-1")
    found = _names("web-acl", waf.list_web_acls(Scope="CLOUDFRONT")["WebACLs"], "Name")
    found |= _names("ip-set", waf.list_ip_sets(Scope="CLOUDFRONT")["IPSets"], "Name")
    found |= _names("log-source", logs.describe_delivery_sources()["deliverySources"], "name")
    found |= _names("log-destination", logs.describe_delivery_destinations()["deliveryDestinations"], "name")
    return found | _names("log-delivery", logs.describe_deliveries()["deliveries"], "id")


def _cloudfront_inventory() -> set[str]:
    front = client("cloudfront")
    found = _names("distribution", front.list_distributions()["DistributionList"].get("Items", []), "Id")
    controls = front.list_origin_access_controls()["OriginAccessControlList"].get("Items", [])
    found |= _names("origin-access-control", controls, "Id")
    caching = front.list_cache_policies(Type="custom")["CachePolicyList"].get("Items", [])
    found |= {f"cache-policy/{item['CachePolicy']['Id']}" for item in caching}
    asking = front.list_origin_request_policies(Type="custom")["OriginRequestPolicyList"].get("Items", [])
    found |= {f"origin-request-policy/{item['OriginRequestPolicy']['Id']}" for item in asking}
    headers = front.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"].get("Items", [])
    return found | {f"response-headers-policy/{item['ResponseHeadersPolicy']['Id']}" for item in headers}


def _is_in_use(key: str) -> bool:
    metadata = client("kms").describe_key(KeyId=key)["KeyMetadata"]
    return bool(metadata["KeyManager"] == "CUSTOMER" and metadata["KeyState"] != "PendingDeletion")


def _names(kind: str, items: list[dict[str, Any]], key: str) -> set[str]:
    return {f"{kind}/{item[key]}" for item in items}


def cluster_inventory(kubectl: Path, kubeconfig: Path) -> set[str]:
    """Every namespace, and every object of the kinds that a stack makes, as `kind/namespace/name`."""
    kinds = ",".join(_KINDS)
    answer = subprocess.run(
        [kubectl, "--kubeconfig", kubeconfig, "get", kinds, "--all-namespaces", "--output", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    items = json.loads(answer.stdout)["items"]
    return {f"{i['kind']}/{i['metadata'].get('namespace', '')}/{i['metadata']['name']}" for i in items}
