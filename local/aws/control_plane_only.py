"""The stand-in for a data plane: what is declared is available at once, what is deleted is gone at once."""

from __future__ import annotations

from local.aws import resources
from local.aws.dataplane.desired import postgres_name
from local.aws.dataplane.redis_desired import endpoint_name, reader_owner, redis_name
from local.aws.extensions.elasticache_groups import Group
from local.aws.extensions.rds_multi_az import LETTERS
from local.aws.state import ADDRESSES, LOCK


def _fail_over(group: Group) -> None:
    """Have a replica take over from a primary that was made to fail."""
    failed = group.primary
    group.fail_over(next(node for node in group.nodes if node is not failed))
    group.recover(failed)
    failed.deaths = 0


def settle() -> None:
    """Bring every resource to the state it would have once its servers run."""
    with LOCK:
        for elasticache in resources.elasticache():
            for snapshot in list(elasticache.snapshots_kept.values()):
                if snapshot.status == "deleting":
                    elasticache.drop_snapshot(snapshot)
                snapshot.status, snapshot.origin, snapshot.source, snapshot.size = "available", None, None, 0
            for group in list(elasticache.groups.values()):
                if group.status == "deleting":
                    elasticache.forget(group)
                    names = [redis_name(node.cluster_id, group.region) for node in group.nodes]
                    for name in (*names, endpoint_name(group), reader_owner(group)):
                        ADDRESSES.release(name)
                    continue
                for node in group.nodes:
                    node.address = ADDRESSES.allocate(redis_name(node.cluster_id, group.region))
                if group.primary.deaths:
                    _fail_over(group)
                group.primary_address = ADDRESSES.allocate(endpoint_name(group))
                group.reader_address = ADDRESSES.allocate(reader_owner(group))
                group.status, group.formed = "available", True
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
            for copy in rds.snapshots:
                copy.complete()
            for proxy in list(rds.proxies_leaving.values()):
                rds.forget_proxy(proxy)
                ADDRESSES.release(proxy.server)
            for proxy in rds.proxies:
                proxy.status = "available"
                if proxy.target is not None:
                    proxy.target.state = "AVAILABLE"
        for cloudfront in resources.cloudfront():
            for distribution in cloudfront.served.values():
                distribution.status = "Deployed"
            for purges in cloudfront.purges.values():
                for purge in purges:
                    purge.status = "Completed"
