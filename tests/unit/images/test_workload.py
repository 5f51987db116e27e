"""A cached image is taken as it is; a failed build leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.images import ImageError, base, ensure_workload_image, workload
from local.paths import Paths

pytestmark = pytest.mark.unit


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(cache=tmp_path / "cache", state=tmp_path / "state")


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that has the wheel and the two programs, without running them."""
    monkeypatch.setattr(base, "find_node", lambda: base.Node("22.20.0", tmp_path))
    monkeypatch.setattr(workload.toolchain, "find", lambda name, _paths: Path("/nowhere") / name)
    monkeypatch.setattr(base, "make_base", lambda target, _node, _program: target.write_text("root"))


@pytest.mark.usefixtures("tools")
def test_a_second_call_builds_nothing_and_says_nothing(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Path] = []

    def bake(_source: Path, target: Path, *_rest: object) -> None:
        built.append(target)
        target.write_text("image")

    monkeypatch.setattr(workload, "_bake", bake)
    said: list[str] = []
    first = ensure_workload_image(paths, said.append)
    assert said[-1].startswith("built the conformance workload's image")
    said.clear()
    assert ensure_workload_image(paths, said.append) == first
    assert built == [first]
    assert said == []


@pytest.mark.usefixtures("tools")
def test_a_failed_build_is_told_and_tried_again(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise ImageError("no registry")

    monkeypatch.setattr(workload, "_bake", fail)
    said: list[str] = []
    for _ in range(2):
        with pytest.raises(ImageError, match="no registry"):
            ensure_workload_image(paths, said.append)
    assert said[-1].endswith("could not be built")
    assert not list((paths.cache / "images").glob("workload-*"))
