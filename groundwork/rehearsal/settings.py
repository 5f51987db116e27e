"""What must differ between a stack and its rehearsal: decided from the two stack files alone, and nothing else differs.

The stack's own rules (of production, say) are applied to its own settings before. A rehearsal has `environment: local`,
so that it can be removed without a trace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.project import StackFile
from groundwork.rehearsal.draft import Change, Draft

SYSTEM = "rehearsal"
"""Start of all names: nothing of a rehearsal is taken for the stack itself."""
MOST_PODS = 30
"""Pods beyond which a platform on one machine does not hold the stack's smallest numbers of instances."""
MOST_REPLICAS = 3
"""Read replicas of PostgreSQL, each a server of its own."""
FEWEST = 2
"""Instances of a service: one would prove nothing."""
LOCAL_REDIS_VERSIONS = ("7.0", "7.1")

_AWS = "aws:"
_SERVICES, _QUEUES = "groundwork:services", "groundwork:queues"


@dataclass(frozen=True)
class Platform:
    """What the local platform has a stack say.

    Attributes:
        provider: Keys of the AWS provider: endpoints, credentials, region.
        workload: Image, certificates, variables and sizes of its pods.
        egress: Where its data stores and endpoint are.
        postgres: Version of its PostgreSQL.
    """

    provider: Mapping[str, Any]
    workload: Mapping[str, Any]
    egress: Sequence[Any]
    postgres: str

    @classmethod
    def of(cls, local: StackFile) -> Platform:
        """Read it from the stack file that is made for the platform."""
        config = local.config
        return cls(
            provider={key: value for key, value in config.items() if key.startswith(_AWS)},
            workload=config["groundwork:workload"],
            egress=config["groundwork:cluster"]["egress"],
            postgres=config["groundwork:database"]["engineVersion"],
        )


@dataclass(frozen=True)
class Adapted:
    """A stack's settings for the local platform.

    Attributes:
        config: The stack file's `config` map, without secrets.
        changes: What differs from the stack's own.
        secrets: Keys whose values are encrypted in the stack file: the rehearsal makes up others.
    """

    config: Mapping[str, Any]
    changes: tuple[Change, ...]
    secrets: tuple[str, ...]


def adapted(stack: StackFile, platform: Platform, system: str = SYSTEM) -> Adapted:
    """The stack's settings for the local platform, under other names.

    Args:
        stack: The stack file, on its base.
        platform: What the local platform needs.
        system: Start of all names.
    """
    draft = Draft(stack.config)
    _provider(draft, platform)
    _names(draft, stack.stack, system)
    _environment(draft)
    _workload(draft, platform)
    secrets = _services(draft)
    _queues(draft)
    _sizes(draft)
    _cluster(draft, platform)
    _network(draft)
    for name in ("cache", "queue"):
        if draft.get("groundwork:redis", name) is not None:
            _redis(draft, name)
    _database(draft, platform)
    _buckets(draft)
    _cdn(draft)
    _backup(draft)
    _observability(draft)
    return Adapted(draft.config, tuple(draft.changes), secrets)


def _provider(draft: Draft, platform: Platform) -> None:
    own = [key for key in draft.config if key.startswith(_AWS)]
    for key in sorted({*own, *platform.provider}):
        if key in platform.provider:
            draft.set(key, to=platform.provider[key], why="the local platform's endpoint")
        else:
            draft.drop(key, why="an account of yours")


def _names(draft: Draft, stack: str, system: str) -> None:
    draft.set("groundwork:system", to=system, why="names that nothing else has")
    draft.drop("groundwork:namespace", why="names that nothing else has")
    # An account has one identity provider for each issuer, so that two stacks cannot both make it.
    issuer = {"issuer": f"https://{system}-{stack}.cluster.local"}
    draft.set("groundwork:workloadIdentity", to=issuer, why="your cluster's")


def _environment(draft: Draft) -> None:
    environment = draft.get("groundwork:environment")
    if environment == "local":
        return
    if draft.get("groundwork:alarms", "profile") is None:
        profile = "production" if environment == "production" else "staging"
        draft.set("groundwork:alarms", "profile", to=profile, why="the environment's own thresholds")
    draft.set("groundwork:environment", to="local", why="removed without snapshots and recovery periods at the end")
    draft.drop("groundwork:alarms", "notify", why="nobody is woken by a rehearsal")


def _workload(draft: Draft, platform: Platform) -> None:
    own, local = "groundwork:workload", platform.workload
    stand_in = "the conformance workload stands in for your image"
    draft.set(own, "image", to=local["image"], why=stand_in)
    for key in ("command", "allowImageTags"):
        draft.drop(own, key, why=stand_in)
    draft.set(own, "trustedCertificates", to=local["trustedCertificates"], why="the local authority")
    for name, value in local["environment"].items():
        draft.set(own, "environment", name, to=value, why="the local platform's endpoint")
    draft.set(own, "resources", to=local["resources"], why="what this machine holds")


def _services(draft: Draft) -> tuple[str, ...]:
    secrets: list[str] = []
    for name in draft.names(_SERVICES):
        service = (_SERVICES, name)
        for key in ("image", "command", "args", "canary"):
            draft.drop(*service, key, why="the conformance workload stands in for your image")
        for key in ("livePath", "readyPath"):
            draft.drop(*service, "probes", key, why="the conformance workload's own paths")
        draft.drop(*service, "resources", why="what this machine holds")
        draft.drop(*service, "requestsPerSecond", why="no metrics on the local platform")
        if draft.get(*service, "cpuTargetPercent") is None:
            draft.drop(*service, "cpuTargetPercent", why="no metrics on the local platform")
        if draft.get(*service, "expose") is not None:
            draft.drop(*service, "expose", why="no Gateway or Ingress controller on the local platform")
            draft.set(*service, "exposed", to=True, why="reachable from other namespaces instead")
        secrets += [".".join((*service, "secrets", each)) for each in draft.names(*service, "secrets")]
        if draft.get(*service, "secrets"):
            draft.drop(*service, "secrets", why="made up: the stack's own never leave its file")
    return tuple(secrets)


def _queues(draft: Draft) -> None:
    for name in draft.names(_QUEUES):
        draft.drop(_QUEUES, name, "resources", why="what this machine holds")
        draft.drop(_QUEUES, name, "backlogPerWorker", why="no metrics on the local platform")
    draft.drop("groundwork:dashboard", "resources", why="what this machine holds")


def _sizes(draft: Draft) -> None:
    ranges: list[tuple[str, ...]] = [
        (key, name, "replicas") for key in (_SERVICES, _QUEUES) for name in draft.names(key)
    ]
    if any((draft.get(_QUEUES, name, "kind") or "bullmq") == "bullmq" for name in draft.names(_QUEUES)):
        ranges.append(("groundwork:dashboard", "replicas"))
    pods = sum(draft.get(*path, "min") or FEWEST for path in ranges)
    if pods > MOST_PODS:
        for path in ranges:
            if (draft.get(*path, "min") or FEWEST) > FEWEST:
                draft.set(*path, "min", to=FEWEST, why=f"this machine holds {MOST_PODS} pods, not {pods}")


def _cluster(draft: Draft, platform: Platform) -> None:
    for feature in ("keda", "metrics", "prometheusOperator", "externalSecrets", "gateway", "ingress"):
        draft.drop("groundwork:cluster", feature, why="the local cluster has none")
    draft.set("groundwork:cluster", "egress", to=platform.egress, why="where the local data stores are")


def _network(draft: Draft) -> None:
    if draft.get("groundwork:network", "existing") is not None:
        created = {"create": {"cidr": "10.90.0.0/16"}}
        draft.set("groundwork:network", to=created, why="your network is not here: one is made")


def _redis(draft: Draft, name: str) -> None:
    redis = ("groundwork:redis", name)
    draft.drop(*redis, "shards", why="the conformance workload speaks to one primary")
    for key in ("restoreFromSnapshot", "restoreFromS3"):
        draft.drop(*redis, key, why="your snapshot is not here")
    draft.drop(*redis, "secondaries", why="the local platform is one region")
    _own_key(draft, *redis)
    _at_once(draft, *redis)
    version = draft.get(*redis, "engineVersion")
    if version is not None and version not in LOCAL_REDIS_VERSIONS:
        draft.drop(*redis, "engineVersion", why="a version that the local platform has")


def _database(draft: Draft, platform: Platform) -> None:
    database = ("groundwork:database",)
    draft.set(*database, "engineVersion", to=platform.postgres, why="the version that the local platform has")
    draft.drop(*database, "replicaEngineVersion", why="the local platform has one version")
    for key in ("restoreFromSnapshot", "restoreTo"):
        draft.drop(*database, key, why="what it would begin with is not here")
    draft.drop(*database, "readerPool", why="your PgBouncer's image is not here")
    draft.drop(*database, "blueGreenUpdates", why="the local platform has no blue/green deployments")
    if (draft.get(*database, "replicas") or 0) > MOST_REPLICAS:
        draft.set(*database, "replicas", to=MOST_REPLICAS, why="what this machine holds")
    draft.set(*database, "deletionProtection", to=False, why="it is removed at the end")
    _own_key(draft, *database)
    _at_once(draft, *database)


def _own_key(draft: Draft, *store: str) -> None:
    if draft.get(*store, "kmsKeyArn") is not None:
        draft.drop(*store, "kmsKeyArn", why="your key is not here: one is made")
        draft.set(*store, "ownKmsKey", to=True, why="your key is not here: one is made")


def _at_once(draft: Draft, *store: str) -> None:
    if draft.get(*store, "finalSnapshot"):
        draft.drop(*store, "finalSnapshot", why="nothing is left at the end")
    draft.set(*store, "applyImmediately", to=True, why="a rehearsal does not wait for a maintenance window")


def _buckets(draft: Draft) -> None:
    for name in draft.names("groundwork:buckets"):
        bucket = ("groundwork:buckets", name)
        draft.drop(*bucket, "replica", why="the local platform is one region")
        draft.drop(*bucket, "notifications", why="nobody outside is told")
        draft.drop(*bucket, "kmsKeyArn", why="your key is not here")
        draft.set(*bucket, "forceDestroy", to=True, why="nothing is left at the end")
        if draft.get(*bucket, "lockMode") == "compliance":
            draft.drop(*bucket, "lockMode", why="nothing is left at the end")


def _cdn(draft: Draft) -> None:
    draft.drop("groundwork:cdn", "domain", why="your names and their zone are not here")
    draft.drop("groundwork:cdn", "api", why="the local edge reaches nothing outside the platform")


def _backup(draft: Draft) -> None:
    backup = "groundwork:backup"
    if draft.get(backup, "recovery") is not None:
        draft.drop(backup, "recovery", why="the local platform is one region")
        for store in ("database", "buckets"):
            for rule in draft.names(backup, store, "rules"):
                draft.drop(backup, store, "rules", rule, "copyDays", why="the local platform is one region")
    if draft.get(backup, "lock", "mode") == "compliance":
        draft.drop(backup, "lock", why="nothing is left at the end")
    draft.set(backup, "forceDestroy", to=True, why="nothing is left at the end")


def _observability(draft: Draft) -> None:
    observability = "groundwork:observability"
    draft.drop(observability, "indicators", why="no Prometheus on the local platform")
    for key in ("fluentBit", "existingGroup"):
        draft.drop(observability, "logs", key, why="a collector and a group of yours are not here")
    _own_key(draft, observability, "logs")
