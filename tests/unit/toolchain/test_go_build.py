"""Builds: the key changes with every input, the result appears whole or not at all, one process builds at a time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.toolchain.errors import BuildFailed
from local.toolchain.go_build import BuildPlan, GoToolchain, build, cure, describe, go_toolchain, pinned_version, plan
from local.toolchain.progress import as_progress
from local.toolchain.table import CONTAINERD, COREDNS, ETCD, KUBERNETES, PULUMI

pytestmark = pytest.mark.unit

SILENT = as_progress(None)
GO = GoToolchain(Path("/usr/bin/go"), "go1.26.6", "linux/amd64")
PLAN = BuildPlan(CONTAINERD, GO, "require github.com/containerd/containerd/v2 v2.2.1\n", "sums\n")

CHANGES: list[tuple[str, Callable[[BuildPlan], BuildPlan]]] = [
    ("go.mod", lambda p: replace(p, go_mod=p.go_mod + "// changed\n")),
    ("go.sum", lambda p: replace(p, go_sum="other sums\n")),
    ("sources", lambda p: replace(p, sources=("package main\n",))),
    ("target", lambda p: replace(p, go=replace(p.go, target="linux/arm64"))),
    ("tags", lambda p: replace(p, group=replace(p.group, tags=("no_btrfs",)))),
    ("linker values", lambda p: replace(p, group=replace(p.group, linker_values=("main.version={version}",)))),
]


@pytest.mark.parametrize(("what", "change"), CHANGES, ids=[what for what, _ in CHANGES])
def test_key_changes_with(what: str, change: Callable[[BuildPlan], BuildPlan]) -> None:
    assert change(PLAN).key != PLAN.key, what


def test_another_go_is_no_reason_to_build_anew() -> None:
    assert replace(PLAN, go=replace(GO, path=Path("/elsewhere/go"), version="go1.26.7")).key == PLAN.key


def test_flags_never_let_go_change_the_pins() -> None:
    assert "-mod=readonly" in PLAN.flags


def test_a_group_s_own_go_files_are_part_of_its_plan() -> None:
    assert plan(COREDNS, GO).sources == ((COREDNS.folder / "main.go").read_text(),)
    assert plan(ETCD, GO).sources == ()


def test_versions_that_go_into_the_binaries_are_those_of_go_mod() -> None:
    kubernetes = BuildPlan(KUBERNETES, GO, "require (\n\tk8s.io/kubernetes v1.99.7\n)\n", "")
    pulumi = BuildPlan(PULUMI, GO, "require github.com/pulumi/pulumi/pkg/v3 v3.999.0\n", "")
    assert "version.gitVersion=v1.99.7" in kubernetes.flags[-1]
    assert "version.gitMinor=99" in kubernetes.flags[-1]
    assert pulumi.flags[-1].endswith("common/version.Version=v3.999.0")


def test_pinned_version_is_not_read_from_a_longer_module_path() -> None:
    text = "require (\n\tk8s.io/kubernetes/extra v1.0.0\n\tk8s.io/kubernetes v1.36.3 // indirect\n)\n"
    assert pinned_version(text, "k8s.io/kubernetes") == "v1.36.3"


def test_module_that_is_not_required_is_said_so() -> None:
    with pytest.raises(BuildFailed, match=r"does not require k8s\.io/kubernetes"):
        pinned_version("module x\n", "k8s.io/kubernetes")


def test_build_makes_every_program_of_the_group(machine: Any) -> None:
    folder = build(plan(CONTAINERD, machine.go()), machine.tools, SILENT)
    assert {path.name for path in (folder / "bin").iterdir()} >= {"containerd", "containerd-shim-runc-v2", "ctr"}
    assert machine.builds_kept() == [folder.name]


def test_program_gets_the_name_of_the_tool(machine: Any) -> None:
    """Go calls etcd's program after its package: server."""
    machine.go_makes({"server": "etcd Version: 3.7.3"})
    folder = build(plan(ETCD, machine.go()), machine.tools, SILENT)
    assert [path.name for path in (folder / "bin").iterdir()] == ["etcd"]


def test_build_is_shielded_from_cgo_workspaces_and_other_toolchains(
    machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOMODCACHE", "/where/the/user/keeps/it")
    build(plan(CONTAINERD, machine.go()), machine.tools, SILENT)
    environment = machine.build_environment()
    assert (machine.workshop / "folder").read_text().strip() == str(CONTAINERD.folder)
    assert (environment["CGO_ENABLED"], environment["GOWORK"], environment["GOTOOLCHAIN"]) == ("0", "off", "local")
    assert environment["GOMODCACHE"] == "/where/the/user/keeps/it"
    assert machine.builds()[0].startswith(
        "build -v -mod=readonly -trimpath -gcflags=all=-dwarf=false -tags no_btrfs,no_zfs,no_devmapper"
    )


def test_second_build_does_nothing(machine: Any) -> None:
    first = build(plan(ETCD, machine.go()), machine.tools, SILENT)
    assert build(plan(ETCD, machine.go()), machine.tools, SILENT) == first
    assert len(machine.builds()) == 1


def test_other_pins_build_anew_and_keep_the_old(machine: Any) -> None:
    first = build(plan(ETCD, machine.go()), machine.tools, SILENT)
    other = plan(ETCD, machine.go())
    second = build(replace(other, go_sum=other.go_sum + "more sums\n"), machine.tools, SILENT)
    assert first != second
    assert machine.builds_kept() == sorted([first.name, second.name])


def test_failed_build_leaves_only_its_log_and_the_next_one_succeeds(machine: Any) -> None:
    machine.go_runs('touch "$out/etcd"; echo "main.go:3:1: undefined: thing" >&2; exit 1')
    with pytest.raises(BuildFailed, match=r"building etcd failed.*\n.*undefined: thing"):
        build(plan(ETCD, machine.go()), machine.tools, SILENT)
    assert machine.builds_kept() == []
    machine.go_runs("")
    assert build(plan(ETCD, machine.go()), machine.tools, SILENT).is_dir()


def test_program_that_says_another_version_is_refused(machine: Any) -> None:
    machine.go_makes({"server": "etcd Version: 2.3.8"})
    with pytest.raises(BuildFailed, match=r"etcd that was built says version 2\.3\.8; needed: 3\.5\.0 or later"):
        build(plan(ETCD, machine.go()), machine.tools, SILENT)
    assert machine.builds_kept() == []


def test_group_that_lacks_a_program_is_refused(machine: Any) -> None:
    machine.go_makes({"containerd": "containerd github.com/containerd/containerd/v2 v2.2.1"})
    with pytest.raises(BuildFailed, match=r"made no containerd-shim-runc-v2"):
        build(plan(CONTAINERD, machine.go()), machine.tools, SILENT)
    assert machine.builds_kept() == []


def test_remains_of_a_killed_build_are_cleared_away(machine: Any) -> None:
    planned = plan(ETCD, machine.go())
    remains = machine.tools / f".{planned.folder(machine.tools).name}.partial" / "bin"
    remains.mkdir(parents=True)
    (remains / "half-written").touch()
    folder = build(planned, machine.tools, SILENT)
    assert machine.builds_kept() == [folder.name]
    assert not (folder / "bin" / "half-written").exists()


BUILD_ETCD = """
import signal
import sys
from pathlib import Path
from typing import Any
from local.toolchain.errors import BuildFailed
from local.toolchain.go_build import build, go_toolchain, plan
from local.toolchain.progress import Lines
from local.toolchain.table import ETCD
say = lambda line: print(line, flush=True)
# Whoever runs the tests in the background may have interrupts ignored, and this process inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    build(plan(ETCD, go_toolchain(Path(sys.argv[1]))), Path(sys.argv[2]), Lines(say))
except KeyboardInterrupt:
    sys.exit(130)
"""


def _start_build(machine: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILD_ETCD, machine.bin / "go", machine.tools],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


@pytest.fixture
def gated(machine: Any) -> Iterator[Any]:
    """Each build says on `begun` that it has begun, and waits until something is written into `gate`."""
    gate = machine.workshop / "gate"
    os.mkfifo(machine.workshop / "begun")
    os.mkfifo(gate)
    machine.go()
    machine.go_runs(f"echo $$ >{machine.workshop}/begun; cat {gate}")
    yield machine
    # A failed test must not leave a build that waits for ever. ENXIO: nobody waits.
    with contextlib.suppress(OSError):
        os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))


def test_two_builds_at_once_build_once(gated: Any) -> None:
    first = _start_build(gated)
    (gated.workshop / "begun").read_text()
    second = _start_build(gated)
    assert second.stdout is not None
    assert "waiting for another process" in second.stdout.readline()
    (gated.workshop / "gate").write_text("go on\n")
    assert (first.wait(), second.wait()) == (0, 0)
    assert len(gated.builds()) == 1
    assert len(gated.builds_kept()) == 1


def test_interrupt_ends_the_compiler_and_leaves_nothing(gated: Any) -> None:
    running = _start_build(gated)
    compiler = int((gated.workshop / "begun").read_text())
    running.send_signal(signal.SIGINT)
    output, errors = running.communicate()
    assert running.returncode == 130, errors
    assert "building etcd v3.7.3: interrupted" in output
    assert not Path(f"/proc/{compiler}").exists()
    assert gated.builds_kept() == []


def test_build_after_a_killed_one_waits_for_its_compiler_and_succeeds(gated: Any) -> None:
    """SIGKILL runs no clean-up: the compiler goes on and keeps the lock; the next build clears up after it."""
    killed = _start_build(gated)
    (gated.workshop / "begun").read_text()
    killed.kill()
    killed.communicate()
    gated.go_runs("")
    following = _start_build(gated)
    assert following.stdout is not None
    assert "waiting for another process" in following.stdout.readline()
    (gated.workshop / "gate").write_text("go on\n")
    _, errors = following.communicate()
    assert following.returncode == 0, errors
    assert len(gated.builds_kept()) == 1


def test_go_that_does_not_work_is_named(machine: Any) -> None:
    broken = machine.program("go", "not JSON")
    with pytest.raises(BuildFailed, match=f"{broken} does not work as a Go command"):
        go_toolchain(broken)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("github.com/x/y: write /tmp/z: no space left on device", "disk space"),
        ("Get https://example.invalid: dial tcp: lookup failed", "module proxy cannot be reached"),
        ("verifying x@v1.0.0: checksum mismatch\n\nSECURITY ERROR", "differs from go.sum"),
        ("missing go.sum entry for module", "do not agree"),
        ("go: go.mod requires go >= 1.28 (running go 1.26.6)", "newer Go"),
        ("compile: signal: killed", "memory"),
        ("main.go:3:1: syntax error", "see the log"),
    ],
)
def test_cure_of_a_failed_build(output: str, expected: str) -> None:
    assert expected in cure(output)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("", "loading or linking"),
        ("go: downloading k8s.io/api v0.36.3\n", "downloading k8s.io/api"),
        ("go: downloading a v1\nk8s.io/api\nk8s.io/kubelet/x\n", "2 packages compiled, last k8s.io/kubelet/x"),
    ],
)
def test_progress_of_a_build(output: str, expected: str) -> None:
    assert expected in describe(output)
