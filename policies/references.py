"""Which resource another one means: by the property that it was made from, else by name, ID or ARN."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from policies.model import UNKNOWN, Resource
from policies.node import Node, Undetermined

_NAMES: Final = (
    *("id", "arn", "name", "bucket", "identifier", "clusterIdentifier", "replicationGroupId", "userGroupId"),
)
"""Properties by which AWS resources are named in others."""


def of_types(resources: Iterable[Resource], types: Collection[str]) -> list[Resource]:
    """The resources of these types."""
    return [one for one in resources if one.type in types]


def names(resource: Resource) -> set[str]:
    """All that others may call the resource by, as far as it is known."""
    found = (resource.properties.get(key) for key in _NAMES)
    return {value for value in found if isinstance(value, str) and value}


def refers(one: Resource, key: str, other: Resource) -> bool:
    """Whether a top-level property of one resource names the other.

    Raises:
        Undetermined: the property is unknown, and the engine does not say what it was made from.
    """
    sources = one.property_dependencies.get(key, ())
    if other.urn in sources:
        return True
    node = Node(one.properties)[key]
    if node.unknown:
        if sources:
            return False
        raise Undetermined(f'{node.path} of "{one.name}"')
    return node.text in names(other)


def referring(candidates: Iterable[Resource], key: str, other: Resource) -> Iterator[Resource]:
    """The candidates whose top-level property names the resource; see `refers`."""
    return (one for one in candidates if refers(one, key, other))


def meant(one: Resource, node: Node, candidates: Iterable[Resource]) -> list[Resource]:
    """The candidates that a value somewhere in the resource can mean.

    One when it is known, or when the property was made from just one of them; several when it was made from several
    and is not known yet; none when it means something that is not among them.

    Args:
        one: The resource that holds the value.
        node: The value, with its path from the root of the resource's properties.
        candidates: Resources of the kind that is asked for.

    Raises:
        Undetermined: the value is unknown, and the engine does not say what it was made from.
    """
    key = node.path.partition(".")[0].partition("[")[0]
    sources = one.property_dependencies.get(key, ())
    everything = list(candidates)
    if not node.unknown:
        known = [other for other in everything if node.text in names(other)]
        if known:
            return known
        # What the engine knows by now, its resource may not tell: ID and ARN are no inputs.
        return [other for other in everything if other.urn in sources and not _tells_id(other)]
    if not sources:
        raise Undetermined(node.path)
    return [other for other in everything if other.urn in sources]


def _tells_id(resource: Resource) -> bool:
    return resource.properties.get("id", UNKNOWN) is not UNKNOWN


def only_one(found: Sequence[Resource], node: Node) -> Resource | None:
    """The one resource that is meant, `None` for none.

    Raises:
        Undetermined: it may be one of several.
    """
    if len(found) > 1:
        raise Undetermined(node.path)
    return found[0] if found else None
