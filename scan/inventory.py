"""The scan: files read, put together service by service, graded, and excused where a comment says why."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

from scan.exempt import Comment, comments
from scan.facts import FileFacts
from scan.files import Candidate, Found, find, read
from scan.grading import grade
from scan.languages import elixir, javascript, python
from scan.linking import link
from scan.model import Finding, Inventory, Note, Service, Sighting
from scan.syntax import GRAMMARS, Node, TooLarge, parse

_READERS: dict[str, Callable[[Node, PurePosixPath], FileFacts]] = {
    "javascript": javascript.read,
    "typescript": javascript.read,
    "tsx": javascript.read,
    "python": python.read,
    "elixir": elixir.read,
}
_PARALLEL_FROM = 200
"""Files from which a second process pays."""


@dataclass(frozen=True)
class _Read:
    candidate: Candidate
    facts: FileFacts | None
    comments: tuple[Comment, ...]
    notes: tuple[Note, ...]


def scan(
    starts: list[Path], *, today: date, service: str | None = None, tests: bool = False, workers: int | None = None
) -> Inventory:
    """The state inventory of all source files under some files and folders.

    Args:
        starts: Files and folders, which exist.
        today: The day on which exemptions must still hold.
        service: A name for all of it as one service; by default each folder with a manifest is one.
        tests: Judge tests as well.
        workers: Processes; by default one a processor when there are many files.
    """
    real = [Path.cwd() / start for start in starts]
    root = _root(real)
    found = find(root, real, tests=tests)
    reads = _read_all(found.candidates, today, workers)
    notes = [*found.notes, *(note for one in reads for note in one.notes)]
    groups: dict[str, list[_Read]] = defaultdict(list)
    roots: dict[str, PurePosixPath] = {}
    names = _names(found)
    for one in reads:
        name = service or names[one.candidate.service]
        roots.setdefault(name, PurePosixPath(".") if service else one.candidate.service)
        groups[name].append(one)
    findings: list[Finding] = []
    for name, group in groups.items():
        sightings = link(one.facts for one in group if one.facts is not None)
        found_here, unused = _judge(name, roots[name], sightings, group)
        findings += found_here
        notes += unused
    services = tuple(Service(name, roots[name], len(groups[name])) for name in sorted(groups))
    findings.sort(key=lambda one: (one.service, -one.grade.severity, str(one.sighting.path), one.sighting.line))
    ordered = tuple(sorted(notes, key=lambda note: (str(note.path), note.line)))
    return Inventory(services, tuple(findings), ordered, found.skipped, _prefix(root))


def _prefix(root: Path) -> PurePosixPath:
    here = Path.cwd()
    return PurePosixPath(root.relative_to(here) if root.is_relative_to(here) else root)


def _root(starts: list[Path]) -> Path:
    folders = [start if start.is_dir() else start.parent for start in starts]
    return Path(os.path.normpath(os.path.commonpath(folders)))


def _names(found: Found) -> dict[PurePosixPath, str]:
    """A name for each service; where two share one, the folder is added."""
    count: dict[str, int] = defaultdict(int)
    for name in found.services.values():
        count[name] += 1
    return {folder: name if count[name] == 1 else f"{name} ({folder})" for folder, name in found.services.items()}


def _read_all(candidates: list[Candidate], today: date, workers: int | None) -> list[_Read]:
    processes = workers or (os.cpu_count() or 1 if len(candidates) >= _PARALLEL_FROM else 1)
    if processes == 1:
        return [_read_one(candidate, today) for candidate in candidates]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(_read_one, candidates, [today] * len(candidates), chunksize=16))


def _read_one(candidate: Candidate, today: date) -> _Read:
    content = read(candidate)
    if isinstance(content, str):
        return _Read(candidate, None, (), (Note(candidate.path, content),))
    grammar = GRAMMARS[candidate.path.suffix]
    try:
        root, broken = parse(content, grammar)
    except TooLarge:
        return _Read(
            candidate, None, (), (Note(candidate.path, "skipped: too large or too deeply nested; generated code"),)
        )
    notes: tuple[Note, ...] = ()
    if broken:
        notes = (Note(candidate.path, f"not {grammar} here; the rest of the file was judged", broken[0]),)
    return _Read(candidate, _READERS[grammar](root, candidate.path), comments(root, today), notes)


def _judge(
    service: str, root: PurePosixPath, sightings: Iterable[Sighting], group: list[_Read]
) -> tuple[list[Finding], list[Note]]:
    by_path = {one.candidate.path: one.comments for one in group}
    used: set[tuple[PurePosixPath, int]] = set()
    seen: dict[str, int] = defaultdict(int)
    findings: list[Finding] = []
    for sighting in sorted(sightings, key=lambda one: (str(one.path), one.line, one.holder)):
        graded = grade(sighting)
        inner = sighting.path.relative_to(root) if sighting.path.is_relative_to(root) else sighting.path
        base = f"{service}\0{inner}\0{graded.rule}\0{sighting.holder}"
        seen[base] += 1
        print_ = hashlib.sha256(f"{base}\0{seen[base]}".encode()).hexdigest()[:20]
        said = next(
            (
                comment
                for comment in by_path.get(sighting.path, ())
                if comment.rule == graded.rule and sighting.line in comment.lines
            ),
            None,
        )
        if said is not None:
            used.add((sighting.path, said.line))
        note = said.exemption.note if said is not None else ""
        exempt = said is not None and not said.exemption.fault
        findings.append(Finding(service, sighting, graded, print_, note, exempt))
    unused = [
        Note(path, f"the exemption of {comment.rule} exempts nothing", comment.line)
        for path, known in by_path.items()
        for comment in known
        if (path, comment.line) not in used
    ]
    return findings, unused
