"""A journal shows every change of a byte, a line, the order or the end (RB-DB, RB-REDIS)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.redaction import Redactor
from runbooks import chain, journal
from runbooks.chain import Head
from runbooks.clock import SystemClock
from runbooks.errors import JournalBroken, RunbookError
from runbooks.journal import Journal

pytestmark = pytest.mark.unit

EVENTS = [("run-opened", {"run": "r", "plan": {"a": [1, 2]}}), ("step-started", {"step": "é"}), ("canary", {"x": 1.5})]


def lines(count: int = 4) -> tuple[list[bytes], Head]:
    head, found = Head(), []
    for number in range(count):
        event, data = EVENTS[number % len(EVENTS)]
        written, record = chain.line(head, f"2026-01-01T00:00:0{number}.000Z", event, data)
        found.append(written)
        head = record.head
    return found, head


WHOLE, HEAD = lines()
CONTENT = b"".join(WHOLE)


def broken(content: bytes, head: Head = HEAD) -> bool:
    try:
        chain.compare(chain.read(content), head)
    except JournalBroken:
        return True
    return False


def test_what_was_written_is_read() -> None:
    records = chain.read(CONTENT)
    chain.compare(records, HEAD)
    assert [(each.event, each.data) for each in records] == [EVENTS[0], EVENTS[1], EVENTS[2], EVENTS[0]]


@given(place=st.integers(0, len(CONTENT) - 1), byte=st.integers(0, 255))
def test_any_changed_byte_is_detected(place: int, byte: int) -> None:
    """RB-REDIS: the bytes themselves, not only what they mean."""
    changed = CONTENT[:place] + bytes([byte]) + CONTENT[place + 1 :]
    assert broken(changed) == (changed != CONTENT)


@given(order=st.permutations(range(len(WHOLE))))
def test_any_reordering_is_detected(order: list[int]) -> None:
    assert broken(b"".join(WHOLE[each] for each in order)) == (order != sorted(order))


@given(kept=st.sets(st.integers(0, len(WHOLE) - 1)))
def test_any_removed_line_is_detected(kept: set[int]) -> None:
    """RB-REDIS: lines at the end too, which leave a chain that is sound: the head is kept apart."""
    assert broken(b"".join(WHOLE[each] for each in sorted(kept))) == (len(kept) < len(WHOLE))


@given(end=st.integers(0, len(CONTENT)))
def test_any_cut_off_end_is_detected(end: int) -> None:
    assert broken(CONTENT[:end]) == (end < len(CONTENT))


@given(place=st.integers(0, len(CONTENT)), more=st.binary(min_size=1, max_size=20))
def test_anything_put_in_is_detected(place: int, more: bytes) -> None:
    assert broken(CONTENT[:place] + more + CONTENT[place:])


def test_a_line_after_the_last_one_is_detected() -> None:
    more, _ = chain.line(HEAD, "2026-01-01T00:00:09.000Z", "step-started", {})
    assert broken(CONTENT + more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / journal.FILE


def written(path: Path, redactor: Redactor | None = None, *events: tuple[str, dict[str, Any]]) -> None:
    with Journal.begin(path, SystemClock(), redactor or Redactor()) as made:
        for event, data in events or EVENTS:
            made.append(event, **data)


def test_a_file_is_verified_with_its_head(path: Path) -> None:
    written(path)
    records = journal.verify(path)
    assert len(records) == 3
    journal.verify(path, [records[1].head])
    with pytest.raises(JournalBroken, match="hash is another"):
        journal.verify(path, [Head(2, "0" * 64)])


def test_a_head_that_is_gone_is_no_all_clear(path: Path) -> None:
    written(path)
    journal.head_file(path).unlink()
    with pytest.raises(JournalBroken, match="without the head"):
        journal.verify(path)


def test_cutting_the_file_short_is_detected_and_refused(path: Path) -> None:
    """RB-REDIS: neither verified nor resumed."""
    written(path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(JournalBroken, match="its end was cut off"):
        journal.verify(path)
    with pytest.raises(JournalBroken, match="its end was cut off"):
        Journal.resume(path, SystemClock(), Redactor())


@given(torn=st.integers(0, 400))
def test_a_writer_killed_in_a_line_is_resumed(tmp_path_factory: pytest.TempPathFactory, torn: int) -> None:
    """Wherever the kill came: the part of a line goes, and that it went is written down."""
    path = tmp_path_factory.mktemp("torn") / journal.FILE
    written(path)
    more, _ = chain.line(journal.verify(path)[-1].head, "2026-01-01T00:00:09.000Z", "step-started", {"a": "b" * 200})
    path.write_bytes(path.read_bytes() + more[: min(torn, len(more))])
    with Journal.resume(path, SystemClock(), Redactor()) as again:
        again.append("step-verified", step="x")
    events = [record.event for record in journal.verify(path)]
    middle = ["step-started"] if torn >= len(more) else ["torn-line-removed"] if torn else []
    assert events == [*(event for event, _ in EVENTS), *middle, "step-verified"]


def test_a_line_and_its_head_are_on_disk_before_anybody_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RB-REDIS: what is done next is done on the journal's word."""
    synced: list[tuple[str, int]] = []

    def sync(file: int) -> None:
        synced.append((Path(f"/proc/self/fd/{file}").readlink().name, os.fstat(file).st_size))

    with Journal.begin(path, SystemClock(), Redactor()) as made:
        monkeypatch.setattr(os, "fsync", sync)
        made.listen(lambda _record: synced.append(("told", 0)))
        made.append("run-opened")
    size, head = path.stat().st_size, journal.head_file(path)
    assert [name for name, _ in synced] == [path.name, f"{head.name}.new", path.parent.name, "told"]
    assert [size, head.stat().st_size] == [written for _, written in synced[:2]]


def test_a_running_process_keeps_others_out(path: Path) -> None:
    with Journal.begin(path, SystemClock(), Redactor()) as made:
        made.append("run-opened")
        with pytest.raises(RunbookError, match="still going on"):
            Journal.resume(path, SystemClock(), Redactor())
    with pytest.raises(RunbookError, match="of another run"):
        Journal.begin(path, SystemClock(), Redactor())


@given(secret=st.text(min_size=4, max_size=20), place=st.sampled_from(["value", "list", "key"]))
def test_no_secret_gets_into_the_file(tmp_path_factory: pytest.TempPathFactory, secret: str, place: str) -> None:
    """SR-SECRET: whatever was read as one, wherever it turns up."""
    path = tmp_path_factory.mktemp("secret") / journal.FILE
    redactor = Redactor()
    redactor.remember(secret)
    text = f"password={secret};"
    data: dict[str, Any] = {"value": {"a": text}, "list": {"a": [text]}, "key": {"a": {text: 1}}}[place]
    written(path, redactor, ("step-failed", data))
    found = json.dumps(journal.verify(path)[0].data, ensure_ascii=False)
    assert json.dumps(text, ensure_ascii=False)[1:-1] not in found and "[secret]" in found
    journal.verify(path)
