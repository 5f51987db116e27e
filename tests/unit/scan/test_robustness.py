"""PV-SOURCE: whatever a tree holds, the scan ends, says what it left out, and judges the rest."""

from __future__ import annotations

from datetime import date
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scan import files
from scan.inventory import scan
from scan.languages import elixir, javascript, python
from scan.model import Inventory
from scan.syntax import parse

pytestmark = pytest.mark.unit

STATE = "const carts = new Map();\nexport const put = (id) => carts.set(id, []);\n"
READERS = {
    "javascript": javascript.read,
    "typescript": javascript.read,
    "tsx": javascript.read,
    "python": python.read,
    "elixir": elixir.read,
}
FRAGMENTS = st.sampled_from(
    [
        *("x", "self", "this", "def f", "class A", "new Map()", "{}", "[]", "=", ".set(", ".x", "(", ")", "{", "}"),
        *(":", "\n", "\n  ", "if", "else", "?", "=>", "return ", "import x", "from a import b", "do", "end", "@table"),
        *(":ets.new(:a)", ":ets.insert(", "use GenServer", "catch", "except:", "|>", "#{", '"', "'", "`", "async "),
    ]
)


def _scan(*paths: Path) -> Inventory:
    return scan(list(paths), today=date(2026, 11, 23), workers=1)


@given(st.sampled_from(sorted(READERS)), st.one_of(st.binary(max_size=400), st.lists(FRAGMENTS).map(" ".join)))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_without_a_crash(grammar: str, text: bytes | str) -> None:
    """PV-SOURCE: random bytes, and random pieces of programs, in each grammar."""
    source = text if isinstance(text, bytes) else text.encode()
    root, _ = parse(source, grammar)

    assert READERS[grammar](root, PurePosixPath("any")).path == PurePosixPath("any")


def test_syntax_errors_are_told_and_the_rest_of_the_file_is_judged(tmp_path: Path) -> None:
    """PV-SOURCE: a file half written still has its state in the inventory."""
    (tmp_path / "a.js").write_text(STATE + "function (( {\n")
    inventory = _scan(tmp_path)

    assert [one.sighting.holder for one in inventory.findings] == ["carts"]
    assert [(note.line, note.text) for note in inventory.notes] == [
        (3, "not javascript here; the rest of the file was judged")
    ]


def test_what_is_no_source_code_is_left_out_with_a_note(tmp_path: Path) -> None:
    """PV-SOURCE: huge, minified, binary and deeply nested files, and a link to nothing."""
    (tmp_path / "binary.js").write_bytes(b"\0\1\2")
    (tmp_path / "deep.js").write_text("f(\n" * 2000 + ")\n" * 2000)
    (tmp_path / "huge.js").write_text(STATE * (files.MAX_BYTES // len(STATE) + 1))
    (tmp_path / "minified.js").write_text("var a=new Map();" * 500)
    (tmp_path / "pipe.js").symlink_to(tmp_path / "nowhere.js")
    size = (tmp_path / "huge.js").stat().st_size
    inventory = _scan(tmp_path)

    assert {str(note.path): note.text for note in inventory.notes} == {
        "binary.js": "skipped: binary",
        "deep.js": "skipped: too large or too deeply nested; generated code",
        "huge.js": f"skipped: {size:,} bytes, over 500,000; data or generated code",
        "minified.js": "skipped: minified",
        "pipe.js": "not read: no regular file",
    }
    assert inventory.findings == ()


def test_installed_and_built_code_links_and_tests_are_not_judged(tmp_path: Path) -> None:
    """PV-SOURCE: node_modules, dist, vendor, .venv; a link back up; a second name of a file; tests."""
    for folder in ("node_modules/x", "dist", "vendor", ".venv", "deps", "test"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.js").write_text(STATE)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "a.js").write_text(STATE)
    (tmp_path / "b.js").symlink_to(tmp_path / "a.js")
    (tmp_path / "a.spec.ts").write_text(STATE)
    inventory = _scan(tmp_path)

    assert [str(one.sighting.path) for one in inventory.findings] == ["a.js"]
    assert dict(inventory.skipped) == {"tests": 2, "links to files already read": 1}


def test_processes_find_what_one_process_finds(tmp_path: Path) -> None:
    """PV-SOURCE: reading in parallel changes nothing."""
    for number in range(8):
        (tmp_path / f"a{number}.js").write_text(STATE)

    alone = scan([tmp_path], today=date(2026, 11, 23), workers=1)
    assert scan([tmp_path], today=date(2026, 11, 23), workers=2) == alone
    assert len(alone.findings) == 8


def test_unreadable_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PV-SOURCE: no permission is a note, also for root, whom no mode stops."""
    (tmp_path / "a.js").write_text(STATE)

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert [note.text for note in _scan(tmp_path).notes] == ["not read: Permission denied"]
