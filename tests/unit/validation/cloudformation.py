"""A stack's AWS resources as a CloudFormation template, judged by cfn-lint against the resource schemas of AWS.

Nothing is dropped in silence: a property without a place in the schema and without a written reason is an error.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.rules import Rules
from cfnlint.runner import Runner, run_template_by_data
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.unit.components.conftest import Registered
from tests.unit.validation.counterparts import COUNTERPARTS, UNMAPPED, Counterpart, Values

_IGNORED = {
    "W2501": "passwords arrive from the engine and stand in no file",
    "W3010": "the program is told its zones, a template would ask for them",
    "W3691": "which versions AWS still offers changes by the month; ours name the major one",
}
"""Rules of cfn-lint that mean the author of a template, each with the reason."""

_INFORMATIVE = ["W", "E", "I3510"]
"""All errors and warnings, and whether a statement's resources fit its actions."""


class NoPlace(Exception):
    """A type or property that the table says nothing of."""


@dataclass
class Template:
    """The resources of one region.

    Attributes:
        resources: By logical ID.
        origins: Logical ID to the resource that it was made from.
    """

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)


def templates(resources: Iterable[Registered], region: str) -> dict[str, Template]:
    """One template for each region.

    Args:
        resources: What the program registered.
        region: Where it is deployed; resources may name another.

    Raises:
        NoPlace: the table lacks a type or a property.
    """
    found: dict[str, Template] = {}
    owners: dict[tuple[str, str, str], dict[str, Any]] = {}
    parts: list[tuple[Registered, Counterpart]] = []
    for resource in resources:
        if resource.type in UNMAPPED:
            continue
        counterpart = COUNTERPARTS.get(resource.type)
        if counterpart is None:
            raise NoPlace(f"{resource.type} has neither a counterpart in CloudFormation nor a reason why not")
        place = str(resource.inputs.get("region") or region)
        where = found.setdefault(place, Template())
        if counterpart.unlinted:
            _show_documents(where, resource, counterpart)
        if counterpart.part_of:
            parts.append((resource, counterpart))
            continue
        properties = converted(resource.type, counterpart, resource.inputs)
        logical = f"R{len(where.resources)}"
        where.resources[logical] = {"Type": counterpart.type, "Properties": properties}
        where.origins[logical] = f"{resource.type} {resource.name}"
        if key := counterpart.identified_by:
            owners[resource.type, str(resource.inputs[key]), place] = properties
    for resource, counterpart in parts:
        place = str(resource.inputs.get("region") or region)
        owner = owners[counterpart.part_of, str(resource.inputs[counterpart.key]), place]
        _merge(owner, converted(resource.type, counterpart, resource.inputs))
    return found


def _show_documents(where: Template, resource: Registered, counterpart: Counterpart) -> None:
    """Let cfn-lint judge documents that it would pass over: a key's policy may name any action."""
    for name in counterpart.documents:
        if text := resource.inputs.get(name):
            logical = f"R{len(where.resources)}"
            where.resources[logical] = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": json.loads(text)}}
            where.origins[logical] = f"{resource.type} {resource.name}"


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(into.get(key), dict) and isinstance(value, dict):
            _merge(into[key], value)
        elif isinstance(into.get(key), list) and isinstance(value, list):
            into[key] += value
        elif key in into and into[key] != value:
            raise NoPlace(f"{key} is set twice: to {into[key]!r} and to {value!r}")
        else:
            into[key] = value


def converted(token: str, counterpart: Counterpart, inputs: Values) -> dict[str, Any]:
    """A resource's properties as CloudFormation spells them."""
    wanted = {
        key: value
        for key, value in copy.deepcopy(dict(inputs)).items()
        if value is not None and key != "region" and key not in counterpart.without
    }
    if counterpart.part_of:
        wanted.pop(counterpart.key)
    if counterpart.reshape:
        wanted = counterpart.reshape(wanted)
    schema = _schema(counterpart.type)
    return _object(wanted, schema, schema, counterpart, "", token)


@cache
def _schema(type_: str) -> dict[str, Any]:
    found: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_).schema
    return found


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        place: Any = root
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            place = place[step]
        schema = place
    return schema


def _object(
    value: Values, schema: Mapping[str, Any], root: Mapping[str, Any], counterpart: Counterpart, path: str, token: str
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = schema["properties"]
    for key, item in value.items():
        if item is None:
            continue
        below = f"{path}.{key}" if path else key
        name = counterpart.names.get(below, key)
        if name not in known:
            name = next((each for each in known if each.lower() == name.lower()), "")
        if not name:
            raise NoPlace(f"{token}: {below} has no place in {counterpart.type}: {', '.join(sorted(known))}")
        found[name] = _value(item, _resolved(known[name], root), root, counterpart, below, token)
    return found


def _value(
    value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], counterpart: Counterpart, path: str, token: str
) -> Any:
    if path in counterpart.documents and isinstance(value, str):
        return json.loads(value)
    if path == "tags" and isinstance(value, dict) and schema.get("type") == "array":
        return [{"Key": key, "Value": item} for key, item in value.items()]
    if isinstance(value, dict) and "properties" in schema:
        return _object(value, schema, root, counterpart, path, token)
    if isinstance(value, list) and "items" in schema:
        items = _resolved(schema["items"], root)
        return [_value(item, items, root, counterpart, path, token) for item in value]
    if schema.get("type") == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def _config(region: str) -> ConfigMixIn:
    return ConfigMixIn(regions=[region], ignore_checks=list(_IGNORED), include_checks=_INFORMATIVE)


@cache
def _rules() -> Rules:
    """All rules, read once: each is prepared anew for every template, as when cfn-lint is given many files."""
    return Runner(_config("us-east-1")).rules


def findings(template: Template, region: str) -> list[str]:
    """What cfn-lint says of a template: rule, resource, path and message."""
    text = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": template.resources})
    decoded, undecodable = decode_str(text)
    assert not undecodable, undecodable
    found = []
    for match in run_template_by_data(decoded, _config(region), _rules()):
        path = [str(part) for part in getattr(match, "path", None) or []]
        where = template.origins.get(path[1], "") if len(path) > 1 and path[0] == "Resources" else ""
        found.append(f"{match.rule.id} {where} {'.'.join(path[3:])}: {match.message}")
    return sorted(found)
