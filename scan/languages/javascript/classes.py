"""Which classes of a JavaScript or TypeScript file are one per process, and where objects are made."""

from __future__ import annotations

from scan.facts import ClassFact, FileFacts, Instance, is_durable
from scan.languages.javascript.shapes import (
    FIELDS,
    FUNCTIONS,
    bare,
    callee,
    class_around,
    class_name,
    dotted,
    is_class,
)
from scan.languages.javascript.source import Source
from scan.syntax import Node

_INJECTED = frozenset({"Injectable", "Service", "Singleton", "singleton", "injectable", "Controller", "Global"})


def collect(source: Source, facts: FileFacts) -> None:
    """Add the file's classes and every place that makes an object."""
    for node in source.root.walk():
        if is_class(node):
            _class(node, source, facts)
        elif node.kind == "new_expression":
            _made(node, source, facts)


def _class(node: Node, source: Source, facts: FileFacts) -> None:
    name = class_name(node)
    accessor = _accessor(node, name)
    single = "singleton, by its getInstance" if accessor else _decorated(node)
    facts.classes.append(ClassFact(name, source.path, node.line, single, is_durable(name), accessor))


def _accessor(node: Node, name: str) -> int:
    """Line of the static method that makes the one object; 0 without one."""
    for method in (node.child("body") or node).children:
        if method.kind != "method_definition" or not method.has("static"):
            continue
        kept = False
        for inner in method.walk():
            if inner.kind in ("assignment_expression", "augmented_assignment_expression"):
                kept = kept or dotted(inner.child("left")).startswith((f"{name}.", "this."))
            if inner.kind == "new_expression" and callee(inner) in (name, "this") and kept:
                return method.line
    for member in (node.child("body") or node).children:
        value = bare(member.child("value")) if member.kind in FIELDS and member.has("static") else None
        if value is not None and value.kind == "new_expression" and callee(value) == name:
            return member.line
    return 0


def _decorated(node: Node) -> str:
    above = node.parent
    places = [*node.children, *(above.children if above is not None and above.kind == "export_statement" else [])]
    for decorator in (child for child in places if child.kind == "decorator"):
        inner = decorator.named[0] if decorator.named else decorator
        if (callee(inner) if inner.kind == "call_expression" else inner.text) in _INJECTED:
            return "one object, made by the injector"
    return ""


def _made(node: Node, source: Source, facts: FileFacts) -> None:
    name = callee(node).rpartition(".")[2]
    own = class_around(node)
    if class_name(own) == name:
        return
    where = f"made in {source.path.name}:{node.line}"
    holder = _field(node)
    if holder and own is not None:
        facts.instances.append(Instance(name, "field", where, class_name(own)))
    elif source.while_made(node) and own is None:
        facts.instances.append(Instance(name, "module", where))
    elif source.at_start(node) or _kept_by_module(node, source):
        facts.instances.append(Instance(name, "root", where))
    else:
        facts.instances.append(Instance(name, "local", where))


def _field(node: Node) -> bool:
    """Whether an object is kept in a field of the class around it."""
    for above in node.up():
        if above.kind in FIELDS:
            return True
        if above.kind in ("assignment_expression", "augmented_assignment_expression"):
            return dotted(above.child("left")).startswith("this.")
        if above.kind in FUNCTIONS:
            return False
    return False


def _kept_by_module(node: Node, source: Source) -> bool:
    """Whether a function puts the object into a variable of the module: made when first asked for, then kept."""
    for above in node.up():
        if above.kind in ("assignment_expression", "augmented_assignment_expression"):
            target = above.child("left")
            declared = source.scopes.resolve(target) if target is not None and target.kind == "identifier" else None
            return declared is not None and not any(outer.kind in FUNCTIONS for outer in declared.up())
        if above.kind in FUNCTIONS:
            return False
    return False
