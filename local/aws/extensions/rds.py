"""RDS: PostgreSQL instances and read replicas that have servers; whatever has none is refused."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.subnets import Subnet
from moto.rds import urls as moto_urls
from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    DBParameterGroupNotFoundError,
    DBSnapshotAlreadyExistsError,
)
from moto.rds.models import DBInstance, DBParameterGroup, DBSubnetGroup
from moto.rds.responses import RDSResponse

from local.aws.errors import Invalid, Refused
from local.aws.extensions.rds_backups import Backups
from local.aws.extensions.rds_limits import check_declared, check_parameters
from local.aws.extensions.rds_multi_az import Zoned
from local.aws.extensions.rds_parameters import FAMILY, server_version, settings
from local.aws.extensions.rds_proxy import Proxies, ProxyResponses
from local.aws.extensions.rds_snapshots import Snapshot, inherited
from local.aws.extensions.routing import urls

_REFUSED_OPERATIONS = {
    "create_blue_green_deployment": "blue/green deployments",
    "create_db_cluster": "database clusters (Aurora, Multi-AZ clusters)",
    "create_db_proxy_endpoint": "further endpoints of a proxy",
    "create_db_shard_group": "shard groups",
    "create_global_cluster": "global clusters",
    "restore_db_cluster_from_snapshot": "database clusters",
    "restore_db_cluster_to_point_in_time": "database clusters",
    "start_db_instance": "starting and stopping instances",
    "start_export_task": "snapshot exports",
    "stop_db_instance": "starting and stopping instances",
}


class Instance(Zoned):
    """A database instance with a server, or two.

    Attributes:
        server_address: Where it is reached; None until the server answers.
        generation: Raised by every change that the server has to follow.
        boots: Raised by every reboot; static parameters take effect with it.
        pending_parameters: Static parameters changed since the last boot.
        seed: Under which name the data are kept that it begins with; None for empty ones.
        restored_from: Whose log the data are brought to the moment with; None if they are taken as they are.
        restored_to: That moment; None for the latest.
        final_snapshot: Taken before it is deleted.
    """

    def __init__(self, backend: RDS, **declared: Any) -> None:
        super().__init__(backend, **declared)
        self.backend: RDS = backend
        self.status = "creating"
        self.server_address: str | None = None
        self.dbi_resource_id = f"db-{uuid.uuid4().hex[:26].upper()}"
        self.generation = 1
        self.boots = 1
        self.pending_parameters = False
        self.seed: str | None = None
        self.restored_from: Instance | None = None
        self.restored_to: datetime | None = None
        self.final_snapshot: Snapshot | None = None
        self.enable_performance_insights = bool(declared.get("enable_performance_insights"))
        self.performance_insights_kms_key_id = declared.get("performance_insights_kms_key_id")
        self.performance_insights_retention_period = declared.get("performance_insights_retention_period")

    @property
    def performance_insights_enabled(self) -> bool:
        """Recorded: no queries are sampled here."""
        return self.enable_performance_insights

    @property
    def password(self) -> str | None:
        """The master user's password; never answered by the API."""
        return self._master_user_password

    @property
    def address(self) -> str:
        return self.server_address or ""

    @property
    def endpoint(self) -> dict[str, Any]:
        """Absent until the instance can be reached, as on AWS."""
        return {"Address": self.address, "Port": self.port, "HostedZoneId": "Z29XKXDKYMONMX"} if self.address else {}

    @property
    def db_parameter_group_status_list(self) -> Any:
        status = "pending-reboot" if self.pending_parameters else "in-sync"
        return [
            {"DBParameterGroupName": group.name, "ParameterApplyStatus": status} for group in self.db_parameter_groups()
        ]

    @property
    def parameter_values(self) -> dict[str, str]:
        """The parameter group's own values by name."""
        values: dict[str, str] = {}
        for group in self.db_parameter_groups():
            values.update({name: str(each["ParameterValue"]) for name, each in group.parameters.items()})
        return values

    def default_db_parameter_group_details(self) -> tuple[str, str]:
        return FAMILY, f"default.{FAMILY}"

    def change(self) -> None:
        """Note that the server has something to do."""
        self.generation += 1
        if self.status == "available":
            self.status = "modifying"

    @property
    def is_archived(self) -> bool:
        """Whether its log is kept, so that it can be restored to any moment."""
        return int(self.backup_retention_period or 0) > 0 and not self.is_replica

    @property
    def latest_restorable_time(self) -> datetime | None:  # type: ignore[override]  # absent where there are no backups
        return self.backend.latest_restorable(self)

    @property
    def is_leaving(self) -> bool:
        """Whether its servers are to end: it is deleted, and its final snapshot is there."""
        waits = self.final_snapshot is not None and self.final_snapshot.status == "creating"
        return self.status == "deleting" and not waits

    def become_independent(self) -> None:
        """Stop being a replica."""
        self.is_replica = False
        self.source_db_instance_identifier = None
        self.change()


class RDS(Proxies, Backups):
    """The region's RDS."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.deleting: list[Instance] = []

    @property
    def _url_module(self) -> Any:
        return urls(moto_urls, Responses)

    @property
    def instances(self) -> list[Instance]:
        """Every instance, those being deleted included."""
        return [each for each in [*self.databases.values(), *self.deleting] if isinstance(each, Instance)]

    def instance(self, identifier: str) -> Instance:
        """The instance of this name.

        Raises:
            DBInstanceNotFoundError: there is none.
        """
        found = self.describe_db_instances(identifier)[0]
        assert isinstance(found, Instance)
        return found

    def describe_db_instances(self, db_instance_identifier: str | None = None, filters: Any = None) -> list[DBInstance]:
        leaving: list[DBInstance] = [
            each for each in self.deleting if db_instance_identifier in (None, each.db_instance_identifier)
        ]
        if db_instance_identifier and leaving and db_instance_identifier not in self.databases:
            return leaving
        found = super().describe_db_instances(db_instance_identifier, filters)
        return found if db_instance_identifier or filters else [*found, *leaving]

    def create_db_instance(self, db_kwargs: dict[str, Any]) -> DBInstance:
        identifier = db_kwargs["db_instance_identifier"].lower()
        self._check_name(identifier)
        declared = {name: value for name, value in db_kwargs.items() if value is not None}
        check_declared(declared)
        if not declared.get("master_username") or not declared.get("master_user_password"):
            raise Invalid("InvalidParameterValue", "MasterUsername and MasterUserPassword are required.")
        declared["engine_version"] = server_version()
        declared["license_model"] = "postgresql-license"
        instance = Instance(self, **declared)  # type: ignore[abstract]  # so is moto's own
        self.databases[identifier] = instance
        return instance

    def create_db_instance_read_replica(self, db_kwargs: dict[str, Any]) -> DBInstance:
        identifier = db_kwargs["db_instance_identifier"].lower()
        self._check_name(identifier)
        source = self.find_db_from_id(db_kwargs["source_db_instance_identifier"])
        assert isinstance(source, Instance)
        if source.region != self.region_name:
            raise Refused("read replicas across regions")
        if source.status not in ("available", "modifying"):
            raise Invalid("InvalidDBInstanceState", f"{source.db_instance_identifier} is {source.status}.")
        if source.backup_retention_period == 0:
            raise Invalid(
                "InvalidDBInstanceState",
                f"Automated backups are not enabled for {source.db_instance_identifier}; a replica needs them.",
            )
        if source.is_replica:
            raise Refused("a read replica of a read replica")
        declared = {name: value for name, value in db_kwargs.items() if value is not None}
        check_declared({"engine": "postgres", **declared})
        of_the_source = {
            **inherited(source),
            "backup_retention_period": 0,
            "db_parameter_group_name": source.db_parameter_group_name,
            "vpc_security_group_ids": list(source.vpc_security_group_ids),
        }
        declared = {**of_the_source, **declared, "engine": "postgres", "engine_version": server_version()}
        declared["source_db_instance_identifier"] = source.db_instance_identifier
        declared["license_model"] = "postgresql-license"
        replica = Instance(self, **declared)  # type: ignore[abstract]  # so is moto's own
        if "db_subnet_group_name" not in declared and hasattr(source, "db_subnet_group"):
            replica.db_subnet_group = source.db_subnet_group
        replica.set_as_replica()
        self.databases[identifier] = replica
        source.add_replica(replica)
        source.change()
        return replica

    def modify_db_subnet_group(self, subnet_name: str, description: str, subnets: list[Subnet]) -> DBSubnetGroup:
        group = self.describe_db_subnet_groups(subnet_name)[0]
        # moto takes it out to change it and does not put it back.
        super().modify_db_subnet_group(subnet_name, description, subnets)
        self.subnet_groups[subnet_name] = group
        return group

    def delete_subnet_group(self, subnet_name: str) -> DBSubnetGroup:
        group = self.describe_db_subnet_groups(subnet_name)[0]
        users = [each for each in self.instances if getattr(each, "db_subnet_group", None) is group]
        if users:
            names = ", ".join(each.db_instance_identifier for each in users)
            raise Invalid("InvalidDBSubnetGroupStateFault", f"DB subnet group {subnet_name} is in use by {names}.")
        return super().delete_subnet_group(subnet_name)

    def promote_read_replica(self, db_kwargs: dict[str, Any]) -> DBInstance:
        replica = self.instance(db_kwargs["db_instance_identifier"])
        if not replica.is_replica or replica.source_db_instance_identifier is None:
            raise Invalid("InvalidDBInstanceState", f"{replica.db_instance_identifier} is not a read replica.")
        source = self.databases.get(replica.source_db_instance_identifier)
        if source is not None:
            source.remove_replica(replica)
        if db_kwargs.get("backup_retention_period") is not None:
            replica.backup_retention_period = int(db_kwargs["backup_retention_period"])
        replica.become_independent()
        return replica

    def modify_db_instance(self, db_instance_identifier: str, db_kwargs: dict[str, Any]) -> DBInstance:
        instance = self.instance(db_instance_identifier)
        if instance.status != "available":
            raise Invalid("InvalidDBInstanceState", f"{db_instance_identifier} is {instance.status}.")
        declared = {name: value for name, value in db_kwargs.items() if value is not None}
        if declared.get("new_db_instance_identifier"):
            raise Refused("renaming an instance")
        check_declared({"engine": "postgres", **declared})
        if instance.is_replica and "master_user_password" in declared:
            raise Invalid("InvalidParameterCombination", "A read replica has its source's password.")
        declared.pop("engine_version", None)
        port = declared.pop("db_port_number", None)
        group_before = instance.db_parameter_group_name
        changed = super().modify_db_instance(db_instance_identifier, declared)
        if port is not None:
            instance.port = int(port)
        if instance.db_parameter_group_name != group_before:
            instance.pending_parameters = True
        instance.change()
        return changed

    def reboot_db_instance(self, db_instance_identifier: str, force_failover: bool = False) -> DBInstance:
        instance = self.instance(db_instance_identifier)
        if instance.status != "available":
            raise Invalid("InvalidDBInstanceState", f"{db_instance_identifier} is {instance.status}.")
        if force_failover:
            instance.force_failover()
        else:
            instance.boots += 1
        instance.change()
        instance.status = "rebooting"
        return instance

    def delete_db_instance(
        self,
        db_instance_identifier: str,
        final_db_snapshot_identifier: str | None = None,
        skip_final_snapshot: bool | None = False,
        delete_automated_backups: bool | None = True,
    ) -> DBInstance:
        instance = self.instance(db_instance_identifier)
        if instance.status == "deleting":
            raise Invalid("InvalidDBInstanceState", f"Instance {db_instance_identifier} is already being deleted.")
        if final_db_snapshot_identifier and (skip_final_snapshot or instance.is_replica):
            raise Invalid(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier cannot be specified with SkipFinalSnapshot, nor for a read replica.",
            )
        if not final_db_snapshot_identifier and not skip_final_snapshot and not instance.is_replica:
            raise Invalid(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
            )
        if final_db_snapshot_identifier and final_db_snapshot_identifier.lower() in self.database_snapshots:
            raise DBSnapshotAlreadyExistsError(final_db_snapshot_identifier)
        super().delete_db_instance(db_instance_identifier, None, True, False)
        self.drop_backup(instance)
        for name in list(instance.replicas):
            self.instance(name).become_independent()
        if final_db_snapshot_identifier:
            instance.final_snapshot = self.take(instance, final_db_snapshot_identifier)
        self.deleting.append(instance)
        return instance

    def modify_db_parameter_group(
        self, db_parameter_group_name: str, db_parameter_group_parameters: Any
    ) -> DBParameterGroup:
        parameters = list(db_parameter_group_parameters)
        check_parameters(parameters)
        marked = [{**parameter, "Source": "user", "IsModifiable": True} for parameter in parameters]
        group = super().modify_db_parameter_group(db_parameter_group_name, marked)
        for instance in self.instances:
            if group in instance.db_parameter_groups():
                instance.pending_parameters |= any(settings()[each["ParameterName"]].static for each in parameters)
                instance.change()
        return group

    def describe_db_parameter_groups(self, db_parameter_group_kwargs: dict[str, Any]) -> list[DBParameterGroup]:
        found = super().describe_db_parameter_groups(db_parameter_group_kwargs)
        name = db_parameter_group_kwargs.get("db_parameter_group_name")
        if name and not found:
            raise DBParameterGroupNotFoundError(name)
        return found

    def delete_db_parameter_group(self, db_parameter_group_name: str) -> DBParameterGroup:
        users = [
            instance.db_instance_identifier
            for instance in self.instances
            if (instance.db_parameter_group_name or "").lower() == db_parameter_group_name.lower()
        ]
        if users:
            raise Invalid(
                "InvalidDBParameterGroupState",
                f"One or more database instances are still members of {db_parameter_group_name}: {', '.join(users)}.",
            )
        if db_parameter_group_name not in self.db_parameter_groups:
            raise DBParameterGroupNotFoundError(db_parameter_group_name)
        return super().delete_db_parameter_group(db_parameter_group_name)

    def forget(self, instance: Instance) -> None:
        """Drop a deleted instance, once its server is gone."""
        if instance in self.deleting:
            self.deleting.remove(instance)

    def _check_name(self, identifier: str) -> None:
        self._validate_db_identifier(identifier)
        taken = {each.db_instance_identifier for each in self.instances}
        if identifier in taken:
            raise DBInstanceAlreadyExists()


class Responses(ProxyResponses):
    """RDS responses over our backend."""

    def reboot_db_instance(self) -> ActionResult:
        backend = self.backend
        assert isinstance(backend, RDS)
        forced = bool(self.params.get("ForceFailover"))
        return ActionResult({"DBInstance": backend.reboot_db_instance(self.params["DBInstanceIdentifier"], forced)})

    def create_db_parameter_group(self) -> ActionResult:
        family = self.params.get("DBParameterGroupFamily")
        if family != FAMILY:
            raise Refused(f"parameter group family {family!r}", f"It runs {FAMILY}.")
        return super().create_db_parameter_group()

    def reset_db_parameter_group(self) -> ActionResult:
        backend = self.backend
        assert isinstance(backend, RDS)
        name = self.params.get("DBParameterGroupName")
        if name not in backend.db_parameter_groups:
            raise DBParameterGroupNotFoundError(name)
        group = backend.db_parameter_groups[name]
        chosen = [each["ParameterName"] for each in self.params.get("Parameters", [])]
        for parameter in list(group.parameters) if self.params.get("ResetAllParameters") else chosen:
            group.parameters.pop(parameter, None)
        for instance in backend.instances:
            if group in instance.db_parameter_groups():
                instance.pending_parameters = True
                instance.change()
        return ActionResult({"DBParameterGroupName": group.name})


def _refuse_operations() -> None:
    """Operations that would be answered with nothing behind them."""

    def refusing(words: str) -> Any:
        def answer(_self: RDSResponse) -> ActionResult:
            raise Refused(words)

        return answer

    for operation, words in _REFUSED_OPERATIONS.items():
        setattr(Responses, operation, refusing(words))


_refuse_operations()
