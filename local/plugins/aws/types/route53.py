"""Route 53 records."""

from __future__ import annotations

from local.plugins.aws.api import Api
from local.plugins.aws.declaration import Change, Property, ResourceType, Timeouts, Values
from local.plugins.provider import CheckFailure, ProviderError

_GONE = ("NoSuchHostedZone",)
_NAMED = "name and type identify it"


def _host(name: str) -> str:
    """A name without the final dot, in lower case, and with `*` for what Route 53 writes as a number."""
    return name.rstrip(".").lower().replace("\\052", "*")


def _locator(inputs: Values) -> str:
    return f"{inputs['zoneId']}_{_host(str(inputs['name']))}_{inputs['type']}"


def _parts(id: str) -> tuple[str, str, str]:
    zone, _, rest = id.partition("_")
    name, _, kind = rest.rpartition("_")
    if not zone or not name or not kind:
        raise ProviderError(f"the import ID of a record is ZONE_NAME_TYPE, not {id!r}")
    return zone, name, kind


def _record_set(inputs: Values) -> Values:
    found: Values = {"Name": inputs["name"], "Type": inputs["type"]}
    if inputs.get("aliases"):
        [alias] = inputs["aliases"]
        found["AliasTarget"] = {
            "HostedZoneId": alias["zoneId"],
            "DNSName": alias["name"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
        return found
    return {**found, "TTL": inputs["ttl"], "ResourceRecords": [{"Value": each} for each in inputs["records"]]}


def _put(api: Api, action: str, zone: str, record_set: Values) -> None:
    change = {"Action": action, "ResourceRecordSet": record_set}
    api.call("ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def _make(api: Api, inputs: Values, mark: str) -> str:
    # CREATE refuses what is there already, which may be somebody else's.
    action = "UPSERT" if inputs.get("allowOverwrite") else "CREATE"
    _put(api, action, str(inputs["zoneId"]), _record_set(inputs))
    return _locator(inputs)


def _found(api: Api, id: str) -> Values | None:
    zone, name, kind = _parts(id)
    answer = api.maybe(
        _GONE, "ListResourceRecordSets", HostedZoneId=zone, StartRecordName=name, StartRecordType=kind, MaxItems="1"
    )
    for each in (answer or {}).get("ResourceRecordSets") or []:
        if _host(str(each["Name"])) == name and each["Type"] == kind:
            return dict(each)
    return None


def _read(api: Api, id: str) -> Values | None:
    found = _found(api, id)
    if found is None:
        return None
    zone, name, kind = _parts(id)
    described: Values = {"zoneId": zone, "name": name, "type": kind, "fqdn": name}
    if "AliasTarget" in found:
        target = found["AliasTarget"]
        described["aliases"] = [
            {
                "name": _host(str(target["DNSName"])),
                "zoneId": target["HostedZoneId"],
                "evaluateTargetHealth": target["EvaluateTargetHealth"],
            }
        ]
        return described
    values = [each["Value"] for each in found.get("ResourceRecords") or []]
    return {**described, "ttl": found.get("TTL"), "records": values}


def _change(api: Api, id: str, change: Change) -> None:
    if change.names - {"allowOverwrite"}:
        _put(api, "UPSERT", _parts(id)[0], _record_set(change.new))


def _remove(api: Api, id: str, outputs: Values) -> None:
    """Route 53 deletes what is named in full, so it is looked up first."""
    found = _found(api, id)
    if found is not None:
        _put(api, "DELETE", _parts(id)[0], found)


def _find(api: Api, inputs: Values, mark: str) -> str | None:
    """What is there under this name; nobody's, as long as overwriting is allowed and nothing was begun."""
    if inputs.get("allowOverwrite") and not mark:
        return None
    return _locator(inputs) if _found(api, _locator(inputs)) else None


def _whole(inputs: Values) -> list[CheckFailure]:
    plain = inputs.get("records") is not None and inputs.get("ttl") is not None
    if plain == bool(inputs.get("aliases")):
        return [CheckFailure("records", "a record has either aliases, or records and ttl")]
    return []


def _lowered(inputs: Values) -> None:
    for holder in [inputs, *(each for each in inputs.get("aliases") or [] if isinstance(each, dict))]:
        if isinstance(holder.get("name"), str):
            holder["name"] = _host(holder["name"])


RECORD = ResourceType(
    token="aws:route53/record:Record",
    service="route53",
    global_service=True,
    properties={
        "zoneId": Property(replace=_NAMED),
        "name": Property(replace=_NAMED),
        "type": Property(replace=_NAMED),
        "ttl": Property(),
        "records": Property(),
        "aliases": Property(),
        "allowOverwrite": Property(local=True),
    },
    create=_make,
    describe=_read,
    modify=_change,
    delete=_remove,
    find=_find,
    normalise=_lowered,
    rules=(_whole,),
    outputs={"fqdn": "fqdn"},
    unordered=("records",),
    timeouts=Timeouts(1800, 1800, 1800),
)

TYPES = (RECORD,)
