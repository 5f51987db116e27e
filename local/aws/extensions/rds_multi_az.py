"""Multi-AZ: the zones that an instance's servers are in, and which of them writes."""

from __future__ import annotations

from typing import Any

from moto.rds.models import DBInstance

from local.aws.errors import Invalid

LETTERS = ("a", "b")
"""The servers of an instance; one that is not Multi-AZ has only one of them."""


class Zoned(DBInstance):
    """A database instance whose writer is in one zone and whose standby, if it has one, in another.

    Attributes:
        writer: Letter of the server that writes; another one after a failover.
        failovers: Raised by every failover that is asked for.
    """

    writer = "a"
    failovers = 0

    @property
    def members(self) -> tuple[str, ...]:
        """Letters of its servers."""
        return LETTERS if self.multi_az else (self.writer,)

    @property
    def availability_zone(self) -> str:
        """Where the writer is."""
        return self.zones[self.writer]

    @availability_zone.setter
    def availability_zone(self, zone: str) -> None:
        # moto sets it first of all, to what was declared or to one of its own.
        self._first_zone = zone

    @property
    def secondary_availability_zone(self) -> str | None:
        """Where the standby is; None without one."""
        if not self.multi_az:
            return None
        [standby] = [letter for letter in self.members if letter != self.writer]
        return self.zones[standby]

    @property
    def zones(self) -> dict[str, str]:
        """Zones by the letters of the servers in them."""
        group: Any = getattr(self, "db_subnet_group", None)
        subnets = group.subnets if group is not None else []
        found = sorted({str(subnet["SubnetAvailabilityZone"]["Name"]) for subnet in subnets})
        every = [*found, *(f"{self.region}{letter}" for letter in "abc")]
        # Without a declared zone moto has chosen one, which may have none of the subnets.
        first = [self._first_zone] if self._first_zone in found or not found else []
        return dict(zip(LETTERS, dict.fromkeys([*first, *every]), strict=False))

    def force_failover(self) -> None:
        """Note that the standby is to take over.

        Raises:
            Invalid: there is none.
        """
        if not self.multi_az:
            raise Invalid(
                "InvalidParameterCombination",
                f"ForceFailover cannot be specified: {self.db_instance_identifier} is not configured for Multi-AZ.",
            )
        self.failovers += 1
