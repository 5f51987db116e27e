"""The main job: AIPONGE's eight services come up under the engine and are healthy."""

from __future__ import annotations

import json
import subprocess

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


def test_nothing_secret_is_printed(aiponge: Paths, checked: subprocess.CompletedProcess[str]) -> None:
    """P0-SECRETS: outputs carry ARNs of secrets, never their values."""
    done = groundwork("doctor", "--json")
    assert done.returncode == 0, done.stdout
    for printed in (done.stdout, done.stderr, checked.stdout, checked.stderr):
        assert "rediss://" not in printed and "postgres://" not in printed
