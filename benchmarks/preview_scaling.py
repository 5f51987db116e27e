"""How long `pulumi preview` takes for 8, 80 and 400 services: `python -m benchmarks.preview_scaling`.

The program registers more than a handful of resources for each service, and the Python SDK pays for every outstanding
one whenever any of them completes: a program that registers everything at once takes time with the square of its size.
Ours goes in batches. The measure is the exponent between the two largest sizes: 1 is linear, 2 is what the cure is for.
"""

from __future__ import annotations

import itertools
import json
import math
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib

from groundwork.errors import UserError
from groundwork.project import read_stack
from groundwork.rehearsal import Platform, Rehearsal, adapted
from groundwork.rehearsal.command import refuse_without_platform
from local.paths import Paths

matplotlib.use("Agg")
from matplotlib import pyplot as plt

SIZES = (8, 80, 400)
RUNS = 3
LARGEST_SECONDS = 30.0
LINEAR = 1.2
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Measurement:
    """One size.

    Attributes:
        resources: How many resources the preview creates.
        seconds: Wall-clock time of each run.
    """

    services: int
    resources: int
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def settings(services: int) -> dict[str, Any]:
    """The local stack with so many services: its own eight, repeated under other names."""
    local = read_stack("local")
    content = {"config": dict(adapted(local, Platform.of(local), "scaling").config)}
    config = content["config"]
    own: dict[str, Any] = config["groundwork:services"]
    names = itertools.islice(((f"{name}-{turn}", name) for turn in itertools.count() for name in own), services)
    copies = {copy if not copy.endswith("-0") else name: own[name] for copy, name in names}
    config["groundwork:services"] = copies
    return content


def measure(services: int, paths: Paths) -> Measurement:
    """Preview a new stack of this size a few times."""
    with tempfile.TemporaryDirectory(prefix="groundwork-scaling-") as folder:
        stack = Rehearsal.create(Path(folder), paths, "scaling", settings(services))
        seconds, resources = [], 0
        for _ in range(RUNS):
            began = time.monotonic()
            output = stack.answer("preview", "--json")
            seconds.append(time.monotonic() - began)
            resources = json.loads(output[output.index("{") :])["changeSummary"]["create"]
        return Measurement(services, resources, tuple(seconds))


def exponent(small: Measurement, large: Measurement) -> float:
    """b in time ~ services^b between two sizes."""
    return math.log(large.median / small.median) / math.log(large.services / small.services)


def plot(measurements: list[Measurement], file: Path) -> None:
    """Time over services, with the line through the largest that linear growth would follow."""
    figure, axes = plt.subplots(figsize=(7, 4.5))
    sizes = [item.services for item in measurements]
    axes.plot(sizes, [item.median for item in measurements], "o-", label="measured (median)")
    for item in measurements:
        axes.vlines(item.services, min(item.seconds), max(item.seconds), color="tab:blue", linewidth=3, alpha=0.4)
        label = f"{item.median:.1f} s, {item.resources} resources"
        # Towards the middle, where there is room.
        offset, side = ((10, -12), "left") if item.services < max(sizes) / 2 else ((-10, 8), "right")
        axes.annotate(label, (item.services, item.median), textcoords="offset points", xytext=offset, ha=side)
    first, last = measurements[0], measurements[-1]
    slope = (last.median - first.median) / (last.services - first.services)
    line = [first.median + slope * (size - first.services) for size in sizes]
    axes.plot(sizes, line, "--", color="grey", label="linear from smallest to largest")
    axes.set(xlabel="services in the stack", ylabel="pulumi preview, seconds", title="Preview time over stack size")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def main() -> int:
    """Measure, print, plot; exit code 1 when it takes too long or growth is not linear, 2 without the platform."""
    paths = Paths.from_environment()
    try:
        refuse_without_platform(paths)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    measurements = []
    for size in SIZES:
        measurements.append(measure(size, paths))
        last = measurements[-1]
        print(f"{last.services:4d} services  {last.resources:5d} resources  median {last.median:6.2f} s", flush=True)
    growth = exponent(measurements[-2], measurements[-1])
    print(f"growth from {SIZES[-2]} to {SIZES[-1]} services: exponent {growth:.2f} (linear is 1)")
    RESULTS.mkdir(exist_ok=True)
    document = {"measurements": [asdict(item) for item in measurements], "exponent": growth}
    (RESULTS / "preview_scaling.json").write_text(json.dumps(document, indent=2) + "\n")
    plot(measurements, RESULTS / "preview_scaling.png")
    return 0 if measurements[-1].median <= LARGEST_SECONDS and growth <= LINEAR else 1


if __name__ == "__main__":
    sys.exit(main())
