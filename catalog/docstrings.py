"""Docstrings as data: the summary of a class, and what its `Attributes:` say of each name."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

_SECTION = re.compile(r"^(Attributes|Args|Raises|Returns):$")
_ENTRY = re.compile(r"^    (\w+): (.*)$")


def summary(thing: object) -> str:
    """Everything before the first section, as paragraphs."""
    kept: list[str] = []
    for line in _lines(thing):
        if _SECTION.match(line):
            break
        kept.append(line)
    paragraphs = "\n".join(kept).strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def entries(thing: object, section: str = "Attributes") -> Mapping[str, str]:
    """The meaning of each name in a section."""
    found: dict[str, str] = {}
    name, inside = "", False
    for line in _lines(thing):
        if _SECTION.match(line):
            inside = line == f"{section}:"
        elif not inside:
            continue
        elif entry := _ENTRY.match(line):
            name = entry[1]
            found[name] = entry[2].strip()
        elif name and line.strip():
            found[name] = f"{found[name]} {line.strip()}"
    return found


def _lines(thing: object) -> list[str]:
    return (inspect.getdoc(thing) or "").splitlines()


@cache
def _constants(module: str) -> Mapping[str, str]:
    """The text below each assignment of a module."""
    body = ast.parse(inspect.getsource(sys.modules[module])).body
    found: dict[str, str] = {}
    for statement, following in pairwise(body):
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            continue
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        text = following.value if isinstance(following, ast.Expr) else None
        if isinstance(target, ast.Name) and isinstance(text, ast.Constant) and isinstance(text.value, str):
            found[target.id] = " ".join(text.value.split())
    return found


def of_constant(module: str, name: str) -> str:
    """What stands below the assignment of a name, where it was first made; empty if nothing does."""
    seen: set[str] = set()
    while module not in seen:
        seen.add(module)
        if text := _constants(module).get(name):
            return text
        module = _imported_from(module, name) or module
    return ""


@cache
def _imported_from(module: str, name: str) -> str | None:
    for statement in ast.parse(inspect.getsource(sys.modules[module])).body:
        if isinstance(statement, ast.ImportFrom) and any(each.name == name for each in statement.names):
            return statement.module if statement.module in sys.modules else None
    return None
