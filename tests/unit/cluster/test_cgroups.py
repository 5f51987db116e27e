"""Control groups on a make-believe mount: the kernel's files are ordinary ones here."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.cluster import cgroups
from local.cluster.errors import ClusterError

pytestmark = pytest.mark.unit


def _hierarchy(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "cgroup.procs").touch()
    return root


def test_version_one_has_a_hierarchy_for_each_controller(tmp_path: Path) -> None:
    memory, pids = _hierarchy(tmp_path / "memory"), _hierarchy(tmp_path / "pids")
    (tmp_path / "not-a-hierarchy").mkdir()
    assert cgroups.hierarchies(tmp_path) == [memory, pids]


def test_a_joint_hierarchy_counts_once(tmp_path: Path) -> None:
    joint = _hierarchy(tmp_path / "cpu,cpuacct")
    (tmp_path / "cpu").symlink_to(joint)
    (tmp_path / "cpuacct").symlink_to(joint)
    assert cgroups.hierarchies(tmp_path) == [joint]


def test_both_versions_at_once_count_both(tmp_path: Path) -> None:
    memory, unified = _hierarchy(tmp_path / "memory"), _hierarchy(tmp_path / "unified")
    (unified / "cgroup.controllers").touch()
    assert cgroups.hierarchies(tmp_path) == [memory, unified]


def test_version_two_is_one_hierarchy(tmp_path: Path) -> None:
    _hierarchy(tmp_path)
    _hierarchy(tmp_path / "system.slice")
    assert cgroups.hierarchies(tmp_path) == [tmp_path]


def test_no_control_groups_at_all(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="no control groups"):
        cgroups.hierarchies(tmp_path)


def test_a_group_is_made_everywhere_and_removed_with_what_is_below(tmp_path: Path) -> None:
    roots = [_hierarchy(tmp_path / "memory"), _hierarchy(tmp_path / "pids")]
    cgroups.create("groundwork/node", tmp_path)
    cgroups.create("groundwork/node", tmp_path)
    (roots[0] / "groundwork/node/pods/one").mkdir(parents=True)
    cgroups.remove("groundwork/node", tmp_path)
    assert [(root / "groundwork").exists() for root in roots] == [True, True]
    assert not (roots[0] / "groundwork/node").exists()
    cgroups.remove_empty_parents("groundwork/node", tmp_path)
    assert not any((root / "groundwork").exists() for root in roots)


def test_a_parent_that_others_use_stays(tmp_path: Path) -> None:
    root = _hierarchy(tmp_path / "memory")
    cgroups.create("groundwork/one", tmp_path)
    cgroups.create("groundwork/other", tmp_path)
    cgroups.remove("groundwork/one", tmp_path)
    cgroups.remove_empty_parents("groundwork/one", tmp_path)
    assert (root / "groundwork/other").exists()


def test_version_two_hands_its_controllers_down(tmp_path: Path) -> None:
    _hierarchy(tmp_path)
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory\n")
    cgroups.create("groundwork", tmp_path)
    # The kernel adds what is written; a plain file keeps the last.
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+pids"


def test_members_are_those_of_all_groups_below_in_all_hierarchies(tmp_path: Path) -> None:
    for name, pids in (("memory", "11\n12\n"), ("pids", "12\n13\n")):
        folder = _hierarchy(tmp_path / name) / "groundwork/node/pod"
        folder.mkdir(parents=True)
        (folder / "cgroup.procs").write_text(pids)
    assert cgroups.members("groundwork", tmp_path) == {11, 12, 13}


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    _hierarchy(tmp_path / "memory")
    cgroups.remove("groundwork/node", tmp_path)
    assert cgroups.members("groundwork/node", tmp_path) == set()
