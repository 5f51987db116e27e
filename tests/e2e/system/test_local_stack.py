"""The main job: AIPONGE's eight services come up under the engine and are healthy."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from local.paths import Paths
from tests.e2e.system.conftest import groundwork

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def aiponge(platform: Paths) -> Paths:
    done = groundwork("up", "local", "--", "--non-interactive")
    assert done.returncode == 0, done.stdout + done.stderr
    return platform


@pytest.fixture(scope="module")
def checked(aiponge: Paths) -> subprocess.CompletedProcess[str]:
    """What the checks say of it."""
    return groundwork("check", "local", "--json", "--within", "180")


def test_every_check_is_green(checked: subprocess.CompletedProcess[str]) -> None:
    """P0-REDIS, P0-S3, P0-QUEUE, P0-REPLICA, P0-CDN, PV-HEALTH: the whole system, verified."""
    results = json.loads(checked.stdout)["results"]
    assert checked.returncode == 0, [item for item in results if item["outcome"] != "pass"]
    assert len(results) >= 10
    assert {item["outcome"] for item in results} == {"pass"}


def test_a_second_up_changes_nothing(aiponge: Paths) -> None:
    done = groundwork("up", "local", "--", "--non-interactive", "--expect-no-changes")
    assert done.returncode == 0, done.stdout + done.stderr


def test_refresh_finds_no_drift(aiponge: Paths) -> None:
    done = groundwork("refresh", "local", "--", "--non-interactive", "--expect-no-changes")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_pull_request_is_told_what_a_preview_found(aiponge: Paths, tmp_path: Path) -> None:
    """The command of the workflow for pull requests, on what is already up."""
    file = tmp_path / "comment.md"
    done = groundwork("preview", "local", "--pr-comment", str(file), "--", "--non-interactive")
    assert done.returncode == 0, done.stdout + done.stderr
    comment = file.read_text()
    assert comment.startswith("<!-- groundwork preview local -->\n\n### Preview of `local`: ✅ no changes\n")
    assert int(comment.split(" unchanged")[0].split()[-1]) > 200
    assert "must be mended" not in comment


def test_the_gate_marks_what_is_well_and_advises_when_it_is_not(
    aiponge: Paths, checked: subprocess.CompletedProcess[str]
) -> None:
    """RB-DEPLOY: what passed is remembered; nothing was deployed since, so going back is no cure for a broken S3."""
    passed = groundwork("gate", "local", "--within", "60")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "verified: the deployment that ended at" in passed.stderr
    assert groundwork("local", "fail", "s3-errors", "--amount", "100").returncode == 0
    try:
        failed = groundwork("gate", "local", "--within", "0")
    finally:
        assert groundwork("local", "heal", "s3-errors").returncode == 0
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "every check of local passed: going back mends nothing" in failed.stderr


def test_nothing_secret_is_printed(aiponge: Paths, checked: subprocess.CompletedProcess[str]) -> None:
    """P0-SECRETS: outputs carry ARNs of secrets, never their values."""
    done = groundwork("doctor", "--json")
    assert done.returncode == 0, done.stdout
    for printed in (done.stdout, done.stderr, checked.stdout, checked.stderr):
        assert "rediss://" not in printed and "postgres://" not in printed
