"""`groundwork scan`: what services keep in their own memory or on their own disk, from their source code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from groundwork.console import ERR, OUT
from groundwork.errors import UserError
from scan.baseline import BaselineError, Diff, Known, compare
from scan.baseline import read as read_baseline
from scan.baseline import write as write_baseline
from scan.model import Inventory, Severity
from scan.output.data import as_data
from scan.output.markdown import as_markdown
from scan.output.sarif import as_sarif
from scan.output.tables import as_tables

scan_app = typer.Typer(help="What source code tells.", no_args_is_help=True)


class FailOn(StrEnum):
    """From which grade a new finding makes the command fail."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NEVER = "never"


@scan_app.callback()
def _scan() -> None:
    """A group, though it has one command: `groundwork scan source`."""


@scan_app.command("source")
def source(
    paths: Annotated[list[Path], typer.Argument(help="Folders and files to read.", metavar="PATH...")],
    service: Annotated[
        str | None, typer.Option(help="Take all of it as one service; else each folder with a manifest is one.")
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Exit code 1 when something new has this grade or a worse one.")] = (
        FailOn.CRITICAL
    ),
    baseline: Annotated[Path | None, typer.Option(help="What was known before; only the rest is new.")] = None,
    write: Annotated[
        Path | None, typer.Option("--write-baseline", help="Write what is found now to this file, as a baseline.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    sarif: Annotated[Path | None, typer.Option(help="Also write SARIF 2.1.0 to this file.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write Markdown to this file.")] = None,
    tests: Annotated[bool, typer.Option("--tests", help="Judge tests as well.")] = False,
) -> None:
    """List the state that services keep in memory or on disk: TypeScript, JavaScript, Python and Elixir (PV-SOURCE)."""
    from scan.inventory import scan  # the grammars are for this command alone

    for path in paths:
        if not path.exists():
            raise UserError(f"{path}: there is no such file or folder; name what holds the services' source code")
    known = _known(baseline)
    inventory = scan(paths, today=datetime.now(UTC).date(), service=service, tests=tests)
    diff = compare(inventory, known)
    _files(inventory, diff, write, sarif, markdown)
    if as_json:
        OUT.print_json(json.dumps(as_data(inventory, diff)))
    else:
        for part in as_tables(inventory, diff):
            OUT.print(part)
    threshold = None if fail_on is FailOn.NEVER else Severity[fail_on.name]
    if failing := diff.failing(threshold):
        ERR.print(f"{len(failing)} new at or above {fail_on.value}", highlight=False)
        raise typer.Exit(1)


def _known(baseline: Path | None) -> tuple[Known, ...]:
    if baseline is None:
        return ()
    try:
        return read_baseline(baseline)
    except BaselineError as error:
        raise UserError(str(error)) from error


def _files(inventory: Inventory, diff: Diff, baseline: Path | None, sarif: Path | None, markdown: Path | None) -> None:
    path: Path | None = None
    try:
        if (path := baseline) is not None:
            write_baseline(inventory, path)
        if (path := sarif) is not None:
            path.write_text(json.dumps(as_sarif(inventory, diff, version("groundwork")), indent=1) + "\n", "utf-8")
        if (path := markdown) is not None:
            path.write_text(as_markdown(inventory, diff), "utf-8")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name a file that can be written") from error
