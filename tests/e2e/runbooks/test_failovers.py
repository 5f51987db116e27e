"""Failovers of real servers by runbook, measured, and killed after every step (RB-REDIS, RB-DB, PV-DBFAIL)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runbooks import journal
from runbooks.runs import Runs
from tests.e2e.runbooks.conftest import NAME, TOKEN, Stack
from tests.fixtures.databases import PASSWORD, Wait

pytestmark = pytest.mark.e2e

GROUNDWORK = str(Path(sys.executable).with_name("groundwork"))
PROJECT = Path(__file__).parents[3]


def groundwork(stack: Stack, *words: str, code: int = 0) -> str:
    """What `groundwork runbook` prints."""
    options = ["--outputs", str(stack.outputs)]
    if words[0] != "iam":
        options += ["--folder", str(stack.folder)]
    done = subprocess.run(
        [GROUNDWORK, "runbook", *words, *options],
        env=stack.environment,
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def planned(stack: Stack, *words: str) -> str:
    """The hash of a new plan."""
    found: str = json.loads(groundwork(stack, "plan", "staging", *words, "--json"))["hash"]
    return found


def killed(stack: Stack, last: str, *words: str) -> None:
    """A process that kills itself after a line."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.runbooks.process", str(stack.outputs), str(runs(stack).folder), last, *words],
        env=stack.environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


def runs(stack: Stack) -> Runs:
    return Runs(stack.folder / "staging")


def evidence(stack: Stack, run: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((runs(stack).of(run) / "evidence.json").read_text())
    return found


def failovers(stack: Stack) -> int:
    """How often ElastiCache was asked for one."""
    events = stack.client("elasticache").describe_events(SourceIdentifier=NAME, SourceType="replication-group")[
        "Events"
    ]
    return sum(each["Message"].startswith("Failover from primary node") for each in events)


def test_redis_fails_over_within_ten_seconds(stack: Stack) -> None:
    """RB-REDIS, SR-SECRET: by the command line alone; what is promised is kept, and no file holds the token."""
    before = failovers(stack)
    plan = planned(stack, "redis-failover", "--set", "redis=queue")
    assert plan == planned(stack, "redis-failover", "--set", "redis=queue"), "a plan changes nothing"
    groundwork(stack, "apply", "staging", plan[:12], "--yes", code=1)
    groundwork(stack, "apply", "staging", plan[:12], code=1)
    groundwork(stack, "apply", "staging", plan[:12], "--yes", "--non-production", "--approved-by", "the tests")
    run = runs(stack).chosen(None)
    found = evidence(stack, run)
    assert found["approval"]["by"] == "the tests" and found["outcome"] == "completed"
    assert 0 < found["measured"]["rtoSeconds"] <= 10 and found["measured"]["breaches"] == []
    assert found["measured"]["acknowledgedWrites"] > 5
    assert failovers(stack) == before + 1
    journal.verify(runs(stack).journal(run))
    groundwork_verify(runs(stack).journal(run), found["journal"]["head"])
    for file in runs(stack).of(run).iterdir():
        assert TOKEN not in file.read_text()
    # Its targets are no longer what they were.
    groundwork(stack, "apply", "staging", plan[:12], "--yes", "--non-production", code=1)


def groundwork_verify(file: Path, head: str) -> None:
    done = subprocess.run(
        [GROUNDWORK, "runbook", "verify", str(file), "--head", head],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "as they were written, completed" in done.stdout, done.stdout + done.stderr


def test_a_redis_failover_killed_after_each_step_is_made_once(stack: Stack) -> None:
    """RB-REDIS: four processes get kill -9, the fifth ends the run; the journal is whole."""
    before = failovers(stack)
    killed(stack, "step-verified:replicas-in-step", "apply", planned(stack, "redis-failover", "--set", "redis=queue"))
    run = runs(stack).chosen(None)
    for last in ("action-done:failover", "step-verified:failover", "step-verified:primary-takes-writes"):
        killed(stack, last, "resume", run)
    groundwork(stack, "resume", "staging", run)
    found = evidence(stack, run)
    assert (found["outcome"], found["interruptions"]) == ("completed", 4)
    tokens = found["fencingTokens"]
    assert len(tokens) == 5 and tokens == sorted(set(tokens)), "each process has a greater one"
    assert failovers(stack) == before + 1
    assert found["measured"]["interrupted"]
    journal.verify(runs(stack).journal(run))


def test_a_database_failover_killed_after_each_step_is_made_once(stack: Stack, eventually: Wait) -> None:
    """RB-DB, PV-DBFAIL: within 30 s although the runner was killed, and no acknowledged commit is lost."""
    api = stack.client("rds")

    def told() -> dict[str, Any]:
        found: dict[str, Any] = api.describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"][0]
        return found

    def zones() -> tuple[str, str]:
        return told()["AvailabilityZone"], told()["SecondaryAvailabilityZone"]

    eventually(lambda: told()["DBInstanceStatus"] == "available", "its first backup is taken")
    before = zones()
    killed(stack, "action-done:failover", "apply", planned(stack, "database-failover"))
    run = runs(stack).chosen(None)
    for last in ("step-verified:failover", "step-verified:writer-takes-writes", "step-verified:replicas-follow"):
        killed(stack, last, "resume", run)
    groundwork(stack, "resume", "staging", run)
    found = evidence(stack, run)
    assert (found["outcome"], found["interruptions"]) == ("completed", 4)
    assert zones() == before[::-1]
    assert [step["changesMade"] for step in found["steps"]] == [1, 0, 0]
    assert 0 < found["measured"]["rtoSeconds"] <= 30
    assert (found["measured"]["lostWrites"], found["measured"]["breaches"]) == (0, [])
    for file in runs(stack).of(run).iterdir():
        assert PASSWORD not in file.read_text()
    policy = json.loads(groundwork(stack, "iam", "database-failover", "--stack", "staging"))
    assert {"rds:RebootDBInstance"} <= {action for each in policy["Statement"] for action in each["Action"]}
    assert all(NAME in resource for each in policy["Statement"] for resource in each["Resource"])
