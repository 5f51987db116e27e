"""PostgreSQL on RDS: a writer and read replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_random as random

from components import aws, rules
from components.errors import refuse
from components.network import StoreAccess, store_security_group
from components.options import child
from components.secrets import Credential, CredentialArgs

PORT = 5432

PARAMETERS: Mapping[str, str] = {"rds.force_ssl": "1"}
"""Connections without TLS are refused by the server itself."""


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
        name: Name of the database.
        username: Its owner.
        storage_gb: Storage to start with, in GiB, 20 or more.
        max_storage_gb: Storage it may grow to, in GiB; 0: fixed.
        replicas: Read replicas, 0 to 15.
        multi_az: A standby of the writer in another zone.
        backup_retention_days: Days that backups are kept, 0 to 35; replicas need 1 or more.
        deletion_protection: Refuse to delete.
        final_snapshot: Take a snapshot before deleting the writer.
        apply_immediately: Change now instead of in the maintenance window.
        kms_key_arn: Key for encryption at rest; without one, AWS's own.
        recovery_days: Days in which deleted credentials can be restored; 0 deletes at once.
        tags: On everything.
    """

    identifier: str
    secret_identifier: str
    access: StoreAccess
    zones: Sequence[str]
    instance_class: str = "db.t4g.medium"
    engine_version: str = "17"
    name: str = "app"
    username: str = "app"
    storage_gb: int = 50
    max_storage_gb: int = 500
    replicas: int = 2
    multi_az: bool = True
    backup_retention_days: int = 14
    deletion_protection: bool = True
    final_snapshot: bool = True
    apply_immediately: bool = False
    kms_key_arn: str | None = None
    recovery_days: int = 30
    tags: Mapping[str, str] = field(default_factory=dict)


class PostgresCluster(pulumi.ComponentResource):
    """One writer with replicas.

    Attributes:
        identifier: Name of the writer.
        writer_endpoint: Its host.
        reader_endpoints: Hosts of the replicas.
        writer_url: `postgresql://` with the password, to the writer; secret.
        reader_urls: The same to the replicas, separated by commas; secret, empty without replicas.
        secret_arn: Where the credentials are kept, as `{"username": …, "password": …}`.
        outputs: All of it without the URLs, as stack outputs.
    """

    identifier: pulumi.Output[str]
    writer_endpoint: pulumi.Output[str]
    reader_endpoints: Sequence[pulumi.Output[str]]
    writer_url: pulumi.Output[str]
    reader_urls: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: PostgresClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:PostgresCluster", name, None, opts)
        refuse(f"PostgresCluster {name!r}", rules.database(args))
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
        family = f"postgres{args.engine_version.partition('.')[0]}"
        # The family is part of the name: an upgrade needs the new group before it lets go of the old one.
        parameters = aws.DatabaseParameterGroup(
            f"{name}-parameters",
            name=f"{args.identifier}-{family}",
            family=family,
            description=f"Parameters of {args.identifier}",
            parameters=[
                {"name": key, "value": value, "apply_method": "immediate"} for key, value in sorted(PARAMETERS.items())
            ],
            tags=dict(args.tags),
            opts=child(self),
        )
        writer = self._writer(name, args, group, parameters, credentials.value)
        replicas = [
            self._replica(name, args, group, parameters, writer, number) for number in range(1, args.replicas + 1)
        ]
        self.identifier = writer.identifier
        self.writer_endpoint = writer.address
        self.reader_endpoints = [replica.address for replica in replicas]
        self.secret_arn = credentials.secret_arn
        self.writer_url = _url(args, credentials.value, self.writer_endpoint)
        self.reader_urls = pulumi.Output.all(
            *(_url(args, credentials.value, endpoint) for endpoint in self.reader_endpoints)
        ).apply(",".join)
        self.outputs = {
            "identifier": self.identifier,
            "writerEndpoint": self.writer_endpoint,
            "readerEndpoints": pulumi.Output.all(*self.reader_endpoints),
            "port": PORT,
            "name": args.name,
            "username": args.username,
            "secretArn": self.secret_arn,
            "replicaIdentifiers": pulumi.Output.all(*(replica.identifier for replica in replicas)),
        }
        self.register_outputs(dict(self.outputs))

    def _writer(
        self,
        name: str,
        args: PostgresClusterArgs,
        group: aws.SecurityGroup,
        parameters: aws.DatabaseParameterGroup,
        password: pulumi.Output[str],
    ) -> aws.DatabaseInstance:
        subnets = aws.DatabaseSubnetGroup(
            f"{name}-subnets",
            name=args.identifier,
            description=f"Subnets of {args.identifier}",
            subnet_ids=list(args.access.subnet_ids),
            tags=dict(args.tags),
            opts=child(self),
        )
        snapshot = None
        if args.final_snapshot:
            # A snapshot outlives its database: a fixed name would be taken when the next one of that name is deleted.
            suffix = random.RandomId(f"{name}-final-snapshot", byte_length=4, opts=child(self))
            snapshot = pulumi.Output.format("{0}-final-{1}", args.identifier, suffix.hex)
        return aws.DatabaseInstance(
            f"{name}-writer",
            identifier=args.identifier,
            engine="postgres",
            engine_version=args.engine_version,
            instance_class=args.instance_class,
            db_name=args.name,
            username=args.username,
            password=password,
            port=PORT,
            allocated_storage=args.storage_gb,
            max_allocated_storage=args.max_storage_gb or None,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=args.kms_key_arn,
            multi_az=args.multi_az,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group.id],
            parameter_group_name=parameters.name,
            publicly_accessible=False,
            backup_retention_period=args.backup_retention_days,
            backup_window="01:00-02:00",
            maintenance_window="sun:02:30-sun:03:30",
            copy_tags_to_snapshot=True,
            deletion_protection=args.deletion_protection,
            skip_final_snapshot=not args.final_snapshot,
            final_snapshot_identifier=snapshot,
            # Replicas have to take a minor upgrade before their writer: not left to the maintenance window.
            auto_minor_version_upgrade=args.replicas == 0,
            apply_immediately=args.apply_immediately,
            tags=dict(args.tags),
            opts=child(self),
        )

    def _replica(
        self,
        name: str,
        args: PostgresClusterArgs,
        group: aws.SecurityGroup,
        parameters: aws.DatabaseParameterGroup,
        writer: aws.DatabaseInstance,
        number: int,
    ) -> aws.DatabaseInstance:
        # No password, user, database or subnet group: a replica has its source's, and refuses to be given them.
        return aws.DatabaseInstance(
            f"{name}-replica-{number}",
            identifier=f"{args.identifier}-replica-{number}",
            replicate_source_db=writer.identifier,
            instance_class=args.instance_class,
            availability_zone=args.zones[number % len(args.zones)],
            port=PORT,
            max_allocated_storage=args.max_storage_gb or None,
            storage_type="gp3",
            storage_encrypted=True,
            vpc_security_group_ids=[group.id],
            parameter_group_name=parameters.name,
            publicly_accessible=False,
            maintenance_window="sun:00:00-sun:00:45",
            copy_tags_to_snapshot=True,
            deletion_protection=args.deletion_protection,
            skip_final_snapshot=True,
            auto_minor_version_upgrade=False,
            apply_immediately=args.apply_immediately,
            tags=dict(args.tags),
            opts=child(self),
        )


def _url(args: PostgresClusterArgs, password: pulumi.Output[str], host: pulumi.Output[str]) -> pulumi.Output[str]:
    return pulumi.Output.format(
        "postgresql://{0}:{1}@{2}:{3}/{4}?sslmode=verify-full", args.username, password, host, PORT, args.name
    )
