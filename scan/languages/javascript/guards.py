"""Under which conditions code runs: only without Redis, only outside production."""

from __future__ import annotations

from scan.languages.javascript.scopes import Scopes
from scan.languages.javascript.shapes import FUNCTIONS, bare, callee, tokens
from scan.model import Trait
from scan.syntax import Node
from scan.vocabulary import DEVELOPMENT, PRODUCTION, REDIS, names_redis

_NEGATIONS = frozenset({"==", "===", "!==", "!="})
_ENDS = frozenset({"return_statement", "throw_statement"})


class Guards:
    """What surrounds a node in one file."""

    def __init__(self, root: Node, scopes: Scopes) -> None:
        self._clients = {name for name, known in scopes.imports.items() if names_redis(known.module)}
        for node in root.walk():
            if node.kind in ("variable_declarator", "public_field_definition", "field_definition"):
                name, value = node.child("name") or node.child("property"), node.child("value")
                kind = node.child("type")
                made = value is not None and value.kind in ("new_expression", "call_expression", "await_expression")
                if name is not None and ((made and value and self.about_redis(value)) or (kind and _redis(kind))):
                    self._clients.add(name.text)

    def about_redis(self, node: Node | None) -> bool:
        """Whether an expression speaks of Redis, or of a variable that holds its client."""
        if node is None:
            return False
        return _redis(node) or any(
            below.text in self._clients
            for below in node.walk()
            if below.kind in ("identifier", "property_identifier", "private_property_identifier")
        )

    def traits(self, node: Node) -> frozenset[Trait]:
        """What the conditions around a node, and those it got past, say."""
        found: set[Trait] = set()
        below = node
        for above in node.up():
            if above.kind == "if_statement" and below.field in ("consequence", "alternative"):
                found |= self._branch(above.child("condition"), below.field == "consequence")
            elif above.kind == "ternary_expression" and below.field in ("consequence", "alternative"):
                found |= self._branch(above.child("condition"), below.field == "consequence")
                other = above.child("alternative" if below.field == "consequence" else "consequence")
                if self.about_redis(other):
                    found.add(Trait.FALLBACK)
            elif above.kind == "binary_expression" and below.field == "right":
                operator = above.child("operator")
                if operator is not None and operator.text in ("??", "||") and self.about_redis(above.child("left")):
                    found.add(Trait.FALLBACK)
            elif above.kind == "catch_clause" and above.parent is not None:
                if self.about_redis(above.parent.child("body")):
                    found.add(Trait.FALLBACK)
            elif above.kind == "arguments" and above.parent is not None:
                function = above.parent.child("function")
                if callee(above.parent).endswith(".catch") and function and self.about_redis(function.child("object")):
                    found.add(Trait.FALLBACK)
            elif above.kind in ("statement_block", "program"):
                found |= self._passed(above, below)
            below = above
            if above.kind in FUNCTIONS and above.kind != "arrow_function":
                break
        return frozenset(found)

    def _passed(self, block: Node, statement: Node) -> set[Trait]:
        """What is known because an earlier `if` of the same block would have ended the function."""
        found: set[Trait] = set()
        for sibling in block.children:
            if sibling is statement:
                break
            consequence = sibling.child("consequence") if sibling.kind == "if_statement" else None
            if consequence is not None and _ends(consequence):
                found |= self._branch(sibling.child("condition"), False)
        return found

    def _branch(self, condition: Node | None, holds: bool) -> set[Trait]:
        test = bare(condition)
        found: set[Trait] = set()
        if test is None:
            return found
        negated = _negated(test)
        if self.about_redis(test) and negated == holds:
            found.add(Trait.FALLBACK)
        known = tokens(test)
        if known & PRODUCTION and negated == holds:
            found.add(Trait.DEVELOPMENT)
        if known & DEVELOPMENT and not known & PRODUCTION and negated != holds:
            found.add(Trait.DEVELOPMENT)
        return found


def _redis(node: Node) -> bool:
    return bool(tokens(node) & REDIS)


def _negated(test: Node) -> bool:
    """Whether a test asks for absence: `!x`, `x === null`, `x !== "ready"`; of `a && b` the first operand decides."""
    negated = False
    node: Node | None = test
    while node is not None:
        operator = node.child("operator")
        sign = operator.text if operator is not None else ""
        if node.kind == "unary_expression" and sign == "!":
            negated = not negated
            node = bare(node.child("argument"))
        elif node.kind == "binary_expression" and sign in _NEGATIONS:
            right = node.child("right")
            empty = right is not None and right.text in ("null", "undefined", "false", "0", "''", '""')
            return negated != (empty == (sign in ("==", "===")))
        elif node.kind == "binary_expression" and sign in ("&&", "||"):
            node = bare(node.child("left"))
        else:
            return negated
    return negated


def _ends(consequence: Node) -> bool:
    if consequence.kind in _ENDS:
        return True
    return bool(consequence.named) and consequence.named[-1].kind in _ENDS
