"""The provider's functions that look something up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.plugins.aws.api import Api
from local.plugins.provider import ProviderError

ApiOf = Callable[[str], Api]
Invoke = Callable[[ApiOf, dict[str, Any]], dict[str, Any]]


def _only(token: str, args: Mapping[str, Any], *known: str) -> None:
    foreign = sorted(set(args) - set(known))
    if foreign:
        raise ProviderError(
            f"{token}: the aws stand-in does not support the argument {foreign[0]!r}; it knows "
            f"{', '.join(known) or 'none'}"
        )


def caller_identity(api_of: ApiOf, args: dict[str, Any]) -> dict[str, Any]:
    """Who the credentials belong to."""
    _only("aws:index/getCallerIdentity:getCallerIdentity", args, "id")
    answer = api_of("sts").call("GetCallerIdentity")
    account = answer["Account"]
    return {"accountId": account, "arn": answer["Arn"], "userId": answer["UserId"], "id": account}


def region(api_of: ApiOf, args: dict[str, Any]) -> dict[str, Any]:
    """The provider's region, or the one asked for."""
    _only("aws:index/getRegion:getRegion", args, "id", "name", "region", "endpoint")
    api = api_of("sts")
    name = args.get("region") or args.get("name") or api.region
    return {
        "id": name,
        "name": name,
        "region": name,
        "description": name,
        "endpoint": f"ec2.{name}.{api.clients.dns_suffix(name)}",
    }


def availability_zones(api_of: ApiOf, args: dict[str, Any]) -> dict[str, Any]:
    """Names and IDs of the region's zones."""
    _only(
        "aws:index/getAvailabilityZones:getAvailabilityZones",
        args, "allAvailabilityZones", "excludeNames", "excludeZoneIds", "filters", "id", "region", "state",
    )  # fmt: skip
    api = api_of("ec2")
    filters = [{"Name": item["name"], "Values": item["values"]} for item in args.get("filters") or []]
    if args.get("state"):
        filters.append({"Name": "state", "Values": [args["state"]]})
    request: dict[str, Any] = {"Filters": filters} if filters else {}
    if args.get("allAvailabilityZones"):
        request["AllAvailabilityZones"] = True
    zones = [
        zone
        for zone in api.call("DescribeAvailabilityZones", **request)["AvailabilityZones"]
        if zone["ZoneName"] not in (args.get("excludeNames") or [])
        and zone["ZoneId"] not in (args.get("excludeZoneIds") or [])
    ]
    zones.sort(key=lambda zone: str(zone["ZoneName"]))
    return {
        **args,
        "id": api.region,
        "region": api.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName") or api.region for zone in zones}),
    }


def partition(api_of: ApiOf, args: dict[str, Any]) -> dict[str, Any]:
    """The partition that the region belongs to."""
    _only("aws:index/getPartition:getPartition", args, "id")
    api = api_of("sts")
    suffix = api.clients.dns_suffix(api.region)
    return {
        "id": api.partition,
        "partition": api.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def database_instances(api_of: ApiOf, args: dict[str, Any]) -> dict[str, Any]:
    """Names and ARNs of the database instances that filters select."""
    _only("aws:rds/getInstances:getInstances", args, "filters", "id", "region")
    api = api_of("rds")
    filters = [{"Name": item["name"], "Values": item["values"]} for item in args.get("filters") or []]
    gone = ("DBInstanceNotFound", "DBInstanceNotFoundFault")
    answer = api.maybe(gone, "DescribeDBInstances", **({"Filters": filters} if filters else {}))
    found = sorted((answer or {}).get("DBInstances") or [], key=lambda item: str(item["DBInstanceIdentifier"]))
    return {
        **args,
        "id": api.region,
        "region": api.region,
        "instanceArns": [item["DBInstanceArn"] for item in found],
        "instanceIdentifiers": [item["DBInstanceIdentifier"] for item in found],
    }


def database_instance(api_of: ApiOf, args: dict[str, Any]) -> dict[str, Any]:
    """One database instance: as much of it as a program asks about a running one."""
    _only("aws:rds/getInstance:getInstance", args, "dbInstanceIdentifier", "id", "region")
    [found] = api_of("rds").call("DescribeDBInstances", DBInstanceIdentifier=args["dbInstanceIdentifier"])[
        "DBInstances"
    ]
    endpoint = found.get("Endpoint") or {}
    return {
        "id": found["DBInstanceIdentifier"],
        "address": endpoint.get("Address"),
        "dbInstanceArn": found["DBInstanceArn"],
        "dbInstanceClass": found["DBInstanceClass"],
        "dbInstanceIdentifier": found["DBInstanceIdentifier"],
        "engine": found["Engine"],
        "engineVersion": found["EngineVersion"],
        "multiAz": bool(found.get("MultiAZ")),
        "port": endpoint.get("Port"),
        "replicateSourceDb": found.get("ReadReplicaSourceDBInstanceIdentifier") or "",
        "storageEncrypted": bool(found.get("StorageEncrypted")),
    }


INVOKES: Mapping[str, Invoke] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": caller_identity,
    "aws:index/getPartition:getPartition": partition,
    "aws:index/getRegion:getRegion": region,
    "aws:rds/getInstance:getInstance": database_instance,
    "aws:rds/getInstances:getInstances": database_instances,
}
