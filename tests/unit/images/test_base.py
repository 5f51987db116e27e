"""Which files go into the base image."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.images.base import Node, ingredients, is_kept, node_files

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "name", ["./lib/x86_64-linux-gnu/libc.so.6", "./etc/os-release", ".", "./usr/share/common-licenses/GPL-3"]
)
def test_what_programs_need_is_kept(name: str) -> None:
    assert is_kept(name)


@pytest.mark.parametrize(
    "name", ["./dev/null", "./usr/share/doc/libc6/copyright", "./usr/share/man", "./etc/apt/sources.list"]
)
def test_what_only_people_or_packages_need_is_dropped(name: str) -> None:
    assert not is_kept(name)


def test_a_name_that_only_begins_alike_is_kept() -> None:
    assert is_kept("./usr/share/docker/x")


def test_node_and_npm_without_manuals_and_headers(tmp_path: Path) -> None:
    npm = "lib/node_modules/npm"
    for name in ("bin/node", "include/node/v8.h", f"{npm}/bin/npm-cli.js", f"{npm}/docs/a.md", f"{npm}/man/npm.1"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    files = {path.relative_to(tmp_path).as_posix() for path in node_files(tmp_path) if path.is_file()}
    assert files == {"bin/node", f"{npm}/bin/npm-cli.js"}


def test_another_node_is_another_base(tmp_path: Path) -> None:
    assert ingredients(Node("22.20.0", tmp_path)) != ingredients(Node("22.21.0", tmp_path))
