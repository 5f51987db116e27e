"""Where servers are: region and zone as the API declares them."""

from __future__ import annotations

from dataclasses import dataclass

from local.aws import resources
from local.aws.dataplane.desired import member_owner, postgres_name
from local.aws.dataplane.redis_cluster_desired import configuration_name
from local.aws.dataplane.redis_desired import SENTINELS, endpoint_name, redis_name, sentinel_name, snapshot_name
from local.aws.state import CURRENT, LOCK

GLOBAL = "global"
"""Region of what belongs to none, as AWS's consoles name it."""


@dataclass(frozen=True)
class Place:
    """Where a server is.

    Attributes:
        zone: As AWS names it, `eu-west-1a`; empty for what a region has as a whole.
    """

    region: str
    zone: str = ""


NOWHERE = Place(GLOBAL)


def places() -> dict[str, Place]:
    """The place of every declared server, by its name; those of a database have names of their own."""
    found: dict[str, Place] = {}
    with LOCK:
        for elasticache in resources.elasticache():
            for group in elasticache.groups.values():
                found[configuration_name(group) if group.clustered else endpoint_name(group)] = Place(group.region)
                for node in group.nodes:
                    found[redis_name(node.cluster_id, group.region)] = Place(group.region, node.zone)
            for snapshot in elasticache.snapshots_kept.values():
                for part in snapshot.parts:
                    found[snapshot_name(snapshot, part)] = Place(snapshot.region)
        for rds in resources.rds():
            for instance in rds.instances:
                name = postgres_name(instance.db_instance_identifier, instance.region)
                found[name] = Place(instance.region)
                for letter in instance.members:
                    found[member_owner(name, letter)] = Place(instance.region, instance.zones[letter])
            for proxy in rds.proxies:
                found[proxy.server] = Place(rds.region_name)
    # The Sentinels of all groups are the platform's own, one in each zone.
    home = CURRENT.plan.region
    for number, letter in zip(SENTINELS, "abc", strict=True):
        for tls in (False, True):
            found[sentinel_name(tls, number)] = Place(home, f"{home}{letter}")
    return found
