"""What users run into: imports, mistakes, several providers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.plugins_aws.conftest import SERVICES, Endpoint, configure

pytestmark = pytest.mark.engine

IMPORTED = """
import json

import pulumi
import pulumi_aws as aws

ids = json.loads(pulumi.Config().require("ids"))
policy = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
trust = json.dumps({"Version": "2012-10-17", "Statement": []})


def taken(name, **more):
    return pulumi.ResourceOptions(import_=ids[name], **more)


vpc = aws.ec2.Vpc("vpc", cidr_block="10.9.0.0/16", tags={"a": "1"}, opts=taken("vpc"))
subnet = aws.ec2.Subnet("subnet", vpc_id=ids["vpc"], cidr_block="10.9.1.0/24", opts=taken("subnet"))
table = aws.ec2.RouteTable("table", vpc_id=ids["vpc"], opts=taken("table"))
aws.ec2.Route(
    "route", route_table_id=ids["table"], destination_cidr_block="0.0.0.0/0", gateway_id=ids["gateway"],
    opts=taken("route"),
)
aws.ec2.RouteTableAssociation(
    "association", subnet_id=ids["subnet"], route_table_id=ids["table"], opts=taken("association")
)
aws.vpc.SecurityGroupIngressRule(
    "rule", security_group_id=ids["group"], ip_protocol="tcp", from_port=80, to_port=80, cidr_ipv4="10.0.0.0/8",
    opts=taken("rule"),
)
aws.s3.Bucket("bucket", bucket="imported", opts=taken("bucket"))
aws.s3.BucketVersioning(
    "versioning", bucket="imported", versioning_configuration={"status": "Enabled"}, opts=taken("bucket")
)
aws.iam.Role("role", name="imported", assume_role_policy=trust, opts=taken("role"))
aws.iam.RolePolicy("role-policy", role="imported", name="mine", policy=policy, opts=taken("role-policy"))
aws.secretsmanager.Secret("secret", name="imported", opts=taken("secret"))
aws.secretsmanager.SecretVersion(
    "version", secret_id=ids["secret"], secret_string=pulumi.Output.secret("imported-in-the-clear"),
    opts=taken("version"),
)
"""


def make_by_hand(endpoint: Endpoint) -> dict[str, str]:
    """Resources that some other tool made, and the official provider's import IDs of them."""
    ec2, s3, iam = endpoint.client("ec2"), endpoint.client("s3"), endpoint.client("iam")
    secrets = endpoint.client("secretsmanager")
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "1"}]}]
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    group = ec2.create_security_group(GroupName="imported", Description="d", VpcId=vpc)["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    rule = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])["SecurityGroupRules"][0]
    s3.create_bucket(Bucket="imported", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="imported", VersioningConfiguration={"Status": "Enabled"})
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="imported", AssumeRolePolicyDocument=trust)
    allowed = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]
    policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_role_policy(RoleName="imported", PolicyName="mine", PolicyDocument=policy)
    secret = secrets.create_secret(Name="imported", SecretString="imported-in-the-clear")
    return {
        "vpc": vpc,
        "subnet": subnet,
        "gateway": gateway,
        "table": table,
        "group": group,
        "route": f"{table}_0.0.0.0/0",
        "association": f"{subnet}/{table}",
        "rule": rule["SecurityGroupRuleId"],
        "bucket": "imported",
        "role": "imported",
        "role-policy": "imported:mine",
        "secret": secret["ARN"],
        "version": f"{secret['ARN']}|{secret['VersionId']}",
    }


def test_existing_resources_are_imported_by_their_official_ids(lasting: Any, endpoint: Endpoint) -> None:
    lasting.write(IMPORTED)
    lasting.config("ids", json.dumps(make_by_hand(endpoint)))
    before = len(endpoint.calls)
    imported = lasting.up().assert_succeeded()
    assert "12 imported" in imported.output, imported.output
    changing = ("Create", "Put", "Modify", "Update", "Delete", "PUT", "POST", "DELETE")
    assert [call for call in endpoint.calls[before:] if call.startswith(changing)] == []
    assert "imported-in-the-clear" not in lasting.state()
    assert lasting.up("--expect-no-changes").assert_succeeded()
    assert lasting.refresh("--expect-no-changes").assert_succeeded()


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        ('"aws:s3/bucket:Bucket", "a", {"forceDestroyed": True}', "did you mean 'forceDestroy'?"),
        (
            '"aws:ec2/vpc:Vpc", "a", {"cidrBlock": "10.0.0.0/16", "ipv6IpamPoolId": "pool"}',
            "the aws stand-in does not support 'ipv6IpamPoolId' of aws:ec2/vpc:Vpc",
        ),
        ('"aws:kms/key:Key", "a", {"keyUsage": "FUN"}', 'keyUsage is "FUN"; allowed: '),
        ('"aws:sqs/queue:Queue", "a", {}', "does not support the resource type aws:sqs/queue:Queue"),
    ],
    ids=["misspelt", "unsupported", "value", "type"],
)
def test_mistakes_are_told_before_anything_is_made(aws: Any, endpoint: Endpoint, resource: str, words: str) -> None:
    """One message: the property's path, what is wrong and what would be right; no traceback, nothing made."""
    aws.write(f"import pulumi\npulumi.CustomResource({resource})\n")
    outcome = aws.up().assert_failed()
    assert words in outcome.output
    assert "Traceback" not in outcome.output
    assert endpoint.calls == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"aws:endpoints": json.dumps([{"s3": "https://s3.amazonaws.com"}])}, "is not on this machine"),
        ({"aws:endpoints": json.dumps([{"ec2": "http://127.0.0.1:9"}])}, "aws:endpoints names no endpoint for s3"),
        ({"aws:profile": "production"}, "the aws stand-in does not support aws:profile"),
    ],
    ids=["elsewhere", "missing service", "profile"],
)
def test_configurations_that_are_refused(aws: Any, endpoint: Endpoint, more: dict[str, str], words: str) -> None:
    configure(aws, endpoint.url, **more)
    aws.write('import pulumi_aws as aws\naws.s3.Bucket("bucket")\n')
    outcome = aws.up().assert_failed()
    assert words in outcome.output
    assert "Traceback" not in outcome.output
    assert endpoint.calls == []


def test_providers_of_several_regions_with_default_tags(aws: Any, endpoint: Endpoint) -> None:
    """An explicit provider has a region and default tags of its own; a change of either is carried out."""
    aws.write(
        f'''
        import pulumi
        import pulumi_aws as aws

        team = pulumi.Config().get("team") or "platform"
        virginia = aws.Provider(
            "virginia", region="us-east-1", access_key="test", secret_key="test", s3_use_path_style=True,
            skip_credentials_validation=True, skip_requesting_account_id=True,
            default_tags={{"tags": {{"team": team}}}},
            endpoints=[{{service: "{endpoint.url}" for service in {list(SERVICES)!r}}}],
        )
        inside = pulumi.ResourceOptions(provider=virginia)
        there = aws.kms.Key("there", description="a", tags={{"own": "1"}}, opts=inside)
        here = aws.kms.Key("here", description="a")
        pulumi.export("there", there.arn)
        pulumi.export("here", here.arn)
        pulumi.export("tags", there.tags)
        pulumi.export("all", there.tags_all)
        '''
    )
    aws.up().assert_succeeded()
    outputs = aws.outputs()
    assert ":us-east-1:" in outputs["there"] and ":eu-west-1:" in outputs["here"]
    assert outputs["tags"] == {"own": "1"}
    assert outputs["all"] == {"own": "1", "team": "platform"}
    assert aws.refresh("--expect-no-changes").assert_succeeded()
    aws.config("team", "shop")
    aws.up().assert_succeeded()
    key = aws.resource("there")["id"]
    told = endpoint.client("kms", "us-east-1").list_resource_tags(KeyId=key)["Tags"]
    assert {tag["TagKey"]: tag["TagValue"] for tag in told} == {"own": "1", "team": "shop"}
    aws.destroy().assert_succeeded()
