"""Which CloudFormation type each AWS type of ours is, where its properties are called otherwise, and what has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Values = Mapping[str, Any]

_NOW_OR_LATER = "CloudFormation decides when a change is made"
_AT_DELETION = "in CloudFormation, a deletion policy of the template"
_OWN_NAME = "CloudFormation makes the name up"


@dataclass(frozen=True)
class Counterpart:
    """A CloudFormation type.

    Attributes:
        type: Its name.
        names: Paths of ours to names of its, where they differ by more than case.
        without: Properties that it has no place for, and why.
        documents: Paths of JSON texts that it takes as objects.
        unlinted: cfn-lint does not look at the documents of this type: it is shown them as a key's policy.
        reshape: First change of our properties, where the form differs.
        identified_by: The property that parts name it by.
        part_of: The type of ours that this is a setting of: CloudFormation has it there.
        key: The property that names the owner.
    """

    type: str
    names: Mapping[str, str] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    documents: Sequence[str] = ()
    unlinted: bool = False
    reshape: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    identified_by: str = ""
    part_of: str = ""
    key: str = ""


UNMAPPED: Mapping[str, str] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "AWS makes it, and CloudFormation leaves it as it is",
    "aws:acm/certificateValidation:CertificateValidation": "waits, and makes nothing at AWS",
    "aws:s3/bucketObjectv2:BucketObjectv2": "CloudFormation makes buckets and puts nothing into them",
    "aws:secretsmanager/secretVersion:SecretVersion": "a secret's value, a text; CloudFormation has it in the secret",
}
"""Types that CloudFormation does not have, with the reason."""


def _wrapped(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda wanted: {name: wanted}


def _parameter_map(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def reshape(wanted: dict[str, Any]) -> dict[str, Any]:
        listed = wanted.pop("parameters", [])
        return {**wanted, name: {item["name"]: item["value"] for item in listed}}

    return reshape


def _of_vault(**more: Any) -> Counterpart:
    return Counterpart("AWS::Backup::BackupVault", part_of="aws:backup/vault:Vault", key="backupVaultName", **more)


def _plan(wanted: dict[str, Any]) -> dict[str, Any]:
    def kept(days: Values) -> dict[str, Any]:
        names = {"deleteAfter": "DeleteAfterDays", "coldStorageAfter": "MoveToColdStorageAfterDays"}
        return {names.get(name, name): value for name, value in days.items()}

    rules = []
    for rule in wanted["rules"]:
        rule["lifecycle"] = kept(rule.get("lifecycle", {}))
        if "copyActions" in rule:
            rule["copyActions"] = [
                {"DestinationBackupVaultArn": copy["destinationVaultArn"], "Lifecycle": kept(copy.get("lifecycle", {}))}
                for copy in rule["copyActions"]
            ]
        rules.append(rule)
    return {
        "BackupPlan": {"BackupPlanName": wanted["name"], "BackupPlanRule": rules},
        "BackupPlanTags": wanted.get("tags"),
    }


def _selection(wanted: dict[str, Any]) -> dict[str, Any]:
    conditions: dict[str, Any] = {}
    for condition in wanted.get("conditions", []):
        for operator, pairs in condition.items():
            conditions[operator] = [{"ConditionKey": pair["key"], "ConditionValue": pair["value"]} for pair in pairs]
    chosen = {"SelectionName": wanted["name"], "IamRoleArn": wanted["iamRoleArn"], "Resources": wanted["resources"]}
    return {
        "BackupPlanId": wanted["planId"],
        "BackupSelection": {**chosen, **({"Conditions": conditions} if conditions else {})},
    }


def _metric_filter(wanted: dict[str, Any]) -> dict[str, Any]:
    change = wanted.pop("metricTransformation")
    named = {"name": "MetricName", "namespace": "MetricNamespace", "value": "MetricValue"}
    made = {named.get(name, name): value for name, value in change.items()}
    if "dimensions" in made:
        made["dimensions"] = [{"Key": name, "Value": value} for name, value in made["dimensions"].items()]
    return {**wanted, "MetricTransformations": [made]}


def _flow_log(wanted: dict[str, Any]) -> dict[str, Any]:
    network = wanted.pop("vpcId")
    return {**wanted, "ResourceId": network, "ResourceType": "VPC"}


def _datastore(wanted: dict[str, Any]) -> dict[str, Any]:
    primary = wanted.pop("primaryReplicationGroupId")
    return {**wanted, "Members": [{"ReplicationGroupId": primary, "Role": "PRIMARY"}]}


def _target_group(wanted: dict[str, Any]) -> dict[str, Any]:
    return {**wanted, "TargetGroupName": "default"}


def _topic_policy(wanted: dict[str, Any]) -> dict[str, Any]:
    topic = wanted.pop("arn")
    return {**wanted, "Topics": [topic]}


def _bucket_part(names: Mapping[str, str] | None = None, **more: Any) -> Counterpart:
    return Counterpart("AWS::S3::Bucket", names or {}, part_of="aws:s3/bucket:Bucket", key="bucket", **more)


def _lifecycle(wanted: dict[str, Any]) -> dict[str, Any]:
    rules = []
    for rule in wanted["rules"]:
        known = dict(rule)
        expiration = known.pop("expiration", {})
        known |= {
            name: expiration[key]
            for key, name in (
                ("days", "ExpirationInDays"),
                ("expiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
            )
            if key in expiration
        }
        current = known.pop("filter", {})
        if current.get("prefix"):
            known["prefix"] = current["prefix"]
        for place in ("transitions", "noncurrentVersionTransitions"):
            for step in known.get(place, []):
                step["TransitionInDays"] = step.pop("days" if place == "transitions" else "noncurrentDays")
        rules.append(known)
    return {"LifecycleConfiguration": {"Rules": rules}}


def _notification(wanted: dict[str, Any]) -> dict[str, Any]:
    def told(items: Sequence[Values], arn: str, to: str) -> list[dict[str, Any]]:
        found = []
        for item in items:
            rules = [
                {"Name": name, "Value": item[key]}
                for key, name in (("filterPrefix", "prefix"), ("filterSuffix", "suffix"))
                if item.get(key)
            ]
            named = {to: item[arn], **({"Filter": {"S3Key": {"Rules": rules}}} if rules else {})}
            # CloudFormation has an entry for each event.
            found += [{"Event": event, **named} for event in item["events"]]
        return found

    place: dict[str, Any] = {
        "QueueConfigurations": told(wanted.get("queues", []), "queueArn", "Queue"),
        "TopicConfigurations": told(wanted.get("topics", []), "topicArn", "Topic"),
    }
    if wanted.get("eventbridge"):
        place["EventBridgeConfiguration"] = {"EventBridgeEnabled": True}
    return {"NotificationConfiguration": {key: value for key, value in place.items() if value}}


def _inventory(wanted: dict[str, Any]) -> dict[str, Any]:
    target = wanted["destination"]["bucket"]
    encrypted = target.get("encryption") or {}
    if set(encrypted) - {"sseS3"}:
        raise ValueError("CloudFormation has no place for an inventory's own key")
    return {
        "InventoryConfigurations": [
            {
                "Id": wanted["name"],
                "Enabled": wanted.get("enabled", True),
                "IncludedObjectVersions": wanted["includedObjectVersions"],
                "OptionalFields": wanted.get("optionalFields", []),
                "ScheduleFrequency": wanted["schedule"]["frequency"],
                "Destination": {"BucketArn": target["bucketArn"], "Format": target["format"],
                                "Prefix": target["prefix"]},
            }
        ]
    }  # fmt: skip


def _replication_group(wanted: dict[str, Any]) -> dict[str, Any]:
    for item in wanted.get("logDeliveryConfigurations", []):
        item["DestinationDetails"] = {"CloudWatchLogsDetails": {"LogGroup": item.pop("destination")}}
    return wanted


def _instance(wanted: dict[str, Any]) -> dict[str, Any]:
    moment = wanted.pop("restoreToPointInTime", {})
    # What comes from the source: the provider compares the state with it, and sets the password afterwards.
    taken = ("storageEncrypted", "kmsKeyId", "username", "password") if moment else ("storageEncrypted",)
    for name in taken if moment or "replicateSourceDb" in wanted else ():
        wanted.pop(name, None)
    return {**wanted, **moment}


def _origin_request(wanted: dict[str, Any]) -> dict[str, Any]:
    for place, key in (
        ("headersConfig", "headers"),
        ("cookiesConfig", "cookies"),
        ("queryStringsConfig", "queryStrings"),
    ):
        if key in wanted[place]:
            wanted[place][key] = wanted[place][key]["items"]
    return {"OriginRequestPolicyConfig": wanted}


def _counted(items: Sequence[Any]) -> dict[str, Any]:
    return {"Quantity": len(items), "Items": list(items)}


def _distribution(wanted: dict[str, Any]) -> dict[str, Any]:
    tags = wanted.pop("tags", None)
    if groups := wanted.pop("originGroups", None):
        wanted["OriginGroups"] = _counted(
            [
                {
                    "Id": group["originId"],
                    "FailoverCriteria": {"StatusCodes": _counted(group["failoverCriteria"]["statusCodes"])},
                    "Members": _counted(group["members"]),
                }
                for group in groups
            ]
        )
    return {"DistributionConfig": wanted, "tags": tags}


def _delivery_destination(wanted: dict[str, Any]) -> dict[str, Any]:
    inner = wanted.pop("deliveryDestinationConfiguration")
    return {**wanted, **inner}


def _delivery(wanted: dict[str, Any]) -> dict[str, Any]:
    [inner] = wanted.pop("s3DeliveryConfigurations")
    return {**wanted, "S3SuffixPath": inner["suffixPath"],
            "S3EnableHiveCompatiblePath": inner["enableHiveCompatiblePath"]}  # fmt: skip


def _alarm(wanted: dict[str, Any]) -> dict[str, Any]:
    for query in wanted.get("metricQueries", []):
        if metric := query.pop("metric", None):
            query["MetricStat"] = {
                "Metric": {
                    "Namespace": metric["namespace"],
                    "MetricName": metric["metricName"],
                    "Dimensions": _dimensions(metric["dimensions"]),
                },
                "Period": metric["period"],
                "Stat": metric["stat"],
            }
    if "dimensions" in wanted:
        wanted["dimensions"] = _dimensions(wanted["dimensions"])
    return wanted


def _dimensions(named: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in named.items()]


def _record(wanted: dict[str, Any]) -> dict[str, Any]:
    if aliases := wanted.pop("aliases", None):
        [alias] = aliases
        wanted["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    return wanted


COUNTERPARTS: Mapping[str, Counterpart] = {
    "aws:backup/plan:Plan": Counterpart(
        "AWS::Backup::BackupPlan",
        {
            "BackupPlan.BackupPlanRule.targetVaultName": "TargetBackupVault",
            "BackupPlan.BackupPlanRule.schedule": "ScheduleExpression",
            "BackupPlan.BackupPlanRule.startWindow": "StartWindowMinutes",
            "BackupPlan.BackupPlanRule.completionWindow": "CompletionWindowMinutes",
        },
        reshape=_plan,
    ),
    "aws:backup/selection:Selection": Counterpart("AWS::Backup::BackupSelection", reshape=_selection),
    "aws:backup/vault:Vault": Counterpart(
        "AWS::Backup::BackupVault",
        {"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn", "tags": "BackupVaultTags"},
        without={"forceDestroy": "CloudFormation never empties a vault"},
        identified_by="name",
    ),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": _of_vault(reshape=_wrapped("LockConfiguration")),
    "aws:backup/vaultNotifications:VaultNotifications": _of_vault(reshape=_wrapped("Notifications")),
    "aws:backup/vaultPolicy:VaultPolicy": _of_vault(
        names={"policy": "AccessPolicy"}, documents=("policy",), unlinted=True
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": Counterpart("AWS::CloudWatch::CompositeAlarm"),
    "aws:cloudwatch/dashboard:Dashboard": Counterpart("AWS::CloudWatch::Dashboard"),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Counterpart(
        "AWS::Logs::MetricFilter", {"name": "FilterName", "pattern": "FilterPattern"}, reshape=_metric_filter
    ),
    "aws:ec2/eip:Eip": Counterpart("AWS::EC2::EIP"),
    "aws:ec2/flowLog:FlowLog": Counterpart(
        "AWS::EC2::FlowLog", {"iamRoleArn": "DeliverLogsPermissionArn"}, reshape=_flow_log
    ),
    "aws:ec2/natGateway:NatGateway": Counterpart("AWS::EC2::NatGateway"),
    "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup": Counterpart(
        "AWS::ElastiCache::GlobalReplicationGroup", reshape=_datastore
    ),
    "aws:elasticache/user:User": Counterpart("AWS::ElastiCache::User"),
    "aws:elasticache/userGroup:UserGroup": Counterpart("AWS::ElastiCache::UserGroup"),
    "aws:rds/proxy:Proxy": Counterpart("AWS::RDS::DBProxy", {"name": "DBProxyName", "auths": "Auth"}),
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": Counterpart(
        "AWS::RDS::DBProxyTargetGroup",
        {"connectionPoolConfig": "ConnectionPoolConfigurationInfo"},
        reshape=_target_group,
        identified_by="dbProxyName",
    ),
    "aws:rds/proxyTarget:ProxyTarget": Counterpart(
        "AWS::RDS::DBProxyTargetGroup",
        without={"targetGroupName": "the one that it is a part of"},
        reshape=lambda wanted: {"DBInstanceIdentifiers": [wanted["dbInstanceIdentifier"]]},
        part_of="aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",
        key="dbProxyName",
    ),
    "aws:scheduler/schedule:Schedule": Counterpart("AWS::Scheduler::Schedule"),
    "aws:sfn/stateMachine:StateMachine": Counterpart(
        "AWS::StepFunctions::StateMachine",
        {"name": "StateMachineName", "definition": "DefinitionString", "type": "StateMachineType"},
    ),
    "aws:sns/topicPolicy:TopicPolicy": Counterpart(
        "AWS::SNS::TopicPolicy", {"policy": "PolicyDocument"}, documents=("policy",), reshape=_topic_policy
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Counterpart(
        "AWS::EC2::SecurityGroupEgress",
        {
            "securityGroupId": "GroupId",
            "cidrIpv4": "CidrIp",
            "referencedSecurityGroupId": "DestinationSecurityGroupId",
        },
        without={"tags": "CloudFormation tags the group alone"},
    ),
    "aws:acm/certificate:Certificate": Counterpart("AWS::CertificateManager::Certificate"),
    "aws:cloudfront/cachePolicy:CachePolicy": Counterpart(
        "AWS::CloudFront::CachePolicy", reshape=_wrapped("CachePolicyConfig")
    ),
    "aws:cloudfront/distribution:Distribution": Counterpart(
        "AWS::CloudFront::Distribution",
        {
            "DistributionConfig.isIpv6Enabled": "IPV6Enabled",
            "DistributionConfig.orderedCacheBehaviors": "CacheBehaviors",
            "DistributionConfig.origins.originId": "Id",
        },
        without={"waitForDeployment": "CloudFormation always waits"},
        reshape=_distribution,
    ),
    "aws:cloudfront/originAccessControl:OriginAccessControl": Counterpart(
        "AWS::CloudFront::OriginAccessControl", reshape=_wrapped("OriginAccessControlConfig")
    ),
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": Counterpart(
        "AWS::CloudFront::OriginRequestPolicy", reshape=_origin_request
    ),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": Counterpart(
        "AWS::CloudFront::ResponseHeadersPolicy", reshape=_wrapped("ResponseHeadersPolicyConfig")
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": Counterpart("AWS::Logs::Delivery", reshape=_delivery),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": Counterpart(
        "AWS::Logs::DeliveryDestination", reshape=_delivery_destination
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": Counterpart("AWS::Logs::DeliverySource"),
    "aws:cloudwatch/logGroup:LogGroup": Counterpart("AWS::Logs::LogGroup", {"name": "LogGroupName"}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Counterpart(
        "AWS::CloudWatch::Alarm", {"name": "AlarmName", "metricQueries": "Metrics"}, reshape=_alarm
    ),
    "aws:ec2/internetGateway:InternetGateway": Counterpart(
        "AWS::EC2::InternetGateway", without={"vpcId": "attached by a resource of its own"}
    ),
    "aws:ec2/route:Route": Counterpart("AWS::EC2::Route"),
    "aws:ec2/routeTable:RouteTable": Counterpart("AWS::EC2::RouteTable"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Counterpart("AWS::EC2::SubnetRouteTableAssociation"),
    "aws:ec2/securityGroup:SecurityGroup": Counterpart(
        "AWS::EC2::SecurityGroup", {"name": "GroupName", "description": "GroupDescription"}
    ),
    "aws:ec2/subnet:Subnet": Counterpart("AWS::EC2::Subnet"),
    "aws:ec2/vpc:Vpc": Counterpart("AWS::EC2::VPC"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Counterpart(
        "AWS::EC2::VPCEndpoint", {"policy": "PolicyDocument"}, documents=("policy",), unlinted=True
    ),
    "aws:elasticache/parameterGroup:ParameterGroup": Counterpart(
        "AWS::ElastiCache::ParameterGroup",
        {"family": "CacheParameterGroupFamily"},
        without={"name": _OWN_NAME},
        reshape=_parameter_map("Properties"),
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": Counterpart(
        "AWS::ElastiCache::ReplicationGroup",
        {
            "description": "ReplicationGroupDescription",
            "nodeType": "CacheNodeType",
            "parameterGroupName": "CacheParameterGroupName",
            "subnetGroupName": "CacheSubnetGroupName",
            "maintenanceWindow": "PreferredMaintenanceWindow",
        },
        without={
            "applyImmediately": _NOW_OR_LATER,
            "authTokenUpdateStrategy": "CloudFormation always rotates",
            "finalSnapshotIdentifier": _AT_DELETION,
        },
        reshape=_replication_group,
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": Counterpart(
        "AWS::ElastiCache::SubnetGroup", {"name": "CacheSubnetGroupName"}
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Counterpart(
        "AWS::IAM::OIDCProvider", {"clientIdLists": "ClientIdList"}
    ),
    "aws:iam/policy:Policy": Counterpart(
        "AWS::IAM::ManagedPolicy",
        {"name": "ManagedPolicyName", "policy": "PolicyDocument"},
        without={"tags": "CloudFormation does not tag policies"},
        documents=("policy",),
    ),
    "aws:iam/role:Role": Counterpart(
        "AWS::IAM::Role",
        {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
        documents=("assumeRolePolicy",),
    ),
    "aws:iam/rolePolicy:RolePolicy": Counterpart(
        "AWS::IAM::RolePolicy",
        {"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"},
        documents=("policy",),
    ),
    "aws:kms/alias:Alias": Counterpart("AWS::KMS::Alias", {"name": "AliasName"}),
    "aws:kms/key:Key": Counterpart(
        "AWS::KMS::Key",
        {"policy": "KeyPolicy", "deletionWindowInDays": "PendingWindowInDays"},
        documents=("policy",),
    ),
    "aws:rds/instance:Instance": Counterpart(
        "AWS::RDS::DBInstance",
        {
            "identifier": "DBInstanceIdentifier",
            "instanceClass": "DBInstanceClass",
            "caCertIdentifier": "CACertificateIdentifier",
            "password": "MasterUserPassword",
            "username": "MasterUsername",
            "backupWindow": "PreferredBackupWindow",
            "maintenanceWindow": "PreferredMaintenanceWindow",
            "parameterGroupName": "DBParameterGroupName",
            "vpcSecurityGroupIds": "VPCSecurityGroups",
            "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
            "performanceInsightsEnabled": "EnablePerformanceInsights",
            "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
            "replicateSourceDb": "SourceDBInstanceIdentifier",
            "snapshotIdentifier": "DBSnapshotIdentifier",
        },
        without={
            "applyImmediately": _NOW_OR_LATER,
            "finalSnapshotIdentifier": _AT_DELETION,
            "skipFinalSnapshot": _AT_DELETION,
        },
        reshape=_instance,
    ),
    "aws:rds/parameterGroup:ParameterGroup": Counterpart(
        "AWS::RDS::DBParameterGroup", {"name": "DBParameterGroupName"}, reshape=_parameter_map("Parameters")
    ),
    "aws:rds/subnetGroup:SubnetGroup": Counterpart(
        "AWS::RDS::DBSubnetGroup", {"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"}
    ),
    "aws:route53/record:Record": Counterpart(
        "AWS::Route53::RecordSet",
        {"zoneId": "HostedZoneId", "records": "ResourceRecords"},
        without={"allowOverwrite": "what is in CloudFormation's way is in its way"},
        reshape=_record,
    ),
    "aws:s3/bucket:Bucket": Counterpart(
        "AWS::S3::Bucket",
        {"bucket": "BucketName"},
        without={"forceDestroy": "CloudFormation never empties a bucket"},
        identified_by="bucket",
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": _bucket_part(
        {
            "CorsConfiguration.CorsRules.maxAgeSeconds": "MaxAge",
            "CorsConfiguration.CorsRules.exposeHeaders": "ExposedHeaders",
        },
        reshape=lambda wanted: {"CorsConfiguration": {"CorsRules": wanted["corsRules"]}},
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _bucket_part(reshape=_lifecycle),
    "aws:s3/bucketLogging:BucketLogging": _bucket_part(
        {
            "LoggingConfiguration.targetBucket": "DestinationBucketName",
            "LoggingConfiguration.targetPrefix": "LogFilePrefix",
        },
        reshape=_wrapped("LoggingConfiguration"),
    ),
    "aws:s3/bucketNotification:BucketNotification": _bucket_part(reshape=_notification),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": _bucket_part(
        reshape=lambda wanted: {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": wanted["rule"]}},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _bucket_part(
        reshape=lambda wanted: {"OwnershipControls": {"Rules": [wanted["rule"]]}}
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Counterpart(
        "AWS::S3::BucketPolicy", {"policy": "PolicyDocument"}, documents=("policy",)
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _bucket_part(
        reshape=_wrapped("PublicAccessBlockConfiguration")
    ),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": _bucket_part(
        reshape=_wrapped("ReplicationConfiguration")
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _bucket_part(
        {
            "BucketEncryption.ServerSideEncryptionConfiguration.applyServerSideEncryptionByDefault": (
                "ServerSideEncryptionByDefault"
            ),
            "BucketEncryption.ServerSideEncryptionConfiguration.applyServerSideEncryptionByDefault.kmsMasterKeyId": (
                "KMSMasterKeyID"
            ),
        },
        reshape=lambda wanted: {"BucketEncryption": {"ServerSideEncryptionConfiguration": wanted["rules"]}},
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _bucket_part(),
    "aws:s3/inventory:Inventory": _bucket_part(reshape=_inventory),
    "aws:secretsmanager/secret:Secret": Counterpart(
        "AWS::SecretsManager::Secret", without={"recoveryWindowInDays": "CloudFormation deletes at once"}
    ),
    "aws:sns/topic:Topic": Counterpart("AWS::SNS::Topic", {"name": "TopicName"}),
    "aws:sns/topicSubscription:TopicSubscription": Counterpart("AWS::SNS::Subscription", {"topic": "TopicArn"}),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Counterpart(
        "AWS::EC2::SecurityGroupIngress",
        {"securityGroupId": "GroupId", "cidrIpv4": "CidrIp", "referencedSecurityGroupId": "SourceSecurityGroupId"},
        without={"tags": "CloudFormation tags the group alone"},
    ),
    "aws:wafv2/ipSet:IpSet": Counterpart("AWS::WAFv2::IPSet"),
    "aws:wafv2/webAcl:WebAcl": Counterpart("AWS::WAFv2::WebACL"),
}
