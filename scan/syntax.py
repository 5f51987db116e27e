"""Syntax trees: tree-sitter's, made plain enough to look up, down and sideways cheaply."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

import tree_sitter_elixir
import tree_sitter_javascript
import tree_sitter_python
import tree_sitter_typescript
from tree_sitter import Language, Parser

GRAMMARS: Final = {
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".py": "python",
    ".ex": "elixir",
    ".exs": "elixir",
}
"""File name ending to grammar."""

MAX_NODES: Final = 200_000
"""More nodes than this and a file is not looked at: some 20,000 lines of code."""

MAX_DEPTH: Final = 500
"""Deeper trees are generated, or no code at all. Looking upwards costs as much as the tree is deep."""


class TooLarge(Exception):
    """The tree has more than `MAX_NODES` nodes, or is deeper than `MAX_DEPTH`."""


class Node:
    """A named node, a keyword, or an operator with a role, of a syntax tree.

    Attributes:
        kind: The grammar's name for it.
        field: Its role in its parent; empty when the grammar gives none.
        parent: `None` for the root.
        children: In the order of the source.
        line: Where it starts, counted from 1.
        token: Whether it is a keyword or an operator.
    """

    __slots__ = (
        "_first",
        "_last",
        "_order",
        "_source",
        "children",
        "end",
        "field",
        "kind",
        "line",
        "parent",
        "start",
        "token",
    )

    def __init__(
        self, kind: str, field: str, parent: Node | None, span: tuple[int, int, int], source: bytes, token: bool
    ) -> None:
        self.kind = kind
        self.field = field
        self.parent = parent
        self.children: list[Node] = []
        self.start, self.end, self.line = span
        self.token = token
        self._source = source
        self._order: list[Node] = parent._order if parent is not None else []
        self._first = len(self._order)
        self._last = self._first + 1
        self._order.append(self)

    @property
    def text(self) -> str:
        """Its source text."""
        return self._source[self.start : self.end].decode("utf-8", "replace")

    @property
    def named(self) -> list[Node]:
        """Children other than keywords, operators and comments."""
        return [child for child in self.children if child.kind != "comment" and not child.token]

    def child(self, field: str) -> Node | None:
        """The first child with this role."""
        return next((child for child in self.children if child.field == field), None)

    def has(self, kind: str) -> bool:
        """Whether a child is of this kind."""
        return any(child.kind == kind for child in self.children)

    def first(self, *kinds: str) -> Node | None:
        """The first child of one of these kinds."""
        return next((child for child in self.children if child.kind in kinds), None)

    def walk(self) -> Iterator[Node]:
        """It and everything under it, in the order of the source."""
        return iter(self._order[self._first : self._last])

    def up(self) -> Iterator[Node]:
        """Its parent, the parent's parent and so on."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def within(self, other: Node) -> bool:
        """Whether it is the other or lies under it, in the same tree."""
        return other._first <= self._first < other._last

    def _close(self) -> None:
        """Everything under it has been made."""
        self._last = len(self._order)


def parse(source: bytes, grammar: str) -> tuple[Node, list[int]]:
    """The tree of a source text, and the lines where it is not of the language.

    Raises:
        TooLarge: The tree has more than `MAX_NODES` nodes, or is deeper than `MAX_DEPTH`.
    """
    cursor = _parser(grammar).parse(source).walk()
    root: Node | None = None
    parents: list[Node | None] = [None]
    broken: list[int] = []
    count = 0
    while True:
        raw = cursor.node
        assert raw is not None  # a cursor always stands on a node
        parent = parents[-1]
        made = parent
        if raw.is_error or raw.is_missing:
            broken.append(raw.start_point.row + 1)
        if raw.is_named or cursor.field_name or raw.type.isalpha():
            count += 1
            if count > MAX_NODES or len(parents) > MAX_DEPTH:
                raise TooLarge
            span = (raw.start_byte, raw.end_byte, raw.start_point.row + 1)
            made = Node(raw.type, cursor.field_name or "", parent, span, source, not raw.is_named)
            if parent is None:
                root = made
            else:
                parent.children.append(made)
        if cursor.goto_first_child():
            parents.append(made)
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                assert root is not None  # the root is a named node
                root._close()
                return root, broken
            closed = parents.pop()
            if closed is not None:
                closed._close()


@cache
def _parser(grammar: str) -> Parser:
    pointer = {
        "javascript": tree_sitter_javascript.language,
        "typescript": tree_sitter_typescript.language_typescript,
        "tsx": tree_sitter_typescript.language_tsx,
        "python": tree_sitter_python.language,
        "elixir": tree_sitter_elixir.language,
    }[grammar]
    return Parser(Language(pointer()))
