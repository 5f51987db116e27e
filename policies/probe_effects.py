"""What a probe asks, apart from how it is written: two probes with equal questions learn the same.

Source: Kubernetes, Configure Liveness, Readiness and Startup Probes; the kubelet's defaults for what is not written.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from policies import durations
from policies.node import Node
from policies.workloads import named_port

HANDLERS: Final = ("httpGet", "tcpSocket", "exec", "grpc")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_OWN_HOSTS: Final = frozenset(
    {*_LOOPBACK, "[::1]", "0.0.0.0", "$hostname", "${hostname}", "$(hostname)", "$pod_ip", "$(pod_ip)"}
)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"';|&]+", re.IGNORECASE)
# Clients of stores whose option for the server is -h or --host.
_CLIENT = re.compile(
    r"\b(?:redis-cli|valkey-cli|pg_isready|psql|mysql|mysqladmin|mariadb|mariadb-admin|mongosh|mongo)\b"
    r"[^|;&]*?\s(?:-h|--host)[= ]\s*(\S+)"
)
_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Question:
    """What a probe asks.

    Attributes:
        handler: `httpGet`, `tcpSocket`, `exec` or `grpc`.
        port: The number; the name as written where the container does not declare it; `None` for commands.
        host: Who is asked; empty for the pod itself.
        scheme: `HTTP` or `HTTPS`, for HTTP alone.
        target: Path with query for HTTP, service for gRPC.
        headers: Names in lower case with values; several of one name in their order.
        command: Words of a command, without a shell around a plain one.
    """

    handler: str
    port: int | str | None = None
    host: str = ""
    scheme: str = ""
    target: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def same_place(self, other: Question) -> bool:
        """Whether both ask one port for one path, whatever their headers and schemes."""
        return self.handler == other.handler == "httpGet" and (
            (self.host, self.port, self.target) == (other.host, other.port, other.target)
        )

    def words(self) -> frozenset[str]:
        """The words, in lower case, of what is asked for: of a path, a service, or the addresses in a command."""
        texts = [self.target, *(_path_of(address) for address in self.addresses())]
        return frozenset(word for text in texts for word in _WORD.split(text.lower()) if word)

    def paths(self) -> Iterator[str]:
        """The paths that are asked for, without queries."""
        if self.handler == "httpGet":
            yield self.path
        for address in self.addresses():
            yield _path_of(address).partition("?")[0]

    def addresses(self) -> list[str]:
        """The addresses with a scheme in a command."""
        return _ADDRESS.findall(" ".join(self.command))

    def others(self) -> Iterator[str]:
        """The hosts that a command asks and that are not the pod itself, as far as its words tell."""
        hosts = [_host_of(address) for address in self.addresses()]
        hosts += [host.strip("\"'") for host in _CLIENT.findall(" ".join(self.command))]
        for host in hosts:
            # A folder is that of a socket.
            if host and not host.startswith("/") and host.lower() not in _OWN_HOSTS:
                yield host


def handlers(probe: Node) -> list[str]:
    """The handlers that a probe names; one where it is valid."""
    return [key for key in HANDLERS if probe[key].present]


def question(probe: Node, container: Node, *, host_network: bool) -> Question:
    """What a probe with one handler asks; raises `Undetermined` when a part of it is unknown.

    Args:
        probe: The probe.
        container: The container whose ports its port may name.
        host_network: Whether the pod's own address is the node's, so that a loopback address means the pod.
    """
    handler = handlers(probe)[0]
    node = probe[handler]
    if handler == "exec":
        return Question(handler, command=durations.words([word.text for word in node["command"].elements()]))
    port = named_port(container, node["port"])
    number = node["port"].text if port is None else port
    if handler == "grpc":
        return Question(handler, number, target=node["service"].text)
    host = node["host"].text.lower()
    own = "" if host_network and host in _LOOPBACK else host
    if handler == "tcpSocket":
        return Question(handler, number, own)
    scheme = node["scheme"].text.upper() or "HTTP"
    return Question(handler, number, own, scheme, _target(node["path"].text), tuple(_headers(node)))


def _headers(node: Node) -> list[tuple[str, str]]:
    given = [(header["name"].text.lower(), header["value"].text) for header in node["httpHeaders"].elements()]
    return sorted(given, key=lambda header: header[0])


def _target(path: str) -> str:
    """A path with its query as it is sent: from the root, without a fragment or an empty query."""
    sent = path.partition("#")[0].removesuffix("?")
    return sent if sent.startswith("/") else f"/{sent}"


def _path_of(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return posixpath.join("/", parts.path) + (f"?{parts.query}" if parts.query else "")


def _host_of(address: str) -> str:
    try:
        # Not `hostname`: it would read a variable such as $HOST in lower case.
        name = urlsplit(address).netloc.rpartition("@")[2]
    except ValueError:
        return ""
    return f"{name.partition(']')[0]}]" if name.startswith("[") else name.partition(":")[0]
