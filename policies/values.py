"""Reading single values: whole numbers, switches, and words that may stand alone or in a list."""

from __future__ import annotations

from typing import Any

from policies.node import Node, Undetermined


def number(node: Node, default: int) -> int:
    """A whole number, also as text; the default when absent.

    Raises:
        Undetermined: it is unknown, or no whole number.
    """
    if not node.present:
        return default
    value = node.value
    if isinstance(value, str) and value.strip().isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise Undetermined(node.path, f"{value!r} is no whole number")
    return int(value)


def flag(node: Node) -> bool:
    """A switch, also as text; off when absent.

    Raises:
        Undetermined: it is unknown, or neither true nor false.
    """
    if not node.present:
        return False
    if node.text.lower() not in {"true", "false"}:
        raise Undetermined(node.path, f"{node.value!r} is neither true nor false")
    return node.text.lower() == "true"


def words(node: Node) -> list[str]:
    """The texts of a list, or of the one value that stands in its place; none when absent."""
    if isinstance(node.value, (list, tuple)):
        return [element.text for element in node.elements()]
    return [node.text] if node.present else []


def given(node: Node) -> bool:
    """Whether there is something, be it not known yet: a reference to what is still to be made counts."""
    return node.unknown or (node.present and node.text != "")


def shown(node: Node) -> Any:
    """The value for a message: `None` for what is absent, and for what is not known yet."""
    return None if node.unknown else node.value
