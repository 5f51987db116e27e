"""One Elixir file, with what all its readers ask of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import PurePosixPath

from scan.facts import file_words
from scan.languages.elixir.shapes import (
    arguments,
    called,
    callee,
    calls,
    function_around,
    function_name,
    module_around,
    module_name,
    named,
    tokens,
)
from scan.model import Trait
from scan.syntax import Node
from scan.vocabulary import DEVELOPMENT, REDIS, SCRIPTS
from scan.words import words

STARTS = frozenset({"init", "start", "start_link", "application", "child_spec", "handle_continue", "create_table"})
"""Functions in which a process, or the application, begins."""


class Source:
    """A parsed file.

    Attributes:
        attributes: Module attributes with their values: `@table :sessions`.
    """

    def __init__(self, root: Node, path: PurePosixPath) -> None:
        self.root = root
        self.path = path
        self.attributes: dict[str, Node] = {}
        self._callers: dict[str, list[Node]] = {}
        for node in root.walk():
            if node.kind == "unary_operator" and named(node.child("operator")) == "@":
                operand = node.child("operand")
                if operand is not None and operand.kind == "call" and arguments(operand):
                    self.attributes[callee(operand)] = arguments(operand)[0]
            elif node.kind == "call":
                self._callers.setdefault(callee(node), []).append(node)
        self.file_traits = frozenset({Trait.SCRIPT}) if set(path.parts[:-1]) & SCRIPTS else frozenset()

    @cached_property
    def relayed(self) -> bool:
        """Whether the file listens to a broker."""
        return any(name.endswith(".subscribe") for name in called(self.root))

    def value(self, node: Node | None) -> str:
        """The text of an atom, an attribute's value, or a module's own name."""
        if node is None:
            return ""
        if node.kind == "unary_operator" and named(node.child("operator")) == "@":
            known = self.attributes.get(named(node.child("operand")))
            return self.value(known) if known is not None else node.text
        if node.text == "__MODULE__":
            return module_name(module_around(node))
        return node.text

    def around(self, node: Node, *more: frozenset[str]) -> tuple[frozenset[str], ...]:
        """Words around a node, nearest first, the file's name last."""
        names = [function_name(function_around(node)), module_name(module_around(node)).rpartition(".")[2]]
        return (*more, *(words(name) for name in names if name), file_words(self.path))

    def while_made(self, node: Node, depth: int = 3) -> bool:
        """Whether a node runs only while a process or the application starts."""
        function = function_around(node)
        if function is None:
            return True
        name = function_name(function)
        if name in STARTS:
            return True
        if depth == 0 or callee(function) != "defp":
            return False
        uses = [use for use in self._callers.get(name, []) if not _defines(use)]
        return bool(uses) and all(not use.within(function) and self.while_made(use, depth - 1) for use in uses)

    def traits(self, node: Node) -> frozenset[Trait]:
        """What the conditions around a node say: without Redis, only in development."""
        found: set[Trait] = set()
        below = node
        for above in node.up():
            if above.kind == "stab_clause":
                case = next((outer for outer in above.up() if outer.kind == "call"), None)
                about = case is not None and callee(case) in ("case", "with") and _asks_redis(case, self)
                left = above.child("left")
                if (
                    about
                    and left is not None
                    and {"error", "nil", "false"} & tokens(left) | ({left.text} & {"nil", "_"})
                ):
                    found.add(Trait.FALLBACK)
            elif above.kind in ("rescue_block", "catch_block") and above.parent is not None:
                if tokens(above.parent) & REDIS:
                    found.add(Trait.FALLBACK)
            elif above.kind == "call" and callee(above) in ("if", "unless"):
                found |= self._branch(above, below, node)
            below = above
            if above is function_around(node):
                break
        return frozenset(found)

    def _branch(self, call: Node, below: Node, node: Node) -> set[Trait]:
        test = next(iter(arguments(call)), None)
        if test is None or node.within(test):
            return set()
        other = any(above.kind == "else_block" for above in node.up() if above.within(call)) or _else_keyword(
            node, call
        )
        holds = other == (callee(call) == "unless")
        negated = named(test.child("operator")) in ("!", "not", "!=") or callee(test) == "is_nil"
        found: set[Trait] = set()
        if tokens(test) & REDIS and negated == holds:
            found.add(Trait.FALLBACK)
        if tokens(test) & DEVELOPMENT and negated != holds:
            found.add(Trait.DEVELOPMENT)
        return found


def _else_keyword(node: Node, call: Node) -> bool:
    return any(
        above.kind == "pair" and named(above.child("key")).strip() == "else:"
        for above in node.up()
        if above.within(call)
    )


def _asks_redis(case: Node, source: Source) -> bool:
    """Whether what a `case` or `with` asks is Redis: by the call itself, or by the function of this file it calls."""
    given = case.first("arguments")
    if given is None:
        return False
    if tokens(given) & REDIS:
        return True
    names = set(called(given))
    return any(
        function_name(one) in names and tokens(one) & REDIS
        for one in calls(source.root)
        if callee(one) in ("def", "defp")
    )


def _defines(use: Node) -> bool:
    """Whether a call is the head of a definition."""
    for above in use.up():
        if above.kind == "call":
            return callee(above) in ("def", "defp") and use.within(above.first("arguments") or above)
        if above.kind == "do_block":
            return False
    return False
