"""ElastiCache: global datastores."""

from __future__ import annotations

from local.plugins.aws import requests
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import (
    Change,
    Create,
    Delete,
    Describe,
    Property,
    ResourceType,
    Status,
    Timeouts,
    Values,
)
from local.plugins.aws.types.elasticache import short_version

_NONE = ("GlobalReplicationGroupNotFoundFault",)
_OF_MEMBERS = {"cacheNodeType": "CacheNodeType", "engineVersion": "EngineVersion"}


def _present(description: Values) -> Values:
    version = str(description.get("EngineVersion") or "")
    return {
        **description,
        "EngineVersion": short_version(version) if version else None,
        "EngineVersionActual": version or None,
        "NumNodeGroups": len(description.get("GlobalNodeGroups") or []) or None,
        # The prefix stands for the region in which it was made.
        "GlobalReplicationGroupIdSuffix": str(description["GlobalReplicationGroupId"]).partition("-")[2],
        "PrimaryReplicationGroupId": next(
            (
                member["ReplicationGroupId"]
                for member in description.get("Members") or []
                if str(member.get("Role")).upper() == "PRIMARY"
            ),
            None,
        ),
    }


def _find(api: Api, inputs: Values, mark: str) -> str | None:
    wanted = inputs["globalReplicationGroupIdSuffix"]
    for found in api.call("DescribeGlobalReplicationGroups", ShowMemberInfo=True)["GlobalReplicationGroups"]:
        if _present(found)["GlobalReplicationGroupIdSuffix"] == wanted:
            return str(found["GlobalReplicationGroupId"])
    return None


def _finish(api: Api, id: str, inputs: Values) -> None:
    """What the program says of the members is theirs already, or is changed once the datastore is there."""
    _settle(api, id)
    found = requests.describe(GLOBAL_REPLICATION_GROUP, api, id) or {}
    wanted = {
        member: inputs[name]
        for name, member in _OF_MEMBERS.items()
        if inputs.get(name) is not None and inputs[name] != found.get(member)
    }
    _modify(api, id, wanted)
    _reshard(api, id, inputs.get("numNodeGroups"))


def _change(api: Api, id: str, change: Change) -> None:
    members = {**_OF_MEMBERS, "globalReplicationGroupDescription": "GlobalReplicationGroupDescription"}
    _modify(api, id, {member: change.new[name] for name, member in members.items() if name in change.names})
    if "numNodeGroups" in change.names:
        _reshard(api, id, change.new.get("numNodeGroups"))


def _modify(api: Api, id: str, wanted: Values) -> None:
    if wanted:
        api.call("ModifyGlobalReplicationGroup", GlobalReplicationGroupId=id, ApplyImmediately=True, **wanted)
        _settle(api, id)


def _reshard(api: Api, id: str, wanted: int | None) -> None:
    """Change the number of shards in all regions."""
    found = requests.describe(GLOBAL_REPLICATION_GROUP, api, id) or {}
    shards = [str(shard["GlobalNodeGroupId"]) for shard in found.get("GlobalNodeGroups") or []]
    if wanted is None or wanted == (len(shards) or 1):
        return
    request: Values = {"GlobalReplicationGroupId": id, "NodeGroupCount": wanted, "ApplyImmediately": True}
    if wanted > len(shards):
        api.call("IncreaseNodeGroupsInGlobalReplicationGroup", **request)
    else:
        api.call(
            "DecreaseNodeGroupsInGlobalReplicationGroup", **request, GlobalNodeGroupsToRetain=sorted(shards)[:wanted]
        )
    _settle(api, id)


def _settle(api: Api, id: str) -> None:
    """A global datastore takes one modification at a time."""
    while not api.expired:
        found = requests.describe(GLOBAL_REPLICATION_GROUP, api, id)
        if not found or found.get("Status") in ("available", "primary-only"):
            return
        api.pause(0.3)


GLOBAL_REPLICATION_GROUP = ResourceType(
    token="aws:elasticache/globalReplicationGroup:GlobalReplicationGroup",
    service="elasticache",
    properties={
        "globalReplicationGroupIdSuffix": Property(replace="the suffix identifies it"),
        "primaryReplicationGroupId": Property(replace="another primary is another datastore"),
        "globalReplicationGroupDescription": Property(),
        "cacheNodeType": Property(computed=True),
        "engineVersion": Property(computed=True),
        "numNodeGroups": Property(computed=True, minimum=1),
    },
    shape=("CreateGlobalReplicationGroup", ""),
    create=Create("CreateGlobalReplicationGroup", tags=""),
    id="GlobalReplicationGroupId",
    find=_find,
    later=(*_OF_MEMBERS, "numNodeGroups"),
    finish=_finish,
    describe=Describe(
        "DescribeGlobalReplicationGroups",
        {"GlobalReplicationGroupId": "{id}", "ShowMemberInfo": True},
        "GlobalReplicationGroups[0]",
        _NONE,
    ),
    present=_present,
    modify=_change,
    delete=Delete(
        "DeleteGlobalReplicationGroup",
        {"GlobalReplicationGroupId": "{id}", "RetainPrimaryReplicationGroup": True},
        gone=_NONE,
        retry=("InvalidGlobalReplicationGroupState",),
    ),
    outputs={
        "arn": "ARN",
        "globalReplicationGroupId": "GlobalReplicationGroupId",
        "engineVersionActual": "EngineVersionActual",
        "clusterEnabled": "ClusterEnabled",
        "authTokenEnabled": "AuthTokenEnabled",
        "transitEncryptionEnabled": "TransitEncryptionEnabled",
        "atRestEncryptionEnabled": "AtRestEncryptionEnabled",
    },
    volatile=("engineVersionActual",),
    status=Status("Status", ("available", "primary-only")),
    timeouts=Timeouts(3600, 3600, 1200),
)

TYPES = (GLOBAL_REPLICATION_GROUP,)
