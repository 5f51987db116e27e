"""One JavaScript or TypeScript file, with what all its readers ask of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cached_property
from pathlib import PurePosixPath

from scan.facts import file_words
from scan.languages.javascript.guards import Guards
from scan.languages.javascript.scopes import Scopes
from scan.languages.javascript.shapes import (
    FUNCTIONS,
    arguments,
    called,
    callee,
    class_around,
    class_name,
    context,
    dotted,
    function_around,
    function_name,
    starts_up,
)
from scan.model import Trait
from scan.syntax import Node
from scan.vocabulary import SCRIPTS
from scan.words import listed, words

_TRIVIAL = listed("string number boolean unknown any void map set array record promise readonly object t")

GLOBALS = frozenset({"global", "globalThis", "app.locals"})
"""Objects of the whole program."""


class Source:
    """A parsed file.

    Attributes:
        path: From the root of the scan.
        module: As imports of other files of the scan name it.
        scopes: Its declarations.
        guards: The conditions in it.
        file_traits: What holds for all of it.
    """

    def __init__(self, root: Node, path: PurePosixPath, module: str) -> None:
        self.root = root
        self.path = path
        self.module = module
        self.scopes = Scopes(root)
        self.guards = Guards(root, self.scopes)
        self.file_traits = frozenset({Trait.SCRIPT}) if set(path.parts[:-1]) & SCRIPTS else frozenset()

    @cached_property
    def relayed(self) -> bool:
        """Whether the file listens to a broker."""
        return any(
            name.rpartition(".")[2] in ("subscribe", "psubscribe", "createAdapter") for name in called(self.root)
        )

    @cached_property
    def globals(self) -> dict[str, list[Node]]:
        """Members of objects that are the whole program's, by their dotted name."""
        found: dict[str, list[Node]] = defaultdict(list)
        for node in self.root.walk():
            if node.kind == "member_expression" and dotted(node.child("object")) in GLOBALS:
                found[dotted(node)].append(node)
        return found

    def around(self, node: Node, *more: str) -> tuple[frozenset[str], ...]:
        """Words around a node, nearest first, the file's name last."""
        return (*(words(name) for name in [*more, *context(node)] if name), file_words(self.path))

    def type_words(self, node: Node | None) -> str:
        """The names in a type, without those that every program has."""
        if node is None:
            return ""
        found = [below.text for below in node.walk() if below.kind == "type_identifier"]
        return " ".join(name for name in found if name.lower() not in _TRIVIAL)

    def while_made(self, node: Node, depth: int = 3) -> bool:
        """Whether a node runs while the module is loaded, or its class's object is made, and never after."""
        function = function_around(node)
        if function is None:
            return True
        name = function_name(function)
        if function.kind == "method_definition":
            return name == "constructor" or (depth > 0 and self._only_from_constructor(function, name, depth))
        return self._all_calls(function, depth, self.while_made)

    def at_start(self, node: Node, depth: int = 3) -> bool:
        """Whether a node runs only while the process starts."""
        function = function_around(node)
        return (
            starts_up(function)
            or self.while_made(node)
            or (function is not None and self._all_calls(function, depth, self.at_start))
        )

    def _all_calls(self, function: Node, depth: int, holds: Callable[[Node, int], bool]) -> bool:
        """Whether something holds for every call of a function that this file keeps to itself."""
        if function.kind != "function_declaration" or depth == 0:
            return False
        if function.parent is not None and function.parent.kind == "export_statement":
            return False
        uses = [use for use in self.scopes.uses(function, function_name(function)) if use.parent is not function]
        return bool(uses) and all(
            use.field == "function"
            and use.parent is not None
            and use.parent.kind == "call_expression"
            and not use.within(function)
            and holds(use, depth - 1)
            for use in uses
        )

    def _only_from_constructor(self, method: Node, name: str, depth: int) -> bool:
        own = class_around(method)
        private = name.startswith("#") or any(child.text == "private" for child in method.children[:2])
        if own is None or not (private or name.startswith(("init", "_"))):
            return False
        uses = [
            node
            for node in own.walk()
            if node.kind == "member_expression" and node.child("property") is not None and _self_call(node, name)
        ]
        return bool(uses) and all(
            not use.within(method) and use.field == "function" and self.while_made(use, depth - 1) for use in uses
        )

    def one_of(self, node: Node) -> str:
        """The class that a node lies in; empty outside classes."""
        return class_name(class_around(node))


def _self_call(node: Node, name: str) -> bool:
    target, property_ = node.child("object"), node.child("property")
    return bool(target and target.kind == "this" and property_ and property_.text == name)


def escapes(function: Node, source: Source) -> bool:
    """Whether a function outlives the function that it is written in: returned, or registered as a handler."""
    outer = next((above for above in function.up() if above.kind in FUNCTIONS), None)
    if outer is None or not _factory(outer):
        return False
    node = function
    for above in function.up():
        if above is outer:
            return outer.kind == "arrow_function" and node.field == "body"
        if above.kind == "return_statement":
            return True
        if above.kind == "arguments":
            return above.parent is not None and _handles(above.parent, function)
        if above.kind == "variable_declarator" or above.kind == "function_declaration":
            break
        node = above
    name = function_name(function)
    return bool(name) and any(_handed_out(use, outer) for use in source.scopes.references.get(name, []))


def _factory(outer: Node) -> bool:
    """Whether a function is one by name, and no handler itself."""
    inline = outer.parent is not None and outer.parent.kind == "arguments"
    return not inline and not _parameters(outer) & _HANDLED


_HANDLED = listed("req request ctx context socket ws res reply job message next event")
_REGISTERS = listed("get post put patch delete use on all ws route handle subscribe process add hook command")


def _parameters(function: Node) -> set[str]:
    given = function.child("parameters") or function.child("parameter")
    return {node.text for node in given.walk() if node.kind == "identifier"} if given is not None else set()


def _handles(call: Node, function: Node) -> bool:
    method = callee(call).rpartition(".")[2]
    return (method in _REGISTERS and bool(_parameters(function) & _HANDLED)) or (
        method.lower().endswith("handler") and bool(_parameters(function) & _HANDLED)
    )


def _handed_out(use: Node, outer: Node) -> bool:
    if not use.within(outer):
        return False
    for above in use.up():
        if above is outer:
            return False
        if above.kind == "return_statement":
            return True
        if above.kind == "arguments" and above.parent is not None:
            method = callee(above.parent).rpartition(".")[2]
            return method in _REGISTERS and use in arguments(above.parent)
        if above.kind in ("call_expression", "statement_block"):
            return False
    return False
