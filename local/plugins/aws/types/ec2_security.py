"""Security groups and their rules, inline and apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.plugins.aws import tags
from local.plugins.aws.api import Api, ApiError
from local.plugins.aws.declaration import (
    AutoName,
    Change,
    Delete,
    Property,
    ResourceType,
    Timeouts,
    Values,
)
from local.plugins.aws.query import search
from local.plugins.aws.types.ec2_common import by_mark, specification, unchangeable
from local.plugins.provider import CheckFailure, ProviderError, contains_unknown

_NO_GROUP = ("InvalidGroup.NotFound", "InvalidGroupId.NotFound")
_NO_RULE = ("InvalidSecurityGroupRuleId.NotFound", *_NO_GROUP)

# Property of an inline rule, list of a permission, key of that list's items.
_RANGES = (
    ("cidrBlocks", "IpRanges", "CidrIp"),
    ("ipv6CidrBlocks", "Ipv6Ranges", "CidrIpv6"),
    ("prefixListIds", "PrefixListIds", "PrefixListId"),
    ("securityGroups", "UserIdGroupPairs", "GroupId"),
)


def permissions(rules: list[Values], group: str) -> list[Values]:
    """Inline rules as EC2's permissions; `self` becomes the group itself."""
    found = []
    for rule in rules:
        permission: Values = {"IpProtocol": _protocol(rule["protocol"])}
        if permission["IpProtocol"] != "-1":
            permission |= {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
        text = {"Description": rule["description"]} if rule.get("description") else {}
        for name, member, key in _RANGES:
            values = list(rule.get(name) or [])
            if name == "securityGroups" and rule.get("self"):
                values.append(group)
            if values:
                permission[member] = [{key: value, **text} for value in values]
        found.append(permission)
    return found


def rules_of(listed: list[Values], group: str) -> list[Values]:
    """EC2's permissions as inline rules: one for each protocol, port range and description."""
    found: dict[tuple[Any, ...], Values] = {}
    for permission in listed:
        protocol = permission["IpProtocol"]
        start, end = permission.get("FromPort", 0), permission.get("ToPort", 0)
        start, end = (0, 0) if protocol == "-1" else (start, end)
        for name, member, key in _RANGES:
            for item in permission.get(member) or []:
                text = item.get("Description") or ""
                rule = found.setdefault(
                    (protocol, start, end, text), {"protocol": protocol, "fromPort": start, "toPort": end}
                )
                if text:
                    rule["description"] = text
                if name == "securityGroups" and item[key] == group:
                    rule["self"] = True
                else:
                    rule.setdefault(name, []).append(item[key])
    return list(found.values())


def _protocol(value: str) -> str:
    return {"all": "-1", "6": "tcp", "17": "udp", "1": "icmp"}.get(value.lower(), value.lower())


def _normalise(inputs: Values) -> None:
    """Rules of the same protocol, ports and description become one, as a description shows them."""
    for name in ("ingress", "egress"):
        if inputs.get(name) and not contains_unknown(inputs[name]):
            own = "self"
            inputs[name] = [
                {key: value for key, value in rule.items() if value not in ([], "", False)}
                for rule in rules_of(permissions(inputs[name], own), own)
            ]


def _make_group(api: Api, inputs: Values, mark: str) -> str:
    answer = api.call(
        "CreateSecurityGroup",
        GroupName=inputs["name"],
        Description=inputs["description"],
        VpcId=inputs.get("vpcId"),
        TagSpecifications=specification("security-group", inputs, mark),
    )
    return str(answer["GroupId"])


def _describe_group(api: Api, id: str) -> Values | None:
    answer = api.maybe(_NO_GROUP, "DescribeSecurityGroups", GroupIds=[id])
    return answer["SecurityGroups"][0] if answer and answer["SecurityGroups"] else None


def _read_group(api: Api, id: str) -> Values | None:
    found = _describe_group(api, id)
    if found is None:
        return None
    arn = f"arn:{api.partition}:ec2:{api.region}:{found.get('OwnerId', '')}:security-group/{id}"
    return {
        **found,
        "Arn": arn,
        "Ingress": rules_of(found.get("IpPermissions") or [], id),
        "Egress": rules_of(found.get("IpPermissionsEgress") or [], id),
    }


def _finish_group(api: Api, id: str, inputs: Values) -> None:
    """EC2 lets a new group talk to everything; the official provider takes that back, and so the rules are all ours."""
    _set_rules(api, id, "egress", list(inputs.get("egress") or []))
    if inputs.get("ingress") is not None:
        _set_rules(api, id, "ingress", list(inputs["ingress"]))


def _set_rules(api: Api, id: str, direction: str, wanted: list[Values]) -> None:
    found = _describe_group(api, id) or {}
    existing = _atoms(found.get("IpPermissions" if direction == "ingress" else "IpPermissionsEgress") or [])
    target = _atoms(permissions(wanted, id))
    side = direction.capitalize()
    surplus = [atom for atom in existing if atom not in target]
    lacking = [atom for atom in target if atom not in existing]
    if surplus:
        api.call(f"RevokeSecurityGroup{side}", GroupId=id, IpPermissions=surplus)
    if lacking:
        api.call(f"AuthorizeSecurityGroup{side}", GroupId=id, IpPermissions=lacking)


def _atoms(listed: list[Values]) -> list[Values]:
    """One permission for each range, comparable."""
    found: list[Values] = []
    for permission in listed:
        base = {"IpProtocol": permission["IpProtocol"]}
        if permission["IpProtocol"] != "-1":
            base |= {"FromPort": permission.get("FromPort", 0), "ToPort": permission.get("ToPort", 0)}
        for _, member, key in _RANGES:
            for item in permission.get(member) or []:
                kept = {name: item[name] for name in (key, "Description") if item.get(name)}
                found.append({**base, member: [kept]})
    return found


def _change_group(api: Api, id: str, change: Change) -> None:
    for direction in ("ingress", "egress"):
        if direction in change.names:
            _set_rules(api, id, direction, list(change.new.get(direction) or []))


def _remove_group(api: Api, id: str, outputs: Values) -> None:
    """Rules of the group that name each other would keep it; then it goes as soon as nothing uses it."""
    if outputs.get("revokeRulesOnDelete"):
        for direction in ("ingress", "egress"):
            if _describe_group(api, id):
                _set_rules(api, id, direction, [])
    from local.plugins.aws import requests

    requests.delete(
        Delete("DeleteSecurityGroup", {"GroupId": "{id}"}, gone=_NO_GROUP, retry=("DependencyViolation",)), api, id
    )


def _prefixed(inputs: Values) -> list[CheckFailure]:
    name = str(inputs.get("name", ""))
    if name.startswith("sg-"):
        return [CheckFailure("name", f"name is {name!r}; EC2 takes no group name that begins with sg-")]
    return []


SECURITY_GROUP = ResourceType(
    token="aws:ec2/securityGroup:SecurityGroup",
    service="ec2",
    properties={
        "name": unchangeable(member="GroupName"),
        "description": unchangeable(default="Managed by Pulumi"),
        "vpcId": unchangeable(computed=True),
        "ingress": Property(computed=True),
        "egress": Property(computed=True),
        "revokeRulesOnDelete": Property(local=True, default=False),
    },
    shape=("CreateSecurityGroup", ""),
    create=_make_group,
    finish=_finish_group,
    describe=_read_group,
    modify=_change_group,
    delete=_remove_group,
    outputs={"arn": "Arn", "ownerId": "OwnerId"},
    unordered=("ingress", "egress"),
    normalise=_normalise,
    auto_name=AutoName("name"),
    find=by_mark("DescribeSecurityGroups", "SecurityGroups", "GroupId"),
    marked=True,
    retag=tags.ec2,
    rules=(_prefixed,),
    timeouts=Timeouts(600, 600, 900),
)


def _adopt(api: Api, inputs: Values, mark: str) -> str:
    """The group that came with the VPC; its rules become those of the program."""
    found = _find_default(api, inputs, mark)
    if found is None:
        raise ProviderError(f"{inputs.get('vpcId')} has no default security group")
    for direction in ("ingress", "egress"):
        _set_rules(api, found, direction, list(inputs.get(direction) or []))
    if inputs.get("tagsAll"):
        tags.ec2(api, found, {}, dict(inputs["tagsAll"]), [])
    return found


def _find_default(api: Api, inputs: Values, mark: str) -> str | None:
    own = [{"Name": "vpc-id", "Values": [inputs["vpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    found = api.call("DescribeSecurityGroups", Filters=own)["SecurityGroups"]
    return str(found[0]["GroupId"]) if found else None


def _leave(api: Api, id: str, outputs: Values) -> None:
    """It goes with its VPC, and not before."""


DEFAULT_SECURITY_GROUP = ResourceType(
    token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    service="ec2",
    properties={
        "vpcId": unchangeable(),
        "ingress": Property(),
        "egress": Property(),
        "revokeRulesOnDelete": Property(local=True, default=False),
    },
    create=_adopt,
    describe=_read_group,
    modify=_change_group,
    delete=_leave,
    outputs={"arn": "Arn", "ownerId": "OwnerId", "name": "GroupName"},
    unordered=("ingress", "egress"),
    normalise=_normalise,
    find=_find_default,
    overwrites=True,
    forgets=True,
    retag=tags.ec2,
)

# Property of a separate rule, and how a permission and a described rule hold it.
_TARGETS: Mapping[str, tuple[str, str, str]] = {
    "cidrIpv4": ("IpRanges", "CidrIp", "CidrIpv4"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId", "ReferencedGroupInfo.GroupId"),
}


def _permission(inputs: Values) -> Values:
    target = next(name for name in _TARGETS if inputs.get(name))
    member, key, _ = _TARGETS[target]
    text = {"Description": inputs["description"]} if inputs.get("description") else {}
    permission: Values = {
        "IpProtocol": _protocol(str(inputs["ipProtocol"])),
        member: [{key: inputs[target], **text}],
    }
    for name, port in (("fromPort", "FromPort"), ("toPort", "ToPort")):
        if inputs.get(name) is not None:
            permission[port] = inputs[name]
    return permission


def _maker(side: str) -> Callable[[Api, Values, str], str]:
    def make(api: Api, inputs: Values, mark: str) -> str:
        answer = api.call(
            f"AuthorizeSecurityGroup{side}",
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_permission(inputs)],
            TagSpecifications=specification("security-group-rule", inputs, mark),
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    return make


def _read_rule(api: Api, id: str) -> Values | None:
    answer = api.maybe(_NO_RULE, "DescribeSecurityGroupRules", SecurityGroupRuleIds=[id])
    listed = [item for item in (answer or {}).get("SecurityGroupRules", []) if item["SecurityGroupRuleId"] == id]
    if not listed:
        return None
    found: Values = dict(listed[0])
    arn = f"arn:{api.partition}:ec2:{api.region}:{found.get('GroupOwnerId', '')}:security-group-rule/{id}"
    ports = {} if found["IpProtocol"] != "-1" else {"FromPort": None, "ToPort": None}
    return {**found, "Arn": found.get("SecurityGroupRuleArn") or arn, **ports}


def _finder(egress: bool) -> Callable[[Api, Values, str], str | None]:
    """Rules carry the mark, but not every endpoint keeps a rule's tags: else by what the rule says."""

    def find(api: Api, inputs: Values, mark: str) -> str | None:
        filters = [{"Name": "group-id", "Values": [inputs["securityGroupId"]]}]
        answer = api.maybe(_NO_GROUP, "DescribeSecurityGroupRules", Filters=filters)
        for rule in (answer or {}).get("SecurityGroupRules", []):
            if rule.get("GroupId") == inputs["securityGroupId"] and rule["IsEgress"] is egress and _says(rule, inputs):
                return str(rule["SecurityGroupRuleId"])
        return None

    return find


def _says(rule: Values, inputs: Values) -> bool:

    protocol = _protocol(str(inputs["ipProtocol"]))
    ports = protocol == "-1" or all(
        rule.get(member, -1) == inputs.get(name, -1)
        for name, member in (("fromPort", "FromPort"), ("toPort", "ToPort"))
    )
    targets = all((search(path, rule) or None) == (inputs.get(name) or None) for name, (_, _, path) in _TARGETS.items())
    return bool(rule["IpProtocol"] == protocol and ports and targets)


def _changer(side: str) -> Callable[[Api, str, Change], None]:
    def modify(api: Api, id: str, change: Change) -> None:
        target = next(name for name in _TARGETS if change.new.get(name))
        member = {"cidrIpv4": "CidrIpv4", "cidrIpv6": "CidrIpv6", "prefixListId": "PrefixListId"}.get(
            target, "ReferencedGroupId"
        )
        rule: Values = {"IpProtocol": _protocol(str(change.new["ipProtocol"])), member: change.new[target]}
        for name, port in (("fromPort", "FromPort"), ("toPort", "ToPort"), ("description", "Description")):
            if change.new.get(name) is not None:
                rule[port] = change.new[name]
        api.call(
            "ModifySecurityGroupRules",
            GroupId=change.new["securityGroupId"],
            SecurityGroupRules=[{"SecurityGroupRuleId": id, "SecurityGroupRule": rule}],
        )

    return modify


def _remover(side: str) -> Callable[[Api, str, Values], None]:
    def remove(api: Api, id: str, outputs: Values) -> None:
        try:
            api.call(f"RevokeSecurityGroup{side}", GroupId=outputs["securityGroupId"], SecurityGroupRuleIds=[id])
        except ApiError as error:
            if error.code not in (*_NO_RULE, "InvalidPermission.NotFound"):
                raise

    return remove


def _sensible(inputs: Values) -> list[CheckFailure]:
    failures = []
    given = [name for name in _TARGETS if inputs.get(name) is not None]
    if len(given) != 1:
        failures.append(CheckFailure(given[0] if given else "", f"a rule needs exactly one of {', '.join(_TARGETS)}"))
    every = _protocol(str(inputs.get("ipProtocol"))) == "-1"
    for name in ("fromPort", "toPort"):
        if every and inputs.get(name) is not None:
            failures.append(CheckFailure(name, f"{name} has no meaning when ipProtocol is -1 (all): take it out"))
        if not every and inputs.get(name) is None and str(inputs.get("ipProtocol")) in ("tcp", "udp"):
            failures.append(CheckFailure(name, f"{name} is missing: a {inputs['ipProtocol']} rule needs ports"))
    return failures


def _rule(kind: str, side: str) -> ResourceType:
    return ResourceType(
        token=f"aws:vpc/securityGroup{kind}Rule:SecurityGroup{kind}Rule",
        service="ec2",
        properties={
            "securityGroupId": unchangeable(member="GroupId"),
            "ipProtocol": Property(),
            "fromPort": Property(),
            "toPort": Property(),
            "description": Property(),
            "cidrIpv4": Property(),
            "cidrIpv6": Property(),
            "prefixListId": Property(),
            "referencedSecurityGroupId": Property(read="ReferencedGroupInfo.GroupId"),
        },
        create=_maker(side),
        describe=_read_rule,
        modify=_changer(side),
        delete=_remover(side),
        outputs={"arn": "Arn", "securityGroupRuleId": "SecurityGroupRuleId"},
        find=_finder(kind == "Egress"),
        marked=True,
        retag=tags.ec2,
        rules=(_sensible,),
        # An endpoint that looks for an equal rule would refuse the new one while the old one stands.
        delete_before_replace=True,
    )


TYPES = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP, _rule("Ingress", "Ingress"), _rule("Egress", "Egress"))
