"""The page of a runbook, for a person who has no tool at hand: written from the steps that the tool takes."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from runbooks.catalogue import RUNBOOKS
from runbooks.model import Criticality, Runbook, Step
from runbooks.policy import policy

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = "docs/runbooks"


def page(runbook: Runbook) -> str:
    """A runbook as Markdown."""
    return "\n".join(_lines(runbook)) + "\n"


def pages() -> Mapping[str, str]:
    """Every page by its path in the repository, with their index."""
    found = {f"{FOLDER}/{name}.md": page(runbook) for name, runbook in RUNBOOKS.items()}
    return {**found, f"{FOLDER}/README.md": "\n".join(_index()) + "\n"}


def stale(root: Path = ROOT) -> list[str]:
    """Pages whose content is another, that are missing, or that nothing writes any more."""
    wanted = pages()
    there = {str(path.relative_to(root)) for path in (root / FOLDER).glob("*.md")}
    late = {name for name, text in wanted.items() if name not in there or (root / name).read_text() != text}
    return sorted(late | (there - wanted.keys()))


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _index() -> Iterator[str]:
    yield "# Runbooks"
    yield ""
    yield "Written by `make docs` from the steps that `groundwork runbook` takes; [how it takes them](../runbooks.md)."
    yield from ("", "| runbook | demand | what it does | takes about |", "|---|---|---|---|")
    for name, runbook in RUNBOOKS.items():
        seconds = sum(step.expected_seconds for step in runbook.steps(runbook.example))
        yield f"| [{name}]({name}.md) | {runbook.requirement} | {runbook.title} | {duration(seconds)} |"


def _lines(runbook: Runbook) -> Iterator[str]:
    steps = runbook.steps(runbook.example)
    yield from (f"# {runbook.name}: {runbook.title}", "")
    yield from (f"{runbook.requirement}, revision {runbook.revision}. {runbook.purpose}", "")
    words = [f"--set {parameter.name}={parameter.example}" for parameter in runbook.parameters]
    yield from ("```console", f"$ groundwork runbook plan STACK {' '.join([runbook.name, *words])}")
    yield from ("$ groundwork runbook apply STACK HASH", "```", "")
    if runbook.parameters:
        yield from ("| parameter | meaning | without |", "|---|---|---|")
        for parameter in runbook.parameters:
            yield f"| `{parameter.name}` | {parameter.description} | {parameter.default or 'has to be given'} |"
        yield ""
    yield from ("## Before", "")
    yield from (f"- {line}" for line in runbook.preconditions)
    yield from ("", f"**Who notices what.** {runbook.blast_radius}", "")
    yield from ("**Not**", "")
    yield from (f"- {line}" for line in runbook.not_when)
    total, most = (sum(each) for each in zip(*((s.expected_seconds, s.timeout_seconds) for s in steps), strict=True))
    yield from ("", f"**How long.** About {duration(total)}; it gives up after {duration(most)} at the latest.", "")
    yield from ("## By hand", "", "Words in capitals stand for names: the stack's outputs have them.", "")
    for number, step in enumerate(steps, start=1):
        yield from _step(number, step)
    command = f"groundwork runbook iam {runbook.name} --stack STACK"
    yield from (
        "## What it may do",
        "",
        "As an IAM policy, beside what the lock needs. With the stack's own names, and",
    )
    yield from (f"with the lock's part: `{command}`.", "", "```json")
    yield json.dumps(policy(runbook.calls(runbook.example)), indent=2)
    yield "```"


def _step(number: int, step: Step) -> Iterator[str]:
    advisory = "" if step.criticality is Criticality.REQUIRED else " Should it fail, go on."
    kind = "" if step.act.changes else " Changes nothing."
    yield from (f"### {number}. {step.name}", "", f"{step.title}.{kind}{advisory}", "")
    yield from ("```console", *(f"$ {command}" for command in step.act.commands), "```", "")
    if step.act.changes and step.act.reads:
        yield from ("Until it is done, look again:", "", "```console")
        yield from (*(f"$ {call.command}" for call in step.act.reads), "```", "")
    if step.undo is not None:
        yield from ("To take it back:", "", "```console", *(f"$ {command}" for command in step.undo.commands))
        yield from ("```", "")
    elif step.act.changes:
        yield from (f"No way back: {step.no_way_back}", "")


def main() -> int:
    """Write the pages, or with `--check` only say which are out of date."""
    parser = argparse.ArgumentParser(prog="python -m runbooks.pages", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    late = stale()
    for name in late:
        if check:
            print(f"{name} does not say what the steps say: make docs", file=sys.stderr)
            continue
        text = pages().get(name)
        if text is None:
            (ROOT / name).unlink()
        else:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(text)
        print(name)
    return 1 if check and late else 0


if __name__ == "__main__":
    sys.exit(main())
