"""What the local platform costs: `python -m benchmarks.platform_cost` (as root, Debian, everything built before).

From nothing it is brought up, then AIPONGE's services on it, until their checks pass. Taken are the seconds until it is
ready, the memory that is no longer available on the machine, and the processor time of a minute in which nobody asks it
for anything, by component. Needs a machine that does nothing else, and that the platform does not run on yet.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib

from benchmarks import processor_time
from local.network import namespaces

matplotlib.use("Agg")
from matplotlib import pyplot as plt

READY_SECONDS, MEMORY_GB, IDLE_PERCENT = 90.0, 4.0, 10.0
"""The most that is asked for: of the whole, services included."""

SETTLING_SECONDS, IDLE_SECONDS, CHECK_SECONDS = 30.0, 60.0, 90
RESULTS = Path(__file__).parent / "results"
_COMMAND = Path(sys.executable).with_name("groundwork")
_PLATFORM = (("local", "up"),)
_SERVICES = (("up", "local", "--", "--non-interactive"), ("check", "local", "--within", str(CHECK_SECONDS)))


class Unfit(Exception):
    """Nothing can be measured; the message says why and what to do."""


@dataclass(frozen=True)
class Cost:
    """One stage.

    Attributes:
        ready_seconds: Since nothing ran.
        memory_gb: Gigabytes (10^9 bytes) that are not available any more.
        idle_percent: Of one core, of all its processes.
        machine_percent: The same of the whole machine beyond what it took before: with the kernel's share.
        components: Percent of one core, by component.
    """

    stage: str
    ready_seconds: float
    memory_gb: float
    idle_percent: float
    machine_percent: float
    components: dict[str, float]


def idle(seconds: float) -> tuple[dict[str, float], float]:
    """Percent of one core: of the platform's components, and of the whole machine."""
    owned = processor_time.networks() if namespaces.is_up() else set()
    before, busy, began = processor_time.snapshot(), processor_time.busy_seconds(), time.monotonic()
    time.sleep(seconds)
    after, passed = processor_time.snapshot(), time.monotonic() - began
    taken = processor_time.taken(before, after, owned)
    shares = {name: 100 * each / passed for name, each in sorted(taken.items(), key=lambda item: -item[1])}
    return shares, 100 * (processor_time.busy_seconds() - busy) / passed


def available_gb() -> float:
    """Memory that programs could have, page cache included."""
    lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024 / 1e9


def run(commands: Sequence[Sequence[str]]) -> float:
    """Seconds that these commands take, one after the other.

    Raises:
        Unfit: one of them fails.
    """
    began = time.monotonic()
    for arguments in commands:
        done = subprocess.run([str(_COMMAND), *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unfit(f"`groundwork {' '.join(arguments)}` failed:\n{(done.stderr or done.stdout).strip()}")
    return time.monotonic() - began


def measure() -> list[Cost]:
    """Both stages; in the end nothing runs."""
    at_first, (_, machine) = available_gb(), idle(SETTLING_SECONDS)
    costs: list[Cost] = []
    try:
        for stage, commands in (("platform", _PLATFORM), ("with AIPONGE's services", _SERVICES)):
            ready = run(commands) + (costs[-1].ready_seconds if costs else 0.0)
            time.sleep(SETTLING_SECONDS)
            memory = at_first - available_gb()
            shares, busy = idle(IDLE_SECONDS)
            costs.append(Cost(stage, ready, memory, sum(shares.values()), busy - machine, shares))
            print(line(costs[-1]), flush=True)
    finally:
        run((("local", "down"),))
    return costs


def line(cost: Cost) -> str:
    """A stage for a person."""
    return (
        f"{cost.stage}: ready in {cost.ready_seconds:.0f} s, {cost.memory_gb:.1f} GB, "
        f"idle {cost.idle_percent:.1f} % of one core ({cost.machine_percent:.1f} % with the kernel's own)"
    )


def plot(costs: Sequence[Cost], file: Path) -> None:
    """A bar a component, of both stages."""
    names = [name for name, share in costs[-1].components.items() if share >= 0.05][::-1]
    figure, axes = plt.subplots(figsize=(8, 6))
    height = 0.8 / len(costs)
    for number, cost in enumerate(costs):
        places = [place + (number - 0.5) * height for place in range(len(names))]
        axes.barh(places, [cost.components.get(name, 0.0) for name in names], height, label=line(cost))
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="percent of one core while nobody asks for anything", title="What the local platform costs")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="lower right", fontsize=7)
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def main() -> int:
    """Measure, print, plot; exit code 1 when it costs more than is asked for, 2 when nothing can be measured."""
    try:
        if namespaces.is_up():
            raise Unfit("the local platform runs already: take it down first, with `groundwork local down`")
        costs = measure()
    except Unfit as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 2
    document = {"unit": "percent of one core, idle", "stages": [asdict(cost) for cost in costs]}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "platform_cost.json").write_text(json.dumps(document, indent=2) + "\n")
    plot(costs, RESULTS / "platform_cost.png")
    whole = costs[-1]
    limits = (
        (whole.ready_seconds, READY_SECONDS),
        (whole.memory_gb, MEMORY_GB),
        (whole.idle_percent, IDLE_PERCENT),
    )
    return 0 if all(found <= most for found, most in limits) else 1


if __name__ == "__main__":
    sys.exit(main())
