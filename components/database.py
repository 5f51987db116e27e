"""PostgreSQL on RDS: a writer and read replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_random as random

from components import aws, database_rules
from components.capacity import declared_connections
from components.database_guards import MinorUpgrades, judge_replica_update
from components.database_monitoring import LOGS, log_groups, monitoring_role
from components.database_parts import PORT, parameter_group, subnet_group
from components.database_proxy import ProxiedWriter, WriterProxy, WriterProxyArgs
from components.database_rules import REPLICAS_LEAD_MINUTES, CaCertificate, InsightsDays, MonitoringSeconds
from components.errors import refuse
from components.guards import guarded
from components.keys import store_key
from components.logs import RetentionDays
from components.naming import partition
from components.network import StoreAccess, store_security_group
from components.options import child
from components.recovery_point import RecoveryPoint, RecoveryPointArgs
from components.secrets import Credential, CredentialArgs
from components.windows import earlier


@dataclass(frozen=True, kw_only=True)
class PointInTimeArgs:
    """Where a new database begins: a moment in the life of another one.

    Attributes:
        source: Identifier of the other instance, in the same region.
        time: The moment in UTC, for example `2026-11-22T10:00:00Z`; without it, the latest there is.
    """

    source: str
    time: str | None = None


@dataclass(frozen=True, kw_only=True)
class PostgresClusterArgs:
    """A PostgreSQL writer and its read replicas. Encryption both ways is always on.

    Attributes:
        identifier: Name of the writer; replicas add `-replica-<n>`.
        secret_identifier: Name of its credentials in Secrets Manager. Generated here: a password that RDS manages
            excludes read replicas.
        access: Where it lives and who may connect.
        zones: Availability zones that replicas are spread over.
        instance_class: RDS instance class of writer and replicas.
        engine_version: PostgreSQL version, for example `17`.
        parameters: Server parameters beside or instead of `database_parts.PARAMETERS`; those that need a start take
            effect with the next reboot.
        name: Name of the database.
        username: Its owner.
        storage_gb: Storage to start with, in GiB, 20 or more.
        max_storage_gb: Storage it may grow to, in GiB, a tenth more or beyond; 0: fixed.
        replicas: Read replicas, 0 to 15.
        replica_engine_version: Version of the replicas while it is ahead of the writer's. A minor upgrade takes two
            deployments: first this, then `engine_version`; the writer is refused while a replica is behind.
        multi_az: A standby of the writer in another zone.
        backup_retention_days: Days that backups are kept, and that any moment of can be restored, 0 to 35; replicas
            need 1 or more.
        backup_window: When the daily backup is taken, UTC, half an hour or more, for example `01:00-02:00`.
        maintenance_window: When AWS maintains the writer, UTC, half an hour or more; the replicas are maintained two
            and a half hours before. Must not overlap with the backup.
        rpo_minutes: Minutes of data that a recovery may lose, 5 or more, which needs backups: the alarm on replicas
            that lag goes off before. None: no promise.
        recovery_point_alarm: Measure how much a restore would lose, and tell when it is more than `rpo_minutes`. By
            default where there is such a promise.
        deletion_protection: Refuse to delete.
        final_snapshot: Take a snapshot before deleting the writer, and keep its automated backups.
        blue_green_updates: Change the writer by way of a copy; refused with replicas, which it would orphan.
        restore_from_snapshot: Name or ARN of a snapshot that it begins with.
        restore_to: A moment of another database that it begins with. Both count when the writer is made, and are
            ignored afterwards; `username` must be that of the source.
        ca_certificate: Authority that signs the server's certificate.
        performance_insights_days: Days that Performance Insights keeps; 7 are free, 0 switches it off.
        monitoring_seconds: Interval of enhanced monitoring, which sees the operating system; 0 switches it off.
        log_retention_days: Days that the server's logs are kept in CloudWatch; None: they are not exported.
        proxy: RDS Proxy in front of the writer, which `writer_url` leads through; None: none. It serves no replicas.
        iam_authentication: Let roles log in with tokens of IAM beside passwords.
        apply_immediately: Change now instead of in the maintenance window.
        own_kms_key: Make a key for encryption at rest.
        kms_key_arn: A key that exists for encryption at rest; with neither, AWS's own.
        recovery_days: Days in which deleted credentials can be restored; 0 deletes at once.
        writer_tags: Beside the others on the writer alone, for example the one that a backup plan finds it by.
        tags: On everything.
    """

    identifier: str
    secret_identifier: str
    access: StoreAccess
    zones: Sequence[str]
    instance_class: str = "db.t4g.medium"
    engine_version: str = "17"
    parameters: Mapping[str, str] = field(default_factory=dict)
    name: str = "app"
    username: str = "app"
    storage_gb: int = 50
    max_storage_gb: int = 500
    replicas: int = 2
    replica_engine_version: str | None = None
    multi_az: bool = True
    backup_retention_days: int = 14
    backup_window: str = "01:00-02:00"
    maintenance_window: str = "sun:02:30-sun:03:30"
    rpo_minutes: int | None = 5
    recovery_point_alarm: bool | None = None
    deletion_protection: bool = True
    final_snapshot: bool = True
    blue_green_updates: bool = False
    restore_from_snapshot: str | None = None
    restore_to: PointInTimeArgs | None = None
    ca_certificate: CaCertificate = "rds-ca-rsa2048-g1"
    performance_insights_days: InsightsDays = 7
    monitoring_seconds: MonitoringSeconds = 60
    log_retention_days: RetentionDays | None = 30
    proxy: WriterProxyArgs | None = None
    iam_authentication: bool = False
    apply_immediately: bool = False
    own_kms_key: bool = False
    kms_key_arn: str | None = None
    recovery_days: int = 30
    writer_tags: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class PostgresCluster(pulumi.ComponentResource):
    """One writer with replicas.

    Requirements: P0-REPLICA, SR-DB.

    Attributes:
        identifier: Name of the writer.
        arn: ARN of the writer.
        kms_key_arn: Key of the user's own that it is encrypted with, if any.
        instance_ids: Names of the writer and its replicas, known beforehand.
        port: Where all of them listen.
        database: Name of the database.
        username: Its owner.
        password: The owner's; secret.
        max_connections: Connections that each takes: as declared, or as RDS sets it, estimated on the careful side.
        storage_gb: GiB that they began with.
        rpo_minutes: Minutes of data that a recovery may lose, if promised.
        measures_recovery_point: Whether there is a metric of what it would lose.
        writer_endpoint: Its host.
        proxy_endpoint: Host of its proxy, if it has one.
        reader_endpoints: Hosts of the replicas.
        writer_url: `postgresql://` with the password, to the writer or its proxy; secret.
        reader_urls: The same to the replicas, separated by commas; secret, empty without replicas.
        secret_arn: Where the credentials are kept, as `{"username": …, "password": …}`.
        outputs: All of it without the URLs, as stack outputs.
    """

    identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    kms_key_arn: pulumi.Input[str] | None
    instance_ids: Sequence[str]
    port: int
    database: str
    username: str
    password: pulumi.Output[str]
    max_connections: int
    storage_gb: int
    rpo_minutes: int | None
    measures_recovery_point: bool
    writer_endpoint: pulumi.Output[str]
    proxy_endpoint: pulumi.Output[str] | None
    reader_endpoints: Sequence[pulumi.Output[str]]
    writer_url: pulumi.Output[str]
    reader_urls: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: PostgresClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:PostgresCluster", name, None, opts)
        refuse(f"PostgresCluster {name!r}", database_rules.refusals(args))
        credentials = Credential(
            f"{name}-credentials",
            CredentialArgs(
                identifier=args.secret_identifier,
                description=f"Owner of the database in {args.identifier}",
                key="password",
                fixed={"username": args.username},
                recovery_days=args.recovery_days,
                tags=args.tags,
            ),
            child(self),
        )
        group = store_security_group(self, name, args.identifier, PORT, args.access, args.tags)
        parameters = parameter_group(self, name, args.identifier, args.engine_version, args.tags, args.parameters)
        self.instance_ids = [args.identifier, *(f"{args.identifier}-replica-{n}" for n in range(1, args.replicas + 1))]
        self.port, self.database, self.username, self.password = PORT, args.name, args.username, credentials.value
        self.max_connections = declared_connections(args.parameters, args.instance_class)
        self.storage_gb = args.storage_gb
        self.rpo_minutes = args.rpo_minutes
        promised = args.rpo_minutes is not None
        self.measures_recovery_point = promised if args.recovery_point_alarm is None else args.recovery_point_alarm
        key = store_key(self, name, args.identifier, own=args.own_kms_key, given=args.kms_key_arn, tags=args.tags)
        shared = self._shared(name, args, group, parameters, key)
        writer = self._writer(name, args, shared, key, credentials.value)
        replicas = [self._replica(name, args, shared, writer, number) for number in range(1, args.replicas + 1)]
        if self.measures_recovery_point:
            looked_at = RecoveryPointArgs(
                identifier=args.identifier, arn=writer.arn, partition=partition(_region(args)), tags=args.tags
            )
            RecoveryPoint(f"{name}-recovery-point", looked_at, child(self))
        self.identifier = writer.identifier
        self.arn, self.kms_key_arn = writer.arn, key
        self.writer_endpoint = writer.address
        self.reader_endpoints = [replica.address for replica in replicas]
        self.secret_arn = credentials.secret_arn
        behind = ProxiedWriter(
            identifier=args.identifier,
            writer=writer.identifier,
            secret_arn=self.secret_arn,
            access=args.access,
            group=group,
            tags=args.tags,
        )
        self.proxy_endpoint = (
            None if args.proxy is None else WriterProxy(f"{name}-proxy", args.proxy, behind, child(self)).endpoint
        )
        self.writer_url = _url(args, credentials.value, self.proxy_endpoint or self.writer_endpoint)
        self.reader_urls = pulumi.Output.all(
            *(_url(args, credentials.value, endpoint) for endpoint in self.reader_endpoints)
        ).apply(",".join)
        self.outputs = {
            "identifier": self.identifier,
            "writerEndpoint": self.writer_endpoint,
            "proxyEndpoint": self.proxy_endpoint,
            "readerEndpoints": pulumi.Output.all(*self.reader_endpoints),
            "port": PORT,
            "name": args.name,
            "username": args.username,
            "secretArn": self.secret_arn,
            "rpoMinutes": self.rpo_minutes,
            "replicaIdentifiers": pulumi.Output.all(*(replica.identifier for replica in replicas)),
        }
        self.register_outputs(dict(self.outputs))

    def _shared(
        self,
        name: str,
        args: PostgresClusterArgs,
        group: aws.SecurityGroup,
        parameters: aws.DatabaseParameterGroup,
        key: pulumi.Input[str] | None,
    ) -> dict[str, Any]:
        """What writer and replicas have in common."""
        insights = args.performance_insights_days > 0
        role = None
        if args.monitoring_seconds:
            role = monitoring_role(self, name, args.identifier, _region(args), args.tags)
        return {
            "instance_class": args.instance_class,
            "port": PORT,
            "max_allocated_storage": args.max_storage_gb or None,
            "storage_type": "gp3",
            "storage_encrypted": True,
            "vpc_security_group_ids": [group.id],
            "parameter_group_name": parameters.name,
            "publicly_accessible": False,
            "copy_tags_to_snapshot": True,
            "deletion_protection": args.deletion_protection,
            "ca_cert_identifier": args.ca_certificate,
            "iam_database_authentication_enabled": args.iam_authentication,
            "performance_insights_enabled": insights,
            "performance_insights_retention_period": args.performance_insights_days if insights else None,
            "performance_insights_kms_key_id": key if insights else None,
            "monitoring_interval": args.monitoring_seconds,
            "monitoring_role_arn": role,
            "enabled_cloudwatch_logs_exports": list(LOGS) if args.log_retention_days is not None else None,
            "apply_immediately": args.apply_immediately,
            "tags": dict(args.tags),
        }

    def _writer(
        self,
        name: str,
        args: PostgresClusterArgs,
        shared: dict[str, Any],
        key: pulumi.Input[str] | None,
        password: pulumi.Output[str],
    ) -> aws.DatabaseInstance:
        subnets = subnet_group(self, name, args.identifier, args.access, args.tags)
        snapshot = None
        if args.final_snapshot:
            # A snapshot outlives its database: a fixed name would be taken when the next one of that name is deleted.
            suffix = random.RandomId(f"{name}-final-snapshot", byte_length=4, opts=child(self))
            snapshot = pulumi.Output.format("{0}-final-{1}", args.identifier, suffix.hex)
        options = child(
            self,
            depends_on=log_groups(self, f"{name}-writer", args.identifier, args.log_retention_days, args.tags),
            # Read once: naming another beginning, or none, must not replace a database that is in use.
            ignore_changes=["snapshotIdentifier", "restoreToPointInTime"],
        )
        return aws.DatabaseInstance(
            f"{name}-writer",
            identifier=args.identifier,
            engine="postgres",
            engine_version=args.engine_version,
            db_name=args.name,
            username=args.username,
            password=password,
            allocated_storage=args.storage_gb,
            kms_key_id=key,
            multi_az=args.multi_az,
            db_subnet_group_name=subnets.name,
            backup_retention_period=args.backup_retention_days,
            backup_window=args.backup_window,
            maintenance_window=args.maintenance_window,
            skip_final_snapshot=not args.final_snapshot,
            final_snapshot_identifier=snapshot,
            delete_automated_backups=not args.final_snapshot,
            blue_green_update={"enabled": True} if args.blue_green_updates else None,
            snapshot_identifier=args.restore_from_snapshot,
            restore_to_point_in_time=_moment(args.restore_to),
            # Replicas have to take a minor upgrade before their writer: not left to the maintenance window.
            auto_minor_version_upgrade=args.replicas == 0,
            **{**shared, "tags": {**args.tags, **args.writer_tags}},
            opts=guarded(options, f"{name}-writer-update", MinorUpgrades(self.instance_ids[1:])),
        )

    def _replica(
        self,
        name: str,
        args: PostgresClusterArgs,
        shared: dict[str, Any],
        writer: aws.DatabaseInstance,
        number: int,
    ) -> aws.DatabaseInstance:
        identifier = self.instance_ids[number]
        groups = log_groups(self, f"{name}-replica-{number}", identifier, args.log_retention_days, args.tags)
        options = child(self, depends_on=groups)
        # No password, user, database, key or subnet group: a replica has its source's, and refuses to be given them.
        return aws.DatabaseInstance(
            f"{name}-replica-{number}",
            identifier=identifier,
            replicate_source_db=writer.identifier,
            engine_version=args.replica_engine_version,
            availability_zone=args.zones[number % len(args.zones)],
            maintenance_window=earlier(args.maintenance_window, REPLICAS_LEAD_MINUTES),
            skip_final_snapshot=True,
            auto_minor_version_upgrade=False,
            **shared,
            opts=guarded(options, f"{name}-replica-{number}-update", judge_replica_update),
        )


def _region(args: PostgresClusterArgs) -> str:
    return args.zones[0].rstrip("abcdef")


def _moment(restored: PointInTimeArgs | None) -> Any:
    if restored is None:
        return None
    source = {"source_db_instance_identifier": restored.source}
    return (
        {**source, "restore_time": restored.time} if restored.time else {**source, "use_latest_restorable_time": True}
    )


def _url(args: PostgresClusterArgs, password: pulumi.Output[str], host: pulumi.Output[str]) -> pulumi.Output[str]:
    return pulumi.Output.format(
        "postgresql://{0}:{1}@{2}:{3}/{4}?sslmode=verify-full", args.username, password, host, PORT, args.name
    )
