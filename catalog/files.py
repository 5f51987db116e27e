"""The files that follow from the components, and which of them are out of date."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from catalog import schema
from catalog.index import index
from catalog.model import find
from catalog.pages import page
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
        SCHEMA: schema.text(),
    }


def stale(root: Path = ROOT) -> list[str]:
    """The files whose content is another, that are missing, or that nothing generates any more."""
    wanted = generated()
    there = {str(path.relative_to(root)) for path in (root / REFERENCE).glob("*.md")}
    return sorted({name for name, content in wanted.items() if not _is(root / name, content)} | (there - wanted.keys()))


def _is(path: Path, content: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == content


def examples(root: Path = ROOT) -> Mapping[str, str]:
    """For each component, the example program that shows it: the one that uses the fewest others beside it."""
    found: dict[str, tuple[int, str]] = {}
    known = {each.name for each in find()}
    for program in sorted((root / "examples").glob("*/__main__.py")):
        used = {
            node.func.id
            for node in ast.walk(ast.parse(program.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known
        }
        for name in used:
            candidate = (len(used), f"../../examples/{program.parent.name}/__main__.py")
            found[name] = min(found.get(name, candidate), candidate)
    return {name: path for name, (_, path) in sorted(found.items())}
