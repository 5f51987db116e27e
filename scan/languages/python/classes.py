"""Which classes of a Python file are one per process, and where objects are made."""

from __future__ import annotations

from typing import Final

from scan.facts import FileFacts, Instance
from scan.languages.python.shapes import (
    arguments,
    called,
    callee,
    class_around,
    decorators,
    dotted,
    function_around,
    function_name,
    named,
    tokens,
)
from scan.languages.python.source import Source
from scan.syntax import Node
from scan.words import words


def single_of(node: Node, owner: str) -> tuple[str, int] | None:
    """Why a class's own code makes it one per process, and the line that hands it out."""
    if any("singleton" in words(decorator.text) for decorator in decorators(node)):
        return "singleton, by its decorator", node.line
    for method in (inner for inner in node.walk() if inner.kind == "function_definition"):
        keeps = any(
            inner.kind == "assignment" and dotted(inner.child("left")).rpartition(".")[2].lstrip("_") in _INSTANCES
            for inner in method.walk()
        )
        makes = any(name in ("cls", owner, "?.__new__", "object.__new__") for name in called(method))
        if keeps and makes and class_around(method) is node:
            return f"singleton, by its {function_name(method)}", method.line
    bases = node.child("superclasses")
    if bases is not None and "singleton" in tokens(bases):
        return "singleton, by its metaclass", node.line
    return None


_INSTANCES: Final = frozenset({"instance", "singleton", "shared", "default"})


def instance(node: Node, source: Source, facts: FileFacts) -> None:
    name = callee(node).rpartition(".")[2]
    if name == "Depends" and arguments(node):
        facts.instances.append(Instance(arguments(node)[0].text, "local", ""))
    if not name[:1].isupper() and not name.lstrip("_")[:1].isupper():
        return
    own, function = class_around(node), function_around(node)
    if own is not None and named(own.child("name")) == name:
        return
    where = f"made in {source.path.name}:{node.line}"
    kept = next((above for above in node.up() if above.kind == "assignment"), None)
    target = dotted(kept.child("left")) if kept is not None and kept.within(function or source.root) else ""
    if function is None and own is None:
        place = "module"
    elif own is not None and (function is None or target.startswith(("self.", "cls."))):
        facts.instances.append(Instance(name, "field", where, named(own.child("name"))))
        return
    elif ".state." in target or source.at_start(node) or _cached(function) or _global(kept, source):
        place = "root"
    else:
        place = "local"
    facts.instances.append(Instance(name, place, where))


def _cached(function: Node | None) -> bool:
    """Whether a function without parameters keeps what it returns: the usual way to a lazy singleton."""
    if function is None or (function.child("parameters") or function).named != []:
        return False
    return any(words(one.text) & {"cache", "lru"} for one in decorators(function))


def _global(kept: Node | None, source: Source) -> bool:
    left = kept.child("left") if kept is not None else None
    return left is not None and left.kind == "identifier" and left in set(source.uses(left.text, None))
