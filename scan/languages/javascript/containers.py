"""What a value or a type holds, and what changes it."""

from __future__ import annotations

from typing import Final

from scan.languages.javascript.scopes import Scopes
from scan.languages.javascript.shapes import arguments, bare, callee, dotted, entries, named
from scan.model import Form
from scan.syntax import Node
from scan.words import listed, words

_CONSTRUCTED: Final = {
    "Map": Form.MAP,
    "Set": Form.SET,
    "Array": Form.LIST,
    "LRUCache": Form.CACHE,
    "LRU": Form.CACHE,
    "NodeCache": Form.CACHE,
    "QuickLRU": Form.CACHE,
    "TTLCache": Form.CACHE,
}
_WEAK: Final = frozenset({"WeakMap", "WeakSet", "WeakRef"})
_CACHES: Final = frozenset(
    {"lru-cache", "node-cache", "quick-lru", "memory-cache", "memoizee", "mem", "@isaacs/ttlcache", "tiny-lru", "keyv"}
)
_QUEUES: Final = frozenset({"p-queue", "fastq", "better-queue", "denque", "queue", "double-ended-queue"})
_STORES: Final = frozenset({"memory", "inmemory"})

MUTATORS: Final = listed(
    "set add delete clear push pop shift unshift splice fill enqueue dequeue put del mset append prepend"
)
_HELD: Final = frozenset({"get", "at", "find", "values"})
"""Methods that hand out what is held, so that changing it changes the holder."""


def form_of(value: Node | None, scopes: Scopes) -> tuple[Form, bool] | None:
    """What a value holds, and whether a library writes to it behind calls; `None` when it is no container."""
    value = bare(value)
    if value is None:
        return None
    if value.kind == "array":
        return Form.LIST, False
    if value.kind == "object":
        return Form.OBJECT, False
    if value.kind == "new_expression":
        return _library(value, scopes) or _built_in(callee(value))
    if value.kind == "call_expression":
        name = callee(value)
        if name in ("Array.from", "Array.of", "Array"):
            return Form.LIST, False
        if name in ("Object.create", "Object.fromEntries"):
            return Form.OBJECT, False
        return _library(value, scopes)
    return None


def _built_in(name: str) -> tuple[Form, bool] | None:
    if name in _WEAK:
        return None
    form = _CONSTRUCTED.get(name)
    return (form, form is Form.CACHE) if form is not None else None


def _library(value: Node, scopes: Scopes) -> tuple[Form, bool] | None:
    path = callee(value)
    origin = scopes.origin(path)
    if origin is None:
        return None
    if origin.module in _QUEUES or (origin.module == "async" and origin.name in ("queue", "priorityQueue", "cargo")):
        return Form.QUEUE, True
    if origin.module == "lodash" and origin.name == "memoize":
        return Form.CACHE, True
    if origin.module not in _CACHES:
        return None
    given = arguments(value)
    if origin.module == "keyv" and (not given or "store" in entries(given[0]) or given[0].kind != "object"):
        return (Form.CACHE, True) if not given else None
    return Form.CACHE, True


def form_of_type(annotation: Node | None) -> Form | None:
    """What a declared type holds; `None` when it is no container."""
    if annotation is None:
        return None
    for node in annotation.named:
        if node.kind == "array_type":
            return Form.LIST
        if node.kind == "generic_type":
            name = named(node.child("name"))
            return {"Map": Form.MAP, "Set": Form.SET, "Array": Form.LIST, "Record": Form.OBJECT}.get(name)
    return None


def change(handle: Node, form: Form, literal: Node | None = None) -> tuple[str, Node] | None:
    """The change that a reference to a container is part of, with the node that makes it.

    Args:
        handle: The name, or `this.name`, that refers to the container.
        form: What it holds: methods of an object literal are its own, not changes.
        literal: The literal that it was made as, which tells what its properties hold.
    """
    node = handle
    path: list[str] = []
    while node.parent is not None:
        parent = node.parent
        if parent.kind in ("non_null_expression", "parenthesized_expression", "as_expression"):
            node = parent
        elif parent.kind == "member_expression" and node.field == "object":
            grand = parent.parent
            name = named(parent.child("property"))
            if grand is not None and grand.kind == "call_expression" and parent.field == "function":
                if name in MUTATORS:
                    if not _mutates(form, path, literal):
                        return None
                    return ("nested" if path else name), grand
                if name not in _HELD:
                    return None
                node = grand
                path.append("()")
            else:
                node = parent
                path.append(name)
        elif parent.kind == "subscript_expression" and node.field == "object":
            node = parent
            path.append("[]")
        elif parent.kind in ("assignment_expression", "augmented_assignment_expression") and node.field == "left":
            if node is handle:
                return "assign", parent
            return ("length" if path == ["length"] else "property"), parent
        elif parent.kind == "update_expression":
            return "increment", parent
        elif parent.kind == "unary_expression" and parent.has("delete"):
            return "delete", parent
        elif parent.kind == "arguments" and parent.parent is not None and parent.named[0] is node:
            name = callee(parent.parent)
            merged = name in ("Object.assign", "Object.defineProperty") or name.startswith(("_.set", "_.merge"))
            return ("assign", parent.parent) if merged else None
        else:
            return None
    return None


def _mutates(form: Form, path: list[str], literal: Node | None) -> bool:
    """Whether a mutating method at this path changes the container: what an object's property is decides there."""
    if form is not Form.OBJECT:
        return True
    if not path:
        return False
    if path[0] in ("[]", "()"):
        return True
    value = bare(entries(literal).get(path[0]))
    if value is None:
        return False
    return value.kind in ("array", "object") or (value.kind == "new_expression" and callee(value) in _CONSTRUCTED)


def is_frozen(value: Node | None) -> bool:
    """Whether a value is frozen where it is made."""
    inner = bare(value)
    return inner is not None and inner.kind == "call_expression" and dotted(inner.child("function")) == "Object.freeze"


def memory_store(value: Node) -> bool:
    """Whether a value is made by a class or function whose name says that it keeps things in memory."""
    return value.kind in ("new_expression", "call_expression") and bool(words(callee(value)) & _STORES)
