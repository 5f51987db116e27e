"""What every PostgreSQL instance on RDS needs beside itself, wherever it is made."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components import aws
from components.network import StoreAccess
from components.options import child

PORT = 5432

PARAMETERS: Mapping[str, str] = {"rds.force_ssl": "1"}
"""Connections without TLS are refused by the server itself."""


def subnet_group(
    parent: pulumi.Resource, name: str, identifier: str, access: StoreAccess, tags: Mapping[str, str]
) -> aws.DatabaseSubnetGroup:
    """The subnets that an instance may be in."""
    return aws.DatabaseSubnetGroup(
        f"{name}-subnets",
        name=identifier,
        description=f"Subnets of {identifier}",
        subnet_ids=list(access.subnet_ids),
        tags=dict(tags),
        opts=child(parent),
    )


def parameter_group(
    parent: pulumi.Resource, name: str, identifier: str, engine_version: str, tags: Mapping[str, str]
) -> aws.DatabaseParameterGroup:
    """The server's parameters, in a group that is named after its family: an upgrade needs the new group before it
    lets go of the old one."""
    family = f"postgres{engine_version.partition('.')[0]}"
    return aws.DatabaseParameterGroup(
        f"{name}-parameters",
        name=f"{identifier}-{family}",
        family=family,
        description=f"Parameters of {identifier}",
        parameters=[
            {"name": key, "value": value, "apply_method": "immediate"} for key, value in sorted(PARAMETERS.items())
        ],
        tags=dict(tags),
        opts=child(parent),
    )
