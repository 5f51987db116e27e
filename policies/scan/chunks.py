"""Files in pieces of whole documents: small enough to keep memory bounded, large enough to be worth a process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Final

from policies.scan.limits import DOCUMENT_BYTES, JSON_BYTES

CHUNK_BYTES: Final = 256 * 1024
_PEEKED: Final = 64 * 1024
_MARKER: Final = b"\n---"
_AFTER_MARKER: Final = (b" ", b"\t", b"\r", b"\n")

# At the start of a line this always ends a document: inside block or quoted scalars YAML forbids it.
BOUNDARY: Final = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)


@dataclass(frozen=True)
class Problem:
    """Something in the input that could not be read, or that is not for these rules.

    Attributes:
        file: The file as it was named.
        line: Line of the document, from 1; 0 for the file as a whole.
        message: What is wrong with it, as a clause.
        hint: What to do about it; may be empty.
        fatal: Whether it should have been read: what merely is no Kubernetes object is passed over.
    """

    file: str
    line: int
    message: str
    hint: str = ""
    fatal: bool = True

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}.{f' {self.hint}.' if self.hint else ''}"


@dataclass(frozen=True)
class Chunk:
    """Whole documents of one file.

    Attributes:
        file: The file as it was named.
        line: Line of the first character in the file, from 0.
        text: The documents.
        is_json: Whether the text is one JSON document.
    """

    file: str
    line: int
    text: str
    is_json: bool = False


def chunks(file: str, stream: BufferedReader) -> Iterator[Chunk | Problem]:
    """The documents of a file, read piece by piece.

    What is no text, or longer than a document may be, is named and passed over.
    """
    start = stream.peek(_PEEKED)[:_PEEKED]
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if encoding == "utf-16" or start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        yield from _whole(file, stream, encoding)
    else:
        yield from _pieces(file, stream)


def _whole(file: str, stream: BufferedReader, encoding: str) -> Iterator[Chunk | Problem]:
    content = stream.read(JSON_BYTES + 1)
    if len(content) > JSON_BYTES:
        yield Problem(file, 0, f"is longer than {JSON_BYTES >> 20} MiB, and is not read", "Split it")
        return
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        yield Problem(file, 0, "is no text in UTF-8")
        return
    # The keys of a JSON object begin with a quote; a flow mapping of YAML is read as YAML.
    is_json = Path(file).suffix == ".json" or re.match(r'\s*(\{\s*["}]|\[)', text) is not None
    yield Chunk(file, 0, text, is_json)


def _pieces(file: str, stream: BufferedReader) -> Iterator[Chunk | Problem]:
    pending, line = b"", 0
    while block := stream.read(CHUNK_BYTES):
        pending += block
        end = _last_marker(pending)
        if end:
            yield from _chunk(file, line, pending[:end])
            line += pending.count(b"\n", 0, end)
            pending = pending[end:]
        elif len(pending) > DOCUMENT_BYTES:
            yield Problem(file, line + 1, f"is a document of more than {DOCUMENT_BYTES >> 20} MiB, which is not read")
            pending, lines = _next_document(pending, stream)
            line += lines
    yield from _chunk(file, line, pending)


def _last_marker(content: bytes) -> int:
    """Where the last document begins; 0 when there is only one."""
    at = len(content)
    while (at := content.rfind(_MARKER, 0, at)) >= 0:
        if content[at + 4 : at + 5] in _AFTER_MARKER:
            return at + 1
    return 0


def _next_document(content: bytes, stream: BufferedReader) -> tuple[bytes, int]:
    """What follows the present document, of which no more than a piece is held, and how many lines it took."""
    lines = at = 0
    while True:
        while (at := content.find(_MARKER, at)) >= 0:
            if content[at + 4 : at + 5] in _AFTER_MARKER:
                return content[at + 1 :], lines + content.count(b"\n", 0, at + 1)
            at += 1
        block = stream.read(CHUNK_BYTES)
        if not block:
            return b"", lines
        # A marker may begin in one piece and end in the next.
        kept = max(0, len(content) - 4)
        lines += content.count(b"\n", 0, kept)
        content, at = content[kept:] + block, 0


def _chunk(file: str, line: int, content: bytes) -> Iterator[Chunk | Problem]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        # Cut at the markers, so that the other documents are read all the same.
        for place, piece in pieces(content.decode("utf-8", "surrogateescape")):
            if any("\udc80" <= character <= "\udcff" for character in piece):
                yield Problem(file, line + place + 1, f"is no text in UTF-8 ({error.reason})")
            else:
                yield Chunk(file, line + place, piece)
    else:
        if text:
            yield Chunk(file, line, text.removeprefix("\ufeff"))


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """A text cut at its document markers: each piece with the line on which it begins, from 0."""
    line = 0
    begins = 0
    for match in [*BOUNDARY.finditer(text), None]:
        end = match.start() if match else len(text)
        if end > begins:
            yield line, text[begins:end]
            line += text.count("\n", begins, end)
            begins = end
