"""The addresses of the local platform, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """One Kubernetes node: a network namespace of its own in a zone of its own."""

    letter: str
    address: str
    pods: str
    prefix: str

    @property
    def name(self) -> str:
        return f"node-{self.letter}"

    @property
    def namespace(self) -> str:
        return f"{self.prefix}-node-{self.letter}"


@dataclass(frozen=True)
class Plan:
    """Network namespaces and addresses; all of them inside `network`.

    The platform lives in namespaces of its own, joined by a bridge in `hub`: nothing of it touches the host's
    firewall, nothing of it is reachable from another machine, and removing the namespaces removes all of it.
    """

    network: str
    hub: str
    bridge: str
    hub_address: str
    host_interface: str
    host_address: str
    data_plane: str
    services: str
    cluster_dns: str
    pods: str
    nodes: tuple[Node, ...]
    link_prefix: int = 24
    aws_port: int = 4566
    region: str = "eu-west-1"

    @property
    def aws_url(self) -> str:
        """The AWS endpoint: every service, path-style S3."""
        return f"http://{self.hub_address}:{self.aws_port}"


def plan_of(second: int, prefix: str, zones: str = "") -> Plan:
    """A plan for a platform that stands beside others.

    Args:
        second: Second number of all its addresses, which no other platform on this machine has.
        prefix: What the names of its namespaces and interfaces begin with, likewise.
        zones: Letters of the zones that have a node.
    """
    network = f"10.{second}"
    return Plan(
        network=f"{network}.0.0/16",
        hub=f"{prefix}-hub",
        bridge=f"{prefix}0",
        hub_address=f"{network}.0.1",
        host_interface=f"{prefix}-host",
        host_address=f"{network}.0.254",
        data_plane=f"{network}.16.0/20",
        services=f"{network}.128.0/20",
        cluster_dns=f"{network}.128.10",
        pods=f"{network}.0.0/22",
        nodes=tuple(
            Node(letter, f"{network}.0.{10 + number}", f"{network}.{number}.0/24", prefix)
            for number, letter in enumerate(zones, 1)
        ),
    )


PLAN = plan_of(213, "gw", "abc")
