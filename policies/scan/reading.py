"""From a piece of a file to resources: whatever is wrong with one document, the others are read."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from policies.manifests import NotAManifest, resource_from_manifest
from policies.model import Origin, Resource
from policies.scan import pulumi_files
from policies.scan.chunks import Chunk, Problem, pieces
from policies.scan.documents import Document, Refused, documents, explained
from policies.scan.limits import DEPTH

_SOURCE: Final = re.compile(r"^# Source: (\S[^\r\n]*)", re.MULTILINE)
_TEMPLATE: Final = re.compile(
    r"\{\{[^{}\r\n]*?(?:\.(?:Values|Release|Chart|Files|Capabilities)\b|include |define |end\b)"
)
_RENDER: Final = "It is a Helm template: render it first, `helm template CHART | groundwork policy scan -`"
_UNCHANGED: Final = (
    "Rules between resources judge only what is there: make the preview with --show-sames, or scan the state"
)


@dataclass
class Content:
    """What a piece of a file holds.

    Attributes:
        resources: What each rule on one resource judges.
        known: What rules between resources judge, where that is something else: the outputs in a state.
        problems: What could not be read.
        documents: How many documents there were, those with problems too.
    """

    resources: list[Resource] = field(default_factory=list)
    known: list[Resource] | None = None
    problems: list[Problem] = field(default_factory=list)
    documents: int = 0


def read(chunk: Chunk) -> Content:
    """The resources of a piece, and what is wrong with the rest."""
    content = Content()
    if chunk.is_json:
        _json(chunk, content)
    elif "{{" not in chunk.text:
        try:
            found = list(documents(chunk.text))
        except (yaml.YAMLError, Refused):
            _one_by_one(chunk, content)
        else:
            _add_all(chunk, found, content)
    else:
        _one_by_one(chunk, content)
    return content


def _one_by_one(chunk: Chunk, content: Content) -> None:
    """Read each document by itself, so that one that cannot be read does not hide those after it."""
    for line, text in pieces(chunk.text):
        piece = Chunk(chunk.file, chunk.line + line, text)
        template = _TEMPLATE.search(text)
        try:
            found = list(documents(text))
        except (yaml.YAMLError, Refused) as error:
            problem, place = explained(error, text) if isinstance(error, yaml.YAMLError) else (str(error), error.line)
            content.documents += 1
            hint = _RENDER if template or "{{" in text else ""
            content.problems.append(Problem(piece.file, piece.line + place + 1, problem, hint))
            continue
        if template:
            content.documents += len(found)
            place = text.count("\n", 0, template.start())
            content.problems.append(
                Problem(piece.file, piece.line + place + 1, "holds a template that was not rendered", _RENDER)
            )
        else:
            _add_all(piece, found, content)


def _add_all(chunk: Chunk, found: list[Document], content: Content) -> None:
    sources = list(_sources(chunk.text)) if "# Source: " in chunk.text else []
    for document in found:
        if document.value is None:
            continue  # only comments between two markers
        place = bisect_right(sources, (document.line, "\U0010ffff"))
        source = sources[place - 1][1] if place else ""
        lines = document.lines
        if lines is not None and chunk.line:
            for index, line in enumerate(lines):
                lines[index] = line + chunk.line
        origin = Origin(chunk.file, chunk.line + document.line + 1, source, lines)
        content.documents += 1
        for key, line in document.repeated:
            content.problems.append(
                Problem(
                    chunk.file,
                    chunk.line + line + 1,
                    f'has the key "{key}" twice in one mapping, and the later one was judged',
                    "Keep one of them: the API server refuses both",
                )
            )
        _add(document.value, origin, content)


def _sources(text: str) -> Iterator[tuple[int, str]]:
    line = at = 0
    for match in _SOURCE.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        yield line, match[1].strip()


def _json(chunk: Chunk, content: Content) -> None:
    repeated: list[str] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            repeated.extend(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return made

    content.documents += 1
    try:
        document = json.loads(chunk.text, object_pairs_hook=mapping)
    except json.JSONDecodeError as error:
        content.problems.append(Problem(chunk.file, error.lineno, f"is not JSON: {error.msg} at column {error.colno}"))
        return
    except RecursionError:
        content.problems.append(Problem(chunk.file, 1, f"is nested deeper than {DEPTH} levels"))
        return
    if _deeper_than(document, DEPTH):
        content.problems.append(Problem(chunk.file, 1, f"is nested deeper than {DEPTH} levels"))
        return
    for key in dict.fromkeys(repeated):
        content.problems.append(
            Problem(chunk.file, 1, f'has the key "{key}" twice in one object, and the later one was judged')
        )
    origin = Origin(chunk.file)
    stack = pulumi_files.read(document, origin)
    if stack is None:
        for one in document if isinstance(document, list) else [document]:
            _add(one, origin, content)
        return
    content.resources.extend(stack.inputs)
    content.known = list(stack.outputs)
    if stack.left_out:
        message = f"is a preview that leaves out {stack.left_out} unchanged resources"
        content.problems.append(Problem(chunk.file, 0, message, _UNCHANGED, fatal=False))


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [
            child
            for one in level
            if isinstance(one, (dict, list))
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def _add(document: Any, origin: Origin, content: Content) -> None:
    if isinstance(document, Mapping) and document.get("kind") == "List" and isinstance(document.get("items"), list):
        # What `kubectl get` prints is no object of its own. Each item is judged by its own name.
        for item in document["items"]:
            _add(item, Origin(origin.file, origin.line, origin.source), content)
        return
    try:
        if not isinstance(document, Mapping):
            raise NotAManifest("is no Kubernetes object: it is no mapping")
        content.resources.append(resource_from_manifest(document, origin))
    except NotAManifest as error:
        content.problems.append(Problem(origin.file, origin.line, str(error), fatal=False))
