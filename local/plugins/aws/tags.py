"""Tags in the services' various forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.plugins.aws.api import Api
from local.plugins.aws.declaration import Tagger, Values

MARK = "groundwork:intent"
"""Key of the tag that a resource without a name carries while it is being made."""


def merged(default: Mapping[str, str], own: Any) -> Any:
    """All tags of a resource: the provider's default tags, overridden by its own."""
    return {**default, **(own or {})}


def to_shape(tags: Mapping[str, str], shape: Shape) -> Any:
    """Tags as a request wants them: a list of key and value, a map, or `{Items: [...]}`."""
    if isinstance(shape, MapShape):
        return dict(tags)
    if isinstance(shape, ListShape):
        return pairs(tags)
    if isinstance(shape, StructureShape) and "Items" in shape.members:
        return {"Items": pairs(tags)}
    raise TypeError(f"tags cannot be sent as {shape.name}")


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """`[{"Key": …, "Value": …}]`, in the order of keys."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def from_any(value: Any) -> dict[str, str]:
    """Tags of a description in whichever form, without AWS's own and without the mark."""
    if isinstance(value, Mapping) and "Items" in value:
        value = value["Items"]
    if isinstance(value, Mapping):
        found = dict(value)
    else:
        found = {
            item.get("Key") or item.get("TagKey"): item.get("Value") or item.get("TagValue") or ""
            for item in value or []
        }
    return {key: text for key, text in sorted(found.items()) if key != MARK and not key.startswith("aws:")}


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What to set and what to remove to get from the old tags to the new."""
    return {k: v for k, v in new.items() if old.get(k) != v}, sorted(old.keys() - new.keys())


def by_operations(
    tag: str, untag: str, resource: str, of: str = "arn", keys: str = "TagKeys", tags: str = "Tags"
) -> Tagger:
    """A tagger for services with one operation to tag and one to untag.

    Args:
        tag: Operation that sets tags.
        untag: Operation that removes them.
        resource: Member that identifies the resource in both.
        of: Output that holds its value; "id" for the ID.
        keys: Member with the keys to remove.
        tags: Member with the tags to set.
    """

    def retag(api: Api, id: str, outputs: Values, wanted: dict[str, str], unwanted: list[str]) -> None:
        value = id if of == "id" else outputs[of]
        if unwanted:
            shape = api.input_shape(untag).members[keys]
            removed: Any = {"Items": unwanted} if isinstance(shape, StructureShape) else unwanted
            api.call(untag, **{resource: value, keys: removed})
        if wanted:
            api.call(tag, **{resource: value, tags: to_shape(wanted, api.input_shape(tag).members[tags])})

    return retag


def listed_by(operation: str, resource: str, of: str = "arn", found: str = "Tags") -> Callable[[Api, str, Values], Any]:
    """A reader of tags for services that tell them by an operation of its own.

    Args:
        operation: Operation that lists them.
        resource: Member that identifies the resource.
        of: Output that holds its value; "id" for the ID.
        found: Member of the answer with the tags.
    """

    def read_tags(api: Api, id: str, outputs: Values) -> Any:
        return api.call(operation, **{resource: id if of == "id" else outputs[of]})[found]

    return read_tags


def ec2(api: Api, id: str, outputs: Values, wanted: dict[str, str], unwanted: list[str]) -> None:
    """EC2's tagger: tags hang on any ID."""
    if unwanted:
        api.call("DeleteTags", Resources=[id], Tags=[{"Key": key} for key in unwanted])
    if wanted:
        api.call("CreateTags", Resources=[id], Tags=pairs(wanted))
