"""What a network may be: sizes, zones, ways out, and who may come in.

Pure functions over plain values, for component and settings alike.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Sequence
from typing import Literal, Protocol

from components.errors import Refusal

Nat = Literal["none", "single", "perZone"]
"""NAT gateways: no way out of the private subnets, one for all zones, or one in each."""
EndpointService = Literal[
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "elasticloadbalancing",
    "kms",
    "logs",
    "monitoring",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
]
"""Services that can have an interface endpoint here: those whose endpoints take a policy (VPC User Guide, AWS services
that integrate with AWS PrivateLink)."""
Traffic = Literal["ALL", "ACCEPT", "REJECT"]
"""What a flow log records (EC2 API Reference, `CreateFlowLogs`)."""

LARGEST, SMALLEST = 16, 20
"""Prefix lengths of a network: AWS takes a /16 at most, and of a /20 a subnet is a /24."""
SHARED = ipaddress.IPv4Network("100.64.0.0/10")
"""Behind providers' gateways (RFC 6598), and usual for pods where private addresses are short."""
OPEN = 8
"""A range of a shorter prefix than this is most of the internet, or a whole country's."""


def nat_of(environment: str, nat: Nat | None) -> Nat:
    """What follows from the environment where nothing is said."""
    if nat is not None:
        return nat
    return "perZone" if environment == "production" else "single" if environment == "staging" else "none"


class CreatedKnobs(Protocol):
    """A network to make."""

    @property
    def cidr(self) -> str: ...
    @property
    def zones(self) -> Sequence[str]: ...
    @property
    def endpoints(self) -> Collection[EndpointService]: ...


def created(knobs: CreatedKnobs) -> Iterator[Refusal]:
    """Rules of a network that is made."""
    yield from zones(knobs.zones)
    try:
        network = ipaddress.IPv4Network(knobs.cidr)
    except ValueError as error:
        yield Refusal("cidr", knobs.cidr, f"is no address range ({error}): write one such as 10.20.0.0/16")
    else:
        if not LARGEST <= network.prefixlen <= SMALLEST:
            yield Refusal(
                "cidr",
                knobs.cidr,
                f"nine subnets have to fit into what AWS allows: write a /{LARGEST} to a /{SMALLEST}",
            )
        elif not network.is_private and not network.subnet_of(SHARED):
            yield Refusal(
                "cidr",
                knobs.cidr,
                "belongs to somebody on the internet, whom nobody in this network would reach any more: write a "
                "private range such as 10.20.0.0/16",
            )
    halves = {"ecr.api", "ecr.dkr"} & set(knobs.endpoints)
    if len(halves) == 1:
        yield Refusal("endpoints", sorted(knobs.endpoints), "an image takes both ecr.api and ecr.dkr: write both")


def zones(letters: Sequence[str]) -> Iterator[Refusal]:
    """Two zones or more, none of them twice."""
    if len(letters) < 2:
        yield Refusal("zones", tuple(letters), "one zone's failure takes all: name two or more")
    elif len(set(letters)) != len(letters):
        yield Refusal("zones", tuple(letters), "names a zone twice: a zone's failure would take both")


def clients(cidrs: Sequence[str]) -> Iterator[Refusal]:
    """Address ranges that may connect to data stores."""
    for index, cidr in enumerate(cidrs):
        setting = f"client_cidrs.{index}"
        try:
            network = ipaddress.ip_network(cidr)
        except ValueError as error:
            yield Refusal(setting, cidr, f"is no address range ({error}): write one such as 10.20.0.0/16")
            continue
        if network.prefixlen < OPEN:
            yield Refusal(setting, cidr, "opens the data stores to most of the internet: write the pods' own ranges")


def single(nat: Nat, accepted: bool) -> Iterator[Refusal]:
    """Production does not depend on one zone's gateway, unless that is said."""
    if nat == "single" and not accepted:
        yield Refusal(
            "nat",
            nat,
            "in production, the failure of one zone would cut all pods off from the internet: write perZone, or "
            "single_nat_accepted: true",
        )


def without_nat(nat: Nat, endpoints: Collection[EndpointService]) -> Iterator[Refusal]:
    """Where there is no way out, pods need endpoints for what they cannot do without."""
    if nat == "none" and "sts" not in endpoints:
        yield Refusal(
            "endpoints",
            sorted(endpoints),
            "without a NAT gateway pods reach STS by an endpoint alone, and without STS they get no roles: add sts",
        )
