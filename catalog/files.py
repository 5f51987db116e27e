"""The files that follow from the components and the rules, and which of them are out of date."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from catalog import rules, schema
from catalog.index import index
from catalog.model import find
from catalog.pages import Example, page
from catalog.settings_page import settings_page

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = "docs/reference"
SCHEMA = "provider/schema.json"


@cache
def generated() -> Mapping[str, str]:
    """The content of each file, by its path in the repository."""
    programs = examples()
    pages = {f"{REFERENCE}/{each.name}.md": page(each, programs) for each in find()}
    return {
        **pages,
        f"{REFERENCE}/README.md": index(),
        f"{REFERENCE}/settings.md": settings_page(),
        **rules.pages(),
        SCHEMA: schema.text(),
    }


def stale(root: Path = ROOT) -> list[str]:
    """The files whose content is another, that are missing, or that nothing generates any more."""
    wanted = generated()
    folders = (REFERENCE, rules.FOLDER)
    there = {str(path.relative_to(root)) for folder in folders for path in (root / folder).glob("*.md")}
    return sorted({name for name, content in wanted.items() if not _is(root / name, content)} | (there - wanted.keys()))


def _is(path: Path, content: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == content


def examples(root: Path = ROOT) -> Mapping[str, Example]:
    """For each component, the program that shows it.

    Of those that make it, the one that makes the fewest others beside it; for a part of another component that no
    program makes by itself, the program of the other one.
    """
    found: dict[str, tuple[int, Example]] = {}
    for program in sorted((root / "examples").glob("*/__main__.py")):
        used = _made(ast.parse(program.read_text(encoding="utf-8")))
        for name in used:
            candidate = (len(used), Example(f"../../examples/{program.parent.name}/__main__.py"))
            found[name] = min(found.get(name, candidate), candidate)
    direct = {name: example for name, (_, example) in found.items()}
    wholes = {each.name: _made(ast.parse(inspect.getsource(each.cls))) for each in find()}
    inside = {
        part: Example(direct[whole].path, whole)
        for whole, made in sorted(wholes.items())
        for part in made
        if whole in direct
    }
    return dict(sorted({**inside, **direct}.items()))


def _made(tree: ast.AST) -> set[str]:
    """The components that some code makes."""
    known = {each.name for each in find()}
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return calls & known
