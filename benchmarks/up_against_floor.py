"""Time of `pulumi up` against a floor that makes the same objects by hand: `python -m benchmarks.up_against_floor`.

The floor has no engine, no program and no state: the calls to AWS go straight from boto3, as many at a time as the
dependencies allow, and the cluster's objects by one `kubectl apply` and a wait for the rollouts. What both do is what
the local platform needs to make it so; what the first takes longer is the price of the engine and of our program.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from threading import Event
from typing import Any

import yaml

from groundwork.engine import local_environment
from groundwork.project import read_stack
from groundwork.rehearsal import Platform, Rehearsal, adapted
from local.paths import Paths
from local.plugins.aws.provider import AwsProvider
from local.plugins.provider import CreateRequest, DeleteRequest, Severity
from local.toolchain import find

RESULTS = Path(__file__).parent / "results"
PARALLEL = 16

State = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """What was measured, in seconds.

    Attributes:
        up: `pulumi up` of a new stack, without its preview.
        floor: The same objects by hand.
        resources: How many the stack has, of AWS and of the cluster.
    """

    up: float
    floor: float
    resources: int

    @property
    def ratio(self) -> float:
        return self.up / self.floor


class Floor:
    """Makes and removes what a stack's state lists."""

    def __init__(self, states: list[State], config: Mapping[str, Any], paths: Paths) -> None:
        self._paths = paths
        self._aws = {state["urn"]: state for state in states if state["type"].startswith("aws:")}
        self._objects = [state for state in states if state["type"].startswith("kubernetes:")]
        self._made: dict[str, tuple[str, dict[str, Any]]] = {}
        self._renamed: dict[str, str] = {}
        self._provider = AwsProvider(local_environment(paths, find("pulumi", paths)), paths)
        self._provider.configure(
            {key.removeprefix("aws:"): value for key, value in config.items() if key.startswith("aws:")}
        )

    def make(self) -> None:
        """AWS first, in the order of its dependencies, then the cluster's objects, until they are rolled out."""
        graph = {
            urn: {each for each in state.get("dependencies", ()) if each in self._aws}
            for urn, state in self._aws.items()
        }
        in_order(graph, self._create)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as manifest:
            documents = [plain(self._translated(state["inputs"])) for state in self._objects]
            yaml.safe_dump_all(sorted(documents, key=lambda each: each["kind"] != "Namespace"), manifest)
            manifest.flush()
            self._kubectl("apply", "--server-side", "--force-conflicts", "--filename", manifest.name)
        for namespace in {each["metadata"]["namespace"] for each in documents if each["kind"] == "Deployment"}:
            self._kubectl("rollout", "status", "deployment", "--namespace", namespace, "--timeout=600s")

    def remove(self) -> None:
        """Undo `make`."""
        for state in self._objects:
            if state["inputs"]["kind"] == "Namespace":
                self._kubectl("delete", "namespace", state["inputs"]["metadata"]["name"], "--wait")
        graph: dict[str, set[str]] = {urn: set() for urn in self._made}
        for urn in self._made:
            for needed in self._aws[urn].get("dependencies", ()):
                graph.get(needed, set()).add(urn)
        in_order(graph, self._delete)

    def _create(self, urn: str) -> None:
        state = self._aws[urn]
        name = urn.rpartition("::")[2]
        inputs = plain(self._translated(state["inputs"]))
        made = self._provider.create(
            CreateRequest(
                urn=urn,
                type=state["type"],
                name=name,
                inputs=inputs,
                preview=False,
                timeout=None,
                log=_silent,
                cancelled=Event(),
            )
        )
        assert made.id is not None
        self._made[urn] = (made.id, made.outputs)
        self._renamed[state["id"]] = made.id
        self._renamed |= {
            value: made.outputs[key]
            for key, value in state["outputs"].items()
            if isinstance(value, str) and isinstance(made.outputs.get(key), str) and value != made.outputs[key]
        }

    def _delete(self, urn: str) -> None:
        id, outputs = self._made[urn]
        self._provider.delete(
            DeleteRequest(
                urn=urn,
                type=self._aws[urn]["type"],
                name=urn.rpartition("::")[2],
                id=id,
                outputs=outputs,
                inputs=plain(self._aws[urn]["inputs"]),
                timeout=None,
                log=_silent,
                cancelled=Event(),
            )
        )

    def _translated(self, value: Any) -> Any:
        """The value with the names of the first run replaced by those of this one."""
        text = json.dumps(value)
        for old, new in self._renamed.items():
            if len(old) > 5:
                text = text.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1])
        return json.loads(text)

    def _kubectl(self, *arguments: str) -> None:
        program = find("kubectl", self._paths)
        subprocess.run(
            [program, "--kubeconfig", self._paths.kubeconfig, *arguments], check=True, stdout=subprocess.DEVNULL
        )


def _silent(message: str, severity: Severity = "info", ephemeral: bool = False) -> None:
    """The floor shows no progress."""


def in_order(graph: Mapping[str, set[str]], act: Callable[[str], None]) -> None:
    """Call `act` for each node once all that it depends on is done, several at a time."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    with ThreadPoolExecutor(PARALLEL) as pool:
        running: dict[Future[None], str] = {}
        while sorter.is_active():
            running |= {pool.submit(act, node): node for node in sorter.get_ready()}
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
                sorter.done(running.pop(future))


def plain(value: Any) -> Any:
    """Inputs as the provider gets them: decrypted, without the engine's own keys."""
    if isinstance(value, dict):
        if "plaintext" in value and len(value) == 2:
            return plain(json.loads(value["plaintext"]))
        return {key: plain(item) for key, item in value.items() if not key.startswith("__")}
    return [plain(item) for item in value] if isinstance(value, list) else value


def compare(paths: Paths) -> Comparison:
    """Bring the local stack up under another name, by the engine and by hand; both are removed again."""
    local = read_stack("local")
    content = {"config": dict(adapted(local, Platform.of(local), "floor").config)}
    with tempfile.TemporaryDirectory(prefix="groundwork-floor-") as folder:
        stack = Rehearsal.create(Path(folder), paths, "floor", content)
        began = time.monotonic()
        stack.answer("up", "--yes", "--skip-preview")
        up = time.monotonic() - began
        exported = json.loads(stack.answer("stack", "export", "--show-secrets"))["deployment"]["resources"]
        stack.answer("destroy", "--yes", "--skip-preview")
    states = [state for state in exported if state.get("custom") and not state["type"].startswith("pulumi:")]
    floor = Floor(states, content["config"], paths)
    began = time.monotonic()
    try:
        floor.make()
        took = time.monotonic() - began
    finally:
        floor.remove()
    return Comparison(up, took, len(states))


def main() -> int:
    """Measure and print."""
    found = compare(Paths.from_environment())
    print(
        f"pulumi up: {found.up:.1f} s   by hand: {found.floor:.1f} s   ratio {found.ratio:.2f}   "
        f"({found.resources} resources)"
    )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "up_against_floor.json").write_text(json.dumps({**asdict(found), "ratio": found.ratio}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
