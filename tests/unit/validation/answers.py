"""What AWS says of a resource once it is made: identifiers and ARNs of the form that its schemas ask for."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from pulumi.runtime.mocks import MockResourceArgs

from tests.unit.components.conftest import ACCOUNT, Answers

_IDS = {
    "aws:ec2/vpc:Vpc": "vpc-{hex}",
    "aws:ec2/subnet:Subnet": "subnet-{hex}",
    "aws:ec2/internetGateway:InternetGateway": "igw-{hex}",
    "aws:ec2/routeTable:RouteTable": "rtb-{hex}",
    "aws:ec2/securityGroup:SecurityGroup": "sg-{hex}",
    "aws:cloudfront/cachePolicy:CachePolicy": "{uuid}",
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": "{uuid}",
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": "{uuid}",
    "aws:cloudfront/distribution:Distribution": "E{HEX}",
    "aws:cloudfront/originAccessControl:OriginAccessControl": "E{HEX}",
    "aws:kms/key:Key": "{uuid}",
    "aws:iam/role:Role": "{name}",
    "aws:s3/bucket:Bucket": "{bucket}",
    "aws:elasticache/subnetGroup:SubnetGroup": "{name}",
    "aws:elasticache/parameterGroup:ParameterGroup": "{name}",
    "aws:elasticache/replicationGroup:ReplicationGroup": "{replicationGroupId}",
    "aws:rds/subnetGroup:SubnetGroup": "{name}",
    "aws:rds/parameterGroup:ParameterGroup": "{name}",
    "aws:rds/instance:Instance": "db-{HEX}",
    "aws:rds/proxy:Proxy": "{name}",
    "aws:backup/plan:Plan": "{uuid}",
    "aws:backup/vault:Vault": "{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "{name}",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": "{alarmName}",
    "aws:ec2/eip:Eip": "eipalloc-{hex}",
    "aws:ec2/flowLog:FlowLog": "fl-{hex}",
    "aws:ec2/natGateway:NatGateway": "nat-{hex}",
    "aws:elasticache/user:User": "{userId}",
    "aws:elasticache/userGroup:UserGroup": "{userGroupId}",
}
"""Types whose ID is not their ARN, and goes into other resources."""

_ARNS = {
    "aws:acm/certificate:Certificate": "acm:{region}:{account}:certificate/{uuid}",
    "aws:backup/vault:Vault": "backup:{region}:{account}:backup-vault:{name}",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": "cloudwatch:{region}:{account}:alarm:{alarmName}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "aws:sfn/stateMachine:StateMachine": "states:{region}:{account}:stateMachine:{name}",
    "aws:cloudfront/distribution:Distribution": "cloudfront::{account}:distribution/{id}",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": (
        "logs:{region}:{account}:delivery-destination:{name}"
    ),
    "aws:cloudwatch/logGroup:LogGroup": "logs:{region}:{account}:log-group:{name}",
    "aws:elasticache/replicationGroup:ReplicationGroup": "elasticache:{region}:{account}:replicationgroup:{id}",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "iam::{account}:oidc-provider/{host}",
    "aws:iam/policy:Policy": "iam::{account}:policy/{name}",
    "aws:iam/role:Role": "iam::{account}:role/{name}",
    "aws:kms/key:Key": "kms:{region}:{account}:key/{id}",
    "aws:rds/instance:Instance": "rds:{region}:{account}:db:{identifier}",
    "aws:s3/bucket:Bucket": "s3:::{bucket}",
    "aws:secretsmanager/secret:Secret": "secretsmanager:{region}:{account}:secret:{name}-a1B2c3",
    "aws:sns/topic:Topic": "sns:{region}:{account}:{name}",
    "aws:wafv2/ipSet:IpSet": "wafv2:{region}:{account}:global/ipset/{name}/{uuid}",
    "aws:wafv2/webAcl:WebAcl": "wafv2:{region}:{account}:global/webacl/{name}/{uuid}",
}


class AwsAnswers(Answers):
    """Identifiers as AWS makes them, the same for the same resource.

    Args:
        region: Where the stack is deployed.
    """

    def __init__(self, region: str) -> None:
        self._region = region

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        made, outputs = super().new_resource(args)
        digest = hashlib.sha256(f"{args.typ} {args.name}".encode()).hexdigest()
        known = {
            "name": args.name,
            "region": self._region,
            **{key: value for key, value in args.inputs.items() if isinstance(value, str)},
            "account": ACCOUNT,
            "hex": digest[:17],
            "HEX": digest[:13].upper(),
            "uuid": str(uuid.UUID(digest[:32])),
            "host": str(args.inputs.get("url", "")).removeprefix("https://"),
        }
        known["id"] = _IDS.get(args.typ, made).format(**known)
        if args.typ in _ARNS:
            outputs["arn"] = "arn:aws:" + _ARNS[args.typ].format(**known)
        match args.typ:
            case "aws:kms/key:Key":
                outputs["keyId"] = known["id"]
            case "aws:s3/bucket:Bucket":
                outputs["bucketRegionalDomainName"] = f"{known['bucket']}.s3.{known['region']}.amazonaws.com"
            case "aws:cloudfront/distribution:Distribution":
                outputs |= {"domainName": f"{known['hex'][:13]}.cloudfront.net", "hostedZoneId": "Z2FDTNDATAQYW2"}
        by_arn = args.typ in _ARNS and args.typ not in _IDS
        return (outputs["arn"] if by_arn else known["id"]), outputs
