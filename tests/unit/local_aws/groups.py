"""Replication groups as the endpoint's models hold them."""

from __future__ import annotations

from typing import Any

from local.aws.extensions.elasticache import DEFAULTS
from local.aws.extensions.elasticache_groups import Group, default_parameter_groups


def available(parameter_group: str, **more: Any) -> Group:
    """A group named orders, with TLS, a token and automatic failover, that has been ready; its nodes are to be made."""
    return Group(
        **{
            "identifier": "orders",
            "region": "eu-west-1",
            "account": "123456789012",
            "description": "d",
            "node_type": "cache.t4g.micro",
            "port": 6379,
            "tls": True,
            "tokens": ["a-token-of-sufficient-length"],
            "parameter_group": default_parameter_groups("eu-west-1", "123456789012")[parameter_group],
            "subnet_group": None,
            "security_groups": [],
            "automatic_failover": True,
            "declared": dict(DEFAULTS),
            "formed": True,
            "status": "available",
            **more,
        }
    )
