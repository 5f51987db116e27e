"""What the EC2 types have in common."""

from __future__ import annotations

from typing import Any

from local.plugins.aws.api import Api
from local.plugins.aws.declaration import Change, Changer, Finder, Property, Values
from local.plugins.aws.tags import MARK, pairs

IMMUTABLE = "EC2 cannot change it after creation"


def specification(kind: str, inputs: Values, mark: str) -> list[dict[str, Any]]:
    """`TagSpecifications` of a create: the resource's tags, and the mark to find it by."""
    return [{"ResourceType": kind, "Tags": pairs({**(inputs.get("tagsAll") or {}), MARK: mark})}]


def by_mark(operation: str, result: str, id: str) -> Finder:
    """A finder of what carries the mark of a create."""

    def find(api: Api, inputs: Values, mark: str) -> str | None:
        answer = api.call(operation, Filters=[{"Name": f"tag:{MARK}", "Values": [mark]}])
        found = answer.get(result) or []
        return str(found[0][id]) if found else None

    return find


def attributes(operation: str, key: str, members: dict[str, str]) -> Changer:
    """A changer for attributes that EC2 takes one a call, each as `{"Value": …}`.

    Args:
        operation: Such as `ModifyVpcAttribute`.
        key: Member that takes the ID.
        members: Property to member.
    """

    def modify(api: Api, id: str, change: Change) -> None:
        for name, member in members.items():
            if name in change.names:
                api.call(operation, **{key: id, member: {"Value": bool(change.new.get(name, False))}})

    return modify


def unchangeable(**more: Any) -> Property:
    """A property that forces a replacement."""
    return Property(replace=IMMUTABLE, **more)
