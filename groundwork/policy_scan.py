"""`groundwork policy scan`: files in, a report out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from rich.console import Console

from groundwork.console import OUT
from groundwork.errors import UserError
from policies.configuration import Configuration, ConfigurationError, read_configuration
from policies.packs import PACKS, all_rules
from policies.scan import Report, scan
from policies.scan.reports import as_json, as_junit, as_markdown, as_sarif, table

Format = Literal["table", "json", "sarif", "junit", "markdown"]
"""How the report is written."""


def run(
    paths: Sequence[str],
    *,
    form: Format = "table",
    output: Path | None = None,
    config: Path | None = None,
    packs: Sequence[str] = (),
    docs_url: str = "",
) -> int:
    """Scan the files and write the report.

    Args:
        paths: Files, folders, or `-` for standard input.
        form: How the report is written.
        output: File that it is written to; default: standard output.
        config: Levels, settings and exemptions.
        packs: Names of packs; default: all.
        docs_url: Where docs/policies is published, for SARIF.

    Returns:
        The exit code: 0, 1 when a mandatory rule is violated, 2 when something could not be read.

    Raises:
        UserError: a path, the configuration or a pack's name is wrong.
    """
    known = {pack.name: pack for pack in PACKS}
    for name in packs:
        if name not in known:
            raise UserError(f"--pack {name}: there is no such pack; there are {', '.join(known)}.", 2)
    for path in paths:
        if path != "-" and not Path(path).exists():
            raise UserError(f"{path}: there is no such file or folder.", 2)
    rules = tuple(rule for name in packs for rule in known[name].rules) or all_rules()
    try:
        # The file may configure the rules of packs that this run does not ask.
        configuration = read_configuration(config, all_rules()) if config is not None else Configuration()
    except ConfigurationError as error:
        raise UserError(f"{error}.", 2) from None
    report = scan(paths, rules=rules, configuration=configuration)
    _write(report, form, output, docs_url)
    return report.exit_code


def _write(report: Report, form: Format, output: Path | None, docs_url: str) -> None:
    text = ""
    match form:
        case "table" if output is None:
            OUT.print(table(report))
            return
        case "table":
            console = Console(width=180, no_color=True)
            with console.capture() as captured:
                console.print(table(report))
            text = captured.get()
        case "json":
            text = as_json(report)
        case "sarif":
            text = as_sarif(report, docs_url)
        case "junit":
            text = as_junit(report)
        case "markdown":
            text = as_markdown(report)
    if output is None:
        print(text, end="")
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--output {output}: {error.strerror}.", 2) from None
