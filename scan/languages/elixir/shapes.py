"""Small questions about Elixir syntax."""

from __future__ import annotations

from collections.abc import Iterator

from scan.syntax import Node
from scan.words import words

DEFINITIONS = frozenset({"def", "defp"})


def callee(call: Node) -> str:
    """`File.write!`, `:ets.insert`, `use`: what a call names."""
    target = call.child("target")
    if target is None:
        return ""
    if target.kind == "dot":
        left, right = target.child("left"), target.child("right")
        return f"{named(left)}.{named(right)}"
    return target.text


def named(node: Node | None) -> str:
    """The text of a name; empty without one."""
    return node.text if node is not None else ""


def arguments(call: Node) -> list[Node]:
    """What a call is given by position; the first is what `|>` passes in."""
    given = call.first("arguments")
    found = [one for one in given.named if one.kind != "keywords"] if given is not None else []
    above = call.parent
    operator = above.child("operator") if above is not None else None
    if above is not None and call.field == "right" and operator is not None and operator.text == "|>":
        left = above.child("left")
        found = [left, *found] if left is not None else found
    return found


def options(call: Node) -> dict[str, Node]:
    """Keyword arguments of a call, or of a list in it."""
    given = call.first("arguments")
    found: dict[str, Node] = {}
    for one in given.named if given is not None else []:
        words_ = one if one.kind == "keywords" else one.first("keywords") if one.kind == "list" else None
        found.update(pairs(words_))
    return found


def pairs(node: Node | None) -> dict[str, Node]:
    """Keys and values of keywords."""
    found: dict[str, Node] = {}
    for pair in node.named if node is not None else []:
        key, value = pair.child("key"), pair.child("value")
        if key is not None and value is not None:
            found[key.text.strip().rstrip(":")] = value
    return found


def calls(node: Node) -> Iterator[Node]:
    """All calls under a node."""
    return (below for below in node.walk() if below.kind == "call")


def called(node: Node) -> Iterator[str]:
    """Names of all that is called under a node."""
    return (callee(call) for call in calls(node))


def module_around(node: Node) -> Node | None:
    """The `defmodule` that a node lies in."""
    return next((above for above in node.up() if above.kind == "call" and callee(above) == "defmodule"), None)


def module_name(module: Node | None) -> str:
    """A module's full name."""
    if module is None:
        return ""
    given = arguments(module)
    return given[0].text if given else ""


def function_around(node: Node) -> Node | None:
    """The `def` or `defp` that a node lies in."""
    return next((above for above in node.up() if above.kind == "call" and callee(above) in DEFINITIONS), None)


def head(function: Node | None) -> Node | None:
    """The `name(parameters)` of a definition."""
    node = next(iter(arguments(function)), None) if function is not None else None
    while node is not None and node.kind == "binary_operator":
        node = node.child("left")
    return node


def function_name(function: Node | None) -> str:
    """What a definition is called."""
    first = head(function)
    if first is None:
        return ""
    return callee(first) if first.kind == "call" else first.text


def parameters(function: Node | None) -> list[Node]:
    """What a definition takes."""
    first = head(function)
    return arguments(first) if first is not None and first.kind == "call" else []


def location(node: Node) -> str:
    """`Module.function`, or the file's top level."""
    parts = [module_name(module_around(node)).rpartition(".")[2], function_name(function_around(node))]
    return ".".join(part for part in parts if part) or "module"


def tokens(node: Node) -> frozenset[str]:
    """Words of all names, atoms and strings under a node."""
    found: set[str] = set()
    for below in node.walk():
        if not below.children and below.kind in ("identifier", "alias", "atom", "quoted_content", "keyword"):
            found |= words(below.text)
    return frozenset(found)
