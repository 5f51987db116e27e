"""The stand-in for a data plane: what is declared is available at once, what is deleted is gone at once."""

from __future__ import annotations

from local.aws import resources
from local.aws.state import ADDRESSES, LOCK


def settle() -> None:
    """Bring every resource to the state it would have once its servers run."""
    with LOCK:
        for elasticache in resources.elasticache():
            for group in list(elasticache.groups.values()):
                if group.status == "deleting":
                    elasticache.forget(group)
                    for node in group.nodes:
                        ADDRESSES.release(node.cluster_id)
                    continue
                for node in group.nodes:
                    node.address = ADDRESSES.allocate(node.cluster_id)
                group.status = "available"
        for rds in resources.rds():
            for instance in rds.instances:
                if instance.status == "deleting":
                    rds.forget(instance)
                    ADDRESSES.release(instance.db_instance_identifier)
                    continue
                instance.server_address = ADDRESSES.allocate(instance.db_instance_identifier)
                instance.status = "available"
        for cloudfront in resources.cloudfront():
            for distribution in cloudfront.served.values():
                distribution.status = "Deployed"
            for purges in cloudfront.purges.values():
                for purge in purges:
                    purge.status = "Completed"
