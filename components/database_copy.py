"""A read replica of a PostgreSQL in another region: where a system goes on that has lost its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pulumi

from components import aws
from components.database_guards import judge_replica_update
from components.database_parts import PORT, parameter_group, subnet_group
from components.database_rules import CaCertificate
from components.errors import Refusal, refuse
from components.guards import guarded
from components.network import StoreAccess, store_security_group
from components.options import child


@dataclass(frozen=True, kw_only=True)
class RegionalReplicaArgs:
    """A read replica in another region than its source.

    Give the component a provider of that region (`opts=ResourceOptions(provider=…)`): all of it is made there.

    Attributes:
        identifier: Name of the replica.
        region: Region that it is made in, which is the provider's.
        source_arn: ARN of the instance that it copies. The source needs backups.
        kms_key_arn: Key of the replica's own region that it is encrypted with: a key of the source's region cannot be
            used outside of it.
        access: Where it lives, and who may connect.
        engine_version: Version of the source, which names the family of its parameters.
        instance_class: RDS instance class; as strong as the source's, or it cannot take its place.
        max_storage_gb: Storage that it may grow to, in GiB; 0: fixed.
        backup_retention_days: Days that backups of its own are kept, 0 to 35; with 1 or more it can have replicas as
            soon as it is promoted.
        multi_az: A standby in another zone.
        maintenance_window: When AWS maintains it, UTC.
        deletion_protection: Refuse to delete.
        ca_certificate: Authority that signs the server's certificate.
        apply_immediately: Change now instead of in the maintenance window.
        tags: On everything.
    """

    identifier: str
    region: str
    source_arn: str
    kms_key_arn: str
    access: StoreAccess
    engine_version: str = "17"
    instance_class: str = "db.t4g.medium"
    max_storage_gb: int = 500
    backup_retention_days: int = 7
    multi_az: bool = False
    maintenance_window: str = "sun:00:00-sun:01:00"
    deletion_protection: bool = True
    ca_certificate: CaCertificate = "rds-ca-rsa2048-g1"
    apply_immediately: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


class RegionalReplica(pulumi.ComponentResource):
    """One read replica in another region.

    Requirements: P0-REPLICA, RB-REGION.

    Attributes:
        identifier: Its name.
        endpoint: Its host.
        outputs: Both, as stack outputs.
    """

    identifier: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: RegionalReplicaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:RegionalReplica", name, None, opts)
        refuse(f"RegionalReplica {name!r}", refusals(args))
        group = store_security_group(self, name, args.identifier, PORT, args.access, args.tags)
        subnets = subnet_group(self, name, args.identifier, args.access, args.tags)
        parameters = parameter_group(self, name, args.identifier, args.engine_version, args.tags)
        replica = aws.DatabaseInstance(
            f"{name}-replica",
            identifier=args.identifier,
            # By ARN: outside of its region nothing else names the source.
            replicate_source_db=args.source_arn,
            instance_class=args.instance_class,
            port=PORT,
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
            maintenance_window=args.maintenance_window,
            copy_tags_to_snapshot=True,
            deletion_protection=args.deletion_protection,
            skip_final_snapshot=True,
            ca_cert_identifier=args.ca_certificate,
            auto_minor_version_upgrade=False,
            apply_immediately=args.apply_immediately,
            tags=dict(args.tags),
            opts=guarded(child(self), f"{name}-replica-update", judge_replica_update),
        )
        self.identifier = replica.identifier
        self.endpoint = replica.address
        self.outputs = {"identifier": self.identifier, "endpoint": self.endpoint, "region": args.region, "port": PORT}
        self.register_outputs(dict(self.outputs))


def refusals(args: RegionalReplicaArgs) -> Iterator[Refusal]:
    """Rules of a replica in another region."""
    source = args.source_arn.split(":")
    if len(source) != 7 or source[0] != "arn" or source[2] != "rds" or source[5] != "db":
        yield Refusal(
            "source_arn",
            args.source_arn,
            "in another region a source is known by its ARN only: write arn:aws:rds:<region>:<account>:db:<identifier>",
        )
    elif source[3] == args.region:
        yield Refusal("region", args.region, "is the source's own region, whose loss would take both: name another one")
    key = args.kms_key_arn.split(":")
    if len(key) < 6 or key[2] != "kms" or key[3] != args.region:
        yield Refusal(
            "kms_key_arn",
            args.kms_key_arn,
            f"a key cannot be used outside of its region: write the ARN of a key in {args.region}",
        )
