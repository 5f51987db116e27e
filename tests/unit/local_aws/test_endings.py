"""The end of a server's process is heard of at once, not at the next look (PV-REDISFAIL)."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.aws.dataplane.endings import Endings
from local.processes import EXACT, Processes, ProcessSpec, Running

pytestmark = pytest.mark.unit

PATIENCE = 20.0


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    found = Processes(tmp_path / "records")
    yield found
    for each in found.all():
        found.stop(each.name)


@pytest.fixture
def wake() -> threading.Event:
    return threading.Event()


@pytest.fixture
def endings(wake: threading.Event) -> Iterator[Endings]:
    found = Endings(wake)
    found.start()
    yield found
    found.stop()


def sleeper(processes: Processes, folder: Path, name: str, timer_slack: float = EXACT) -> Running:
    return processes.start(ProcessSpec(name, ["sleep", "600"], folder / "log", timer_slack=timer_slack))


def test_the_end_of_each_followed_process_wakes(
    processes: Processes, wake: threading.Event, endings: Endings, tmp_path: Path
) -> None:
    """PV-REDISFAIL: a server that is killed is looked after at once; one that runs asks for nothing."""
    for name in ("one", "two"):
        sleeper(processes, tmp_path, name)
    endings.follow(processes.all())
    endings.follow(processes.all())
    assert not wake.is_set()
    for each in processes.all():
        os.kill(each.pid, signal.SIGKILL)
        assert wake.wait(PATIENCE)
        wake.clear()


def test_a_process_that_ended_before_it_was_followed_wakes(
    processes: Processes, wake: threading.Event, endings: Endings, tmp_path: Path
) -> None:
    """PV-REDISFAIL: between a start and the next look nothing is missed, not even if the number has another owner."""
    record = sleeper(processes, tmp_path, "gone")
    processes.stop("gone")
    endings.follow([record])
    assert wake.is_set()
    wake.clear()
    endings.follow([Running("another", os.getpid(), started=1, log="", since=0.0)])
    assert wake.is_set()


def test_timers_may_be_late_in_the_process_and_not_here(processes: Processes, tmp_path: Path) -> None:
    """P0-SCALE: an idle platform's wakeups come together; whoever starts it keeps exact timers."""
    own = Path("/proc/self/timerslack_ns").read_text()
    late = sleeper(processes, tmp_path, "late", timer_slack=0.05)
    exact = sleeper(processes, tmp_path, "exact")
    assert Path(f"/proc/{late.pid}/timerslack_ns").read_text() == "50000000\n"
    assert Path(f"/proc/{exact.pid}/timerslack_ns").read_text() == "50000\n"
    assert Path("/proc/self/timerslack_ns").read_text() == own
