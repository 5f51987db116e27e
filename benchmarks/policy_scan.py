"""`groundwork policy scan` beside kube-score, conftest and checkov: `python -m benchmarks.policy_scan`.

Over 1,000 and 10,000 generated Deployments, each with Service, disruption budget and autoscaler, all tools read the
same file in one run: how long, and how much memory at most. We ask all our rules, kube-score and checkov theirs, and
conftest three small ones. What takes longer than the limit is ended, and counts with the limit.

`--quick` leaves out the other tools.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib

from benchmarks import manifests
from benchmarks.linters.install import checkov, go_linters
from local.paths import Paths

matplotlib.use("Agg")
from matplotlib import pyplot as plt

SIZES = (1_000, 10_000)
RUNS = 3
LIMIT_SECONDS = 60.0
OURS = "groundwork"
MOST_MIB = 500
RESULTS = Path(__file__).parent / "results"
_SLOW = 15.0
"""What took longer than so many seconds is not run again."""


@dataclass(frozen=True)
class Measurement:
    """One tool over one file.

    Attributes:
        services: How many Deployments the file has.
        seconds: Wall-clock time of each run.
        processor_seconds: What its processes took of the processors, in the run that took least.
        mebibytes: The most memory that its processes held together, without counting twice what they share.
        ended: Whether it was ended at the limit.
    """

    tool: str
    services: int
    seconds: tuple[float, ...]
    processor_seconds: float
    mebibytes: int
    ended: bool

    @property
    def best(self) -> float:
        return min(self.seconds)


def commands(paths: Paths, *, quick: bool) -> Mapping[str, Sequence[str]]:
    """Each tool's command, to which the file's name is added."""
    ours = [str(Path(sys.executable).parent / "groundwork"), "policy", "scan", "--format", "json"]
    if quick:
        return {OURS: ours}
    go = go_linters(paths)
    rego = Path(__file__).parent / "linters" / "rego"
    return {
        OURS: ours,
        "conftest": [str(go / "conftest"), "test", "--policy", str(rego), "--output", "json"],
        "kube-score": [str(go / "kube-score"), "score", "--output-format", "json"],
        "checkov": [str(checkov(paths)), "--quiet", "--compact", "--framework", "kubernetes", "--output", "json", "-f"],
    }


def measure(tool: str, command: Sequence[str], services: int, file: Path) -> Measurement:
    """Run a tool a few times, or once when it is slow."""
    seconds: list[float] = []
    most, used, ended = 0.0, math.inf, False
    while len(seconds) < RUNS and not ended and (not seconds or seconds[-1] < _SLOW):
        before = _processor_seconds()
        taken, held, ended = _run([*command, str(file)], file.with_suffix(".out"))
        seconds.append(taken)
        most, used = max(most, held), min(used, _processor_seconds() - before)
    if tool == OURS:
        found = json.loads(file.with_suffix(".out").read_text())
        broken = {row["name"] for row in found["results"] if row["policy"] == "SR-VOLUME"}
        assert len(broken) == manifests.faults(services), "not every fault was found"
    return Measurement(tool, services, tuple(round(one, 2) for one in seconds), round(used, 2), round(most), ended)


def _processor_seconds() -> float:
    """What the processes that were waited for have taken so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _run(command: Sequence[str], output: Path) -> tuple[float, float, bool]:
    """Seconds, the most memory in MiB, and whether it had to be ended."""
    with output.open("w") as stream:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.DEVNULL, start_new_session=True)
        most = 0.0
        while process.poll() is None and time.monotonic() - began < LIMIT_SECONDS:
            most = max(most, sum(_held(pid) for pid in _session(process.pid)))
            time.sleep(0.25)
        taken = time.monotonic() - began
        ended = process.poll() is None
        if ended:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return taken, most, ended


def _session(leader: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            if int(fields[3]) == leader:
                yield int(entry.name)


def _held(pid: int) -> float:
    """Proportional set size in MiB: pages that several processes share count once among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0  # it has ended
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def exponent(small: Measurement, large: Measurement) -> float:
    """b in time ~ services^b between two sizes; 1 is linear."""
    return math.log(large.best / small.best) / math.log(large.services / small.services)


def plot(measurements: Sequence[Measurement], file: Path) -> None:
    """Time over services for each tool, on logarithmic axes."""
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for tool in dict.fromkeys(one.tool for one in measurements):
        own = [one for one in measurements if one.tool == tool]
        axes.plot([one.services for one in own], [one.best for one in own], marker="o", label=tool)
        for one in own:
            text = f"over {LIMIT_SECONDS:.0f} s" if one.ended else f"{one.best:.1f} s, {one.mebibytes} MiB"
            axes.annotate(text, (one.services, one.best), textcoords="offset points", xytext=(6, 4), fontsize=7)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("Deployments, each with Service, disruption budget and autoscaler")
    axes.set_ylabel("seconds, best run")
    axes.margins(x=0.25)
    axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=120)


def main() -> int:
    """Measure, print and keep; 1 when a goal is missed."""
    quick = "--quick" in sys.argv[1:]
    tools = commands(Paths.from_environment(), quick=quick)
    measurements: list[Measurement] = []
    with tempfile.TemporaryDirectory(prefix="groundwork-scan-") as folder:
        for services in SIZES:
            file = manifests.write(Path(folder), services)
            for tool, command in tools.items():
                one = measure(tool, command, services, file)
                measurements.append(one)
                shown = f"over {LIMIT_SECONDS:.0f} s, ended" if one.ended else f"{one.best:.2f} s"
                used = f"{one.processor_seconds:.2f} s of processors"
                print(f"{services:>6} {tool:<12} {shown:<18} {used:<24} {one.mebibytes:>5} MiB", flush=True)
    small, large = (one for one in measurements if one.tool == OURS)
    goals = {
        f"under {MOST_MIB} MiB": max(small.mebibytes, large.mebibytes) < MOST_MIB,
        "linear (exponent 1.1 or less)": exponent(small, large) <= 1.1,
    }
    for services in SIZES if not quick else ():
        others = [one for one in measurements if one.services == services and one.tool != OURS]
        [ours] = [one for one in measurements if one.services == services and one.tool == OURS]
        goals[f"twice as fast as the fastest other, {services:,}"] = min(one.best for one in others) >= 2 * ours.best
    for goal, met in goals.items():
        print(f"{'met' if met else 'MISSED'}: {goal}")
    if not quick:
        kept = {"measurements": [asdict(one) for one in measurements], "exponent": round(exponent(small, large), 2)}
        (RESULTS / "policy_scan.json").write_text(json.dumps({**kept, "goals": goals}, indent=2) + "\n")
        plot(measurements, RESULTS / "policy_scan.png")
    return 0 if all(goals.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
