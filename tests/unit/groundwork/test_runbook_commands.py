"""`groundwork runbook`: what it prints, and how it refuses (RB-REDIS, RB-DB)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from checks.redaction import Redactor
from groundwork.errors import UserError
from groundwork.runbook_commands import app
from runbooks.catalogue import RUNBOOKS
from runbooks.clock import SystemClock
from runbooks.journal import Journal

pytestmark = pytest.mark.unit


def answer(*words: str) -> str:
    """What a command prints; its own refusals are raised."""
    result = CliRunner().invoke(app, words)
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    with Journal.begin(path, SystemClock(), Redactor()) as journal:
        journal.append("run-opened", run="r", plan={})
        journal.append("run-closed", outcome="completed")
    return path


def test_every_runbook_is_shown_and_has_a_policy() -> None:
    for name in RUNBOOKS:
        assert f"# {name}:" in answer("show", name)
        statements = json.loads(answer("iam", name))["Statement"]
        assert any("s3:PutObject" in each["Action"] for each in statements), "the lock is part of it"
        assert all("*" not in each["Resource"] for each in statements)


def test_a_runbook_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(UserError, match="database-failover, redis-failover"):
        answer("show", "redis")


def test_a_journal_is_verified(file: Path) -> None:
    head = json.loads(file.read_bytes().splitlines()[-1])["hash"]
    for more in ((), ("--head", head)):
        assert f"2 lines as they were written, completed; head {head}" in answer("verify", str(file), *more)


@pytest.mark.parametrize("change", ["byte", "line", "order", "end", "elsewhere"])
def test_a_journal_that_was_changed_is_not(file: Path, change: str) -> None:
    first, last = file.read_bytes().splitlines(keepends=True)
    changed = {"byte": first.replace(b'"r"', b'"s"') + last, "line": last, "order": last + first, "end": first}
    file.write_bytes(changed.get(change, first + last))
    with pytest.raises(UserError, match="is not as it was written"):
        answer("verify", str(file), *(("--head", "0" * 64) if change == "elsewhere" else ()))
