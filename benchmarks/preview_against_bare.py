"""`pulumi preview` of `prod` beside programs without components: `python -m benchmarks.preview_against_bare`.

`bare` is one loop: as many resources of the same providers as ours registers, each with the least that its type asks
for, and as many components. `bare, brief` has the SDK be as brief as our program does (`components.sdk`) and collects
no garbage, which takes that advantage of ours out of the comparison. `flat` registers the very resources that ours
does, with their inputs, from a file: what plugins spend on looking at inputs, and on loading what they know of each
service, is in it, so that the difference is our Python alone.

Runs alternate, so that a busy machine is as slow for each. The only call to AWS, whose account it is, goes to an
endpoint of this process: no local platform is needed.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib
import yaml

from components.lean import package_version
from groundwork.project import read_stack
from groundwork.rehearsal import Rehearsal
from local.aws import without_servers
from local.paths import Paths
from tests.fixtures.aws import on_loopback

matplotlib.use("Agg")
from matplotlib import pyplot as plt

RUNS = 5
MOST_TIMES = 1.3
RESULTS = Path(__file__).parent / "results"

BARE = """
import pulumi

LEAST = {
    "aws": ("aws:sns/topic:Topic", {}),
    "kubernetes": ("kubernetes:core/v1:ConfigMap", {"apiVersion": "v1", "kind": "ConfigMap"}),
    "random": ("random:index/randomId:RandomId", {"byteLength": 4}),
}
COUNTS = %(counts)r
VERSIONS = %(versions)r

for package, count in COUNTS.items():
    for number in range(count):
        name = f"{package}-{number}"
        if package == "groundwork":
            pulumi.ComponentResource("groundwork:index:Bare", name)
        else:
            token, properties = LEAST[package]
            options = pulumi.ResourceOptions(version=VERSIONS[package])
            pulumi.CustomResource(token, name, dict(properties), options)
"""
BRIEF = """
import gc

from components import sdk

gc.disable()
sdk.be_brief()
"""
FLAT = """
import json
from pathlib import Path

import pulumi

VERSIONS = %(versions)r

for state in json.loads((Path(__file__).parent / "resources.json").read_text()):
    package, name = state["type"].partition(":")[0], state["urn"].rpartition("::")[2]
    if package == "groundwork":
        pulumi.ComponentResource(state["type"], name)
    else:
        options = pulumi.ResourceOptions(version=VERSIONS[package])
        pulumi.CustomResource(state["type"], name, state["inputs"], options)
"""


@dataclass(frozen=True)
class Previewed:
    """One program.

    Attributes:
        resources: How many resources the preview creates.
        seconds: Wall-clock time of each run.
    """

    name: str
    resources: int
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def settings(endpoint: str) -> dict[str, Any]:
    """The production stack's own settings, for an account on this machine."""
    config = {
        **read_stack("prod").config,
        "aws:accessKey": "local",
        "aws:secretKey": "local",
        "aws:s3UsePathStyle": "true",
        "aws:skipCredentialsValidation": "true",
        "aws:skipMetadataApiCheck": "true",
        "aws:skipRequestingAccountId": "true",
        "aws:endpoints": [{"sts": endpoint}],
    }
    return {"config": config}


def plan(stack: Rehearsal) -> list[dict[str, Any]]:
    """The states of all resources that a preview creates, the stack and its providers left out."""
    output = stack.answer("preview", "--json", "--show-secrets")
    # Secrets are not shown, and what stands for them is too short for a token.
    told = output[output.index("{") :].replace('"[secret]"', '"shown-to-nobody-0123456789"')
    steps = json.loads(told)["steps"]
    return [step["newState"] for step in steps if not step["newState"]["type"].startswith("pulumi:")]


def loops(states: list[dict[str, Any]]) -> dict[str, str]:
    """The programs without components, by name."""
    counts = Counter(state["type"].partition(":")[0] for state in states)
    # The version picks the plugin: all programs ask for the same ones.
    versions = {package: package_version(f"pulumi-{package}") for package in counts if package != "groundwork"}
    bare = BARE % {"counts": dict(sorted(counts.items())), "versions": versions}
    return {"bare": bare, "bare, brief": BRIEF + bare, "flat": FLAT % {"versions": versions}}


@contextmanager
def programs(paths: Paths) -> Iterator[dict[str, Rehearsal]]:
    """A stack of each program, ours first."""
    with ExitStack() as open_ones:
        address = open_ones.enter_context(on_loopback(without_servers()))
        folder = Path(open_ones.enter_context(tempfile.TemporaryDirectory(prefix="groundwork-bare-")))
        content = settings(address)

        def create(name: str) -> Rehearsal:
            place = folder / name.replace(", ", "-")
            place.mkdir()
            return Rehearsal.create(place, Paths(cache=paths.cache, state=folder / "platform"), "prod", content)

        made = {"ours": create("ours")}
        states = plan(made["ours"])
        for name, program in loops(states).items():
            made[name] = create(name)
            _replace_program(made[name], program)
            (made[name].folder / "resources.json").write_text(json.dumps(states))
        yield made


def _replace_program(stack: Rehearsal, program: str) -> None:
    """Put another program, and the settings of the providers alone, in place of ours."""
    (stack.folder / "__main__.py").unlink()
    (stack.folder / "__main__.py").write_text(program)
    content = yaml.safe_load(stack.file.read_text())
    kept = {key: value for key, value in content["config"].items() if not key.startswith("groundwork:")}
    stack.write({**content, "config": kept})


def measure(made: dict[str, Rehearsal]) -> list[Previewed]:
    """Preview all of them in turn, several times."""
    counts = {name: len(plan(stack)) for name, stack in made.items()}
    seconds: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(RUNS):
        for name, stack in made.items():
            began = time.monotonic()
            stack.answer("preview")
            seconds[name].append(time.monotonic() - began)
    return [Previewed(name, counts[name], tuple(found)) for name, found in seconds.items()]


def plot(measured: list[Previewed], file: Path) -> None:
    """The programs side by side, every run a dot."""
    figure, axes = plt.subplots(figsize=(7, 4.5))
    axes.bar([item.name for item in measured], [item.median for item in measured], color="tab:blue", alpha=0.6)
    for place, item in enumerate(measured):
        axes.plot([place] * len(item.seconds), item.seconds, "o", color="black", markersize=4)
        axes.annotate(f"{item.median:.1f} s", (place, item.median / 2), ha="center", va="center", weight="bold")
    limit = MOST_TIMES * measured[1].median
    axes.axhline(limit, linestyle="--", color="tab:red", label=f"goal: {MOST_TIMES} times bare")
    axes.set(ylabel="pulumi preview, seconds", title=f"Preview of prod, {measured[0].resources} resources each")
    axes.set_ylim(0, 1.15 * max(limit, *(max(item.seconds) for item in measured)))
    axes.legend(loc="upper right")
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def main() -> int:
    """Measure, print, plot; exit code 1 when ours takes longer than the goal allows."""
    with programs(Paths.from_environment()) as made:
        measured = measure(made)
    for item in measured:
        spread = f"{min(item.seconds):.2f} to {max(item.seconds):.2f} s"
        print(f"{item.name:12s} {item.resources:4d} resources   median {item.median:5.2f} s   {spread}")
    ratios = {item.name: measured[0].median / item.median for item in measured[1:]}
    told = ", ".join(f"{ratio:.2f} times {name}" for name, ratio in ratios.items())
    print(f"ours takes {told} (goal: {MOST_TIMES} times bare or less)")
    document = {"measured": [asdict(item) for item in measured], "ratios": ratios}
    (RESULTS / "preview_against_bare.json").write_text(json.dumps(document, indent=2) + "\n")
    plot(measured, RESULTS / "preview_against_bare.png")
    return 0 if ratios["bare"] <= MOST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
