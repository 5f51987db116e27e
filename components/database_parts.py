"""What every PostgreSQL instance on RDS needs beside itself, wherever it is made."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pulumi

from components import aws
from components.network import StoreAccess
from components.options import child

PORT = 5432

PARAMETERS: Mapping[str, str] = {
    # Connections without TLS are refused by the server itself.
    "rds.force_ssl": "1",
    # Statements that take a second or more are logged, and who waits for a lock; values that were bound to them are
    # not: they are the users' data.
    "log_min_duration_statement": "1000",
    "log_lock_waits": "1",
    "log_parameter_max_length": "0",
}
"""Parameters of every server; each takes effect at once."""

FORCED = frozenset({"rds.force_ssl"})
"""Parameters that nobody may change."""

STATIC = frozenset(
    [
        "autovacuum_freeze_max_age",
        "autovacuum_max_workers",
        "autovacuum_multixact_freeze_max_age",
        "bonjour",
        "bonjour_name",
        "cluster_name",
        "data_sync_retry",
        "dynamic_shared_memory_type",
        "event_source",
        "hot_standby",
        "huge_page_size",
        "huge_pages",
        "jit_provider",
        "logging_collector",
        "max_connections",
        "max_files_per_process",
        "max_locks_per_transaction",
        "max_logical_replication_workers",
        "max_pred_locks_per_transaction",
        "max_prepared_transactions",
        "max_replication_slots",
        "max_wal_senders",
        "max_worker_processes",
        "min_dynamic_shared_memory",
        "old_snapshot_threshold",
        "rds.logical_replication",
        "recovery_target",
        "recovery_target_action",
        "recovery_target_inclusive",
        "recovery_target_lsn",
        "recovery_target_name",
        "recovery_target_time",
        "recovery_target_timeline",
        "recovery_target_xid",
        "shared_buffers",
        "shared_memory_type",
        "shared_preload_libraries",
        "superuser_reserved_connections",
        "track_activity_query_size",
        "track_commit_timestamp",
        "unix_socket_group",
        "unix_socket_permissions",
        "wal_buffers",
        "wal_decode_buffer_size",
        "wal_log_hints",
    ]
)
"""Parameters that take effect only when the server starts (PostgreSQL documentation, Server Configuration); RDS
refuses to apply them at once."""


def subnet_group(
    parent: pulumi.Resource, name: str, identifier: str, access: StoreAccess, tags: Mapping[str, str]
) -> aws.DatabaseSubnetGroup:
    """The subnets that an instance may be in."""
    return aws.DatabaseSubnetGroup(
        f"{name}-subnets",
        name=identifier,
        description=f"Subnets of {identifier}",
        subnet_ids=list(access.subnet_ids),
        tags=dict(tags),
        opts=child(parent),
    )


def parameter_group(
    parent: pulumi.Resource,
    name: str,
    identifier: str,
    engine_version: str,
    tags: Mapping[str, str],
    own: Mapping[str, str] = MappingProxyType({}),
) -> aws.DatabaseParameterGroup:
    """The server's parameters, in a group that is named after its family: an upgrade needs the new group before it
    lets go of the old one.

    Args:
        parent: The component that the group belongs to.
        name: Its logical name.
        identifier: Name of the instance.
        engine_version: PostgreSQL version.
        tags: On the group.
        own: Further parameters, or other values than those of `PARAMETERS`.
    """
    family = f"postgres{engine_version.partition('.')[0]}"
    return aws.DatabaseParameterGroup(
        f"{name}-parameters",
        name=f"{identifier}-{family}",
        family=family,
        description=f"Parameters of {identifier}",
        parameters=[
            {"name": key, "value": value, "apply_method": "pending-reboot" if key in STATIC else "immediate"}
            for key, value in sorted({**PARAMETERS, **own}.items())
        ],
        tags=dict(tags),
        opts=child(parent),
    )
