"""Route tables, their routes, and which subnet uses which table."""

from __future__ import annotations

import zlib
from typing import Any

from local.plugins.aws import tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import Change, Delete, Property, ResourceType, Timeouts, Values
from local.plugins.aws.types.ec2_common import by_mark, specification, unchangeable
from local.plugins.provider import CheckFailure, ProviderError

_NO_TABLE = ("InvalidRouteTableID.NotFound",)


def _tables(api: Api, **request: Any) -> list[Values]:
    answer = api.maybe(_NO_TABLE, "DescribeRouteTables", **request)
    return list(answer["RouteTables"]) if answer else []


def _make_table(api: Api, inputs: Values, mark: str) -> str:
    answer = api.call(
        "CreateRouteTable", VpcId=inputs["vpcId"], TagSpecifications=specification("route-table", inputs, mark)
    )
    return str(answer["RouteTable"]["RouteTableId"])


def _read_table(api: Api, id: str) -> Values | None:
    found = _tables(api, RouteTableIds=[id])
    if not found:
        return None
    arn = f"arn:{api.partition}:ec2:{api.region}:{found[0].get('OwnerId', '')}:route-table/{id}"
    return {**found[0], "Arn": arn}


ROUTE_TABLE = ResourceType(
    token="aws:ec2/routeTable:RouteTable",
    service="ec2",
    properties={"vpcId": unchangeable()},
    create=_make_table,
    describe=_read_table,
    delete=Delete("DeleteRouteTable", {"RouteTableId": "{id}"}, gone=_NO_TABLE, retry=("DependencyViolation",)),
    outputs={"arn": "Arn", "ownerId": "OwnerId"},
    find=by_mark("DescribeRouteTables", "RouteTables", "RouteTableId"),
    marked=True,
    retag=tags.ec2,
    timeouts=Timeouts(300, 120, 300),
)

# Property to member of CreateRoute: one destination and one target each.
_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}


def route_id(table: str, destination: str) -> str:
    """The official provider's ID of a route: `r-`, the table, and the destination's CRC-32."""
    return f"r-{table}{zlib.crc32(destination.encode())}"


def _destination(inputs: Values) -> tuple[str, str]:
    name = next(name for name in _DESTINATIONS if inputs.get(name))
    return name, str(inputs[name])


def _natural_route(inputs: Values) -> str:
    return route_id(inputs["routeTableId"], _destination(inputs)[1])


def _route_request(inputs: Values) -> dict[str, Any]:
    name, destination = _destination(inputs)
    target = next(name for name in _TARGETS if inputs.get(name))
    return {
        "RouteTableId": inputs["routeTableId"],
        _DESTINATIONS[name]: destination,
        _TARGETS[target]: inputs[target],
    }


def _make_route(api: Api, inputs: Values, mark: str) -> str:
    api.call("CreateRoute", **_route_request(inputs))
    return _natural_route(inputs)


def _table_in(id: str) -> str:
    """The table in a route's ID: the checksum at its end has one to ten decimal digits and no fixed length."""
    return id.removeprefix("r-")


def _read_route(api: Api, id: str) -> Values | None:
    rest = _table_in(id)
    for table in _tables(api):
        if not rest.startswith(table["RouteTableId"]):
            continue
        for route in table.get("Routes") or []:
            destination = next((route[member] for member in _DESTINATIONS.values() if route.get(member)), "")
            if route_id(table["RouteTableId"], destination) == id:
                return {**route, "RouteTableId": table["RouteTableId"]}
    return None


def _change_route(api: Api, id: str, change: Change) -> None:
    api.call("ReplaceRoute", **_route_request(change.new))


def _remove_route(api: Api, id: str, outputs: Values) -> None:
    name, destination = _destination(outputs)
    api.maybe(
        ("InvalidRoute.NotFound", *_NO_TABLE),
        "DeleteRoute",
        **{"RouteTableId": outputs["routeTableId"], _DESTINATIONS[name]: destination},
    )


def _import_route(api: Api, id: str) -> str:
    table, separator, destination = id.partition("_")
    if not separator:
        raise ProviderError(f"the import ID of a route is ROUTETABLEID_DESTINATION, not {id!r}")
    return route_id(table, destination)


def _one_each(inputs: Values) -> list[CheckFailure]:
    failures = []
    for what, names in (("destination", _DESTINATIONS), ("target", _TARGETS)):
        given = [name for name in names if inputs.get(name) is not None]
        if len(given) != 1:
            failures.append(
                CheckFailure(given[0] if given else "", f"a route needs exactly one {what}: one of {', '.join(names)}")
            )
    return failures


ROUTE = ResourceType(
    token="aws:ec2/route:Route",
    service="ec2",
    properties={
        "routeTableId": unchangeable(),
        **{name: unchangeable() for name in _DESTINATIONS},
        "gatewayId": Property(member="GatewayId"),
        **{name: Property(member=member) for name, member in _TARGETS.items() if name != "gatewayId"},
    },
    create=_make_route,
    describe=_read_route,
    modify=_change_route,
    delete=_remove_route,
    outputs={"state": "State", "origin": "Origin"},
    natural=_natural_route,
    import_id=_import_route,
    rules=(_one_each,),
    timeouts=Timeouts(300, 120, 300),
)


def _associations(api: Api) -> list[Values]:
    return [item for table in _tables(api) for item in table.get("Associations") or []]


def _make_association(api: Api, inputs: Values, mark: str) -> str:
    answer = api.call(
        "AssociateRouteTable",
        RouteTableId=inputs["routeTableId"],
        SubnetId=inputs.get("subnetId"),
        GatewayId=inputs.get("gatewayId"),
    )
    return str(answer["AssociationId"])


def _read_association(api: Api, id: str) -> Values | None:
    return next((item for item in _associations(api) if item["RouteTableAssociationId"] == id), None)


def _find_association(api: Api, inputs: Values, mark: str) -> str | None:
    for item in _associations(api):
        same = item["RouteTableId"] == inputs["routeTableId"]
        if same and any(inputs.get(p) and item.get(m) == inputs[p] for p, m in _ENDS):
            return str(item["RouteTableAssociationId"])
    return None


_ENDS = (("subnetId", "SubnetId"), ("gatewayId", "GatewayId"))


def _import_association(api: Api, id: str) -> str:
    end, separator, table = id.partition("/")
    inputs = {"routeTableId": table, "subnetId" if end.startswith("subnet-") else "gatewayId": end}
    found = _find_association(api, inputs, "") if separator else None
    if not found:
        raise ProviderError(f"no route table association {id!r}: the import ID is SUBNETID/ROUTETABLEID")
    return found


def _one_end(inputs: Values) -> list[CheckFailure]:
    if len([name for name, _ in _ENDS if inputs.get(name) is not None]) == 1:
        return []
    return [CheckFailure("subnetId", "a route table association needs exactly one of subnetId and gatewayId")]


ROUTE_TABLE_ASSOCIATION = ResourceType(
    token="aws:ec2/routeTableAssociation:RouteTableAssociation",
    service="ec2",
    properties={
        # The official provider changes the table in place and takes on a new ID, which the protocol of a plain
        # provider has no room for.
        "routeTableId": unchangeable(),
        "subnetId": unchangeable(),
        "gatewayId": unchangeable(),
    },
    create=_make_association,
    describe=_read_association,
    delete=Delete("DisassociateRouteTable", {"AssociationId": "{id}"}, gone=("InvalidAssociationID.NotFound",)),
    find=_find_association,
    import_id=_import_association,
    rules=(_one_end,),
    delete_before_replace=True,
    timeouts=Timeouts(300, 120, 300),
)

TYPES = (ROUTE_TABLE, ROUTE, ROUTE_TABLE_ASSOCIATION)
