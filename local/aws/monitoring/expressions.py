"""Metric math: the expressions that alarms and graphs compute from metrics.

Numbers, names of other queries, `+ - * / ^`, comparisons, `AND`, `OR`, lists, and the functions ABS, AVG, FILL, IF,
MAX, MIN and SUM, as CloudWatch User Guide, Using metric math, has them. Whatever else it has is refused by name.

A time series is a list with a value for each period, None where there is none. An operation on series has a value
where both sides have one; a division by zero has none.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Value = float | None
Series = list[Value]
Operand = float | Series | list[Series]
"""What a part of an expression comes to: a number, a series, or an array of series."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<mark><=|>=|==|!=|&&|\|\||[-+*/^()\[\],<>]))"
)
_WORDS = {"AND": "&&", "OR": "||"}

_BINARY: Mapping[str, Callable[[float, float], float]] = {
    "||": lambda a, b: float(bool(a) or bool(b)),
    "&&": lambda a, b: float(bool(a) and bool(b)),
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
}
_LEVELS: Sequence[frozenset[str]] = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"<", ">", "<=", ">=", "==", "!="}),
    frozenset({"+", "-"}),
    frozenset({"*", "/"}),
    frozenset({"^"}),
)
"""Operators, the loosest first."""

_REDUCING: Mapping[str, Callable[[list[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "MAX": max,
    "MIN": min,
    "SUM": sum,
}


class Unsupported(Exception):
    """The local platform cannot compute the expression; the message says which part of it."""


@dataclass(frozen=True)
class _Node:
    """A part of an expression: what it does, to which parts; a number or a name as `value`."""

    kind: str
    value: str = ""
    parts: tuple[_Node, ...] = ()


def evaluate(expression: str, series: Callable[[str], Series], length: int) -> Series:
    """The series that the expression comes to.

    Args:
        expression: Metric math.
        series: The series of another query, by its ID; raises LookupError if there is none.
        length: Number of periods.

    Raises:
        Unsupported: it cannot be computed here.
    """
    result = _Evaluation(series, length).of(_parse(expression))
    if isinstance(result, float):
        return [result] * length
    if _is_array(result):
        raise Unsupported(f"an expression with more than one result: {expression}")
    return _series(result)


def references(expression: str) -> frozenset[str]:
    """IDs of the queries that the expression is computed from.

    Raises:
        Unsupported: it cannot be computed here.
    """

    def named(node: _Node) -> frozenset[str]:
        own = {node.value} if node.kind == "name" else set()
        return frozenset(own).union(*(named(part) for part in node.parts))

    return named(_parse(expression))


class _Evaluation:
    def __init__(self, series: Callable[[str], Series], length: int) -> None:
        self._series = series
        self._length = length

    def of(self, node: _Node) -> Operand:
        if node.kind == "number":
            return float(node.value)
        if node.kind == "name":
            try:
                return self._series(node.value)
            except LookupError:
                raise Unsupported(f"no query has the ID {node.value!r}") from None
        if node.kind == "list":
            return [self._as_series(self.of(part)) for part in node.parts]
        if node.kind == "negative":
            return _each(operator.neg, self.of(node.parts[0]))
        if node.kind == "call":
            return self._call(node)
        left, right = (self.of(part) for part in node.parts)
        return _each(_guarded(_BINARY[node.kind]), left, right)

    def _call(self, node: _Node) -> Operand:
        name, given = node.value, node.parts
        if name in _REDUCING and len(given) == 1:
            return _reduce(_REDUCING[name], self.of(given[0]))
        if name == "ABS" and len(given) == 1:
            return _each(abs, self.of(given[0]))
        if name == "IF" and len(given) in (2, 3):
            chosen = [self._as_series(self.of(part)) for part in given]
            return _choose(*chosen, *([] if len(given) == 3 else [[None] * self._length]))
        if name == "FILL" and len(given) == 2:
            return self._fill(self._as_series(self.of(given[0])), given[1])
        raise Unsupported(f"the function {name} with {len(given)} arguments")

    def _fill(self, series: Series, filler: _Node) -> Series:
        if filler.kind == "name" and filler.value == "REPEAT":
            filled: Series = []
            for value in series:
                filled.append(value if value is not None or not filled else filled[-1])
            return filled
        if filler.kind == "name" and filler.value == "LINEAR":
            raise Unsupported("FILL with LINEAR")
        values = self._as_series(self.of(filler))
        return [value if value is not None else other for value, other in zip(series, values, strict=True)]

    def _as_series(self, operand: Operand) -> Series:
        if isinstance(operand, float):
            return [operand] * self._length
        if _is_array(operand):
            raise Unsupported("an array where a single series is needed")
        return _series(operand)


def _is_array(operand: Operand) -> bool:
    return isinstance(operand, list) and bool(operand) and isinstance(operand[0], list)


def _series(operand: Operand) -> Series:
    assert isinstance(operand, list)
    return [value for value in operand if not isinstance(value, list)]


def _guarded(function: Callable[[float, float], float]) -> Callable[[float, float], Value]:
    def applied(left: float, right: float) -> Value:
        try:
            return float(function(left, right))
        except (ZeroDivisionError, OverflowError, ValueError):
            return None

    return applied


def _each(function: Callable[..., Value], *operands: Operand) -> Operand:
    """Apply it period by period; numbers stay numbers."""
    if any(_is_array(operand) for operand in operands):
        raise Unsupported("arithmetic on an array")
    lengths = {len(operand) for operand in operands if isinstance(operand, list)}
    if not lengths:
        result = function(*operands)
        if result is None:
            raise Unsupported("a number that does not exist, such as 1 / 0")
        return float(result)
    length = lengths.pop()
    columns = [_series(each) if isinstance(each, list) else [each] * length for each in operands]
    return [None if None in values else function(*values) for values in zip(*columns, strict=True)]


def _reduce(function: Callable[[list[float]], float], operand: Operand) -> Operand:
    """Of an array: period by period over the series that have a value; of a series: one number."""
    if isinstance(operand, float):
        return operand
    if _is_array(operand):
        rows = zip(*(each for each in operand if isinstance(each, list)), strict=True)
        present = [[value for value in row if value is not None] for row in rows]
        return [float(function(values)) if values else None for values in present]
    known = [value for value in _series(operand) if value is not None]
    if not known:
        return _series(operand)
    return float(function(known))


def _choose(condition: Series, then: Series, otherwise: Series) -> Series:
    rows = zip(condition, then, otherwise, strict=True)
    return [None if asked is None else (yes if asked else no) for asked, yes, no in rows]


def _parse(expression: str) -> _Node:
    tokens = _tokens(expression)
    node = _operation(tokens, 0)
    if tokens:
        raise Unsupported(f"{tokens[0]!r} in the expression {expression}")
    return node


def _tokens(expression: str) -> list[str]:
    found: list[str] = []
    place, text = 0, expression.rstrip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise Unsupported(f"{text[place:].strip()[:20]!r} in the expression {expression}")
        place = token.end()
        word = token[token.lastgroup or 0]
        found.append(_WORDS.get(word, word))
    return found


def _operation(tokens: list[str], level: int) -> _Node:
    if level == len(_LEVELS):
        return _operand(tokens)
    node = _operation(tokens, level + 1)
    while tokens and tokens[0] in _LEVELS[level]:
        kind = tokens.pop(0)
        node = _Node(kind, parts=(node, _operation(tokens, level + 1)))
    return node


def _operand(tokens: list[str]) -> _Node:
    if not tokens:
        raise Unsupported("an expression that ends too early")
    token = tokens.pop(0)
    if token == "-":
        return _Node("negative", parts=(_operation(tokens, len(_LEVELS) - 1),))
    if token == "(":
        node = _operation(tokens, 0)
        _expect(tokens, ")")
        return node
    if token == "[":
        return _Node("list", parts=_arguments(tokens, "]"))
    if token[0].isdigit() or token[0] == ".":
        return _Node("number", token)
    if not (token[0].isalpha() or token[0] == "_"):
        raise Unsupported(f"{token!r} where a value is needed")
    if tokens and tokens[0] == "(":
        tokens.pop(0)
        return _Node("call", token, _arguments(tokens, ")"))
    return _Node("name", token)


def _arguments(tokens: list[str], end: str) -> tuple[_Node, ...]:
    parts: list[_Node] = []
    while tokens and tokens[0] != end:
        parts.append(_operation(tokens, 0))
        if tokens and tokens[0] == ",":
            tokens.pop(0)
    _expect(tokens, end)
    return tuple(parts)


def _expect(tokens: list[str], mark: str) -> None:
    if not tokens or tokens.pop(0) != mark:
        raise Unsupported(f"an expression without its {mark!r}")
