"""A Kubernetes provider that makes whatever passes, and writes down what it made."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def made(project: Any, tmp_path: Path) -> Path:
    """The record of what the provider made; the provider makes whatever passes."""
    record, launchers = tmp_path / "record", tmp_path / "launchers"
    record.touch()
    launchers.mkdir()
    launcher = launchers / "pulumi-resource-kubernetes"
    launcher.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m tests.fixtures.policies.recorder kubernetes'
        f' {version("pulumi-kubernetes")} "$@"\n'
    )
    launcher.chmod(0o755)
    project.environment["PATH"] = os.pathsep.join([str(launchers), project.environment["PATH"]])
    project.environment["PYTHONPATH"] = str(ROOT)
    project.environment["GROUNDWORK_RECORD"] = str(record)
    return record
