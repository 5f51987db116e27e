"""Files under names that follow from their content."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.assets import HashedAssets, HashedAssetsArgs, hashed, media_type, plan
from components.errors import Refused

pytestmark = pytest.mark.unit


@pytest.fixture(name="folder")
def folder_fixture(tmp_path: Path) -> Path:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "app.css").write_text("body{}")
    (tmp_path / "index.html").write_text("<html></html>")
    (tmp_path / "LICENSE").write_text("free")
    (tmp_path / ".DS_Store").write_text("hidden")
    return tmp_path


def test_names_follow_from_content_and_pages_keep_theirs(folder: Path) -> None:
    """P0-CDN, PV-CDN."""
    keys = {file.name: file.key for file in plan(folder)}
    assert set(keys) == {"css/app.css", "index.html", "LICENSE"}
    assert keys["index.html"] == "index.html"
    assert keys["css/app.css"] == f"assets/{hashed('css/app.css', b'body{}')}"
    (folder / "css" / "app.css").write_text("body{color:red}")
    assert {file.name: file.key for file in plan(folder)}["css/app.css"] != keys["css/app.css"]


def test_the_plan_is_the_same_however_often_it_is_made(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """P0-CDN: deterministic, wherever the folder is."""
    other = tmp_path_factory.mktemp("other")
    for name in ("LICENSE", "index.html", "css/app.css"):
        (other / name).parent.mkdir(exist_ok=True)
        (other / name).write_bytes((folder / name).read_bytes())

    def shape(where: Path) -> list[tuple[str, str, str, str]]:
        return [(file.name, file.key, file.content_type, file.cache_control) for file in plan(where)]

    assert shape(folder) == shape(other) == shape(folder)


def test_hashed_names_are_kept_for_ever_and_pages_are_looked_up(folder: Path) -> None:
    """P0-CDN: the right cache headers."""
    told = {file.name: file.cache_control for file in plan(folder)}
    assert told["css/app.css"] == "public, max-age=31536000, immutable"
    assert told["index.html"] == "public, max-age=0, must-revalidate"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/app.css", r"a/app\.[0-9a-f]{16}\.css"),
        ("app.min.js", r"app\.min\.[0-9a-f]{16}\.js"),
        ("v1.2/LICENSE", r"v1\.2/LICENSE\.[0-9a-f]{16}"),
    ],
)
def test_the_hash_stands_before_the_suffix(name: str, expected: str) -> None:
    import re

    assert re.fullmatch(expected, hashed(name, b"x"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.JS", "text/javascript; charset=utf-8"),
        ("a.woff2", "font/woff2"),
        ("a.png", "image/png"),
        ("a.unheard-of", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_types_do_not_depend_on_the_machine(name: str, expected: str) -> None:
    """P0-CDN: with no sniff, a wrong type is a file that browsers refuse."""
    assert media_type(name) == expected


def test_each_file_is_an_object_and_the_manifest_finds_it(record: Callable[..., Any], folder: Path) -> None:
    """P0-CDN."""
    recording = record(
        lambda: dict(HashedAssets("site", HashedAssetsArgs(folder=folder, bucket="shop-assets")).manifest)
    )
    objects = {item.name: item.inputs for item in recording.of("BucketObjectv2")}
    assert set(objects) == {"site-LICENSE", "site-css/app.css", "site-index.html"}
    css = objects["site-css/app.css"]
    assert css["key"] == recording.result["css/app.css"]
    assert css["contentType"] == "text/css; charset=utf-8"
    assert json.dumps(recording.result, sort_keys=True)


@pytest.mark.parametrize(("setting", "more"), [("prefix", {"prefix": "static"}), ("folder", {"folder": Path("/none")})])
def test_what_would_not_be_kept_is_refused(
    record: Callable[..., Any], folder: Path, setting: str, more: dict[str, Any]
) -> None:
    def build() -> None:
        with pytest.raises(Refused) as caught:
            HashedAssets("site", HashedAssetsArgs(**{"folder": folder, "bucket": "b", **more}))
        assert [item.setting for item in caught.value.refusals] == [setting]

    assert not record(build).of("BucketObjectv2")
