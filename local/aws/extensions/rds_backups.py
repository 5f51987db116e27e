"""Automated backups: the first copy of an instance's data and its log since then, and new instances made from them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, cast

from moto.rds.exceptions import DBInstanceNotFoundError, InvalidParameterValue
from moto.rds.models import DBInstance

from local.aws.errors import Invalid, Refused
from local.aws.extensions.rds_snapshots import Snapshot, Snapshots, inherited

if TYPE_CHECKING:
    from local.aws.extensions.rds import Instance


class Backups(Snapshots):
    """The part of RDS that keeps automated backups."""

    def automated_backup(self, instance: DBInstance) -> Snapshot | None:
        """The copy that the instance's log goes on from; None if it has no backups, or not yet."""
        found = (
            each
            for each in self.snapshots
            if each.snapshot_type == "automated" and each.dbi_resource_id == instance.dbi_resource_id
        )
        return next(found, None)

    def keep_backups(self, instance: Instance) -> None:
        """Begin automated backups of an available instance that should have them, end those of one that should not."""
        backup = self.automated_backup(instance)
        if instance.is_archived and backup is None:
            now = datetime.datetime.now(datetime.UTC)
            name = f"rds:{instance.db_instance_identifier}-{now:%Y-%m-%d-%H-%M}"
            # The same name within one minute: its predecessor is of an instance that is gone.
            self.database_snapshots.pop(name, None)
            self.take(instance, name, snapshot_type="automated")
        elif not instance.is_archived:
            self.drop_backup(instance)

    def drop_backup(self, instance: DBInstance) -> None:
        """End the instance's automated backups."""
        backup = self.automated_backup(instance)
        if backup is not None:
            del self.database_snapshots[backup.db_snapshot_identifier]

    def latest_restorable(self, instance: DBInstance) -> datetime.datetime | None:
        """The newest moment that the instance can be restored to: while it runs, now."""
        backup = self.automated_backup(instance)
        if backup is None or backup.status != "available":
            return None
        return datetime.datetime.now(datetime.UTC).replace(microsecond=0)

    def restore_db_instance_to_point_in_time(
        self, source_db_identifier: str, target_db_identifier: str, overrides: dict[str, Any]
    ) -> DBInstance:
        declared = {name: value for name, value in overrides.items() if value is not None}
        for member in ("source_dbi_resource_id", "source_db_instance_automated_backups_arn"):
            if declared.pop(member, None):
                raise Refused("restoring the backups of an instance that is deleted")
        source = cast("Instance | None", self.databases.get((source_db_identifier or "").lower()))
        if source is None:
            raise DBInstanceNotFoundError(source_db_identifier)
        latest, backup = self.latest_restorable(source), self.automated_backup(source)
        if latest is None or backup is None or backup.taken_at is None:
            raise Invalid("InvalidRestoreFault", f"{source_db_identifier} has no automated backup yet.")
        moment = declared.pop("restore_time", None)
        if (moment is None) == (not declared.pop("use_latest_restorable_time", False)):
            raise Invalid(
                "InvalidParameterCombination", "Specify one of RestoreTime and UseLatestRestorableTime, and only one."
            )
        if moment is not None and not backup.taken_at <= _aware(moment) <= latest:
            raise Invalid(
                "InvalidRestoreFault",
                f"{source_db_identifier} can be restored from {backup.taken_at.isoformat()} to {latest.isoformat()}.",
            )
        if int(declared.get("allocated_storage") or source.allocated_storage) < source.allocated_storage:
            raise InvalidParameterValue("Allocated storage size can't be less than the source instance size.")
        for member in ("source_db_instance_identifier", "target_db_instance_identifier", "db_name"):
            declared.pop(member, None)
        of_the_source = {**inherited(source), "backup_retention_period": source.backup_retention_period}
        made = self.create_db_instance(
            {**of_the_source, "engine": "postgres", **declared, "db_instance_identifier": target_db_identifier}
        )
        new = cast("Instance", made)
        new.seed = backup.server
        new.restored_from = source
        new.restored_to = None if moment is None else _aware(moment)
        return made


def _aware(moment: datetime.datetime) -> datetime.datetime:
    """AWS's times are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
