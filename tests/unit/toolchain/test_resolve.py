"""Where each tool comes from: PATH when its version will do, else a wheel or a build."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from local.toolchain import Absent, Located, ToolMissing, UnknownTool, ensure, find, inventory
from local.toolchain.packages import PACKAGES
from local.toolchain.resolve import choose_from_path, locate
from local.toolchain.search import Candidate
from local.toolchain.table import BY_NAME, CONTAINERD, K6, TOOLS, FromDebian
from local.toolchain.versions import Version

pytestmark = pytest.mark.unit

CONTAINERD_ON_PATH = {
    "containerd": "containerd github.com/containerd/containerd/v2 v2.1.4",
    "containerd-shim-runc-v2": "containerd-shim-runc-v2:\n  Version:  v2.1.4",
    "ctr": "ctr github.com/containerd/containerd/v2 v2.1.4",
}


def test_good_version_on_path_is_used_and_nothing_is_built(machine: Any) -> None:
    machine.go()
    etcd = machine.program("etcd", "etcd Version: 3.5.21")
    assert ensure(["etcd"], machine.paths) == {"etcd": etcd}
    assert machine.builds() == []


def test_old_version_on_path_is_passed_over(machine: Any) -> None:
    machine.go()
    machine.program("etcd", "etcd Version: 3.4.30")
    assert ensure(["etcd"], machine.paths)["etcd"].is_relative_to(machine.tools)
    assert len(machine.builds()) == 1


def test_program_that_does_not_tell_its_version_is_passed_over(machine: Any) -> None:
    machine.go()
    machine.program("etcd", "hello")
    assert ensure(["etcd"], machine.paths)["etcd"].is_relative_to(machine.tools)


def test_later_folder_on_path_is_tried_when_an_earlier_one_has_an_old_version(
    machine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.program("etcd", "etcd Version: 3.4.30")
    other = tmp_path / "other"
    other.mkdir()
    newer = machine.program("etcd.new", "etcd Version: 3.6.1").rename(other / "etcd")
    monkeypatch.setenv("PATH", f"{machine.bin}{os.pathsep}{other}{os.pathsep}{machine.bin}")
    assert find("etcd", machine.paths) == newer


def test_earlier_folder_wins_even_when_path_names_it_twice(
    machine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = machine.program("etcd", "etcd Version: 3.6.1")
    other = tmp_path / "other"
    other.mkdir()
    machine.program("etcd.new", "etcd Version: 3.6.2").rename(other / "etcd")
    monkeypatch.setenv("PATH", f"{machine.bin}{os.pathsep}{other}{os.pathsep}{machine.bin}")
    assert find("etcd", machine.paths) == first


def test_second_ensure_builds_nothing(machine: Any) -> None:
    machine.go()
    first = ensure(["etcd", "ctr"], machine.paths)
    assert ensure(["etcd", "ctr"], machine.paths) == first
    assert len(machine.builds()) == 2


def test_group_that_must_match_is_taken_from_path_as_a_whole(machine: Any) -> None:
    machine.go()
    programs = {name: machine.program(name, output) for name, output in CONTAINERD_ON_PATH.items()}
    assert ensure(programs, machine.paths) == programs
    assert machine.builds() == []


@pytest.mark.parametrize("lacking", list(CONTAINERD_ON_PATH))
def test_group_that_must_match_is_built_when_one_of_it_is_not_on_path(machine: Any, lacking: str) -> None:
    machine.go()
    for name, output in CONTAINERD_ON_PATH.items():
        if name != lacking:
            machine.program(name, output)
    found = ensure(CONTAINERD_ON_PATH, machine.paths)
    assert all(path.is_relative_to(machine.tools) for path in found.values())


def test_choice_from_path() -> None:
    good = Candidate(Path("/bin/x"), Version(2, 2))
    assert choose_from_path(CONTAINERD, {"ctr": good, "containerd": None}) == {}
    assert choose_from_path(CONTAINERD, {"ctr": good, "containerd": good}) == {"ctr": good, "containerd": good}
    assert choose_from_path(K6, {"k6": good}) == {"k6": good}


def test_find_builds_nothing_and_names_the_cure(machine: Any) -> None:
    machine.go()
    machine.program("etcd", "etcd Version: 3.4.30")
    with pytest.raises(ToolMissing) as raised:
        find("etcd", machine.paths)
    assert str(machine.bin / "etcd") in str(raised.value)
    assert "is 3.4.30" in str(raised.value)
    assert "make tools" in raised.value.cure
    assert machine.builds() == []


def test_find_finds_what_was_built(machine: Any) -> None:
    machine.go()
    built = ensure(["etcd"], machine.paths)["etcd"]
    assert find("etcd", machine.paths) == built


def test_missing_debian_tools_are_all_named_at_once_before_anything_is_built(machine: Any) -> None:
    machine.go()
    with pytest.raises(ToolMissing) as raised:
        ensure(["etcd", "runc", "iptables"], machine.paths)
    assert raised.value.names == ("runc", "iptables")
    assert "apt-get install runc" in raised.value.cure
    assert "apt-get install iptables" in raised.value.cure
    assert machine.builds() == []


def test_unknown_name_is_refused_with_the_known_ones(machine: Any) -> None:
    with pytest.raises(UnknownTool, match=r"'kubeclt'.*kubectl"):
        ensure(["kubeclt"], machine.paths)


def test_go_too_old_on_path_gives_way_to_the_wheels(machine: Any) -> None:
    machine.go("1.19.8")
    result = locate(BY_NAME["go"], machine.paths)
    assert isinstance(result, Located)
    assert result.origin == "wheel"
    assert result.version is not None
    assert result.version >= Version(1, 26)


def test_node_and_npm_come_from_the_same_place(machine: Any) -> None:
    """Debian 12's Node.js is 18; the npm beside it must not run on the wheel's Node.js, nor the other way round."""
    machine.program("node", "v18.20.4")
    on_path = machine.program("npm", "9.2.0")
    npm = locate(BY_NAME["npm"], machine.paths)
    assert isinstance(npm, Located)
    assert (npm.origin, npm.path != on_path) == ("wheel", True)
    machine.program("node", "v22.1.0").touch()
    npm = locate(BY_NAME["npm"], machine.paths)
    assert npm == Located(on_path, Version(9, 2, 0), "path")


def test_inventory_reports_every_tool_and_changes_nothing(machine: Any) -> None:
    machine.go()
    etcd = machine.program("etcd", "etcd Version: 3.5.21")
    results = {report.tool.name: report.result for report in inventory(machine.paths)}
    assert set(results) == {tool.name for tool in TOOLS}
    assert results["etcd"] == Located(etcd, Version(3, 5, 21), "path")
    missing = results["runc"]
    assert isinstance(missing, Absent)
    assert "apt-get install runc" in missing.cure
    assert machine.builds() == []


def test_every_tool_from_debian_has_its_package_in_the_table() -> None:
    needed = {tool.source.package for tool in TOOLS if isinstance(tool.source, FromDebian)}
    assert needed <= {package.name for package in PACKAGES}
