"""Which stores a selection of AWS Backup takes (AWS Backup API Reference, `BackupSelection`)."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from policies.model import UNKNOWN, Resource
from policies.node import Node, Undetermined
from policies.values import words

_TAG: Final = "aws:ResourceTag/"
_NAMES: Final = ("bucket", "identifier", "clusterIdentifier", "name")
_PREFIXES: Final = {
    "aws:rds/instance:Instance": "db:",
    "aws:rds/cluster:Cluster": "cluster:",
    "aws:dynamodb/table:Table": "table/",
}
"""What stands before the name at the end of an ARN."""


def selects(selection: Resource, store: Resource) -> bool:
    """Whether a selection takes a store.

    Resources named by ARN and those matched by pattern count, less those of `notResources`; of `selectionTags` one has
    to hold, of `conditions` all.

    Raises:
        Undetermined: a part that decides is unknown.
    """
    root = Node(selection.properties)
    if not _named(root["resources"], selection, store) or _excluded(root["notResources"], store):
        return False
    tags = list(root["selectionTags"].elements())
    if tags and not any(_tag(store, tag["key"].text) == tag["value"].text for tag in tags):
        return False
    return all(_holds(operator, row, store) for operator, row in _conditions(root["conditions"]))


def _named(resources: Node, selection: Resource, store: Resource) -> bool:
    """Whether the store is among the resources; where none are named, tags choose among all."""
    if store.urn in selection.property_dependencies.get("resources", ()):
        return True
    if not resources.present:
        return True
    doubtful: Undetermined | None = None
    for pattern in resources.elements():
        try:
            if _matches(pattern.text, store):
                return True
        except Undetermined as doubt:
            doubtful = doubt
    if doubtful is not None and not selection.property_dependencies.get("resources"):
        raise doubtful
    return False


def _excluded(resources: Node, store: Resource) -> bool:
    return any(_matches(pattern, store) for pattern in words(resources))


def _matches(pattern: str, store: Resource) -> bool:
    """Whether an ARN with wildcards is the store's.

    Before the store is made its ARN is put together from its name; a selection is in the same account and region.
    """
    arn = store.properties.get("arn")
    if isinstance(arn, str):
        return fnmatchcase(arn, pattern)
    if pattern == "*":
        return True
    parts = pattern.split(":", 5)
    if len(parts) < 6 or not fnmatchcase(_service(store), parts[2]):
        return False
    name = next((store.properties[key] for key in _NAMES if isinstance(store.properties.get(key), str)), None)
    if name is None and parts[5].rpartition(":")[2].rpartition("/")[2] != "*":
        raise Undetermined("resources", f'the ARN of "{store.name}" is not known until the update runs')
    return fnmatchcase(f"{_PREFIXES.get(store.type, '')}{name}", parts[5])


def _service(store: Resource) -> str:
    return store.type.split(":")[1].split("/")[0]


def _conditions(conditions: Node) -> Iterator[tuple[str, Node]]:
    for block in conditions.elements():
        for operator, rows in block.entries():
            for row in rows.elements():
                yield operator, row


def _holds(operator: str, row: Node, store: Resource) -> bool:
    actual, wanted = _tag(store, row["key"].text.removeprefix(_TAG)), row["value"].text
    match operator:
        case "stringEquals":
            return actual == wanted
        case "stringNotEquals":
            return actual != wanted
        case "stringLike":
            return actual is not None and fnmatchcase(actual, wanted)
        case "stringNotLike":
            return actual is None or not fnmatchcase(actual, wanted)
    raise Undetermined(row.path, f'"{operator}" is no condition that this rule knows')


def _tag(store: Resource, key: str) -> str | None:
    """The value of a store's tag, `None` without; raises when it is not known yet."""
    for field in ("tags", "tagsAll"):
        tags: Any = store.properties.get(field)
        if tags is UNKNOWN:
            raise Undetermined(field)
        value = tags.get(key) if isinstance(tags, dict) else None
        if value is UNKNOWN:
            raise Undetermined(f"{field}.{key}")
        if value is not None:
            return str(value)
    return None
