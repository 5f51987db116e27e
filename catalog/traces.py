"""Where an input goes: the property of a resource that it ends in, and with it the provider's own documentation."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache

from components import aws
from components.lean import to_camel


@cache
def of_module(module: str) -> Mapping[str, tuple[str, ...]]:
    """For each argument, the properties that it decides, for example `ReplicationGroup.nodeType`."""
    found: dict[str, list[str]] = {}
    for argument, target in _written(ast.parse(inspect.getsource(sys.modules[module]))):
        targets = found.setdefault(argument, [])
        if target not in targets:
            targets.append(target)
    return {argument: tuple(targets) for argument, targets in found.items()}


def _written(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(ast.Name("aws"), kind), _, keywords) if kind in aws.__all__:
                for keyword in keywords:
                    if keyword.arg and keyword.arg != "tags":
                        yield from ((each, f"{kind}.{to_camel(keyword.arg)}") for each in _arguments(keyword.value))


def _arguments(value: ast.expr) -> Iterator[str]:
    """The arguments that decide a value: as they are, as a list, or by a condition or a sum."""
    match value:
        case ast.Attribute(ast.Name("args") | ast.Attribute(ast.Name("self"), "_args"), name):
            yield name
        case ast.Call(ast.Name("list" | "dict"), [inner]) | ast.Compare(inner) | ast.BinOp(inner, _, ast.Constant()):
            yield from _arguments(inner)
        case ast.IfExp(_, first, second) | ast.BoolOp(_, [first, second]):
            yield from _arguments(first)
            yield from _arguments(second)
