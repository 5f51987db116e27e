"""ElastiCache's snapshots: the data set of a replication group at one moment, kept apart from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.elasticache.exceptions import CacheClusterNotFound

from local.aws.errors import Invalid, Refused
from local.aws.extensions.elasticache_node_groups import NODE_ID, Slots, told
from local.aws.stored_objects import stored_object

if TYPE_CHECKING:
    from local.aws.extensions.elasticache import ElastiCache
    from local.aws.extensions.elasticache_groups import Group

_NAME = re.compile(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,199}")
_OBJECT = re.compile(r"arn:aws:s3:::(?P<bucket>[^/]+)/(?P<key>.+)")


@dataclass
class Part:
    """What a snapshot has of one node group.

    Attributes:
        node_group: Its ID.
        node_id: Cluster ID of the node that it is taken from.
        slots: Those that the node group had; none without cluster mode.
        size: Bytes of the file; None until it is there.
    """

    node_group: str
    node_id: str
    slots: Slots = ()
    size: int | None = None


@dataclass
class Snapshot:
    """A snapshot.

    Attributes:
        parts: One for each node group, in their order.
        origin: The replication group that it is taken from, until it is there.
        source: The snapshot that it is copied from, until it is there.
        about: What the API tells of the group as it was then.
        status: creating, available or deleting.
    """

    name: str
    region: str
    account: str
    parts: list[Part]
    about: dict[str, Any]
    origin: Group | None = None
    source: Snapshot | None = None
    kms_key: str | None = None
    status: str = "creating"
    created: datetime = field(default_factory=utcnow)

    @property
    def arn(self) -> str:
        return f"arn:aws:elasticache:{self.region}:{self.account}:snapshot:{self.name}"

    def describe(self, restoring: bool, with_slots: bool = False) -> dict[str, object]:
        """The API's `Snapshot`.

        Args:
            restoring: A replication group is being made from it.
            with_slots: Tell what slots each node group had.
        """
        return {
            **self.about,
            "SnapshotName": self.name,
            "SnapshotStatus": "restoring" if restoring else self.status,
            "SnapshotSource": "manual",
            "KmsKeyId": self.kms_key,
            "ARN": self.arn,
            "NodeSnapshots": [
                {
                    "CacheClusterId": part.node_id,
                    "NodeGroupId": part.node_group,
                    "CacheNodeId": NODE_ID,
                    "NodeGroupConfiguration": {"NodeGroupId": part.node_group, "Slots": told(part.slots)}
                    if part.slots and with_slots
                    else None,
                    "CacheSize": "" if part.size is None else f"{max(1, round(part.size / 2**20))} MB",
                    "CacheNodeCreateTime": self.about["CacheClusterCreateTime"],
                    "SnapshotCreateTime": self.created,
                }
                for part in self.parts
            ],
        }


@dataclass(frozen=True)
class ExportedFile:
    """An RDB file in S3 that a new group begins with."""

    bucket: str
    key: str


def exported_files(arns: Sequence[str], node_groups: int) -> tuple[ExportedFile, ...]:
    """The files that `SnapshotArns` names.

    Args:
        node_groups: How many begin with them.

    Raises:
        Invalid: it names more than there are node groups, or one twice, or what is not there, or what is no RDB file.
    """
    if len(arns) > node_groups or len(set(arns)) < len(arns):
        raise Invalid("InvalidParameterValue", f"SnapshotArns: one file for each node group, of {node_groups}.")
    found = []
    for arn in arns:
        named = _OBJECT.fullmatch(arn)
        content = stored_object(named["bucket"], named["key"]) if named else None
        if named is None or content is None or not content.startswith(b"REDIS"):
            raise Invalid("InvalidParameterValue", f"SnapshotArns: {arn} is no RDB file that can be read from S3.")
        found.append(ExportedFile(named["bucket"], named["key"]))
    return tuple(found)


def check_parts(snapshot: Snapshot, clustered: bool, node_groups: int) -> None:
    """Whether a replication group with so many node groups can begin with the snapshot.

    Raises:
        Invalid: it is one of several node groups, and there is no cluster mode.
        Refused: it is one of more node groups than there are.
    """
    if len(snapshot.parts) > 1 and not clustered:
        raise Invalid(
            "InvalidParameterCombination",
            f"Snapshot {snapshot.name} is of {len(snapshot.parts)} node groups: they need cluster mode.",
        )
    if len(snapshot.parts) > node_groups:
        raise Refused(
            f"restoring a snapshot of {len(snapshot.parts)} node groups into fewer",
            f"Write NumNodeGroups: {len(snapshot.parts)}, and take node groups away afterwards.",
        )


def about(group: Group) -> dict[str, Any]:
    """What a snapshot tells of the group that it is taken from."""
    return {
        "ReplicationGroupId": group.identifier,
        "ReplicationGroupDescription": group.description,
        "CacheNodeType": group.node_type,
        "Engine": "redis",
        "EngineVersion": group.full_version,
        "CacheClusterCreateTime": group.created,
        "PreferredMaintenanceWindow": group.declared["PreferredMaintenanceWindow"],
        "Port": group.port,
        "CacheParameterGroupName": group.parameter_group.name,
        "CacheSubnetGroupName": group.subnet_group,
        "AutoMinorVersionUpgrade": group.declared["AutoMinorVersionUpgrade"],
        "SnapshotRetentionLimit": group.declared["SnapshotRetentionLimit"],
        "SnapshotWindow": group.declared["SnapshotWindow"],
        "NumNodeGroups": len(group.node_groups),
        "AutomaticFailover": "enabled" if group.automatic_failover else "disabled",
        "DataTiering": "disabled",
    }


class SnapshotOperations:
    """Operations on snapshots; a part of ElastiCache's responses."""

    if TYPE_CHECKING:
        region: str
        current_account: str

        @property
        def backend(self) -> ElastiCache: ...
        def _get_params(self) -> Any: ...
        def _available(self, identifier: str) -> Group: ...

    def create_snapshot(self) -> ActionResult:
        params = self._get_params()
        identifier, node_id = params.get("ReplicationGroupId"), (params.get("CacheClusterId") or "").lower()
        if bool(identifier) == bool(node_id):
            raise Invalid("InvalidParameterCombination", "Give either ReplicationGroupId or CacheClusterId.")
        if node_id:
            owners = [group for group in self.backend.groups.values() if node_id in group.node_ids]
            if not owners:
                raise CacheClusterNotFound(node_id)
            identifier = owners[0].identifier
        group = self.backend.group(identifier)
        self._available(group.identifier)
        if node_id and group.clustered:
            raise Invalid("InvalidParameterCombination", "With cluster mode, name the ReplicationGroupId.")
        made = self.take_snapshot(group, params["SnapshotName"], node_id)
        made.kms_key = params.get("KmsKeyId")
        group.status = "snapshotting"
        self.backend.tagging_service.tag_resource(made.arn, params.get("Tags") or [])
        return self._answer(made)

    def copy_snapshot(self) -> ActionResult:
        params = self._get_params()
        if params.get("TargetBucket"):
            raise Refused("exporting snapshots to a bucket", "Leave TargetBucket out.")
        source = self.backend.snapshot(params["SourceSnapshotName"])
        if source.status != "available":
            raise Invalid("InvalidSnapshotState", f"Snapshot {source.name} is {source.status}; it must be available.")
        made = Snapshot(
            name=self._new_name(params["TargetSnapshotName"]),
            region=self.region,
            account=self.current_account,
            parts=[replace(part, size=None) for part in source.parts],
            about=source.about,
            source=source,
            kms_key=params.get("KmsKeyId") or source.kms_key,
        )
        self.backend.snapshots_kept[made.name] = made
        self.backend.tagging_service.tag_resource(made.arn, params.get("Tags") or [])
        return self._answer(made)

    def describe_snapshots(self) -> ActionResult:
        params = self._get_params()
        name, group, node = (params.get(key) for key in ("SnapshotName", "ReplicationGroupId", "CacheClusterId"))
        found = [self.backend.snapshot(name)] if name else list(self.backend.snapshots_kept.values())
        if group:
            found = [each for each in found if each.about["ReplicationGroupId"] == group.lower()]
        if node:
            found = [each for each in found if node.lower() in {part.node_id for part in each.parts}]
        if params.get("SnapshotSource") == "system":
            # Daily ones are not taken here.
            found = []
        first, most = int(params.get("Marker") or 0), int(params.get("MaxRecords") or 50)
        more = str(first + most) if len(found) > first + most else None
        told_slots = bool(params.get("ShowNodeGroupConfig"))
        described = [each.describe(self.backend.is_restoring(each), told_slots) for each in found[first : first + most]]
        return ActionResult({"Snapshots": described, "Marker": more})

    def delete_snapshot(self) -> ActionResult:
        snapshot = self.backend.snapshot(self._get_params()["SnapshotName"])
        copied = any(each.source is snapshot for each in self.backend.snapshots_kept.values())
        if snapshot.status != "available" or copied or self.backend.is_restoring(snapshot):
            raise Invalid("InvalidSnapshotState", f"Snapshot {snapshot.name} is in use or not available.")
        snapshot.status = "deleting"
        return self._answer(snapshot)

    def take_snapshot(self, group: Group, name: str, node_id: str = "") -> Snapshot:
        """Begin a snapshot; the data plane finishes it.

        Args:
            node_id: Cluster ID of the node that it is taken from, where there is one node group; by default that is
                each node group's primary.
        """
        made = Snapshot(
            name=self._new_name(name),
            region=self.region,
            account=self.current_account,
            parts=[Part(each.identifier, node_id or each.primary.cluster_id, each.slots) for each in group.node_groups],
            about=about(group),
            origin=group,
        )
        self.backend.snapshots_kept[made.name] = made
        return made

    def seed_of(
        self, name: str | None, arns: list[str], clustered: bool, shards: int
    ) -> Snapshot | tuple[ExportedFile, ...] | None:
        """What a new group begins with."""
        if name and arns:
            raise Invalid("InvalidParameterCombination", "SnapshotName and SnapshotArns exclude each other.")
        if not name:
            return exported_files(arns, shards) or None
        snapshot = self.backend.snapshot(name)
        if snapshot.status != "available":
            raise Invalid(
                "InvalidParameterValue", f"Snapshot {snapshot.name} is {snapshot.status}; it must be available."
            )
        check_parts(snapshot, clustered, shards)
        return snapshot

    def _new_name(self, name: str) -> str:
        if not _NAME.fullmatch(name.lower()):
            raise Invalid(
                "InvalidParameterValue",
                f"Snapshot name {name!r}: at most 200 letters, digits and single hyphens, a letter first.",
            )
        if name.lower() in self.backend.snapshots_kept:
            raise Invalid("SnapshotAlreadyExistsFault", f"Snapshot {name.lower()} already exists.")
        return name.lower()

    def _answer(self, snapshot: Snapshot) -> ActionResult:
        return ActionResult({"Snapshot": snapshot.describe(self.backend.is_restoring(snapshot))})
