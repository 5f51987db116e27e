"""How long Python takes to import the program: `python -m benchmarks.program_import`.

Each run is an interpreter of its own. In turn it imports nothing, the Pulumi SDK, and all that `__main__.py` imports,
so that a busy machine is as slow for each. What the goal bounds is the last, interpreter included.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

RUNS = 11
MOST_SECONDS = 1.5
RESULTS = Path(__file__).parent / "results"
_ROOT = Path(__file__).resolve().parent.parent

PROGRAMS = {
    "interpreter": "pass",
    "Pulumi SDK": "import pulumi",
    "program": "import pulumi; from components import sdk; from components.platform import Platform; "
    "from components.program import read_stack",
}
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


@dataclass(frozen=True)
class Imported:
    """One program.

    Attributes:
        seconds: Wall-clock time of each run, the interpreter's start and end included.
    """

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def timed(program: str) -> float:
    """Seconds that a fresh interpreter takes for a program."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", program], cwd=_ROOT, check=True)
    return time.monotonic() - began


def shares(program: str) -> dict[str, float]:
    """Seconds in the modules of each top-level package, as the interpreter accounts for them."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program], cwd=_ROOT, check=True, capture_output=True, text=True
    )
    found: dict[str, float] = {}
    for own, module in _LINE.findall(done.stderr):
        package = module.partition(".")[0]
        found[package] = found.get(package, 0.0) + int(own) / 1e6
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def plot(measured: list[Imported], packages: dict[str, float], file: Path) -> None:
    """The three programs, and what the program's time goes to."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    left.bar([item.name for item in measured], [item.median for item in measured], color="tab:blue")
    for place, item in enumerate(measured):
        left.vlines(place, min(item.seconds), max(item.seconds), color="black", linewidth=2)
        left.annotate(f"{item.median:.2f} s", (place, max(item.seconds)), ha="center", va="bottom")
    left.axhline(MOST_SECONDS, linestyle="--", color="tab:red", label=f"goal: {MOST_SECONDS} s")
    left.set(ylabel="seconds (median, whole range)", title="Import in a fresh interpreter")
    left.set_ylim(0, MOST_SECONDS * 1.15)
    left.legend(loc="upper left")
    largest = list(packages.items())[:10][::-1]
    right.barh([name for name, _ in largest], [1000 * seconds for _, seconds in largest], color="tab:blue")
    right.set(xlabel="milliseconds in the package's own modules", title="Where the program's import goes")
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def main() -> int:
    """Measure, print, plot; exit code 1 when the program takes longer than the goal."""
    runs: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for program in PROGRAMS.values():
        timed(program)  # The first run compiles and fills the file cache.
    for _ in range(RUNS):
        for name, program in PROGRAMS.items():
            runs[name].append(timed(program))
    measured = [Imported(name, tuple(seconds)) for name, seconds in runs.items()]
    for item in measured:
        print(f"{item.name:12s} median {item.median:5.2f} s   {min(item.seconds):.2f} to {max(item.seconds):.2f} s")
    packages = shares(PROGRAMS["program"])
    document = {"measured": [asdict(item) for item in measured], "packages": packages}
    (RESULTS / "program_import.json").write_text(json.dumps(document, indent=2) + "\n")
    plot(measured, packages, RESULTS / "program_import.png")
    return 0 if measured[-1].median <= MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
