"""What the API's threads and the data plane's threads share."""

from __future__ import annotations

import ipaddress
import threading
from dataclasses import dataclass, field
from pathlib import Path

from local.network.plan import PLAN, Plan

ACCOUNT = "123456789012"

LOCK = threading.RLock()
"""Held while the API's models are read or changed: moto itself does not lock."""


@dataclass
class Surroundings:
    """The platform that this endpoint belongs to; set once, before the first request.

    Attributes:
        inbox: Where messages are kept that would have left this machine; None: nowhere.
    """

    plan: Plan = PLAN
    inbox: Path | None = None


CURRENT = Surroundings()


@dataclass
class AddressPool:
    """Hands out one address an owner, and always the lowest that is free.

    Attributes:
        network: Where addresses come from, its first and last left out; None for the current plan's.
    """

    network: str | None = None
    taken: dict[str, str] = field(default_factory=dict)

    def allocate(self, owner: str) -> str:
        """The owner's address; the same one until it is released.

        Raises:
            RuntimeError: every address is taken.
        """
        with LOCK:
            if owner not in self.taken:
                used = set(self.taken.values())
                network = self.network or CURRENT.plan.data_plane
                free = (str(host) for host in ipaddress.ip_network(network).hosts() if str(host) not in used)
                address = next(free, None)
                if address is None:
                    raise RuntimeError(f"no address left in {network} for {owner}")
                self.taken[owner] = address
            return self.taken[owner]

    def release(self, owner: str) -> None:
        """Give the address back; nothing happens if the owner has none."""
        with LOCK:
            self.taken.pop(owner, None)


ADDRESSES = AddressPool()
"""Addresses of the data plane's servers, by server name."""
