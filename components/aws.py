"""The AWS resource types that the components use: typed as in the SDK, registered without loading it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.lean import resource_class

__all__ = [
    "BackupPlan",
    "BackupSelection",
    "BackupVault",
    "BackupVaultLock",
    "BackupVaultNotifications",
    "BackupVaultPolicy",
    "Bucket",
    "BucketCorsConfiguration",
    "BucketInventory",
    "BucketLifecycleConfiguration",
    "BucketLogging",
    "BucketNotification",
    "BucketObject",
    "BucketObjectLockConfiguration",
    "BucketOwnershipControls",
    "BucketPolicy",
    "BucketPublicAccessBlock",
    "BucketReplicationConfig",
    "BucketServerSideEncryptionConfiguration",
    "BucketVersioning",
    "CacheParameterGroup",
    "CachePolicy",
    "CacheSubnetGroup",
    "CacheUser",
    "CacheUserGroup",
    "Certificate",
    "CertificateValidation",
    "CompositeAlarm",
    "Dashboard",
    "DatabaseInstance",
    "DatabaseParameterGroup",
    "DatabaseProxy",
    "DatabaseProxyTarget",
    "DatabaseProxyTargetGroup",
    "DatabaseSubnetGroup",
    "DefaultSecurityGroup",
    "Distribution",
    "ElasticIp",
    "FlowLog",
    "GlobalReplicationGroup",
    "InternetGateway",
    "IpSet",
    "Key",
    "KeyAlias",
    "LogDelivery",
    "LogDeliveryDestination",
    "LogDeliverySource",
    "LogGroup",
    "LogMetricFilter",
    "MetricAlarm",
    "NatGateway",
    "OpenIdConnectProvider",
    "OriginAccessControl",
    "OriginRequestPolicy",
    "Policy",
    "Record",
    "ReplicationGroup",
    "ResponseHeadersPolicy",
    "Role",
    "RolePolicy",
    "Route",
    "RouteTable",
    "RouteTableAssociation",
    "Schedule",
    "Secret",
    "SecretVersion",
    "SecurityGroup",
    "SecurityGroupEgressRule",
    "SecurityGroupIngressRule",
    "StateMachine",
    "Subnet",
    "Topic",
    "TopicPolicy",
    "TopicSubscription",
    "Vpc",
    "VpcEndpoint",
    "WebAcl",
]

if TYPE_CHECKING:
    from pulumi_aws.acm import Certificate as Certificate
    from pulumi_aws.acm import CertificateValidation as CertificateValidation
    from pulumi_aws.backup import Plan as BackupPlan
    from pulumi_aws.backup import Selection as BackupSelection
    from pulumi_aws.backup import Vault as BackupVault
    from pulumi_aws.backup import VaultLockConfiguration as BackupVaultLock
    from pulumi_aws.backup import VaultNotifications as BackupVaultNotifications
    from pulumi_aws.backup import VaultPolicy as BackupVaultPolicy
    from pulumi_aws.cloudfront import CachePolicy as CachePolicy
    from pulumi_aws.cloudfront import Distribution as Distribution
    from pulumi_aws.cloudfront import OriginAccessControl as OriginAccessControl
    from pulumi_aws.cloudfront import OriginRequestPolicy as OriginRequestPolicy
    from pulumi_aws.cloudfront import ResponseHeadersPolicy as ResponseHeadersPolicy
    from pulumi_aws.cloudwatch import CompositeAlarm as CompositeAlarm
    from pulumi_aws.cloudwatch import Dashboard as Dashboard
    from pulumi_aws.cloudwatch import LogDelivery as LogDelivery
    from pulumi_aws.cloudwatch import LogDeliveryDestination as LogDeliveryDestination
    from pulumi_aws.cloudwatch import LogDeliverySource as LogDeliverySource
    from pulumi_aws.cloudwatch import LogGroup as LogGroup
    from pulumi_aws.cloudwatch import LogMetricFilter as LogMetricFilter
    from pulumi_aws.cloudwatch import MetricAlarm as MetricAlarm
    from pulumi_aws.ec2 import DefaultSecurityGroup as DefaultSecurityGroup
    from pulumi_aws.ec2 import Eip as ElasticIp
    from pulumi_aws.ec2 import FlowLog as FlowLog
    from pulumi_aws.ec2 import InternetGateway as InternetGateway
    from pulumi_aws.ec2 import NatGateway as NatGateway
    from pulumi_aws.ec2 import Route as Route
    from pulumi_aws.ec2 import RouteTable as RouteTable
    from pulumi_aws.ec2 import RouteTableAssociation as RouteTableAssociation
    from pulumi_aws.ec2 import SecurityGroup as SecurityGroup
    from pulumi_aws.ec2 import Subnet as Subnet
    from pulumi_aws.ec2 import Vpc as Vpc
    from pulumi_aws.ec2 import VpcEndpoint as VpcEndpoint
    from pulumi_aws.elasticache import GlobalReplicationGroup as GlobalReplicationGroup
    from pulumi_aws.elasticache import ParameterGroup as CacheParameterGroup
    from pulumi_aws.elasticache import ReplicationGroup as ReplicationGroup
    from pulumi_aws.elasticache import SubnetGroup as CacheSubnetGroup
    from pulumi_aws.elasticache import User as CacheUser
    from pulumi_aws.elasticache import UserGroup as CacheUserGroup
    from pulumi_aws.iam import OpenIdConnectProvider as OpenIdConnectProvider
    from pulumi_aws.iam import Policy as Policy
    from pulumi_aws.iam import Role as Role
    from pulumi_aws.iam import RolePolicy as RolePolicy
    from pulumi_aws.kms import Alias as KeyAlias
    from pulumi_aws.kms import Key as Key
    from pulumi_aws.rds import Instance as DatabaseInstance
    from pulumi_aws.rds import ParameterGroup as DatabaseParameterGroup
    from pulumi_aws.rds import Proxy as DatabaseProxy
    from pulumi_aws.rds import ProxyDefaultTargetGroup as DatabaseProxyTargetGroup
    from pulumi_aws.rds import ProxyTarget as DatabaseProxyTarget
    from pulumi_aws.rds import SubnetGroup as DatabaseSubnetGroup
    from pulumi_aws.route53 import Record as Record
    from pulumi_aws.s3 import Bucket as Bucket
    from pulumi_aws.s3 import BucketCorsConfiguration as BucketCorsConfiguration
    from pulumi_aws.s3 import BucketLifecycleConfiguration as BucketLifecycleConfiguration
    from pulumi_aws.s3 import BucketLogging as BucketLogging
    from pulumi_aws.s3 import BucketNotification as BucketNotification
    from pulumi_aws.s3 import BucketObjectLockConfiguration as BucketObjectLockConfiguration
    from pulumi_aws.s3 import BucketObjectv2 as BucketObject
    from pulumi_aws.s3 import BucketOwnershipControls as BucketOwnershipControls
    from pulumi_aws.s3 import BucketPolicy as BucketPolicy
    from pulumi_aws.s3 import BucketPublicAccessBlock as BucketPublicAccessBlock
    from pulumi_aws.s3 import BucketReplicationConfig as BucketReplicationConfig
    from pulumi_aws.s3 import BucketServerSideEncryptionConfiguration as BucketServerSideEncryptionConfiguration
    from pulumi_aws.s3 import BucketVersioning as BucketVersioning
    from pulumi_aws.s3 import Inventory as BucketInventory
    from pulumi_aws.scheduler import Schedule as Schedule
    from pulumi_aws.secretsmanager import Secret as Secret
    from pulumi_aws.secretsmanager import SecretVersion as SecretVersion
    from pulumi_aws.sfn import StateMachine as StateMachine
    from pulumi_aws.sns import Topic as Topic
    from pulumi_aws.sns import TopicPolicy as TopicPolicy
    from pulumi_aws.sns import TopicSubscription as TopicSubscription
    from pulumi_aws.vpc import SecurityGroupEgressRule as SecurityGroupEgressRule
    from pulumi_aws.vpc import SecurityGroupIngressRule as SecurityGroupIngressRule
    from pulumi_aws.wafv2 import IpSet as IpSet
    from pulumi_aws.wafv2 import WebAcl as WebAcl
else:
    Vpc = resource_class(
        "aws:ec2/vpc:Vpc",
        outputs=(
            "arn",
            "ownerId",
        ),
    )
    Subnet = resource_class("aws:ec2/subnet:Subnet", outputs=("arn",))
    InternetGateway = resource_class("aws:ec2/internetGateway:InternetGateway", outputs=("arn",))
    RouteTable = resource_class("aws:ec2/routeTable:RouteTable", outputs=("arn",))
    Route = resource_class("aws:ec2/route:Route", outputs=("state",))
    RouteTableAssociation = resource_class("aws:ec2/routeTableAssociation:RouteTableAssociation")
    VpcEndpoint = resource_class("aws:ec2/vpcEndpoint:VpcEndpoint", outputs=("arn",))
    SecurityGroup = resource_class("aws:ec2/securityGroup:SecurityGroup", outputs=("arn",))
    SecurityGroupEgressRule = resource_class(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", outputs=("arn",)
    )
    SecurityGroupIngressRule = resource_class(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", outputs=("arn",)
    )
    CacheSubnetGroup = resource_class("aws:elasticache/subnetGroup:SubnetGroup", outputs=("arn",))
    CacheParameterGroup = resource_class("aws:elasticache/parameterGroup:ParameterGroup", outputs=("arn",))
    CacheUser = resource_class(
        "aws:elasticache/user:User",
        outputs=("arn",),
        secrets=(
            "passwords",
            "passwordsWo",
        ),
    )
    CacheUserGroup = resource_class("aws:elasticache/userGroup:UserGroup", outputs=("arn",))
    ReplicationGroup = resource_class(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        outputs=(
            "arn",
            "configurationEndpointAddress",
            "primaryEndpointAddress",
            "readerEndpointAddress",
        ),
        secrets=(
            "authToken",
            "authTokenWo",
        ),
    )
    GlobalReplicationGroup = resource_class(
        "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup",
        outputs=(
            "arn",
            "globalReplicationGroupId",
        ),
    )
    DatabaseSubnetGroup = resource_class("aws:rds/subnetGroup:SubnetGroup", outputs=("arn",))
    DatabaseParameterGroup = resource_class("aws:rds/parameterGroup:ParameterGroup", outputs=("arn",))
    DatabaseInstance = resource_class(
        "aws:rds/instance:Instance",
        outputs=(
            "arn",
            "address",
            "endpoint",
        ),
        secrets=(
            "password",
            "passwordWo",
        ),
    )
    DatabaseProxy = resource_class(
        "aws:rds/proxy:Proxy",
        outputs=(
            "arn",
            "endpoint",
        ),
    )
    DatabaseProxyTargetGroup = resource_class(
        "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup", outputs=("arn",)
    )
    DatabaseProxyTarget = resource_class("aws:rds/proxyTarget:ProxyTarget", outputs=("targetArn",))
    Bucket = resource_class(
        "aws:s3/bucket:Bucket",
        outputs=(
            "arn",
            "bucketRegionalDomainName",
        ),
    )
    BucketVersioning = resource_class("aws:s3/bucketVersioning:BucketVersioning")
    BucketServerSideEncryptionConfiguration = resource_class(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    BucketPublicAccessBlock = resource_class("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    BucketOwnershipControls = resource_class("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
    BucketPolicy = resource_class("aws:s3/bucketPolicy:BucketPolicy")
    BucketLifecycleConfiguration = resource_class("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    BucketCorsConfiguration = resource_class("aws:s3/bucketCorsConfiguration:BucketCorsConfiguration")
    BucketObject = resource_class("aws:s3/bucketObjectv2:BucketObjectv2", outputs=("arn",))
    BucketLogging = resource_class("aws:s3/bucketLogging:BucketLogging")
    BucketInventory = resource_class("aws:s3/inventory:Inventory")
    BucketNotification = resource_class("aws:s3/bucketNotification:BucketNotification")
    BucketObjectLockConfiguration = resource_class(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", secrets=("token",)
    )
    BucketReplicationConfig = resource_class(
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig", secrets=("token",)
    )
    OriginAccessControl = resource_class("aws:cloudfront/originAccessControl:OriginAccessControl", outputs=("etag",))
    CachePolicy = resource_class("aws:cloudfront/cachePolicy:CachePolicy", outputs=("etag",))
    ResponseHeadersPolicy = resource_class(
        "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", outputs=("etag",)
    )
    Distribution = resource_class(
        "aws:cloudfront/distribution:Distribution",
        outputs=(
            "arn",
            "domainName",
            "hostedZoneId",
        ),
    )
    OriginRequestPolicy = resource_class("aws:cloudfront/originRequestPolicy:OriginRequestPolicy", outputs=("etag",))
    Certificate = resource_class(
        "aws:acm/certificate:Certificate",
        outputs=(
            "arn",
            "domainValidationOptions",
        ),
        secrets=(
            "privateKey",
            "privateKeyWo",
        ),
    )
    CertificateValidation = resource_class("aws:acm/certificateValidation:CertificateValidation")
    Record = resource_class("aws:route53/record:Record", outputs=("fqdn",))
    LogDeliverySource = resource_class("aws:cloudwatch/logDeliverySource:LogDeliverySource", outputs=("arn",))
    LogDeliveryDestination = resource_class(
        "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination", outputs=("arn",)
    )
    LogDelivery = resource_class("aws:cloudwatch/logDelivery:LogDelivery", outputs=("arn",))
    Policy = resource_class("aws:iam/policy:Policy", outputs=("arn",))
    IpSet = resource_class("aws:wafv2/ipSet:IpSet", outputs=("arn",))
    WebAcl = resource_class("aws:wafv2/webAcl:WebAcl", outputs=("arn",))
    Secret = resource_class("aws:secretsmanager/secret:Secret", outputs=("arn",))
    SecretVersion = resource_class(
        "aws:secretsmanager/secretVersion:SecretVersion",
        outputs=("versionId",),
        secrets=(
            "secretBinary",
            "secretString",
            "secretStringWo",
        ),
    )
    Role = resource_class("aws:iam/role:Role", outputs=("arn",))
    RolePolicy = resource_class("aws:iam/rolePolicy:RolePolicy")
    OpenIdConnectProvider = resource_class("aws:iam/openIdConnectProvider:OpenIdConnectProvider", outputs=("arn",))
    Key = resource_class(
        "aws:kms/key:Key",
        outputs=(
            "arn",
            "keyId",
        ),
    )
    KeyAlias = resource_class("aws:kms/alias:Alias", outputs=("arn",))
    LogGroup = resource_class("aws:cloudwatch/logGroup:LogGroup", outputs=("arn",))
    LogMetricFilter = resource_class("aws:cloudwatch/logMetricFilter:LogMetricFilter")
    MetricAlarm = resource_class("aws:cloudwatch/metricAlarm:MetricAlarm", outputs=("arn",))
    CompositeAlarm = resource_class("aws:cloudwatch/compositeAlarm:CompositeAlarm", outputs=("arn",))
    Dashboard = resource_class("aws:cloudwatch/dashboard:Dashboard", outputs=("dashboardArn",))
    Topic = resource_class("aws:sns/topic:Topic", outputs=("arn",))
    TopicSubscription = resource_class("aws:sns/topicSubscription:TopicSubscription", outputs=("arn",))
    StateMachine = resource_class("aws:sfn/stateMachine:StateMachine", outputs=("arn",))
    Schedule = resource_class("aws:scheduler/schedule:Schedule", outputs=("arn",))
    TopicPolicy = resource_class("aws:sns/topicPolicy:TopicPolicy")
    BackupVault = resource_class("aws:backup/vault:Vault", outputs=("arn",))
    BackupVaultLock = resource_class("aws:backup/vaultLockConfiguration:VaultLockConfiguration")
    BackupVaultPolicy = resource_class("aws:backup/vaultPolicy:VaultPolicy")
    BackupVaultNotifications = resource_class("aws:backup/vaultNotifications:VaultNotifications")
    BackupPlan = resource_class("aws:backup/plan:Plan", outputs=("arn",))
    BackupSelection = resource_class("aws:backup/selection:Selection")
    DefaultSecurityGroup = resource_class("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", outputs=("arn",))
    ElasticIp = resource_class("aws:ec2/eip:Eip", outputs=("publicIp",))
    NatGateway = resource_class("aws:ec2/natGateway:NatGateway", outputs=("publicIp",))
    FlowLog = resource_class("aws:ec2/flowLog:FlowLog", outputs=("arn",))
