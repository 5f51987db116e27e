"""Files appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.images.files import keep_newest, replace_atomically

pytestmark = pytest.mark.unit


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "images" / "a.tar"
    with replace_atomically(target) as partial:
        partial.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "a.tar"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="half-way"), replace_atomically(target) as partial:
        partial.write_text("ne")
        raise RuntimeError("half-way")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_newest_files_are_kept(tmp_path: Path) -> None:
    files = [tmp_path / f"{age}.tar" for age in range(5)]
    for age, path in enumerate(files):
        path.write_text("x")
        os.utime(path, (1000 - age, 1000 - age))
    keep_newest(files, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.tar", "1.tar"]
