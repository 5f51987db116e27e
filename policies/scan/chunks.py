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
_AFTER_MARKER: Final = (b" ", b"\t", b"\r", b"\n", b"")

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
    held: list[bytes] = []  # whole documents, and the lines of the present one
    size = document = 0  # bytes held, and bytes of the present document
    first = line = 0  # where what is held begins, and where we are
    too_long, line_begins = False, True
    while raw := stream.readline(_PEEKED):
        if line_begins and raw.startswith(b"---") and raw[3:4] in _AFTER_MARKER:
            if size >= CHUNK_BYTES:
                yield from _chunk(file, first, held)
                held, size = [], 0
            document, too_long = 0, False
        if not held:
            first = line
        document += len(raw)
        line_begins = raw.endswith(b"\n")
        line += line_begins
        if document > DOCUMENT_BYTES and not too_long:
            too_long = True
            while document > len(raw):  # forget what is held of this document
                document -= len(held.pop())
            yield from _chunk(file, first, held)
            held, size = [], 0
            yield Problem(
                file, line, f"belongs to a document of more than {DOCUMENT_BYTES >> 20} MiB, which is not read"
            )
        elif not too_long:
            held.append(raw)
            size += len(raw)
    yield from _chunk(file, first, held)


def _chunk(file: str, line: int, held: list[bytes]) -> Iterator[Chunk | Problem]:
    content = b"".join(held)
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
