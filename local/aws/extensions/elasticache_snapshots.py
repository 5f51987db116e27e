"""ElastiCache's snapshots: the data set of a replication group at one moment, kept apart from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.elasticache.exceptions import CacheClusterNotFound

from local.aws.errors import Invalid, Refused
from local.aws.extensions.elasticache_events import NODE_GROUP
from local.aws.stored_objects import stored_object

if TYPE_CHECKING:
    from local.aws.extensions.elasticache import ElastiCache
    from local.aws.extensions.elasticache_groups import Group

_NAME = re.compile(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,199}")
_OBJECT = re.compile(r"arn:aws:s3:::(?P<bucket>[^/]+)/(?P<key>.+)")


@dataclass
class Snapshot:
    """A snapshot.

    Attributes:
        node_id: Cluster ID of the node that it is taken from.
        origin: The replication group that it is taken from, until it is there.
        source: The snapshot that it is copied from, until it is there.
        about: What the API tells of the group as it was then.
        status: creating, available or deleting.
        size: Bytes of the file; None until it is there.
    """

    name: str
    region: str
    account: str
    node_id: str
    about: dict[str, Any]
    origin: Group | None = None
    source: Snapshot | None = None
    kms_key: str | None = None
    status: str = "creating"
    size: int | None = None
    created: datetime = field(default_factory=utcnow)

    @property
    def arn(self) -> str:
        return f"arn:aws:elasticache:{self.region}:{self.account}:snapshot:{self.name}"

    def describe(self, restoring: bool) -> dict[str, object]:
        """The API's `Snapshot`.

        Args:
            restoring: A replication group is being made from it.
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
                    "CacheClusterId": self.node_id,
                    "NodeGroupId": NODE_GROUP,
                    "CacheNodeId": NODE_GROUP,
                    "CacheSize": "" if self.size is None else f"{max(1, round(self.size / 2**20))} MB",
                    "CacheNodeCreateTime": self.about["CacheClusterCreateTime"],
                    "SnapshotCreateTime": self.created,
                }
            ],
        }


@dataclass(frozen=True)
class ExportedFile:
    """An RDB file in S3 that a new group begins with."""

    bucket: str
    key: str


def exported_file(arns: Sequence[str]) -> ExportedFile | None:
    """The file that `SnapshotArns` names, if it names one.

    Raises:
        Invalid: it names several, or what is not there, or what is no RDB file.
    """
    if not arns:
        return None
    if len(arns) > 1:
        raise Invalid("InvalidParameterValue", "SnapshotArns: one file for each node group, which is one.")
    named = _OBJECT.fullmatch(arns[0])
    content = stored_object(named["bucket"], named["key"]) if named else None
    if named is None or content is None or not content.startswith(b"REDIS"):
        raise Invalid("InvalidParameterValue", f"SnapshotArns: {arns[0]} is no RDB file that can be read from S3.")
    return ExportedFile(named["bucket"], named["key"])


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
        "NumNodeGroups": 1,
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
        made = self.take_snapshot(group, params["SnapshotName"], node_id or group.primary.cluster_id)
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
            node_id=source.node_id,
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
            found = [each for each in found if each.node_id == node.lower()]
        if params.get("SnapshotSource") == "system":
            # Daily ones are not taken here.
            found = []
        first, most = int(params.get("Marker") or 0), int(params.get("MaxRecords") or 50)
        more = str(first + most) if len(found) > first + most else None
        described = [each.describe(self.backend.is_restoring(each)) for each in found[first : first + most]]
        return ActionResult({"Snapshots": described, "Marker": more})

    def delete_snapshot(self) -> ActionResult:
        snapshot = self.backend.snapshot(self._get_params()["SnapshotName"])
        copied = any(each.source is snapshot for each in self.backend.snapshots_kept.values())
        if snapshot.status != "available" or copied or self.backend.is_restoring(snapshot):
            raise Invalid("InvalidSnapshotState", f"Snapshot {snapshot.name} is in use or not available.")
        snapshot.status = "deleting"
        return self._answer(snapshot)

    def take_snapshot(self, group: Group, name: str, node_id: str) -> Snapshot:
        """Begin a snapshot; the data plane finishes it."""
        made = Snapshot(
            name=self._new_name(name),
            region=self.region,
            account=self.current_account,
            node_id=node_id,
            about=about(group),
            origin=group,
        )
        self.backend.snapshots_kept[made.name] = made
        return made

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
