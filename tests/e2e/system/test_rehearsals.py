"""`groundwork rehearse`: a stack's own settings on the local platform, from nothing to nothing."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from groundwork.project import ROOT
from groundwork.rehearsal.inventory import aws_inventory, world
from groundwork.rehearsal.run import folder
from local.paths import Paths
from tests.e2e.system.conftest import GROUNDWORK, groundwork

pytestmark = pytest.mark.e2e

STEPS = ["prepare", "up", "up again", "refresh", "check", "destroy", "nothing left"]


def test_a_production_stack_is_rehearsed_from_nothing_to_nothing(platform: Paths, tmp_path: Path) -> None:
    """P0-QUEUE, P0-REPLICA: Viral Engine, whose jobs are in its database."""
    before = world(platform)
    file = tmp_path / "report.json"
    done = groundwork("rehearse", "viral-engine", "--report", str(file))
    report = json.loads(file.read_text())
    assert done.returncode == 0, report
    assert [(step["name"], step["outcome"]) for step in report["steps"]] == [(name, "kept") for name in STEPS]
    assert "groundwork:workload.image" in done.stderr, "what differs is told"
    assert world(platform) == before


def test_an_interrupted_rehearsal_cleans_up_behind_itself(platform: Paths) -> None:
    before = world(platform)
    process = subprocess.Popen(
        [GROUNDWORK, "rehearse", "pv-api", "--json"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if line.rstrip() == "rehearsing pv-api: up":
                break
        while process.poll() is None and aws_inventory() == before.aws:
            pass
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=900)
    finally:
        process.kill()
    outcomes = {step["name"]: step["outcome"] for step in json.loads(output)["steps"]}
    assert process.returncode == 130, outcomes
    assert (outcomes["up"], outcomes["check"]) == ("interrupted", "not reached")
    assert (outcomes["destroy"], outcomes["nothing left"]) == ("kept", "kept")
    assert world(platform) == before
    assert not (folder(platform) / "pv-api").exists()


def test_bad_settings_are_refused_before_anything_is_made(platform: Paths) -> None:
    before = world(platform)
    done = groundwork("rehearse", "prood")
    assert done.returncode == 1
    assert "there is no stack 'prood'" in done.stderr
    assert world(platform) == before
