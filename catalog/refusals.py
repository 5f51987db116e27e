"""What components refuse, read from the rules themselves: every `Refusal` that a constructor can come to.

The rules are functions that yield refusals. They are followed from a component's constructor through the calls in their
source. Names of settings and cures are taken as they are written; what only a value decides is shown as `{name}`.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import FunctionType
from typing import Any

from components.errors import Refusal
from components.guards import guarded

_PACKAGE = "components."
_ANYTHING = "{…}"


@dataclass(frozen=True)
class Rule:
    """One refusal that is possible.

    Attributes:
        setting: The argument, dotted where it is nested.
        cure: What would be right, and why; empty where the message is another function's.
    """

    setting: str
    cure: str


@dataclass(frozen=True)
class _Place:
    """Where an expression stands: its module, and what its names are bound to."""

    module: str
    bound: Mapping[str, tuple[ast.expr, _Place]] = field(default_factory=dict)

    @property
    def globals(self) -> dict[str, Any]:
        return vars(sys.modules[self.module])


def of_component(cls: type) -> tuple[Rule, ...]:
    """What a component's constructor refuses, each once, in the order of the source."""
    place = _Place(cls.__module__)
    found = _followed(_source(cls.__dict__["__init__"]), place, cls, ())
    return tuple(dict.fromkeys(found))


def of_updates(cls: type) -> tuple[str, ...]:
    """Which updates of what a component made are refused, and what to do instead."""
    place = _Place(cls.__module__)
    found: dict[str, None] = {}
    for node in ast.walk(_source(cls)):
        if isinstance(node, ast.Call) and _called(node.func, place, cls) is guarded:
            for judge in _judges(node.args[2], place):
                found.update(dict.fromkeys(_reasons(judge)))
    return tuple(found)


@cache
def _source(thing: Any) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]


def _followed(node: ast.AST, place: _Place, cls: type | None, through: tuple[object, ...]) -> Iterator[Rule]:
    place = _Place(place.module, {**_locals(node, place), **place.bound})
    for call in _calls(node):
        called = _called(call.func, place, cls)
        if called is Refusal:
            setting, _, cure = call.args
            # What passes another one on says nothing of its own.
            if not (isinstance(cure, ast.Attribute) and cure.attr == "cure"):
                yield Rule(_text(setting, place), "" if isinstance(cure, ast.Call) else _text(cure, place))
        elif isinstance(called, FunctionType) and called.__module__.startswith(_PACKAGE) and called not in through:
            inner = _Place(called.__module__, _bound(called, call, place))
            yield from _followed(_source(called), inner, cls, (*through, called))


def _locals(node: ast.AST, place: _Place) -> dict[str, tuple[ast.expr, _Place]]:
    """Names that a function gives to texts."""
    return {
        each.targets[0].id: (each.value, place)
        for each in ast.walk(node)
        if isinstance(each, ast.Assign)
        and isinstance(each.targets[0], ast.Name)
        and isinstance(each.value, ast.Constant | ast.JoinedStr)
    }


def _calls(node: ast.AST) -> list[ast.Call]:
    """The calls below a node, in the order of the source."""
    calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    return sorted(calls, key=lambda each: (each.lineno, each.col_offset))


def _called(function: ast.expr, place: _Place, cls: type | None) -> object:
    """What a call calls, as far as names tell."""
    match function:
        case ast.Name(name):
            return place.globals.get(name)
        case ast.Attribute(ast.Name("self"), name):
            return inspect.getattr_static(cls, name, None) if cls else None
        case ast.Attribute(ast.Name(module), name):
            return getattr(place.globals.get(module), name, None)
    return None


def _bound(function: FunctionType, call: ast.Call, place: _Place) -> dict[str, tuple[ast.expr, _Place]]:
    """What a function's parameters are bound to in a call; defaults where nothing is given."""
    definition = _source(function)
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        return {}
    parameters = definition.args
    here = _Place(function.__module__)
    found: dict[str, tuple[ast.expr, _Place]] = {}
    for parameter, default in zip(reversed(parameters.args), reversed(parameters.defaults), strict=False):
        found[parameter.arg] = (default, here)
    for parameter, written in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
        if written is not None:
            found[parameter.arg] = (written, here)
    values = [value for argument in call.args for value in _spread(argument, place)]
    found.update(zip((each.arg for each in parameters.args), values, strict=False))
    found.update({each.arg: (each.value, place) for each in call.keywords if each.arg})
    return found


def _spread(argument: ast.expr, place: _Place) -> Iterator[tuple[ast.expr, _Place]]:
    """An argument, or the items of one with a star."""
    if not isinstance(argument, ast.Starred):
        yield argument, place
        return
    value, where = _looked_up(argument.value, place)
    if isinstance(value, ast.Tuple | ast.List):
        yield from ((item, where) for item in value.elts)


def _looked_up(value: ast.expr, place: _Place) -> tuple[ast.expr, _Place]:
    match value:
        case ast.Name(name) if name in place.bound:
            return _looked_up(*place.bound[name])
        case ast.Subscript(whole, ast.Constant(int(index))):
            found, where = _looked_up(whole, place)
            if isinstance(found, ast.Tuple):
                return _looked_up(found.elts[index], where)
    return value, place


def _text(value: ast.expr, place: _Place) -> str:
    """A text as the source has it, with what is not known as `{name}`."""
    value, place = _looked_up(value, place)
    match value:
        case ast.Constant(known):
            return str(known)
        case ast.JoinedStr(pieces):
            return "".join(_text(piece, place) for piece in pieces)
        case ast.FormattedValue(inner):
            return _text(inner, place)
    try:
        return str(eval(compile(ast.Expression(value), "<rule>", "eval"), dict(place.globals), {}))
    except (NameError, AttributeError):
        return f"{{{_named(value, place)}}}"


def _named(value: ast.expr, place: _Place) -> str:
    """What to call a value that is not known: by its name, or by what it is made from."""
    match value:
        case ast.Name(name) | ast.Attribute(_, name):
            return name
        case ast.Call(ast.Name(function)) if function in place.globals:
            return function.strip("_")
        case ast.Subscript(inner) | ast.Call(_, [*_, inner]):
            return _named(inner, place)
        case ast.BinOp(left, ast.Add(), right):
            return " + ".join(_text(each, place).strip("{}") for each in (left, right))
    return _ANYTHING[1:-1]


def _judges(judge: ast.expr, place: _Place) -> Iterator[FunctionType]:
    """The functions that a guard asks: itself, or what its `__call__` calls."""
    name = judge.func if isinstance(judge, ast.Call) else judge
    found = _called(name, place, None)
    if isinstance(found, FunctionType):
        yield found
    elif isinstance(found, type) and found.__module__.startswith(_PACKAGE):
        inside = _Place(found.__module__)
        for call in _calls(_source(found)):
            called = _called(call.func, inside, found)
            if isinstance(called, FunctionType) and called.__module__.startswith(_PACKAGE):
                yield called


def _reasons(judge: FunctionType) -> Iterator[str]:
    place = _Place(judge.__module__)
    for node in ast.walk(_source(judge)):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant | ast.JoinedStr):
            text = _text(node.value, place)
            if text != "None":
                yield text
