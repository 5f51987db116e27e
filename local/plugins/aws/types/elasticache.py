"""ElastiCache: replication groups."""

from __future__ import annotations

from typing import Any

from local.plugins.aws import requests
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import (
    AutoName,
    Change,
    Create,
    Delete,
    Modify,
    Property,
    ResourceType,
    Status,
    Timeouts,
    Values,
)
from local.plugins.aws.types.elasticache_groups import READ_TAGS, RETAG
from local.plugins.provider import CheckFailure

_IMMUTABLE = "ElastiCache cannot change it after creation"
_NO_REPLICATION_GROUP = ("ReplicationGroupNotFoundFault", "ReplicationGroupNotFound")
_RESIZE = ("numCacheClusters", "numNodeGroups", "replicasPerNodeGroup")


def _read_replication_group(api: Api, id: str) -> Values | None:
    answer = api.maybe(_NO_REPLICATION_GROUP, "DescribeReplicationGroups", ReplicationGroupId=id)
    if not answer or not answer["ReplicationGroups"]:
        return None
    found: Values = dict(answer["ReplicationGroups"][0])
    groups = found.get("NodeGroups") or []
    members = sorted(found.get("MemberClusters") or [])
    node_members = [member for group in groups for member in group.get("NodeGroupMembers") or []]
    first = groups[0] if groups else {}
    configuration = found.get("ConfigurationEndpoint") or {}
    found |= {
        "MemberClusters": members,
        "NumCacheClusters": len(members) or len(node_members),
        "NumNodeGroups": len(groups) or None,
        "ReplicasPerNodeGroup": max(len(first.get("NodeGroupMembers") or []) - 1, 0) if groups else None,
        "AutomaticFailover": found.get("AutomaticFailover") in ("enabled", "enabling"),
        "MultiAZ": found.get("MultiAZ") in ("enabled", True),
        "LogDeliveryConfigurations": [_delivered(item) for item in found.get("LogDeliveryConfigurations") or []],
        "Primary": (first.get("PrimaryEndpoint") or {}).get("Address"),
        "Reader": (first.get("ReaderEndpoint") or {}).get("Address"),
        "Configuration": configuration.get("Address"),
        "Port": configuration.get("Port") or (first.get("PrimaryEndpoint") or {}).get("Port"),
        "ClusterEnabled": bool(found.get("ClusterEnabled")),
        "GlobalReplicationGroupId": (found.get("GlobalReplicationGroupInfo") or {}).get("GlobalReplicationGroupId"),
    }
    return {**_of_a_member(api, members), **found}


def _delivered(item: Values) -> Values:
    """One log delivery, flat as the official provider has it."""
    details = item.get("DestinationDetails") or {}
    logs, stream = details.get("CloudWatchLogsDetails") or {}, details.get("KinesisFirehoseDetails") or {}
    return {
        "Destination": logs.get("LogGroup") or stream.get("DeliveryStream"),
        "DestinationType": item.get("DestinationType"),
        "LogFormat": item.get("LogFormat"),
        "LogType": item.get("LogType"),
    }


def _deliver(wanted: list[Values], before: list[Values]) -> list[Values]:
    """Log deliveries as the API asks for them; those of a kind that is no longer wanted are switched off."""
    found = []
    for item in wanted:
        logs = item["destinationType"] == "cloudwatch-logs"
        details: Values = (
            {"CloudWatchLogsDetails": {"LogGroup": item["destination"]}}
            if logs
            else {"KinesisFirehoseDetails": {"DeliveryStream": item["destination"]}}
        )
        found.append(
            {
                "DestinationDetails": details,
                "DestinationType": item["destinationType"],
                "LogFormat": item["logFormat"],
                "LogType": item["logType"],
            }
        )
    kinds = {item["logType"] for item in wanted}
    return found + [{"LogType": item["logType"], "Enabled": False} for item in before if item["logType"] not in kinds]


def _make_replication_group(api: Api, inputs: Values, mark: str) -> str:
    deliveries = _deliver(inputs.get("logDeliveryConfigurations") or [], [])
    how = Create("CreateReplicationGroup", fixed={"LogDeliveryConfigurations": deliveries} if deliveries else {})
    sent = {name: value for name, value in inputs.items() if name != "logDeliveryConfigurations"}
    return requests.create(REPLICATION_GROUP, how, api, sent, mark)


def _of_a_member(api: Api, members: list[str]) -> Values:
    """What ElastiCache tells only of the clusters in a group, taken from the first."""
    gone = ("CacheClusterNotFound", "CacheClusterNotFoundFault")
    answer = (
        api.maybe(gone, "DescribeCacheClusters", CacheClusterId=members[0], ShowCacheNodeInfo=True) if members else None
    )
    if not answer or not answer["CacheClusters"]:
        return {}
    cluster = answer["CacheClusters"][0]
    version = str(cluster.get("EngineVersion") or "")
    return {
        "Engine": cluster.get("Engine"),
        "EngineVersion": short_version(version) if version else None,
        "EngineVersionActual": version or None,
        "ParameterGroupName": (cluster.get("CacheParameterGroup") or {}).get("CacheParameterGroupName"),
        "SubnetGroupName": cluster.get("CacheSubnetGroupName"),
        "SecurityGroupIds": [item["SecurityGroupId"] for item in cluster.get("SecurityGroups") or []],
        "MaintenanceWindow": cluster.get("PreferredMaintenanceWindow"),
        "NotificationTopicArn": (cluster.get("NotificationConfiguration") or {}).get("TopicArn"),
    }


def short_version(actual: str) -> str:
    """The version as a program writes it: `7.1` for 7.1.0, `6.2` for 6.2.6, `5.0.6` for what is older than 6."""
    parts = actual.split(".")
    return ".".join(parts[:2]) if parts[0].isdigit() and int(parts[0]) >= 6 else actual


def _change_replication_group(api: Api, id: str, change: Change) -> None:
    now = change.new.get("applyImmediately")
    immediately = True if now is None else bool(now)
    _reshard(api, id, change)
    # Replicas come before the failover that needs them, and go after it.
    growth = _growth(change)
    if growth > 0:
        _set_replicas(api, id, change)
    if "logDeliveryConfigurations" in change.names:
        deliveries = _deliver(
            change.new.get("logDeliveryConfigurations") or [], change.old.get("logDeliveryConfigurations") or []
        )
        api.call(
            "ModifyReplicationGroup",
            ReplicationGroupId=id,
            ApplyImmediately=immediately,
            LogDeliveryConfigurations=deliveries,
        )
        _settle(api, id)
    if change.touches("userGroupIds") or _drops_token(change):
        api.call("ModifyReplicationGroup", ReplicationGroupId=id, ApplyImmediately=True, **_logins(change))
        _settle(api, id)
    apart = {"authToken", "authTokenUpdateStrategy", "logDeliveryConfigurations", "userGroupIds"}
    names = change.names - set(_RESIZE) - apart
    rest = Change(change.old, change.new, names, change.outputs)
    how = Modify(
        "ModifyReplicationGroup",
        {"ReplicationGroupId": "{id}", "ApplyImmediately": immediately},
        members={"parameterGroupName": "CacheParameterGroupName"},
    )
    requests.modify(REPLICATION_GROUP, how, api, id, rest)
    if growth < 0:
        _settle(api, id)
        _set_replicas(api, id, change)
    if "authToken" in change.names and change.new.get("authToken"):
        _settle(api, id)
        api.call(
            "ModifyReplicationGroup",
            ReplicationGroupId=id,
            ApplyImmediately=True,
            AuthToken=change.new["authToken"],
            AuthTokenUpdateStrategy=change.new.get("authTokenUpdateStrategy") or "ROTATE",
        )


def _drops_token(change: Change) -> bool:
    return change.touches("authTokenUpdateStrategy") and change.new.get("authTokenUpdateStrategy") == "DELETE"


def _logins(change: Change) -> Values:
    """Who may log in from now on: ElastiCache lets users in and the token out in one request only."""
    old, new = set(change.old.get("userGroupIds") or []), set(change.new.get("userGroupIds") or [])
    request: Values = {"UserGroupIdsToAdd": sorted(new - old), "UserGroupIdsToRemove": sorted(old - new)}
    if _drops_token(change):
        request["AuthTokenUpdateStrategy"] = "DELETE"
    return {name: value for name, value in request.items() if value}


def _settle(api: Api, id: str) -> None:
    """A replication group takes one modification at a time."""
    while not api.expired:
        found = requests.describe(REPLICATION_GROUP, api, id)
        if not found or found.get("Status") == "available":
            return
        api.pause(0.3)


def _reshard(api: Api, id: str, change: Change) -> None:
    groups = change.new.get("numNodeGroups")
    if "numNodeGroups" not in change.names or groups is None:
        return
    request: Values = {"NodeGroupCount": groups}
    if groups < int(change.outputs.get("numNodeGroups") or 0):
        request["NodeGroupsToRetain"] = [f"{number:04d}" for number in range(1, groups + 1)]
    api.call("ModifyReplicationGroupShardConfiguration", ReplicationGroupId=id, ApplyImmediately=True, **request)
    _settle(api, id)


def _growth(change: Change) -> int:
    """How many replicas each primary gets; below zero when it loses some."""
    replicas, before = _replicas(change.new), _replicas(change.outputs)
    if replicas is None or before is None or not change.touches("numCacheClusters", "replicasPerNodeGroup"):
        return 0
    return replicas - before


def _set_replicas(api: Api, id: str, change: Change) -> None:
    operation = "IncreaseReplicaCount" if _growth(change) > 0 else "DecreaseReplicaCount"
    api.call(operation, ReplicationGroupId=id, NewReplicaCount=_replicas(change.new), ApplyImmediately=True)
    _settle(api, id)


def _replicas(values: Values) -> int | None:
    if values.get("numCacheClusters") is not None:
        return int(values["numCacheClusters"]) - 1
    return int(values["replicasPerNodeGroup"]) if values.get("replicasPerNodeGroup") is not None else None


def _remove_replication_group(api: Api, id: str, outputs: Values) -> None:
    found = requests.describe(REPLICATION_GROUP, api, id) or {}
    if (found.get("GlobalReplicationGroupInfo") or {}).get("GlobalReplicationGroupMemberRole") == "SECONDARY":
        api.call(
            "DisassociateGlobalReplicationGroup",
            GlobalReplicationGroupId=found["GlobalReplicationGroupId"],
            ReplicationGroupId=id,
            ReplicationGroupRegion=api.region,
        )
        _settle(api, id)
    requests.delete(
        Delete(
            "DeleteReplicationGroup",
            {
                "ReplicationGroupId": "{id}",
                **(
                    {"FinalSnapshotIdentifier": outputs["finalSnapshotIdentifier"]}
                    if outputs.get("finalSnapshotIdentifier")
                    else {}
                ),
            },
            gone=_NO_REPLICATION_GROUP,
            retry=("InvalidReplicationGroupState", "InvalidReplicationGroupStateFault"),
        ),
        api,
        id,
    )


def _sensible(inputs: Values) -> list[CheckFailure]:
    failures = []
    clusters = inputs.get("numCacheClusters")
    for name in ("numNodeGroups", "replicasPerNodeGroup"):
        if clusters is not None and inputs.get(name) is not None:
            failures.append(CheckFailure(name, f"numCacheClusters and {name} exclude each other: write one of them"))
    if inputs.get("multiAzEnabled") is True and inputs.get("automaticFailoverEnabled") is not True:
        failures.append(CheckFailure("multiAzEnabled", "multiAzEnabled needs automaticFailoverEnabled to be true"))
    if inputs.get("automaticFailoverEnabled") is True and clusters == 1:
        failures.append(
            CheckFailure(
                "numCacheClusters", "automatic failover needs at least two clusters: set numCacheClusters to 2"
            )
        )
    if inputs.get("authToken") is not None and inputs.get("transitEncryptionEnabled") is False:
        failures.append(CheckFailure("authToken", "authToken needs transitEncryptionEnabled to be true"))
    strategy, token = inputs.get("authTokenUpdateStrategy"), inputs.get("authToken")
    if strategy == "DELETE" and token is not None:
        failures.append(CheckFailure("authToken", "authToken must be omitted where authTokenUpdateStrategy is DELETE"))
    if strategy not in (None, "DELETE") and token is None:
        failures.append(CheckFailure("authTokenUpdateStrategy", "authTokenUpdateStrategy needs authToken"))
    if token is not None and inputs.get("userGroupIds"):
        failures.append(
            CheckFailure("userGroupIds", "userGroupIds and authToken exclude each other: write one of them")
        )
    failures += _of_a_secondary(inputs)
    if inputs.get("nodeType") is None and inputs.get("globalReplicationGroupId") is None:
        failures.append(CheckFailure("nodeType", "nodeType is missing, for instance cache.t4g.small"))
    return failures


_PRIMARYS = (
    "atRestEncryptionEnabled",
    "engine",
    "engineVersion",
    "nodeType",
    "numNodeGroups",
    "parameterGroupName",
    "snapshotArns",
    "snapshotName",
    "transitEncryptionEnabled",
)


def _of_a_secondary(inputs: Values) -> list[CheckFailure]:
    """What a member of a global datastore has from its primary, it must not say itself."""
    if inputs.get("globalReplicationGroupId") is None:
        return []
    reason = "{} and globalReplicationGroupId exclude each other: a secondary has it from its primary"
    return [CheckFailure(name, reason.format(name)) for name in _PRIMARYS if inputs.get(name) is not None]


def _version_number(version: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in str(version).split(".") if part.isdigit())


def _downgrade(old: Values, new: Values) -> dict[str, str]:
    found: dict[str, str] = {}
    before, after = old.get("engineVersion"), new.get("engineVersion")
    if (
        isinstance(before, str)
        and isinstance(after, str)
        and _version_number(after) < _version_number(before)[: len(_version_number(after))]
    ):
        found["engineVersion"] = "ElastiCache cannot downgrade"
    if old.get("engine") == "valkey" and new.get("engine") == "redis":
        found["engine"] = "ElastiCache cannot go back from Valkey to Redis"
    return found


REPLICATION_GROUP = ResourceType(
    token="aws:elasticache/replicationGroup:ReplicationGroup",
    service="elasticache",
    properties={
        "replicationGroupId": Property(
            replace="the ID identifies it",
            lower=True,
            pattern=(
                "[a-zA-Z](?!.*--)[a-zA-Z0-9-]{0,38}[a-zA-Z0-9]|[a-zA-Z]",
                "1 to 40 letters, digits and single hyphens",
            ),
        ),
        "description": Property(member="ReplicationGroupDescription", read="Description"),
        "nodeType": Property(member="CacheNodeType", computed=True),
        "engine": Property(computed=True, values=("redis", "valkey")),
        "engineVersion": Property(
            computed=True, pattern=(r"[1-5]\.\d+\.\d+|([6-9]|[1-9]\d)\.\d+", "such as 7.1 (or 5.0.6 before 6.0)")
        ),
        "parameterGroupName": Property(member="CacheParameterGroupName", read="ParameterGroupName", computed=True),
        "subnetGroupName": Property(
            member="CacheSubnetGroupName", read="SubnetGroupName", computed=True, replace=_IMMUTABLE
        ),
        "port": Property(replace=_IMMUTABLE),
        "automaticFailoverEnabled": Property(default=False, read="AutomaticFailover"),
        "multiAzEnabled": Property(default=False, read="MultiAZ", member="MultiAZEnabled"),
        "authToken": Property(unread=True, secret=True, pattern=("[ -~]{16,128}", "16 to 128 printable characters")),
        "authTokenUpdateStrategy": Property(local=True, values=("SET", "ROTATE", "DELETE")),
        "atRestEncryptionEnabled": Property(computed=True, replace=_IMMUTABLE),
        "transitEncryptionEnabled": Property(computed=True),
        "kmsKeyId": Property(replace=_IMMUTABLE),
        "maintenanceWindow": Property(
            member="PreferredMaintenanceWindow", read="MaintenanceWindow", computed=True, lower=True
        ),
        "snapshotRetentionLimit": Property(maximum=35, minimum=0),
        "snapshotWindow": Property(computed=True),
        "snapshotName": Property(replace="a snapshot is restored only into a new group", unread=True),
        "snapshotArns": Property(replace="a snapshot is restored only into a new group", unread=True),
        "finalSnapshotIdentifier": Property(local=True),
        "applyImmediately": Property(local=True),
        "notificationTopicArn": Property(),
        "numNodeGroups": Property(computed=True, minimum=1),
        "replicasPerNodeGroup": Property(computed=True, minimum=0, maximum=5),
        "numCacheClusters": Property(computed=True, minimum=1, maximum=6),
        "securityGroupIds": Property(computed=True),
        "autoMinorVersionUpgrade": Property(computed=True),
        "transitEncryptionMode": Property(computed=True),
        "networkType": Property(computed=True, replace=_IMMUTABLE),
        "ipDiscovery": Property(computed=True),
        "clusterMode": Property(computed=True),
        "preferredCacheClusterAzs": Property(member="PreferredCacheClusterAZs", unread=True, ordered=True),
        "userGroupIds": Property(),
        "globalReplicationGroupId": Property(
            computed=True, replace="a cluster joins a global datastore when it is made"
        ),
        "logDeliveryConfigurations": Property(),
    },
    shape=("CreateReplicationGroup", ""),
    create=_make_replication_group,
    natural=lambda inputs: str(inputs["replicationGroupId"]).lower(),
    describe=_read_replication_group,
    modify=_change_replication_group,
    delete=_remove_replication_group,
    outputs={
        "arn": "ARN",
        "clusterEnabled": "ClusterEnabled",
        "configurationEndpointAddress": "Configuration",
        "engineVersionActual": "EngineVersionActual",
        "memberClusters": "MemberClusters",
        "primaryEndpointAddress": "Primary",
        "readerEndpointAddress": "Reader",
    },
    volatile=("memberClusters", "engineVersionActual"),
    unordered=("logDeliveryConfigurations",),
    status=Status("Status", ("available",), ("create-failed",)),
    auto_name=AutoName("replicationGroupId", maximum=40, lower=True),
    rules=(_sensible,),
    replace_if=_downgrade,
    retag=RETAG,
    read_tags=READ_TAGS,
    timeouts=Timeouts(3600, 2400, 2700),
)

TYPES = (REPLICATION_GROUP,)
