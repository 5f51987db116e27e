"""Refuse any address that is not on this machine: the stand-ins must never talk to a real cloud."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from urllib.parse import urlsplit

from local.network.plan import PLAN

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotThisMachine(ValueError):
    """The address belongs to another machine, or to nobody."""


def require_this_machine(url_or_host: str) -> None:
    """Return if the host is on this machine.

    On this machine are: loopback, an address of one of this machine's interfaces, and the local platform's own
    network as long as the route to it leaves by the platform's interface. Names other than `localhost` are
    refused: a stand-in must not depend on what a resolver says.

    Raises:
        NotThisMachine: anything else.
    """
    host = host_of(url_or_host)
    if host == "localhost":
        return
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise NotThisMachine(_refusal(url_or_host)) from None
    if not (address.is_loopback or address in _own_addresses() or _in_local_platform(address)):
        raise NotThisMachine(_refusal(url_or_host))


def host_of(url_or_host: str) -> str:
    """The host part of a URL, `host:port` or bare host."""
    parts = urlsplit(url_or_host if "//" in url_or_host else f"//{url_or_host}")
    return (parts.hostname or "").strip("[]")


def _refusal(what: str) -> str:
    return (
        f"{what!r} is not on this machine. This plugin stands in for the official one and serves only the local "
        "platform: name an endpoint on loopback or the local platform's, or install the official plugin."
    )


def _ip_json(*arguments: str) -> list[dict[str, object]]:
    answer = subprocess.run(["ip", "-json", *arguments], capture_output=True, text=True, check=False)
    if answer.returncode != 0 or not answer.stdout.strip():
        return []
    parsed = json.loads(answer.stdout)
    return [item for item in parsed if isinstance(item, dict)]


def _own_addresses() -> set[Address]:
    found: set[Address] = set()
    for interface in _ip_json("address", "show"):
        infos = interface.get("addr_info")
        for info in infos if isinstance(infos, list) else []:
            if "local" in info:
                found.add(ipaddress.ip_address(info["local"]))
    return found


def _in_local_platform(address: Address) -> bool:
    if address not in ipaddress.ip_network(PLAN.network):
        return False
    return any(route.get("dev") == PLAN.host_interface for route in _ip_json("route", "get", str(address)))
