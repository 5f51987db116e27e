"""What the image's name depends on, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.images.context import content_hash, context_files
from local.images.errors import ImageError

pytestmark = pytest.mark.unit


@pytest.fixture
def workload(tmp_path: Path) -> Path:
    """A folder with all that a build needs, and some that it does not."""
    for name in ("Dockerfile", ".dockerignore", ".npmrc", "package.json", "package-lock.json"):
        (tmp_path / name).write_text(f"content of {name}")
    for name in ("src/main.js", "src/http/app.js", "test/app.test.js", "node_modules/x/index.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"content of {name}")
    return tmp_path


def identity(folder: Path, *ingredients: str) -> str:
    return content_hash(folder, context_files(folder), ingredients)


def test_the_context_is_what_the_dockerfile_copies(workload: Path) -> None:
    names = {path.relative_to(workload).as_posix() for path in context_files(workload)}
    assert names >= {"Dockerfile", ".npmrc", "src/main.js", "src/http/app.js"}
    assert not any(name.startswith(("test/", "node_modules/")) for name in names)


def test_tests_and_installed_packages_do_not_change_the_name(workload: Path) -> None:
    before = identity(workload)
    (workload / "test/app.test.js").write_text("other")
    (workload / "node_modules/x/index.js").write_text("other")
    assert identity(workload) == before


@pytest.mark.parametrize("name", ["Dockerfile", "package-lock.json", "src/http/app.js"])
def test_a_changed_file_changes_the_name(workload: Path, name: str) -> None:
    before = identity(workload)
    (workload / name).write_text("other")
    assert identity(workload) != before


def test_a_moved_file_changes_the_name(workload: Path) -> None:
    before = identity(workload)
    (workload / "src/http/app.js").rename(workload / "src/app.js")
    assert identity(workload) != before


def test_builder_and_base_are_part_of_the_name(workload: Path) -> None:
    assert identity(workload, "1", "node 22.20.0") != identity(workload, "1", "node 22.21.0")
    assert identity(workload, "1", "2") != identity(workload, "12")


def test_an_incomplete_folder_is_told_with_the_missing_files(workload: Path) -> None:
    (workload / "package-lock.json").unlink()
    with pytest.raises(ImageError, match=r"package-lock\.json missing"):
        context_files(workload)
