"""The stand-in for a data plane: what is declared is available at once, what is deleted is gone at once."""

from __future__ import annotations

from local.aws import resources
from local.aws.dataplane.desired import postgres_name, redis_name
from local.aws.extensions.rds_multi_az import LETTERS
from local.aws.extensions.rds_proxy import PREFIX
from local.aws.state import ADDRESSES, LOCK


def settle() -> None:
    """Bring every resource to the state it would have once its servers run."""
    with LOCK:
        for elasticache in resources.elasticache():
            for group in list(elasticache.groups.values()):
                if group.status == "deleting":
                    elasticache.forget(group)
                    for node in group.nodes:
                        ADDRESSES.release(redis_name(node.cluster_id, group.region))
                    continue
                for node in group.nodes:
                    node.address = ADDRESSES.allocate(redis_name(node.cluster_id, group.region))
                group.status = "available"
        for rds in resources.rds():
            for instance in rds.instances:
                name = postgres_name(instance.db_instance_identifier, instance.region)
                if instance.status == "deleting":
                    rds.forget(instance)
                    ADDRESSES.release(name)
                    continue
                instance.writer = LETTERS[instance.failovers % 2]
                instance.server_address = ADDRESSES.allocate(name)
                instance.status = "available"
                rds.keep_backups(instance)
            for snapshot in rds.snapshots:
                snapshot.complete()
            rds.settle_proxies(lambda _owner, _identifier: True)
        for owner in [each for each in ADDRESSES.taken if each.startswith(PREFIX)]:
            if owner not in resources.proxy_owners():
                ADDRESSES.release(owner)
        for cloudfront in resources.cloudfront():
            for distribution in cloudfront.served.values():
                distribution.status = "Deployed"
            for purges in cloudfront.purges.values():
                for purge in purges:
                    purge.status = "Completed"
