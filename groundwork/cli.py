"""The `groundwork` command: what Pulumi has no word for."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from groundwork import engine as engines
from groundwork import runbook_commands
from groundwork.console import ERR, OUT, progress
from groundwork.errors import UserError
from groundwork.project import read_stack
from groundwork.scanning import scan_app
from local.paths import Paths
from local.toolchain import ToolMissing, find

app = typer.Typer(
    help="Everything services need before they can be scaled out without state.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
local_app = typer.Typer(help="The local platform: a small real cloud on this machine.", no_args_is_help=True)
app.add_typer(local_app, name="local")
cdn_app = typer.Typer(help="The stack's distribution.", no_args_is_help=True)
app.add_typer(cdn_app, name="cdn")
app.add_typer(scan_app, name="scan")
app.add_typer(runbook_commands.app, name="runbook")
policy_app = typer.Typer(help="The policies, on what no Pulumi program declares.", no_args_is_help=True)
app.add_typer(policy_app, name="policy")

Stack = Annotated[str, typer.Argument(help="The stack, as in stacks/Pulumi.<stack>.yaml.", metavar="STACK")]
Extra = Annotated[
    list[str] | None, typer.Argument(help="Passed on to pulumi, after --.", metavar="[-- PULUMI ARGUMENTS]")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; always so on the local platform.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """List every tool: found, built or missing, its version, real or stand-in, and the cure for what is missing."""
    from groundwork import doctor as doctoring

    raise typer.Exit(doctoring.doctor(as_json=as_json))


@local_app.command("up")
def local_up() -> None:
    """Bring up the AWS endpoint with its servers and the three-zone cluster; what runs already is left alone."""
    from groundwork import platform

    with progress("local platform") as step:
        platform.up(Paths.from_environment(), step)


@local_app.command("down")
def local_down() -> None:
    """Remove every process, mount, interface, rule and file that `local up` made, and only those."""
    from groundwork import platform

    with progress("local platform, removing") as step:
        platform.down(Paths.from_environment(), step)


@local_app.command("status")
def local_status(
    as_json: AsJson = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it anew each second, until interrupted.")] = False,
) -> None:
    """Show what has failed on purpose, what is declared and runs, where, since when, with endpoints and log paths."""
    from groundwork import status

    paths = Paths.from_environment()
    if watch:
        status.watch(paths)
    elif as_json:
        OUT.print_json(json.dumps(status.read(paths).as_data()))
    else:
        OUT.print(status.drawn(status.read(paths)))


@local_app.command("logs")
def local_logs(
    name: Annotated[str, typer.Argument(help="A name that `local status` shows.", metavar="NAME")],
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.", min=0)] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written.")] = False,
) -> None:
    """Print the end of the log of a server, a component of the cluster or the endpoint."""
    from groundwork import logs

    for line in logs.read(logs.find(name, Paths.from_environment()), lines, follow=follow):
        print(line, end="", flush=follow)


@local_app.command("failures")
def local_failures(as_json: AsJson = False) -> None:
    """List everything that can fail on purpose, by name, and what has failed now."""
    from groundwork import failing

    listed = failing.listed(Paths.from_environment())
    if as_json:
        OUT.print_json(json.dumps(listed.as_data()))
    else:
        OUT.print(failing.drawn(listed))


@local_app.command("fail")
def local_fail(
    name: Annotated[str, typer.Argument(help="What `local failures` lists, such as zone-a.", metavar="NAME")],
    amount: Annotated[int | None, typer.Option(help="How strong, in ms or percent, where that can be said.")] = None,
) -> None:
    """Take something away: a zone, a region, a node, a process, a network path, a disk, S3."""
    from groundwork import failing

    OUT.print(failing.fail(Paths.from_environment(), name, amount), markup=False, highlight=False)


@local_app.command("heal")
def local_heal(
    name: Annotated[
        str | None, typer.Argument(help="What has failed; without it, everything.", metavar="[NAME]")
    ] = None,
) -> None:
    """Give back what was taken away, and remove what an interrupted command left."""
    from groundwork import failing

    for message in failing.heal(Paths.from_environment(), name):
        OUT.print(message, markup=False, highlight=False)


@local_app.command("inbox")
def local_inbox(as_json: AsJson = False) -> None:
    """Show what alarms and others told topics: mails, text messages and web hooks end here. The newest is the last."""
    from groundwork import inbox

    kept = inbox.messages(Paths.from_environment())
    if as_json:
        OUT.print_json(json.dumps([message.__dict__ for message in kept]))
    else:
        OUT.print(inbox.table(kept) if kept else "the inbox is empty")


@local_app.command("env")
def local_env() -> None:
    """Print the exports that make plain `pulumi` and `kubectl` work on the local platform."""
    for name, value in _local_environment().items():
        print(f"export {name}={shlex.quote(value)}")


@app.command()
def up(stack: Stack, extra: Extra = None, yes: Yes = False) -> None:
    """Run `pulumi up` with the policy packs; recovers from an earlier run that was killed."""
    engine = _engine(stack, prepare=True)
    raise typer.Exit(engine.run("up", *_confirmation(engine, yes), *engines.policy_arguments(), *(extra or [])))


@app.command()
def preview(
    stack: Stack,
    extra: Extra = None,
    pr_comment: Annotated[
        Path | None, typer.Option(help="Also write what a pull request should be told, as Markdown, to this file.")
    ] = None,
    sarif: Annotated[Path | None, typer.Option(help="Also write what the policies say as SARIF to this file.")] = None,
) -> None:
    """Run `pulumi preview` with the policy packs."""
    from groundwork import previewing

    engine = _engine(stack, prepare=True)
    raise typer.Exit(previewing.run(engine, extra or (), comment=pr_comment, sarif=sarif))


@app.command()
def refresh(stack: Stack, extra: Extra = None, yes: Yes = False) -> None:
    """Run `pulumi refresh`: compare the state with what is really there."""
    engine = _engine(stack, prepare=True)
    raise typer.Exit(engine.run("refresh", *_confirmation(engine, yes), *(extra or [])))


@app.command()
def destroy(stack: Stack, extra: Extra = None, yes: Yes = False) -> None:
    """Run `pulumi destroy`."""
    engine = _engine(stack, prepare=True)
    raise typer.Exit(engine.run("destroy", *_confirmation(engine, yes), *(extra or [])))


@app.command()
def check(
    stack: Stack,
    only: Annotated[
        list[str] | None, typer.Option(help="Only checks of this name (redis/*) or requirement ID.")
    ] = None,
    within: Annotated[float, typer.Option(help="Seconds in which what fails is tried again.", min=0.0)] = 0.0,
    as_json: AsJson = False,
    junit: Annotated[Path | None, typer.Option(help="Also write the results as JUnit XML to this file.")] = None,
) -> None:
    """Verify that what the stack declares is healthy; safe on production. Exit code 1 when a check fails."""
    from groundwork import checking

    raise typer.Exit(
        checking.run(_engine(stack, prepare=False), patterns=only or (), within=within, as_json=as_json, junit=junit)
    )


@app.command()
def gate(
    stack: Stack,
    within: Annotated[float, typer.Option(help="Seconds in which what fails is tried again.", min=0.0)] = 300.0,
    junit: Annotated[Path | None, typer.Option(help="Also write the results as JUnit XML to this file.")] = None,
) -> None:
    """Check what was just deployed and mark it as verified; when a check fails, say what to go back to and how."""
    from groundwork import gating

    raise typer.Exit(gating.run(_engine(stack, prepare=False), within=within, junit=junit))


@app.command()
def rehearse(
    stack: Stack,
    clean: Annotated[bool, typer.Option("--clean", help="Only remove what an interrupted rehearsal left.")] = False,
    as_json: AsJson = False,
    report: Annotated[Path | None, typer.Option(help="Also write the report as JSON to this file.")] = None,
) -> None:
    """Rehearse a stack on the local platform: up, up again, refresh, checks, destroy, nothing left."""
    from groundwork.rehearsal import command

    paths = Paths.from_environment()
    if clean:
        command.clean(stack, paths)
    else:
        raise typer.Exit(command.rehearse(stack, paths, as_json=as_json, report=report))


@cdn_app.command("purge")
def cdn_purge(
    stack: Stack,
    paths: Annotated[list[str], typer.Argument(help="Paths such as /index.html or '/pages/*'.", metavar="PATHS...")],
    within: Annotated[float, typer.Option(help="Seconds to wait for the purge to end.", min=0.0)] = 900.0,
) -> None:
    """Take paths out of the caches of the stack's distribution, and wait until they are gone everywhere."""
    from groundwork import purging

    with progress(f"purging {stack}") as step:
        done = purging.purge(_engine(stack, prepare=False), paths, within=within, say=step)
    OUT.print(f"purged {len(set(paths))} paths ({done})")


@policy_app.callback()
def policy() -> None:
    """A group of commands, though so far it has one."""


@policy_app.command("scan")
def policy_scan(
    paths: Annotated[
        list[str],
        typer.Argument(help="Manifests, folders, state files, previews; - for standard input.", metavar="PATH..."),
    ],
    form: Annotated[
        Literal["table", "json", "sarif", "junit", "markdown"],
        typer.Option("--format", help="How the report is written."),
    ] = "table",
    output: Annotated[Path | None, typer.Option(help="Write the report to this file.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Levels, settings and exemptions, as for --policy-pack-config.")
    ] = None,
    pack: Annotated[list[str] | None, typer.Option(help="Only this pack; may be repeated.")] = None,
    docs_url: Annotated[str, typer.Option(help="Where docs/policies is published, for links in SARIF.")] = "",
) -> None:
    """Judge manifests, Helm output, state files and previews by the packs' rules.

    Exit code 1 when a mandatory rule is violated, 2 when something could not be read.
    """
    from groundwork import policy_scan as scanning

    raise typer.Exit(scanning.run(paths, form=form, output=output, config=config, packs=pack or (), docs_url=docs_url))


def main() -> None:
    """Entry point: errors of the user's making end in one message and exit code 1."""
    try:
        app()
    except (UserError, ToolMissing) as error:
        ERR.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        sys.exit(error.exit_code if isinstance(error, UserError) else 1)
    except KeyboardInterrupt:
        ERR.print("interrupted")
        sys.exit(130)


def _local_environment() -> dict[str, str]:
    paths = Paths.from_environment()
    return engines.local_environment(paths, find("pulumi", paths))


def _engine(stack: str, *, prepare: bool) -> engines.Engine:
    engine = engines.open_engine(read_stack(stack))
    if prepare and engine.stack.is_local:
        engine.prepare()
    return engine


def _confirmation(engine: engines.Engine, yes: bool) -> list[str]:
    return ["--yes"] if yes or engine.stack.is_local else []
