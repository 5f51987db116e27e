"""The rules of the resilience pack. A row makes a rule a policy."""

from __future__ import annotations

from typing import Final

from policies import production
from policies.model import Enforcement, Rule, Severity
from policies.rules import (
    backups,
    buckets,
    caching,
    database_groups,
    databases,
    distributions,
    redis_groups,
    redis_stores,
)

_ACCESS: Final = "AWS Well-Architected: SEC03"
_AT_REST: Final = "AWS Well-Architected: SEC08"
_BACKUP: Final = "AWS Well-Architected: REL09"
_DETECTION: Final = "AWS Well-Architected: SEC04"
_HEALING: Final = "AWS Well-Architected: REL11"
_IDENTITIES: Final = "AWS Well-Architected: SEC02"
_IN_TRANSIT: Final = "AWS Well-Architected: SEC09"
_PLACES: Final = "AWS Well-Architected: REL10"

RESILIENCE: Final[tuple[Rule, ...]] = (
    Rule(
        id="SR-REDIS-HA",
        policy="SR-REDIS-HA",
        title="A production Redis outlives a node and a zone, encrypts, asks who is there, and takes snapshots",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation=(
            "Use a replication group with replicas, automatic failover and Multi-AZ, encryption both ways, a token or "
            "users, and daily snapshots."
        ),
        resource=redis_stores.redis_outlives_a_zone,
        schema=redis_stores.SCHEMA,
        frameworks=(_PLACES, _AT_REST, _IN_TRANSIT, _BACKUP),
        tags=("redis", "availability", "encryption", "backup"),
    ),
    Rule(
        id="SR-REDIS-HA",
        policy="SR-REDIS-HA-MEMORY",
        title="A production Redis that holds queues, sessions or limits never evicts",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation="Give it a parameter group of its own with maxmemory-policy noeviction, apart from any cache.",
        stack=redis_groups.queues_never_evict,
        schema=redis_groups.SCHEMA,
        frameworks=(_HEALING,),
        tags=("redis", "data-loss"),
    ),
    Rule(
        id="SR-REDIS-HA",
        policy="SR-REDIS-HA-USERS",
        title="No user group of a production Redis lets in whoever has no password",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation="Put a user of your own with userName default, switched off, into the group.",
        stack=redis_groups.nobody_logs_in_without_a_password,
        schema=production.SCHEMA,
        frameworks=(_IDENTITIES,),
        tags=("redis", "access"),
    ),
    Rule(
        id="SR-DB",
        policy="SR-DB",
        title="A production database outlives a zone, encrypts, can be restored, and is not deleted by mistake",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation=(
            "Set multiAz, storageEncrypted, backupRetentionPeriod, deletionProtection and finalSnapshotIdentifier, and "
            "keep it off the internet."
        ),
        resource=databases.database_is_safe,
        schema=databases.SCHEMA,
        frameworks=(_PLACES, _AT_REST, _BACKUP),
        tags=("database", "availability", "encryption", "backup"),
    ),
    Rule(
        id="SR-DB",
        policy="SR-DB-REPLICAS",
        title="A production database has replicas, and a cluster has instances in more than one zone",
        severity=Severity.HIGH,
        enforcement=Enforcement.MANDATORY,
        remediation="Add read replicas to an instance, and a second instance in another zone to a cluster.",
        stack=database_groups.database_has_replicas,
        schema=database_groups.SCHEMA,
        frameworks=(_PLACES,),
        tags=("database", "availability"),
    ),
    Rule(
        id="SR-DB",
        policy="SR-DB-TLS",
        title="A production database refuses connections without TLS",
        severity=Severity.HIGH,
        enforcement=Enforcement.MANDATORY,
        remediation="Set rds.force_ssl, or require_secure_transport, to 1 in its parameter group.",
        stack=database_groups.connections_are_encrypted,
        schema=production.SCHEMA,
        frameworks=(_IN_TRANSIT,),
        tags=("database", "encryption"),
    ),
    Rule(
        id="SR-STORE",
        policy="SR-STORE",
        title="No production bucket lets in whoever asks",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation=(
            "Serve what is public through a distribution with origin access control, and keep the bucket private."
        ),
        resource=buckets.nothing_is_public,
        schema=production.SCHEMA,
        frameworks=(_ACCESS,),
        tags=("storage", "access"),
    ),
    Rule(
        id="SR-STORE",
        policy="SR-STORE-SETTINGS",
        title="A production bucket is encrypted, versioned, private, and answers over TLS only",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation=(
            "Give each bucket its encryption, versioning, public access block, and a policy that denies requests "
            "without TLS."
        ),
        stack=buckets.bucket_is_settled,
        schema=buckets.SCHEMA,
        frameworks=(_AT_REST, _IN_TRANSIT, _BACKUP),
        tags=("storage", "encryption", "backup"),
    ),
    Rule(
        id="SR-CDN",
        policy="SR-CDN",
        title="A production distribution speaks HTTPS only, and its buckets answer nobody else",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation="Redirect to HTTPS, use a modern security policy, https-only origins and origin access control.",
        resource=distributions.https_only,
        schema=distributions.SCHEMA,
        frameworks=(_IN_TRANSIT, _ACCESS),
        tags=("cdn", "encryption", "access"),
    ),
    Rule(
        id="SR-CDN",
        policy="SR-CDN-CERTIFICATE",
        title="A production distribution has a name and a certificate of its own, or TLS 1.0 is let in",
        severity=Severity.LOW,
        enforcement=Enforcement.ADVISORY,
        remediation="Give the distribution an alias and a certificate of us-east-1 for it.",
        resource=distributions.own_certificate,
        schema=production.SCHEMA,
        frameworks=(_IN_TRANSIT,),
        tags=("cdn", "encryption"),
    ),
    Rule(
        id="SR-CDN",
        policy="SR-CDN-CACHE",
        title="A production distribution keeps no answer of an API, and none that was meant for one client",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation="Give behaviours of an API a cache policy that keeps nothing.",
        stack=caching.nothing_private_is_kept,
        schema=caching.SCHEMA,
        frameworks=(_ACCESS,),
        tags=("cdn", "privacy"),
    ),
    Rule(
        id="SR-CDN",
        policy="SR-CDN-LOGS",
        title="The access to a production distribution is logged",
        severity=Severity.MEDIUM,
        enforcement=Enforcement.MANDATORY,
        remediation="Add a LogDeliverySource of the distribution and a LogDelivery into a bucket.",
        stack=distributions.access_is_logged,
        schema=production.SCHEMA,
        frameworks=(_DETECTION,),
        tags=("cdn", "logs"),
    ),
    Rule(
        id="P0-BACKUP",
        policy="P0-BACKUP",
        title="Every production data store has backups that keep to the declared recovery point and retention",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation=(
            "Let RDS, ElastiCache and DynamoDB keep backups of their own, keep versions of buckets, and select "
            "databases and buckets in a backup plan."
        ),
        stack=backups.every_store_is_backed_up,
        schema=backups.SCHEMA,
        frameworks=(_BACKUP,),
        tags=("backup",),
    ),
)
