"""Requests from inputs and state from descriptions: the generic part of every resource type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import Shape, StructureShape

from local.plugins.aws.api import Api, descend
from local.plugins.aws.declaration import (
    Change,
    Create,
    Delete,
    Describe,
    Modify,
    Property,
    ResourceType,
    Values,
)
from local.plugins.aws.query import search
from local.plugins.aws.schema import Kind, ResourceSchema
from local.plugins.aws.structure import from_api, member_of, place, to_api
from local.plugins.aws.tags import MARK, from_any, to_shape
from local.plugins.provider import ProviderError

_APART = ("tags", "tagsAll", "region")
_ANY = Kind("any")


def create(declared: ResourceType, how: Create, api: Api, inputs: Values, mark: str) -> str:
    """Send the create operation; the answer's ID."""
    shape = api.input_shape(how.operation)
    request: dict[str, Any] = {**how.fixed}
    body = members(declared, descend(shape, how.wrap), inputs, skip=declared.later)
    for member, value in body.items():
        place(request, f"{how.wrap}.{member}" if how.wrap else member, value)
    tags = dict(inputs.get("tagsAll") or {})
    if declared.marked:
        tags[MARK] = mark
    if how.tags and declared.taggable and tags:
        place(request, how.tags, to_shape(tags, descend(shape, how.tags)))
    if how.token:
        place(request, how.token, mark)
    if declared.prepare:
        request = declared.prepare(request)
    answer = api.call(how.operation, **request)
    if declared.natural:
        return declared.natural(inputs)
    # The answer of a create holds the single thing that a describe holds a list of.
    found = search(declared.id, _single(answer, declared.id))
    if not found:
        raise ProviderError(f"{how.operation} gave no ID")
    return str(found)


def _single(answer: Values, path: str) -> Any:
    """The structure in an answer that the ID's path applies to: the answer, or its only inner structure."""
    if search(path, answer):
        return answer
    for value in answer.values():
        if isinstance(value, Mapping) and search(path, value):
            return value
    return answer


def members(declared: ResourceType, shape: Shape, inputs: Values, skip: Any = ()) -> dict[str, Any]:
    """The API's members for all inputs that are sent to it (keys may be dotted paths).

    Raises:
        ProviderError: a property has no member, which is a fault of its declaration.
    """
    found: dict[str, Any] = {}
    for name, value in inputs.items():
        prop = declared.known(name)
        if prop is None or prop.local or name in _APART or name in skip or value is None:
            continue
        path = prop.member or _member(declared, shape, name)
        found[path] = to_api(value, descend(shape, path), declared.names, name)
    return found


def _member(declared: ResourceType, shape: Shape, name: str) -> str:
    member = member_of(shape, name, declared.names) if isinstance(shape, StructureShape) else None
    if member is None:
        raise ProviderError(f"{declared.token}: the declaration of {name!r} names no member of {shape.name}")
    return member


def describe(declared: ResourceType, api: Api, id: str) -> Values | None:
    """What AWS says of the resource, None when it has none."""
    how = declared.describe
    if not isinstance(how, Describe):
        description = how(api, id)
    else:
        answer = api.maybe(how.gone, how.operation, **filled(how.key, id))
        description = None if answer is None else search(how.result, answer)
    if description is not None and declared.present:
        description = declared.present(description)
    return description


def filled(key: Mapping[str, Any], id: str) -> dict[str, Any]:
    """Request members with the resource's ID in place."""

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("{id}", id)
        return [fill(item) for item in value] if isinstance(value, list) else value

    return {name: fill(value) for name, value in key.items()}


def modify(declared: ResourceType, how: Modify, api: Api, id: str, change: Change) -> None:
    """Send the modify operation with what changes; nothing when none of it is the operation's business."""
    shape = api.input_shape(how.operation)
    request: dict[str, Any] = {}
    for name in sorted(change.names | set(how.always)):
        prop = declared.known(name) or Property()
        if prop.local or name in _APART:
            continue
        path = how.members.get(name) or _modify_member(declared, shape, name, prop)
        target = descend(shape, path)
        value = change.new.get(name)
        place(request, path, to_api(value, target, declared.names, name) if value is not None else emptied(target))
    if request.keys() - set(how.always):
        sent = {**request, **filled(how.key, id)}
        api.call(how.operation, **(declared.prepare(sent) if declared.prepare else sent))


def _modify_member(declared: ResourceType, shape: StructureShape, name: str, prop: Property) -> str:
    if prop.member and prop.member in shape.members:
        return prop.member
    return _member(declared, shape, name)


def emptied(shape: Shape) -> Any:
    """The value that takes a setting back: the empty one of its type."""
    return {"list": [], "string": "", "boolean": False, "map": {}, "structure": {}}.get(shape.type_name, 0)


def delete(how: Delete, api: Api, id: str) -> None:
    """Send the delete operation; already gone is fine, and some refusals are worth another try."""
    pause = 0.2
    while True:
        try:
            api.maybe(how.gone, how.operation, **filled(how.key, id))
            return
        except ProviderError as error:
            if getattr(error, "code", "") not in how.retry or api.expired:
                raise
            api.say(f"waiting for what depends on it: {error}", ephemeral=True)
            api.pause(pause)
            pause = min(pause * 2, 5)


@dataclass(frozen=True)
class State:
    """A resource as it is: input properties and further outputs, in Pulumi's form."""

    inputs: Values
    outputs: Values


def state_of(declared: ResourceType, schema: ResourceSchema, description: Values) -> State:
    """A description as properties."""
    inputs: Values = {}
    for name, prop in declared.properties.items():
        if prop.local or prop.unread or name in _APART:
            continue
        field = schema.inputs.get(name)
        found = _found(declared, description, name, prop)
        value = from_api(found, field.kind if field else _ANY, declared.names, name)
        if value is not None:
            inputs[name] = value
    outputs: Values = {}
    for name, path in declared.outputs.items():
        value = from_api(search(path, description), schema.outputs.get(name, _ANY), declared.names, name)
        if value is not None:
            outputs[name] = value
    return State(inputs, outputs)


def _found(declared: ResourceType, description: Values, name: str, prop: Property) -> Any:
    if prop.read:
        return search(prop.read, description)
    for wanted in (name, prop.member, declared.names.get(name, "")):
        if not wanted:
            continue
        lowered = wanted.lower()
        key = next((key for key in description if key.lower() == lowered), None)
        if key is not None:
            return description[key]
    return None


def tags_of(declared: ResourceType, api: Api, id: str, description: Values, outputs: Values) -> dict[str, str]:
    """All tags that the resource carries."""
    if declared.read_tags:
        return from_any(declared.read_tags(api, id, outputs))
    return from_any(description.get("Tags") or description.get("TagList") or description.get("TagSet"))
