"""Who may connect: rules of security groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components import aws
from components.options import child


def let_pods_in(
    parent: pulumi.Resource,
    name: str,
    group: aws.SecurityGroup,
    port: int,
    cidrs: Sequence[str],
    tags: Mapping[str, str],
    region: str | None = None,
) -> None:
    """One rule for each address range: TCP to one port.

    Args:
        parent: Whose group it is.
        name: What the rules' logical names begin with.
        group: The group that lets them in.
        port: The port.
        cidrs: Address ranges of the pods.
        tags: On the rules.
        region: Where, if it is not the provider's region.
    """
    for cidr in cidrs:
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
