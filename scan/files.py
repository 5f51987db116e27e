"""Which files of a tree are judged, and which service each belongs to."""

from __future__ import annotations

import json
import os
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from scan.model import Note
from scan.syntax import GRAMMARS, parse
from scan.vocabulary import TESTS
from scan.words import listed

IGNORED: Final = listed(
    "node_modules dist build out vendor deps _build .venv venv site-packages __pycache__ .git .next .nuxt .output "
    "coverage bower_components .tox .mypy_cache .ruff_cache .pytest_cache .turbo .cache target .svelte-kit"
)
"""Folders of what is installed or built."""

MANIFESTS: Final = ("package.json", "pyproject.toml", "mix.exs")
"""A folder with one of these is a service."""

MAX_BYTES: Final = 500_000
"""Larger files are data or generated code."""

_LONG_LINE: Final = 2_000
_TEST_NAMES: Final = (".test.", ".spec.", ".stories.", ".d.ts", ".d.mts", ".config.")


@dataclass(frozen=True)
class Candidate:
    """A source file to read.

    Attributes:
        path: From the root of the scan.
        real: Where it is.
        service: Folder of the service that it belongs to, from the root of the scan.
    """

    path: PurePosixPath
    real: Path
    service: PurePosixPath


@dataclass
class Found:
    """What a walk came across; `skipped` counts files left out by reason."""

    candidates: list[Candidate] = field(default_factory=list)
    services: dict[PurePosixPath, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def find(root: Path, starts: list[Path], *, tests: bool = False) -> Found:
    """All source files under some folders, each once, whatever links lead to it.

    Args:
        root: What paths are given from: the deepest folder that holds all starts.
        starts: Files and folders.
        tests: Judge tests as well.
    """
    found = Found()
    seen: set[Path] = set()
    for start in starts:
        home = _home(start, root)
        if start.is_file():
            _take(start, root, home, found, seen, tests=True)
            continue
        for folder, service, names in _folders(start, root, home, found):
            for name in sorted(names):
                _take(folder / name, root, service, found, seen, tests=tests)
    for service in {candidate.service for candidate in found.candidates}:
        found.services[service] = service_name(root / service)
    return found


def _home(start: Path, root: Path) -> PurePosixPath:
    """The service that a start lies in: the nearest folder with a manifest, up to the root of the scan."""
    for folder in [start, *start.parents]:
        if not folder.is_relative_to(root):
            break
        if any((folder / name).is_file() for name in MANIFESTS):
            return PurePosixPath(folder.relative_to(root))
    return PurePosixPath(".")


def _folders(
    start: Path, root: Path, home: PurePosixPath, found: Found
) -> Iterator[tuple[Path, PurePosixPath, list[str]]]:
    services = {start: home}

    def unreadable(error: OSError) -> None:
        found.notes.append(Note(_relative(Path(str(error.filename)), root), f"not read: {error.strerror}"))

    for folder, below, names in os.walk(start, onerror=unreadable, followlinks=False):
        here = Path(folder)
        service = services.get(here, home)
        if here != start and any(name in names for name in MANIFESTS):
            service = _relative(here, root)
        below[:] = sorted(name for name in below if name not in IGNORED and not (here / name).is_symlink())
        services.update({here / name: service for name in below})
        yield here, service, names


def _take(path: Path, root: Path, service: PurePosixPath, found: Found, seen: set[Path], *, tests: bool) -> None:
    if path.suffix not in GRAMMARS:
        return
    relative = _relative(path, root)
    reason = "" if tests else _outside(relative, service)
    if reason:
        found.skipped[reason] += 1
        return
    real = Path(os.path.realpath(path))
    if real in seen:
        found.skipped["links to files already read"] += 1
        return
    seen.add(real)
    found.candidates.append(Candidate(relative, path, service))


def _outside(path: PurePosixPath, service: PurePosixPath) -> str:
    """Why a file is no part of the running service; empty when it is."""
    inner = path.parts[len(service.parts) :] if path.is_relative_to(service) else path.parts
    name = path.name
    if set(inner[:-1]) & TESTS or any(mark in name for mark in _TEST_NAMES[:3]):
        return "tests"
    if (
        name.startswith("test_")
        or name in ("conftest.py", "test_helper.exs")
        or name.endswith(("_test.py", "_test.exs"))
    ):
        return "tests"
    if any(mark in name for mark in _TEST_NAMES[3:]) or name == "mix.exs":
        return "declarations and build settings"
    return ""


def read(candidate: Candidate) -> bytes | str:
    """A file's bytes, or why it is not judged."""
    try:
        if not candidate.real.is_file():
            return "not read: no regular file"
        size = candidate.real.stat().st_size
        if size > MAX_BYTES:
            return f"skipped: {size:,} bytes, over {MAX_BYTES:,}; data or generated code"
        content = candidate.real.read_bytes()
    except OSError as error:
        return f"not read: {error.strerror}"
    if b"\0" in content:
        return "skipped: binary"
    longest = max(map(len, content.split(b"\n")), default=0)
    if longest > _LONG_LINE and longest * 2 > len(content):
        return "skipped: minified"
    return content


def service_name(folder: Path) -> str:
    """What a service's manifest calls it, without an npm scope; else the folder's name."""
    for manifest in MANIFESTS:
        try:
            name = _declared(folder / manifest)
        except (OSError, ValueError):
            continue
        if name:
            return name.rpartition("/")[2]
    return folder.resolve().name


def _declared(manifest: Path) -> str:
    if manifest.name == "mix.exs":
        root, _ = parse(manifest.read_bytes(), "elixir")
        for pair in (node for node in root.walk() if node.kind == "pair"):
            key, value = pair.child("key"), pair.child("value")
            if key is not None and value is not None and key.text.strip() == "app:" and value.kind == "atom":
                return value.text.lstrip(":")
        return ""
    text = manifest.read_text("utf-8")
    data = json.loads(text) if manifest.suffix == ".json" else tomllib.loads(text).get("project", {})
    name = data.get("name", "") if isinstance(data, dict) else ""
    return name if isinstance(name, str) else ""


def _relative(path: Path, root: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(root)) if path.is_relative_to(root) else PurePosixPath(path)
