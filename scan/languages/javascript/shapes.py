"""Small questions about JavaScript and TypeScript syntax."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from scan.facts import is_root
from scan.syntax import Node, parse
from scan.words import words

FUNCTIONS: Final = frozenset(
    {
        "function_declaration",
        "generator_function_declaration",
        "function_expression",
        "generator_function",
        "arrow_function",
        "method_definition",
    }
)
CLASSES: Final = frozenset({"class_declaration", "class", "abstract_class_declaration"})
FIELDS: Final = frozenset({"public_field_definition", "field_definition"})
_WRAPPERS: Final = frozenset(
    {"as_expression", "satisfies_expression", "non_null_expression", "parenthesized_expression", "await_expression"}
)
_INLINE: Final = frozenset({"forEach", "map", "filter", "reduce", "flatMap", "some", "every", "then"})
"""Methods that call what they are given as part of what is around them."""


def is_class(node: Node) -> bool:
    """Whether a node is a class; the keyword has the same kind as an anonymous class."""
    return node.kind in CLASSES and not node.token


def bare(node: Node | None) -> Node | None:
    """An expression without the parentheses, casts and `await` around it."""
    while node is not None and node.kind in _WRAPPERS:
        node = node.named[0] if node.named else None
    return node


def dotted(node: Node | None) -> str:
    """`a.b.c` for a chain of names; parts that are no names become `?`."""
    parts: list[str] = []
    while node is not None:
        if node.kind in ("member_expression", "nested_identifier"):
            parts.append(named(node.child("property")))
            node = node.child("object")
        elif node.kind in ("non_null_expression", "parenthesized_expression"):
            node = node.named[0] if node.named else None
        else:
            parts.append(node.text if node.kind in ("identifier", "this", "super", "property_identifier") else "?")
            break
    return ".".join(reversed(parts))


def named(node: Node | None) -> str:
    """The text of a name; empty without one."""
    return node.text if node is not None else ""


def string(node: Node | None) -> str | None:
    """The text of a string literal; `None` for anything else."""
    if node is None or node.kind not in ("string", "template_string"):
        return None
    return node.text[1:-1]


def arguments(call: Node) -> list[Node]:
    """What a call or `new` passes."""
    given = call.child("arguments")
    return given.named if given is not None and given.kind == "arguments" else []


def callee(call: Node) -> str:
    """The dotted name that a call or `new` uses."""
    return dotted(call.child("function") or call.child("constructor"))


def entries(node: Node | None) -> dict[str, Node]:
    """Keys of an object literal with their values; a spread is under `...`."""
    found: dict[str, Node] = {}
    for child in node.named if node is not None and node.kind == "object" else []:
        if child.kind == "pair":
            value = child.child("value")
            key = named(child.child("key")).strip("'\"")
            if value is not None:
                found[key] = value
        elif child.kind == "spread_element":
            found["..."] = child
        elif child.kind == "method_definition":
            found[named(child.child("name"))] = child
        else:
            found[child.text] = child
    return found


def function_around(node: Node) -> Node | None:
    """The function that a node runs in; what is called where it is written counts as part of what is around it."""
    for above in node.up():
        if above.kind == "class_static_block":
            return None
        if above.kind in FUNCTIONS and not _called_at_once(above):
            return above
        if above.kind in FIELDS:
            return None
    return None


def _called_at_once(function: Node) -> bool:
    node = function
    while node.parent is not None and node.parent.kind == "parenthesized_expression":
        node = node.parent
    parent = node.parent
    if parent is None:
        return False
    if parent.kind == "call_expression" and node.field == "function":
        return True
    call = parent.parent
    return (
        parent.kind == "arguments"
        and call is not None
        and call.kind == "call_expression"
        and callee(call).rpartition(".")[2] in _INLINE
    )


def function_name(function: Node | None) -> str:
    """What a function is called, or is assigned to; empty when it has no name."""
    if function is None:
        return ""
    own = function.child("name")
    if own is not None:
        return own.text
    parent = function.parent
    if parent is None:
        return ""
    if parent.kind == "variable_declarator":
        return named(parent.child("name"))
    if parent.kind == "pair":
        return named(parent.child("key"))
    if parent.kind in FIELDS:
        return named(parent.child("name") or parent.child("property"))
    if parent.kind == "assignment_expression":
        return dotted(parent.child("left")).rpartition(".")[2]
    return ""


def class_around(node: Node) -> Node | None:
    """The class that a node lies in."""
    return next((above for above in node.up() if is_class(above)), None)


def class_name(node: Node | None) -> str:
    """What a class is called, or is assigned to."""
    if node is None:
        return ""
    own = node.child("name")
    if own is not None:
        return own.text
    parent = node.parent
    return named(parent.child("name")) if parent is not None and parent.kind == "variable_declarator" else ""


def context(node: Node) -> list[str]:
    """Names around a node, nearest first: functions and classes."""
    found = []
    for above in node.up():
        name = function_name(above) if above.kind in FUNCTIONS else class_name(above) if is_class(above) else ""
        if name and name != "constructor":
            found.append(name)
    return found


def location(node: Node) -> str:
    """`Class.method`, function or `module`: where a node is, for people."""
    around = [name for name in context(node) if name]
    return ".".join(reversed(around[:2])) if around else "module"


def called(node: Node) -> Iterator[str]:
    """Names of all that is called under a node."""
    for below in node.walk():
        if below.kind == "call_expression":
            yield callee(below)


def tokens(node: Node) -> frozenset[str]:
    """Words of all names and strings under a node."""
    found: set[str] = set()
    for below in node.walk():
        if not below.children and not below.token and below.kind != "comment":
            found |= words(below.text)
    return frozenset(found)


def starts_up(function: Node | None) -> bool:
    """Whether a function's name says that it runs once, at the start."""
    return function is not None and is_root(function_name(function))


def documented_type(node: Node) -> Node | None:
    """The type that a JSDoc comment right before a declaration gives (`@type {…}`), as a tree of its own."""
    statement = node if node.kind in FIELDS else node.parent
    above = statement.parent if statement is not None else None
    if statement is None or above is None:
        return None
    position = above.children.index(statement)
    comment = above.children[position - 1] if position else None
    if comment is None or comment.kind != "comment" or "@type" not in comment.text:
        return None
    inner = comment.text.partition("@type")[2].partition("{")[2]
    depth = 1
    for end, char in enumerate(inner):
        depth += (char == "{") - (char == "}")
        if depth == 0:
            return parse(f"type T = {inner[:end]};".encode(), "typescript")[0]
    return None
