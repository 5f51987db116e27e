"""The addresses of the local platform, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Node:
    """One Kubernetes node: a network namespace of its own in a zone of its own."""

    letter: str
    address: str
    pods: str
    prefix: str = "gw"

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

    network: str = "10.213.0.0/16"
    hub: str = "gw-hub"
    bridge: str = "gw0"
    hub_address: str = "10.213.0.1"
    host_interface: str = "gw-host"
    host_address: str = "10.213.0.254"
    link_prefix: int = 24
    data_plane: str = "10.213.16.0/20"
    services: str = "10.213.128.0/20"
    cluster_dns: str = "10.213.128.10"
    pods: str = "10.213.0.0/22"
    aws_port: int = 4566
    region: str = "eu-west-1"
    nodes: tuple[Node, ...] = field(
        default=(
            Node("a", "10.213.0.11", "10.213.1.0/24"),
            Node("b", "10.213.0.12", "10.213.2.0/24"),
            Node("c", "10.213.0.13", "10.213.3.0/24"),
        )
    )

    @property
    def aws_url(self) -> str:
        """The AWS endpoint: every service, path-style S3."""
        return f"http://{self.hub_address}:{self.aws_port}"


PLAN = Plan()
