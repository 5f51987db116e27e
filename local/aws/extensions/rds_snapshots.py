"""Database snapshots: physical copies of an instance's data, and new instances made from them."""

from __future__ import annotations

import datetime
import uuid
from typing import TYPE_CHECKING, Any, cast

from moto.rds.exceptions import (
    DBInstanceNotFoundError,
    DBSnapshotAlreadyExistsError,
    DBSnapshotNotFoundFault,
    InvalidParameterValue,
)
from moto.rds.models import DBInstance, DBSnapshot, RDSBackend

from local.aws.errors import Invalid

if TYPE_CHECKING:
    from local.aws.extensions.rds import Instance

_INHERITED = (
    "allocated_storage",
    "auto_minor_version_upgrade",
    "db_instance_class",
    "db_name",
    "iops",
    "master_username",
    "port",
    "storage_encrypted",
    "storage_type",
)
"""What replicas and restored instances have from their source unless it is said otherwise."""


def inherited(source: Instance) -> dict[str, Any]:
    """Members of a creation request that an instance made from `source` has from it."""
    found = {name: getattr(source, name) for name in _INHERITED}
    found["master_user_password"] = source.password
    if source.storage_encrypted:
        found["kms_key_id"] = source.kms_key_id
    return found


class Snapshot(DBSnapshot):
    """A snapshot with data.

    Attributes:
        taken_at: When its data were complete.
        server: Name under which its data are kept; no other snapshot ever has it.
        copied: That of the snapshot whose data it copies; None if it copies its instance's.
    """

    def __init__(self, backend: RDSBackend, database: Instance, identifier: str, **more: Any) -> None:
        self.copied: str | None = more.pop("copied", None)
        super().__init__(backend, database, identifier, **more)
        self.status = "creating"
        self.taken_at: datetime.datetime | None = None
        self.server = f"snapshot-{uuid.uuid4().hex}"
        self.availability_zone = database.availability_zone
        self.storage_type = database.storage_type
        self.license_model = database.license_model

    def complete(self) -> None:
        """Note that its data are there."""
        if self.status == "creating":
            self.status, self.taken_at = "available", datetime.datetime.now(datetime.UTC)

    @property
    def percent_progress(self) -> int:
        """Of the copy: it has begun, or it is there."""
        return 100 if self.status == "available" else 0

    @property
    def taken_from(self) -> Instance:
        """The instance as it was."""
        return cast("Instance", self.database)


class Snapshots(RDSBackend):
    """The part of RDS that keeps snapshots."""

    @property
    def snapshots(self) -> list[Snapshot]:
        """Every snapshot."""
        return [each for each in self.database_snapshots.values() if isinstance(each, Snapshot)]

    def snapshot(self, name: str) -> Snapshot:
        """The snapshot of this identifier or ARN.

        Raises:
            DBSnapshotNotFoundFault: there is none.
        """
        identifier = name.rpartition(":snapshot:")[2].lower()
        found = self.database_snapshots.get(identifier)
        if not isinstance(found, Snapshot):
            raise DBSnapshotNotFoundFault(identifier)
        return found

    def is_backing_up(self, instance: DBInstance) -> bool:
        """Whether somebody's snapshot of the instance is being taken."""
        return any(
            each.status == "creating"
            and each.snapshot_type == "manual"
            and each.copied is None
            and each.dbi_resource_id == instance.dbi_resource_id
            for each in self.snapshots
        )

    def create_db_snapshot(
        self,
        db_instance_identifier: str,
        db_snapshot_identifier: str,
        snapshot_type: str = "manual",
        tags: list[dict[str, str]] | None = None,
        *_: Any,
        **__: Any,
    ) -> DBSnapshot:
        instance: Any = self.databases.get(db_instance_identifier.lower())
        if instance is None:
            raise DBInstanceNotFoundError(db_instance_identifier)
        if instance.status != "available":
            raise Invalid("InvalidDBInstanceState", f"{db_instance_identifier} is {instance.status}.")
        taken = self.take(instance, db_snapshot_identifier, tags=tags)
        instance.status = "backing-up"
        return taken

    def take(self, instance: Instance, identifier: str, **more: Any) -> Snapshot:
        """Begin a snapshot.

        Raises:
            DBSnapshotAlreadyExistsError: there is one of this name.
        """
        identifier = identifier.lower()
        if identifier in self.database_snapshots:
            raise DBSnapshotAlreadyExistsError(identifier)
        snapshot = Snapshot(self, instance, identifier, **more)
        self.database_snapshots[identifier] = snapshot
        return snapshot

    def copy_db_snapshot(
        self,
        source_db_snapshot_identifier: str,
        target_db_snapshot_identifier: str,
        kms_key_id: str | None = None,
        tags: list[dict[str, str]] | None = None,
        copy_tags: bool | None = False,
        **_: Any,
    ) -> DBSnapshot:
        source = self.snapshot(source_db_snapshot_identifier)
        if source.status != "available":
            raise Invalid("InvalidDBSnapshotState", f"{source.db_snapshot_identifier} is {source.status}.")
        return self.take(
            source.taken_from,
            target_db_snapshot_identifier,
            tags=tags or (source.tags if copy_tags else None),
            kms_key_id=self._validate_kms_key(kms_key_id) if kms_key_id else source.kms_key_id,
            original_created_at=source.original_snapshot_create_time,
            copied=source.server,
        )

    def delete_db_snapshot(self, db_snapshot_identifier: str) -> DBSnapshot:
        snapshot = self.snapshot(db_snapshot_identifier)
        if snapshot.snapshot_type != "manual":
            raise Invalid("InvalidDBSnapshotState", "Only manual snapshots may be deleted.")
        users = [each for each in self.databases.values() if getattr(each, "seed", None) == snapshot.server]
        if snapshot.status != "available" or any(each.status == "creating" for each in users):
            raise Invalid("InvalidDBSnapshotState", f"{snapshot.db_snapshot_identifier} is being made or restored.")
        del self.database_snapshots[snapshot.db_snapshot_identifier]
        snapshot.status = "deleted"
        return snapshot

    def restore_db_instance_from_db_snapshot(self, from_snapshot_id: str, overrides: dict[str, Any]) -> DBInstance:
        snapshot = self.snapshot(from_snapshot_id)
        if snapshot.status != "available":
            raise Invalid("InvalidDBSnapshotState", f"{snapshot.db_snapshot_identifier} is {snapshot.status}.")
        source = snapshot.taken_from
        declared = {name: value for name, value in overrides.items() if value is not None}
        if int(declared.get("allocated_storage") or snapshot.allocated_storage) < snapshot.allocated_storage:
            raise InvalidParameterValue("The allocated storage size can't be less than the snapshot's.")
        declared.pop("db_snapshot_identifier", None)
        declared.pop("db_name", None)
        encryption = {"storage_encrypted": snapshot.storage_encrypted, "kms_key_id": snapshot.kms_key_id}
        retention = {"backup_retention_period": source.backup_retention_period}
        made = self.create_db_instance(
            {**inherited(source), **encryption, **retention, "engine": "postgres", **declared}
        )
        cast("Instance", made).seed = snapshot.server
        return made
