"""SR-DB: a production database outlives a zone, encrypts, can be restored, and is not deleted by mistake.

RDS instances, Multi-AZ database clusters and Aurora clusters. A read replica has its source's encryption and is made
again rather than restored, so less is asked of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from policies import production
from policies.model import Resource, Verdict, undetermined
from policies.node import Node, guard
from policies.production import is_production
from policies.values import flag, given, number

INSTANCE: Final = "aws:rds/instance:Instance"
CLUSTER: Final = "aws:rds/cluster:Cluster"
CLUSTER_INSTANCE: Final = "aws:rds/clusterInstance:ClusterInstance"

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    **production.SCHEMA,
    "backupRetentionDays": {
        "type": "integer",
        "minimum": 1,
        "maximum": 35,
        "default": 7,
        "description": "Days of which any moment can be restored, at least.",
    },
}

DEFAULT_RETENTION: Final = {INSTANCE: 0, CLUSTER: 1}
"""Days when nothing is said (RDS API Reference, `CreateDBInstance` and `CreateDBCluster`; the provider's default)."""
_ORIGINS: Final = ("snapshotIdentifier", "restoreToPointInTime")
"""What a database may begin with, and then has the encryption of."""

Check = Callable[[Resource, Node, Mapping[str, Any]], Iterator[Verdict]]


def database_is_safe(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge one instance or cluster by itself."""
    if resource.type not in _CHECKS or not is_production(resource, settings):
        return
    root = Node(resource.properties)
    for check in _REPLICA_CHECKS if is_replica(root) else _CHECKS[resource.type]:
        yield from guard(resource, check(resource, root, settings))


def is_replica(root: Node) -> bool:
    """Whether an instance or a cluster copies another one."""
    return given(root["replicateSourceDb"]) or given(root["replicationSourceIdentifier"])


def _zones(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node = root["multiAz"]
    if not flag(node):
        problem = "has no standby in another zone, so the loss of its zone is an outage"
        yield Verdict(resource, node.path, node.value, problem, "set it to true")


def _encryption(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node = root["storageEncrypted"]
    if not node.present and root["engineMode"].text == "serverless":
        return  # always encrypted
    if not node.present and any(given(root[origin]) for origin in _ORIGINS):
        reason = "not set, so it is encrypted if what it is restored from is; set it to true to be sure"
        yield undetermined(resource, node.path, reason)
    elif not flag(node):
        problem = "keeps disks, snapshots and backups in the clear"
        yield Verdict(resource, node.path, node.value, problem, "set it to true, which makes the database anew")


def _replica_encryption(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node = root["storageEncrypted"]
    if node.present and not flag(node):
        problem = "says that its source keeps disks, snapshots and backups in the clear"
        yield Verdict(resource, node.path, node.value, problem, "encrypt the source, and leave it out here")


def _backups(resource: Resource, root: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node, wanted = root["backupRetentionPeriod"], settings["backupRetentionDays"]
    kept = number(node, DEFAULT_RETENTION[resource.type])
    if kept < wanted:
        problem = (
            f"can be restored to a moment of {_last_days(kept)} only" if kept else "cannot be restored to any moment"
        )
        yield Verdict(resource, node.path, node.value, problem, f"set it to {wanted} or more")


def _last_days(count: int) -> str:
    return "the last day" if count == 1 else f"the last {count} days"


def _protection(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node = root["deletionProtection"]
    if not flag(node):
        problem = "lets one wrong command delete it"
        yield Verdict(resource, node.path, node.value, problem, "set it to true")


def _final_snapshot(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    skipped, name = root["skipFinalSnapshot"], root["finalSnapshotIdentifier"]
    if flag(skipped):
        problem = "deletes the data with the database"
        cure = "set it to false, and finalSnapshotIdentifier to a name that is new each time"
        yield Verdict(resource, skipped.path, skipped.value, problem, cure)
    elif not given(name):
        problem = "is not set, so the deletion fails for want of a name for the last snapshot"
        yield Verdict(resource, name.path, None, problem, "set it to a name that is new each time")


def _private(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node = root["publiclyAccessible"]
    if flag(node):
        problem = "gives it an address on the internet"
        yield Verdict(resource, node.path, node.value, problem, "set it to false, and connect from within the network")


_CHECKS: Final[Mapping[str, tuple[Check, ...]]] = {
    INSTANCE: (_zones, _encryption, _backups, _protection, _final_snapshot, _private),
    CLUSTER: (_encryption, _backups, _protection, _final_snapshot),
    CLUSTER_INSTANCE: (_private,),
}
_REPLICA_CHECKS: Final[tuple[Check, ...]] = (_replica_encryption, _private)
