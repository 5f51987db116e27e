"""Small questions about Python syntax."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from scan.facts import is_root
from scan.syntax import Node
from scan.words import words

FUNCTIONS: Final = frozenset({"function_definition", "lambda"})
MAKERS: Final = frozenset({"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__"})


def bare(node: Node | None) -> Node | None:
    """An expression without parentheses and `await`."""
    while node is not None and node.kind in ("parenthesized_expression", "await"):
        node = node.named[0] if node.named else None
    return node


def dotted(node: Node | None) -> str:
    """`a.b.c` for a chain of names; parts that are no names become `?`."""
    parts: list[str] = []
    while node is not None:
        if node.kind == "attribute":
            parts.append(named(node.child("attribute")))
            node = node.child("object")
        else:
            parts.append(node.text if node.kind in ("identifier", "dotted_name") else "?")
            break
    return ".".join(reversed(parts))


def named(node: Node | None) -> str:
    """The text of a name; empty without one."""
    return node.text if node is not None else ""


def string(node: Node | None) -> str | None:
    """The text of a string literal; `None` for anything else."""
    if node is None or node.kind != "string":
        return None
    return "".join(part.text for part in node.children if part.kind == "string_content")


def callee(call: Node) -> str:
    """The dotted name that a call uses."""
    return dotted(call.child("function"))


def arguments(call: Node) -> list[Node]:
    """Positional arguments."""
    given = call.child("arguments")
    return [one for one in given.named if one.kind != "keyword_argument"] if given is not None else []


def keywords(call: Node) -> dict[str, Node]:
    """Keyword arguments."""
    given = call.child("arguments")
    found: dict[str, Node] = {}
    for one in given.named if given is not None else []:
        value = one.child("value")
        if one.kind == "keyword_argument" and value is not None:
            found[named(one.child("name"))] = value
    return found


def function_around(node: Node) -> Node | None:
    """The function that a node runs in; default values and decorators run where the function is defined."""
    below = node
    for above in node.up():
        if above.kind in FUNCTIONS and below.field == "body":
            return above
        below = above
    return None


def function_name(function: Node | None) -> str:
    """What a function is called; empty for a lambda."""
    return named(function.child("name")) if function is not None else ""


def class_around(node: Node) -> Node | None:
    """The class that a node lies in."""
    return next((above for above in node.up() if above.kind == "class_definition"), None)


def decorators(definition: Node) -> list[Node]:
    """What a function or class is decorated with, without the `@`."""
    above = definition.parent
    if above is None or above.kind != "decorated_definition":
        return []
    return [one.named[0] for one in above.children if one.kind == "decorator" and one.named]


def context(node: Node) -> list[str]:
    """Names around a node, nearest first."""
    kinds = ("function_definition", "class_definition")
    found = [named(above.child("name")) for above in [node, *node.up()] if above.kind in kinds]
    return [name for name in found if name not in MAKERS]


def location(node: Node) -> str:
    """`Class.method`, function or `module`: where a node is, for people."""
    around = context(node)
    return ".".join(reversed(around[:2])) if around else "module"


def called(node: Node) -> Iterator[str]:
    """Names of all that is called under a node."""
    for below in node.walk():
        if below.kind == "call":
            yield callee(below)


def tokens(node: Node) -> frozenset[str]:
    """Words of all names and strings under a node."""
    found: set[str] = set()
    for below in node.walk():
        if not below.children and below.kind in ("identifier", "string_content"):
            found |= words(below.text)
    return frozenset(found)


def starts_up(function: Node | None) -> bool:
    """Whether a function's name says that it runs once, at the start."""
    return function is not None and is_root(function_name(function))
