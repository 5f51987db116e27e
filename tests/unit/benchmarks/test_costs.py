"""What the benchmarks say of a platform that is or is not there, and whose processor time they count."""

from __future__ import annotations

import pytest

import local.aws
from benchmarks import platform_cost, preview_scaling
from benchmarks.processor_time import Process, component, taken
from local.network import namespaces

pytestmark = pytest.mark.unit

HUB, POD, HOST = 1, 2, 3


def process(pid: int, parent: int, command: str, network: int, seconds: float, ended: float = 0.0) -> Process:
    return Process(pid, parent, started=pid, command=command, network=network, seconds=seconds, ended=ended)


def test_previews_are_not_measured_without_the_platform(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """PV-LOAD: one message with the cure instead of a traceback, and no result."""
    monkeypatch.setattr(local.aws, "who_answers", lambda: None)
    assert preview_scaling.main() == 2
    told = capsys.readouterr()
    assert told.err == "error: the local platform does not run: bring it up with `groundwork local up`.\n"
    assert told.out == ""


def test_a_platform_that_runs_is_not_taken_down_to_be_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """PV-LOAD: whoever measures from nothing says so, and leaves what runs alone."""
    monkeypatch.setattr(namespaces, "is_up", lambda: True)
    monkeypatch.setattr(platform_cost, "run", lambda _: pytest.fail("nothing is to be run"))
    assert platform_cost.main() == 2
    assert "`groundwork local down`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/cache/bin/kubelet --config=/x/containerd.yaml", "kubelet"),
        ("/x/.venv/bin/python -m local.aws serve {}", "AWS endpoint"),
        ("/x/.venv/bin/python -I -m patroni /var/postgres-a/patroni.json", "Patroni"),
        ("redis-server 10.213.16.9:26379 [sentinel]", "Sentinel"),
        ("redis-server 10.213.16.9:6379", "Redis"),
        ("postgres: db: walsender", "PostgreSQL"),
        ("/cache/containerd-shim-runc-v2 -namespace k8s.io", "containerd's shims"),
        ("/bin/something --else", "something"),
    ],
)
def test_a_command_line_tells_its_component(command: str, name: str) -> None:
    """PV-LOAD: a cost has a name."""
    assert component(command) == name


def test_time_counts_for_what_is_in_the_platform_or_descends_from_it() -> None:
    """PV-LOAD: pods in networks of their own count, others' processes do not, and nothing counts twice."""
    before = [
        process(10, 1, "containerd-shim-runc-v2", HUB, 1.0, ended=5.0),
        process(11, 10, "node /app/src/main.js", POD, 2.0),
        process(12, 10, "runc", HUB, 0.5),
        process(20, 1, "postgres", HOST, 7.0),
    ]
    after = [
        # The third ended meanwhile: of its 0.75 seconds it had taken 0.5 before.
        process(10, 1, "containerd-shim-runc-v2", HUB, 1.25, ended=5.75),
        process(11, 10, "node /app/src/main.js", POD, 3.0),
        process(13, 1, "haproxy", HUB, 0.125),
        process(20, 1, "postgres", HOST, 9.0),
    ]
    found = taken({each.pid: each for each in before}, {each.pid: each for each in after}, {HUB})
    assert found == {"containerd's shims": 0.5, "workload": 1.0, "HAProxy": 0.125}
