"""RDS Proxy: the proxy, the settings of its pool, and what it is in front of."""

from __future__ import annotations

from typing import Any

from local.plugins.aws.api import Api
from local.plugins.aws.declaration import (
    AutoName,
    Create,
    Delete,
    Describe,
    Modify,
    Property,
    ResourceType,
    Status,
    Timeouts,
    Values,
)
from local.plugins.aws.types.rds_groups import READ_TAGS, RETAG
from local.plugins.provider import CheckFailure, ProviderError

_GONE = ("DBProxyNotFoundFault", "DBProxyNotFound")
_NAMED = "the name identifies it"
_IMMUTABLE = "RDS cannot change it after creation"
_GROUP = "default"
_BROKEN = ("incompatible-network", "insufficient-resource-limits", "suspended", "inaccessible-credentials")

PROXY = ResourceType(
    token="aws:rds/proxy:Proxy",
    service="rds",
    properties={
        "name": Property(
            member="DBProxyName",
            replace=_NAMED,
            pattern=(
                "[a-zA-Z](?!.*--)[a-zA-Z0-9-]{0,61}[a-zA-Z0-9]|[a-zA-Z]",
                "1 to 63 letters, digits and single hyphens",
            ),
        ),
        "engineFamily": Property(replace=_IMMUTABLE),
        "auths": Property(member="Auth"),
        "roleArn": Property(),
        "vpcSubnetIds": Property(replace=_IMMUTABLE),
        "vpcSecurityGroupIds": Property(computed=True),
        "requireTls": Property(member="RequireTLS", default=False),
        "idleClientTimeout": Property(computed=True, minimum=1, maximum=28_800),
        "debugLogging": Property(default=False),
    },
    create=Create("CreateDBProxy"),
    natural=lambda inputs: str(inputs["name"]),
    describe=Describe("DescribeDBProxies", {"DBProxyName": "{id}"}, "DBProxies[0]", _GONE),
    modify=Modify(
        "ModifyDBProxy", {"DBProxyName": "{id}"}, members={"vpcSecurityGroupIds": "SecurityGroups"}, always=("auths",)
    ),
    delete=Delete("DeleteDBProxy", {"DBProxyName": "{id}"}, _GONE, retry=("InvalidDBProxyStateFault",)),
    outputs={"arn": "DBProxyArn", "endpoint": "Endpoint"},
    status=Status("Status", ("available",), _BROKEN),
    auto_name=AutoName("name", maximum=63),
    retag=RETAG,
    read_tags=READ_TAGS,
    timeouts=Timeouts(1800, 1800, 3600),
)


def _let_be(_api: Api, _id: str, _outputs: Values) -> None:
    """The group is the proxy's own and goes with it; the official provider leaves its settings as they are too."""


TARGET_GROUP = ResourceType(
    token="aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",
    service="rds",
    properties={
        "dbProxyName": Property(member="DBProxyName", replace="it belongs to one proxy"),
        "connectionPoolConfig": Property(computed=True),
    },
    create=Create("ModifyDBProxyTargetGroup", tags="", fixed={"TargetGroupName": _GROUP}),
    natural=lambda inputs: str(inputs["dbProxyName"]),
    overwrites=True,
    forgets=True,
    describe=Describe("DescribeDBProxyTargetGroups", {"DBProxyName": "{id}"}, "TargetGroups[0]", _GONE),
    modify=Modify("ModifyDBProxyTargetGroup", {"DBProxyName": "{id}", "TargetGroupName": _GROUP}),
    delete=_let_be,
    outputs={"arn": "TargetGroupArn", "name": "TargetGroupName"},
    timeouts=Timeouts(1800, 1800, 60),
)


def _id_of(inputs: Values) -> str:
    cluster = inputs.get("dbClusterIdentifier")
    kind, name = ("TRACKED_CLUSTER", cluster) if cluster else ("RDS_INSTANCE", inputs.get("dbInstanceIdentifier"))
    return "/".join((str(inputs["dbProxyName"]), str(inputs["targetGroupName"]), kind, str(name)))


def _request(id: str) -> dict[str, Any]:
    """The members that name a target, from its ID: proxy, group, kind, name."""
    parts = id.split("/")
    if len(parts) != 4:
        raise ProviderError(f"{id} is no proxy's target: write PROXY/GROUP/RDS_INSTANCE/IDENTIFIER")
    proxy, group, kind, name = parts
    member = "DBClusterIdentifiers" if kind == "TRACKED_CLUSTER" else "DBInstanceIdentifiers"
    return {"DBProxyName": proxy, "TargetGroupName": group, member: [name]}


def _make_target(api: Api, inputs: Values, mark: str) -> str:
    id = _id_of(inputs)
    api.call("RegisterDBProxyTargets", **_request(id))
    return id


def _read_target(api: Api, id: str) -> Values | None:
    proxy, group, kind, name = id.split("/")
    answer = api.maybe(
        (*_GONE, "DBProxyTargetNotFoundFault"), "DescribeDBProxyTargets", DBProxyName=proxy, TargetGroupName=group
    )
    for target in (answer or {}).get("Targets", []):
        if target.get("Type") == kind and target.get("RdsResourceId") == name:
            own = {"DBClusterIdentifier" if kind == "TRACKED_CLUSTER" else "DBInstanceIdentifier": name}
            return {**target, **own, "DBProxyName": proxy, "TargetGroupName": group}
    return None


def _remove_target(api: Api, id: str, outputs: Values) -> None:
    api.maybe((*_GONE, "DBProxyTargetNotFoundFault"), "DeregisterDBProxyTargets", **_request(id))


def _one_of_two(inputs: Values) -> list[CheckFailure]:
    given = [name for name in ("dbInstanceIdentifier", "dbClusterIdentifier") if inputs.get(name) is not None]
    return [] if len(given) == 1 else [CheckFailure("", "a target is a dbInstanceIdentifier or a dbClusterIdentifier")]


_OTHER = "another target is another resource"

TARGET = ResourceType(
    token="aws:rds/proxyTarget:ProxyTarget",
    service="rds",
    properties={
        "dbProxyName": Property(member="DBProxyName", replace=_OTHER),
        "targetGroupName": Property(replace=_OTHER),
        "dbInstanceIdentifier": Property(member="DBInstanceIdentifier", replace=_OTHER),
        "dbClusterIdentifier": Property(member="DBClusterIdentifier", replace=_OTHER),
    },
    create=_make_target,
    natural=_id_of,
    describe=_read_target,
    delete=_remove_target,
    outputs={
        "endpoint": "Endpoint",
        "port": "Port",
        "rdsResourceId": "RdsResourceId",
        "targetArn": "TargetArn",
        "type": "Type",
    },
    # A proxy has one target at a time.
    delete_before_replace=True,
    # Unlike the official provider this waits: who is told the proxy's address finds the database there.
    status=Status("TargetHealth.State", ("AVAILABLE",)),
    rules=(_one_of_two,),
    timeouts=Timeouts(1800, 60, 600),
)

TYPES = (PROXY, TARGET_GROUP, TARGET)
