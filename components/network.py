"""The network that data stores live in: made here, or the user's own."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components import aws, network_rules
from components.errors import Refusal, refuse
from components.ingress import let_pods_in
from components.logs import RetentionDays
from components.network_endpoints import EndpointPlan, make_endpoints
from components.network_flows import make_flow_log
from components.network_rules import EndpointService, Nat, Traffic
from components.options import child

TIERS = ("public", "private", "intra")
"""Subnets that reach the internet, that pods live in, and that data stores live in (no route out at all)."""

_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class CreatedNetworkArgs:
    """A network to make.

    Attributes:
        identifier: Name of the VPC, for example `aiponge-prod`.
        region: Where, for example `eu-west-1`.
        cidr: Private address range, a /16 to a /20.
        zones: Letters of the availability zones. Given, not looked up: the list of a region grows, and a subnet whose
            zone changes is replaced with all that is in it.
        nat: How private subnets reach the internet: `none`, by a `single` gateway, whose zone's failure cuts all off,
            or by one `perZone`. Data stores never do.
        endpoints: Services that private subnets reach without the internet, beside S3. Their endpoints lead to this
            account's resources alone.
        endpoint_accounts: Numbers of further accounts whose resources may be reached by endpoints.
        flow_log_days: Days that records of connections are kept in CloudWatch; None: none are made.
        flow_log_traffic: What is recorded: `ALL`, `ACCEPT` or `REJECT`.
        tags: On everything.
    """

    identifier: str
    region: str
    cidr: str
    zones: Sequence[str] = ("a", "b", "c")
    nat: Nat = "none"
    endpoints: Sequence[EndpointService] = ("secretsmanager",)
    endpoint_accounts: Sequence[str] = ()
    flow_log_days: RetentionDays | None = 30
    flow_log_traffic: Traffic = "ALL"
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
    """VPC with public, private and intra subnets in each zone, endpoints for S3 and other services, and a flow log; or
    an existing one.

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
        refuse(f"Network {name!r}", _refusals(args))
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
        # Everything in a network is in this group unless it names another one: let that be of no use.
        aws.DefaultSecurityGroup(
            f"{name}-default",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=tags("-default"),
            opts=child(self),
        )
        plan = subnet_plan(args.cidr, args.zones)
        tables = {
            key: aws.RouteTable(f"{name}-{key}", vpc_id=vpc.id, tags=tags(f"-{key}"), opts=child(self))
            for key in dict.fromkeys(_table(tier, zone, args.nat) for tier, zone in plan)
        }
        subnets: dict[tuple[str, str], aws.Subnet] = {}
        for (tier, zone), cidr in plan.items():
            subnet = aws.Subnet(
                f"{name}-{tier}-{zone}",
                vpc_id=vpc.id,
                cidr_block=cidr,
                availability_zone=f"{args.region}{zone}",
                tags={**tags(f"-{tier}-{zone}"), "tier": tier},
                opts=child(self),
            )
            subnets[tier, zone] = subnet
            aws.RouteTableAssociation(
                f"{name}-{tier}-{zone}",
                subnet_id=subnet.id,
                route_table_id=tables[_table(tier, zone, args.nat)].id,
                opts=child(self),
            )
        gateway = aws.InternetGateway(f"{name}-internet", vpc_id=vpc.id, tags=tags("-internet"), opts=child(self))
        aws.Route(
            f"{name}-public-internet",
            route_table_id=tables["public"].id,
            destination_cidr_block=_ANYWHERE,
            gateway_id=gateway.id,
            opts=child(self),
        )
        for zone in _nat_zones(args):
            self._nat(name, args, zone, subnets["public", zone], tables[_table("private", zone, args.nat)], gateway)
        self.vpc_id = vpc.id
        self.data_subnet_ids = [subnets["intra", zone].id for zone in args.zones]
        self.client_cidrs = [plan["private", zone] for zone in args.zones]
        make_endpoints(
            self,
            name,
            EndpointPlan(
                identifier=args.identifier,
                region=args.region,
                vpc=vpc,
                services=args.endpoints,
                subnet_ids=[subnets["private", zone].id for zone in args.zones],
                client_cidrs=self.client_cidrs,
                route_table_ids=[table.id for key, table in tables.items() if key != "public"],
                accounts=args.endpoint_accounts,
                tags=args.tags,
            ),
        )
        if args.flow_log_days is not None:
            make_flow_log(
                self,
                name,
                args.identifier,
                vpc,
                retention_days=args.flow_log_days,
                traffic=args.flow_log_traffic,
                tags=args.tags,
            )

    def _nat(
        self,
        name: str,
        args: CreatedNetworkArgs,
        zone: str,
        subnet: aws.Subnet,
        table: aws.RouteTable,
        internet: aws.InternetGateway,
    ) -> None:
        """A zone's gateway, and the private subnets' way to it."""
        tags = {**args.tags, "Name": f"{args.identifier}-nat-{zone}"}
        # Both work by way of the internet gateway.
        after = child(self, depends_on=[internet])
        address = aws.ElasticIp(f"{name}-nat-{zone}", domain="vpc", tags=tags, opts=after)
        gateway = aws.NatGateway(
            f"{name}-nat-{zone}", subnet_id=subnet.id, allocation_id=address.id, tags=tags, opts=after
        )
        aws.Route(
            f"{name}-private-internet-{zone}",
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            nat_gateway_id=gateway.id,
            opts=child(self),
        )


def _table(tier: str, zone: str, nat: Nat) -> str:
    """The name of a subnet's route table: one for each tier, and of private subnets one for each way out."""
    return f"{tier}-{zone}" if tier == "private" and nat == "perZone" else tier


def _nat_zones(args: CreatedNetworkArgs) -> Sequence[str]:
    """The zones that have a gateway."""
    return {"none": (), "single": args.zones[:1], "perZone": args.zones}[args.nat]


def _refusals(args: CreatedNetworkArgs | ExistingNetworkArgs) -> Iterator[Refusal]:
    if isinstance(args, CreatedNetworkArgs):
        yield from network_rules.created(args)
    else:
        yield from network_rules.zones(args.zones)
        yield from network_rules.clients(args.client_cidrs)


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

    Raises:
        Refused: the clients are most of the internet.
    """
    refuse(f"the security group of {identifier!r}", network_rules.clients(access.client_cidrs))
    group = aws.SecurityGroup(
        f"{name}-access",
        name=identifier,
        description=f"Clients of {identifier}",
        vpc_id=access.vpc_id,
        region=region,
        tags={**tags, "Name": identifier},
        opts=child(parent),
    )
    let_pods_in(parent, name, group, port, access.client_cidrs, tags, region)
    return group
