"""`groundwork runbook`: list, show, plan, apply, resume, abort, verify, iam."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from groundwork.console import OUT

app = typer.Typer(help="DR and backup procedures: planned, resumable, journaled, measured.", no_args_is_help=True)

Stack = Annotated[str, typer.Argument(help="The stack, as in stacks/Pulumi.<stack>.yaml.", metavar="STACK")]
Name = Annotated[str, typer.Argument(help="The runbook, as `runbook list` shows it.", metavar="NAME")]
Run = Annotated[str | None, typer.Argument(help="The run's ID; without, the newest one.", metavar="[RUN]")]
Outputs = Annotated[
    Path | None,
    typer.Option(help="The stack's outputs as JSON, kept from better days: Pulumi is not asked.", exists=True),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        help="Where plans and runs are kept; else ~/.local/share/groundwork/runbooks.", envvar="GROUNDWORK_RUNBOOKS"
    ),
]
Bucket = Annotated[str | None, typer.Option("--lock-bucket", help="Bucket of the lock; else one of the stack's own.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_runbooks(as_json: AsJson = False) -> None:
    """List the runbooks."""
    from groundwork import runbook_views

    if as_json:
        OUT.print_json(json.dumps(runbook_views.listed()))
    else:
        OUT.print(runbook_views.table())


@app.command()
def show(name: Name) -> None:
    """Print a runbook as a page that a person can follow by hand."""
    from groundwork import runbook_views

    print(runbook_views.page(name), end="")


@app.command()
def plan(
    stack: Stack,
    name: Name,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter of the runbook, name=value.", metavar="NAME=VALUE")
    ] = None,
    outputs: Outputs = None,
    folder: Folder = None,
    lock_bucket: Bucket = None,
    as_json: AsJson = False,
) -> None:
    """Resolve the targets, show the steps, and print the hash to apply. Changes nothing."""
    from groundwork import runbook_views, running

    desk = running.desk(stack, outputs, folder, lock_bucket)
    made = running.plan(desk, name, set_ or [])
    if as_json:
        OUT.print_json(json.dumps({"hash": made.hash, "plan": dict(made.content)}))
    else:
        OUT.print(runbook_views.planned(made))
        OUT.print(f"groundwork runbook apply {stack} {made.hash[:12]}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def apply(
    stack: Stack,
    plan_hash: Annotated[str, typer.Argument(help="What `runbook plan` printed.", metavar="HASH")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; only together with --non-production.")] = False,
    non_production: Annotated[
        bool, typer.Option("--non-production", help="You say that the stack is none; one that says it is, refuses.")
    ] = False,
    approved_by: Annotated[str | None, typer.Option(help="Who approved it; else you.")] = None,
    abandon: Annotated[
        str | None, typer.Option(help="ID of an unfinished run that is given up for good.", metavar="RUN")
    ] = None,
    outputs: Outputs = None,
    folder: Folder = None,
    lock_bucket: Bucket = None,
) -> None:
    """Carry out a plan. Exit code 1 when it fails or nobody approves, 3 when a promised RTO or RPO was not kept."""
    from groundwork import running

    desk = running.desk(stack, outputs, folder, lock_bucket)
    asked = running.Question(yes=yes, non_production=non_production, approved_by=approved_by)
    raise typer.Exit(running.apply(desk, plan_hash, asked, abandon))


@app.command()
def resume(
    stack: Stack, run: Run = None, outputs: Outputs = None, folder: Folder = None, lock_bucket: Bucket = None
) -> None:
    """Go on with a run that was interrupted or failed; what it had done is verified, not done again."""
    from groundwork import running

    raise typer.Exit(running.resume(running.desk(stack, outputs, folder, lock_bucket), run))


@app.command()
def abort(
    stack: Stack, run: Run = None, outputs: Outputs = None, folder: Folder = None, lock_bucket: Bucket = None
) -> None:
    """End an unfinished run: take back what it did, the last step first."""
    from groundwork import running

    raise typer.Exit(running.abort(running.desk(stack, outputs, folder, lock_bucket), run))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A journal; its head lies beside it.", metavar="FILE")],
    head: Annotated[
        str | None, typer.Option(help="Hash of the last line, from an evidence bundle kept elsewhere.")
    ] = None,
) -> None:
    """See that a journal is what was written: every byte, every line, their order, the end."""
    from groundwork import runbook_views

    OUT.print(runbook_views.verified(file, head), markup=False, highlight=False, soft_wrap=True)


@app.command()
def iam(
    name: Name,
    stack: Annotated[str | None, typer.Option(help="Resolve the names of this stack.", metavar="STACK")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="As for `plan`.", metavar="NAME=VALUE")] = None,
    outputs: Outputs = None,
    lock_bucket: Bucket = None,
) -> None:
    """Print the IAM policy that a runbook needs, and no more; without --stack with names to be replaced."""
    from groundwork import runbook_views, running

    if stack is None:
        found = runbook_views.example_policy(name)
    else:
        found = running.policy(running.desk(stack, outputs, None, lock_bucket), name, set_ or [])
    print(json.dumps(found, indent=2))
