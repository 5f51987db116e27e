"""The workflows for pull requests and merges: what they run exists, and nothing runs with more rights than it needs."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from groundwork.cli import app
from groundwork.project import ROOT
from groundwork.pull_request.comment import marker

pytestmark = pytest.mark.unit

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
COMMAND = re.compile(r"\.venv/bin/groundwork (?P<arguments>[^\n]*?)(?= 2>| \|\||$)", re.MULTILINE)

# A stand-in for GitHub's command line: keeps comments in a file, and knows just the requests that are made.
GH = """#!/usr/bin/env python3
import json, os, re, sys
store = os.environ["STORE"]
comments = json.load(open(store)) if os.path.exists(store) else []
arguments = sys.argv[1:]
assert arguments.pop(0) == "api", arguments
if "--jq" in arguments:
    assert arguments[:2] == ["--paginate", "repos/shop/web/issues/7/comments"], arguments
    [start] = re.findall(r'startswith\\("(.*?)"\\)', arguments[3])
    print("\\n".join(each["url"] for each in comments if each["body"].startswith(start)))
    sys.exit()
field = arguments[arguments.index("--field") + 1]
body = open(field.removeprefix("body=@")).read()
method, target = arguments[1], arguments[2]
if method == "POST":
    assert target == "repos/shop/web/issues/7/comments", target
    comments.append({"url": f"comments/{len(comments)}", "body": body})
else:
    assert method == "PATCH", method
    [found] = [each for each in comments if each["url"] == target]
    found["body"] = body
json.dump(comments, open(store, "w"))
"""


def jobs() -> list[Any]:
    return [
        pytest.param(job, id=f"{file.stem}: {name}")
        for file in WORKFLOWS
        for name, job in yaml.safe_load(file.read_text())["jobs"].items()
    ]


def test_there_is_a_workflow_for_pull_requests_and_one_for_merges() -> None:
    assert {"preview", "deploy"} <= {file.stem for file in WORKFLOWS}


@pytest.mark.parametrize("job", jobs())
def test_every_command_is_one_that_groundwork_has(job: dict[str, Any]) -> None:
    """Options and arguments too: what the workflow runs is parsed by the command line itself."""
    group: Any = typer.main.get_command(app)
    text = "\n".join(step.get("run", "") for step in job["steps"])
    commands = [match["arguments"] for match in COMMAND.finditer(text)]
    assert commands
    for text in commands:
        words = shlex.split(text)
        name, command, rest = group.resolve_command(group.make_context("groundwork", ["doctor"]), words)
        command.make_context(name, rest)


@pytest.mark.parametrize("job", jobs())
def test_actions_are_pinned_and_jobs_are_bounded(job: dict[str, Any]) -> None:
    """A tag can be moved to other code, a commit cannot."""
    assert job["timeout-minutes"] <= 120
    for step in job["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40}", step["uses"]), step


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: str(file.stem))
def test_no_workflow_may_write_to_the_repository(file: Path) -> None:
    permissions = yaml.safe_load(file.read_text())["permissions"]
    assert permissions["contents"] == "read"
    assert set(permissions) <= {"contents", "id-token", "pull-requests", "security-events"}


def test_no_code_of_a_fork_runs_with_credentials() -> None:
    document = yaml.safe_load((ROOT / ".github" / "workflows" / "preview.yml").read_text())
    # YAML 1.1 reads the key `on` as true.
    assert document[True] == {"pull_request": None}
    condition = document["jobs"]["preview"]["if"]
    assert condition == "github.event.pull_request.head.repo.full_name == github.repository"


def test_a_later_preview_takes_the_place_of_the_comment_of_its_own_stack(tmp_path: Path) -> None:
    folder, store = tmp_path / "bin", tmp_path / "comments.json"
    folder.mkdir()
    (folder / "gh").write_text(GH)
    (folder / "gh").chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "GITHUB_REPOSITORY": "shop/web", "STORE": str(store)}

    def put(stack: str, text: str) -> None:
        file = tmp_path / "comment.md"
        file.write_text(f"{marker(stack)}\n\n{text}\n")
        subprocess.run([ROOT / ".github" / "put-comment", "7", file], env=environment, check=True)

    put("prod", "one")
    put("staging", "two")
    put("prod", "three")
    bodies = [comment["body"] for comment in json.loads(store.read_text())]
    assert bodies == [f"{marker('prod')}\n\nthree\n", f"{marker('staging')}\n\ntwo\n"]
