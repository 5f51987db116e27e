"""The network that data stores live in: made here, or the user's own."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components import aws
from components.errors import Refusal, refuse
from components.options import child

TIERS = ("public", "private", "intra")
"""Subnets that reach the internet, that pods live in, and that data stores live in (no route out at all)."""


@dataclass(frozen=True, kw_only=True)
class CreatedNetworkArgs:
    """A network to make.

    Attributes:
        identifier: Name of the VPC, for example `aiponge-prod`.
        region: Where, for example `eu-west-1`.
        cidr: Address range, a /16 to a /20.
        zones: Letters of the availability zones. Given, not looked up: the list of a region grows, and a subnet whose
            zone changes is replaced with all that is in it.
        tags: On everything.
    """

    identifier: str
    region: str
    cidr: str
    zones: Sequence[str] = ("a", "b", "c")
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ExistingNetworkArgs:
    """A network of the user's.

    Attributes:
        region: Where it is.
        vpc_id: The VPC.
        data_subnet_ids: Private subnets for data stores, in two zones or more.
        client_cidrs: Address ranges that pods connect from.
        zones: Letters of the zones that the subnets are in.
    """

    region: str
    vpc_id: pulumi.Input[str]
    data_subnet_ids: Sequence[pulumi.Input[str]]
    client_cidrs: Sequence[str]
    zones: Sequence[str] = ("a", "b", "c")


class Network(pulumi.ComponentResource):
    """VPC with public, private and intra subnets in each zone and a gateway endpoint for S3; or an existing one.

    Attributes:
        vpc_id: The VPC.
        data_subnet_ids: Where data stores go.
        client_cidrs: Address ranges that may connect to them.
        zones: Full names of the availability zones.
    """

    vpc_id: pulumi.Output[str]
    data_subnet_ids: Sequence[pulumi.Input[str]]
    client_cidrs: Sequence[str]
    zones: Sequence[str]

    def __init__(
        self,
        name: str,
        args: CreatedNetworkArgs | ExistingNetworkArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("groundwork:index:Network", name, None, opts)
        if len(args.zones) < 2:
            refuse(
                f"Network {name!r}",
                [Refusal("zones", tuple(args.zones), "one zone's failure takes all: name two or more")],
            )
        self.zones = [f"{args.region}{letter}" for letter in args.zones]
        if isinstance(args, ExistingNetworkArgs):
            self.vpc_id = pulumi.Output.from_input(args.vpc_id)
            self.data_subnet_ids = args.data_subnet_ids
            self.client_cidrs = args.client_cidrs
        else:
            self._create(name, args)
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "dataSubnetIds": self.data_subnet_ids,
                "clientCidrs": self.client_cidrs,
                "zones": self.zones,
            }
        )

    def _create(self, name: str, args: CreatedNetworkArgs) -> None:
        def tags(what: str) -> dict[str, str]:
            return {**args.tags, "Name": f"{args.identifier}{what}"}

        vpc = aws.Vpc(
            f"{name}-vpc",
            cidr_block=args.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=tags(""),
            opts=child(self),
        )
        plan = subnet_plan(args.cidr, args.zones)
        tables = {
            tier: aws.RouteTable(f"{name}-{tier}", vpc_id=vpc.id, tags=tags(f"-{tier}"), opts=child(self))
            for tier in TIERS
        }
        subnets: dict[str, list[aws.Subnet]] = {tier: [] for tier in TIERS}
        for (tier, zone), cidr in plan.items():
            subnet = aws.Subnet(
                f"{name}-{tier}-{zone}",
                vpc_id=vpc.id,
                cidr_block=cidr,
                availability_zone=f"{args.region}{zone}",
                tags={**tags(f"-{tier}-{zone}"), "tier": tier},
                opts=child(self),
            )
            subnets[tier].append(subnet)
            aws.RouteTableAssociation(
                f"{name}-{tier}-{zone}", subnet_id=subnet.id, route_table_id=tables[tier].id, opts=child(self)
            )
        gateway = aws.InternetGateway(f"{name}-internet", vpc_id=vpc.id, tags=tags("-internet"), opts=child(self))
        aws.Route(
            f"{name}-public-internet",
            route_table_id=tables["public"].id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=child(self),
        )
        aws.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{args.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[tables["private"].id, tables["intra"].id],
            tags=tags("-s3"),
            opts=child(self),
        )
        self.vpc_id = vpc.id
        self.data_subnet_ids = [subnet.id for subnet in subnets["intra"]]
        self.client_cidrs = [cidr for (tier, _), cidr in plan.items() if tier == "private"]


def subnet_plan(cidr: str, zones: Sequence[str]) -> dict[tuple[str, str], str]:
    """Cut a network into one subnet for each tier and zone, of equal size, in a fixed order.

    A sixteenth of the range each: with three tiers and up to five zones nothing moves when a zone is added.
    """
    parts = iter(ipaddress.ip_network(cidr).subnets(prefixlen_diff=4))
    blocks = {(tier, slot): str(next(parts)) for tier in TIERS for slot in range(5)}
    return {(tier, zone): blocks[tier, slot] for tier in TIERS for slot, zone in enumerate(zones)}


@dataclass(frozen=True, kw_only=True)
class StoreAccess:
    """Who may connect to a data store, and where the store lives.

    Attributes:
        vpc_id: The VPC.
        subnet_ids: Subnets of the store, in two zones or more.
        client_cidrs: Address ranges that may connect.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    client_cidrs: Sequence[str]


def store_security_group(
    parent: pulumi.Resource,
    name: str,
    identifier: str,
    port: int,
    access: StoreAccess,
    tags: Mapping[str, str],
    region: str | None = None,
) -> aws.SecurityGroup:
    """A group that lets the clients in on one port and nothing out: a store answers, it never calls.

    Args:
        parent: The store's component.
        name: Its logical name.
        identifier: Name of the store, and of the group.
        port: That it answers on.
        access: Where the store lives, and who may connect.
        tags: On the group and its rules.
        region: Where, if it is not the provider's region.
    """
    group = aws.SecurityGroup(
        f"{name}-access",
        name=identifier,
        description=f"Clients of {identifier}",
        vpc_id=access.vpc_id,
        region=region,
        tags={**tags, "Name": identifier},
        opts=child(parent),
    )
    for cidr in access.client_cidrs:
        aws.SecurityGroupIngressRule(
            f"{name}-from-{cidr.replace('/', '-')}",
            security_group_id=group.id,
            cidr_ipv4=cidr,
            from_port=port,
            to_port=port,
            ip_protocol="tcp",
            description=f"Pods in {cidr}",
            region=region,
            tags=dict(tags),
            opts=child(parent),
        )
    return group
