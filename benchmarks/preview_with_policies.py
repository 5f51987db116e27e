"""`pulumi preview` of `prod` with the policy packs and without: `python -m benchmarks.preview_with_policies`.

Runs alternate, so that a busy machine is as slow for each. No local platform is needed: see `preview_against_bare`.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib

from benchmarks.preview_against_bare import settings
from groundwork.engine import policy_arguments
from groundwork.rehearsal import Rehearsal
from local.aws import without_servers
from local.paths import Paths
from policies.packs import PACKS
from tests.fixtures.aws import on_loopback

matplotlib.use("Agg")
from matplotlib import pyplot as plt

RUNS = 7
MOST_TIMES = 1.15
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Previewed:
    """One way to preview.

    Attributes:
        packs: How many policy packs look on.
        seconds: Wall-clock time of each run.
    """

    packs: int
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def measure(paths: Paths) -> list[Previewed]:
    """Preview without packs, with the first, and with all, in turn, several times after one that counts for none."""
    words = policy_arguments()
    ways = {count: words[: 2 * count] for count in range(len(PACKS) + 1)}
    seconds: dict[int, list[float]] = {count: [] for count in ways}
    with (
        on_loopback(without_servers()) as address,
        tempfile.TemporaryDirectory(prefix="groundwork-policies-") as folder,
    ):
        place = Paths(cache=paths.cache, state=Path(folder) / "platform")
        stack = Rehearsal.create(Path(folder) / "prod", place, "prod", settings(address))
        for run in range(RUNS + 1):
            for count, arguments in ways.items():
                began = time.monotonic()
                stack.answer("preview", *arguments)
                if run > 0:
                    seconds[count].append(time.monotonic() - began)
    return [Previewed(count, tuple(found)) for count, found in seconds.items()]


def plot(measured: list[Previewed], file: Path) -> None:
    """The ways side by side, every run a dot."""
    figure, axes = plt.subplots(figsize=(6, 4.5))
    names = ["no pack" if item.packs == 0 else f"{item.packs} of {len(PACKS)} packs" for item in measured]
    axes.bar(names, [item.median for item in measured], color="tab:blue", alpha=0.6)
    for place, item in enumerate(measured):
        axes.plot([place] * len(item.seconds), item.seconds, "o", color="black", markersize=4)
        axes.annotate(f"{item.median:.1f} s", (place, item.median / 2), ha="center", va="center", weight="bold")
    limit = MOST_TIMES * measured[0].median
    axes.axhline(limit, linestyle="--", color="tab:red", label=f"goal: {MOST_TIMES} times as long as without")
    axes.set(ylabel="pulumi preview, seconds", title="Preview of prod with the policy packs")
    axes.set_ylim(0, 1.2 * max(limit, *(max(item.seconds) for item in measured)))
    axes.legend(loc="upper left")
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def main() -> int:
    """Measure, print, plot; exit code 1 when all packs cost more than the goal allows."""
    measured = measure(Paths.from_environment())
    for item in measured:
        print(
            f"{item.packs} packs   median {item.median:5.2f} s   {min(item.seconds):.2f} to {max(item.seconds):.2f} s"
        )
    ratio = measured[-1].median / measured[0].median
    print(f"all packs take {ratio:.2f} times as long as none (goal: {MOST_TIMES} or less)")
    document = {"measured": [asdict(item) for item in measured], "ratio": ratio}
    (RESULTS / "preview_with_policies.json").write_text(json.dumps(document, indent=2) + "\n")
    plot(measured, RESULTS / "preview_with_policies.png")
    return 0 if ratio <= MOST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
