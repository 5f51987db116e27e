"""Networks, keys and rights: all of it is recorded, since everything runs on one network of one machine."""

from __future__ import annotations

from local.aws.fidelity.model import NAMES, TAGS, Type

_ONE = "there is one network for everything"
_FILTERS = "security groups filter nothing here"
_RIGHTS = "IAM policies are not asked"

TYPES = (
    Type(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", recorded={TAGS: "tags", _FILTERS: "egress ingress vpcId"}
    ),
    Type("aws:ec2/eip:Eip", recorded={TAGS: "tags", _ONE: "domain"}),
    Type(
        "aws:ec2/flowLog:FlowLog",
        recorded={
            TAGS: "tags",
            "no traffic is logged": "iamRoleArn logDestination logDestinationType trafficType vpcId",
        },
    ),
    Type("aws:ec2/internetGateway:InternetGateway", recorded={TAGS: "tags", _ONE: "vpcId"}),
    Type("aws:ec2/natGateway:NatGateway", recorded={TAGS: "tags", _ONE: "allocationId subnetId"}),
    Type("aws:ec2/route:Route", recorded={_ONE: "destinationCidrBlock gatewayId natGatewayId routeTableId"}),
    Type("aws:ec2/routeTable:RouteTable", recorded={TAGS: "tags", _ONE: "vpcId"}),
    Type("aws:ec2/routeTableAssociation:RouteTableAssociation", recorded={_ONE: "routeTableId subnetId"}),
    Type("aws:ec2/securityGroup:SecurityGroup", recorded={TAGS: "tags", _FILTERS: "description name vpcId"}),
    Type(
        "aws:ec2/subnet:Subnet",
        acts={"tests/unit/local_aws/test_rds.py::test_the_zones_are_those_of_the_subnets": "availabilityZone"},
        recorded={TAGS: "tags", _ONE: "cidrBlock vpcId"},
    ),
    Type("aws:ec2/vpc:Vpc", recorded={TAGS: "tags", _ONE: "cidrBlock enableDnsHostnames enableDnsSupport"}),
    Type(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        recorded={
            TAGS: "tags",
            "the endpoint is reached from everywhere on the platform": (
                "policy privateDnsEnabled routeTableIds securityGroupIds serviceName subnetIds vpcEndpointType vpcId"
            ),
        },
    ),
    Type(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        recorded={
            TAGS: "tags",
            _FILTERS: "description fromPort ipProtocol referencedSecurityGroupId securityGroupId toPort",
        },
    ),
    Type(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        recorded={
            TAGS: "tags",
            _FILTERS: "cidrIpv4 description fromPort ipProtocol referencedSecurityGroupId securityGroupId toPort",
        },
    ),
    Type(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        recorded={TAGS: "tags", "tokens' signatures are not verified": "clientIdLists url"},
    ),
    Type("aws:iam/policy:Policy", recorded={TAGS: "tags", _RIGHTS: "description name policy"}),
    Type(
        "aws:iam/role:Role",
        recorded={
            TAGS: "tags",
            "shown by the API only": "description",
            "a role that exists can be assumed": "name",
            _RIGHTS: "assumeRolePolicy maxSessionDuration",
        },
    ),
    Type("aws:iam/rolePolicy:RolePolicy", recorded={_RIGHTS: "name policy role"}),
    Type("aws:kms/alias:Alias", recorded={NAMES: "name region targetKeyId"}),
    Type(
        "aws:kms/key:Key",
        recorded={
            TAGS: "tags",
            "shown by the API only": "description",
            "no data of stores are encrypted with it": "deletionWindowInDays enableKeyRotation policy region",
        },
    ),
)
