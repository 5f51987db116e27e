"""The resilience pack under the real engine: what it stops, what a preview can link, and settings as they come."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[3]
PACK = ROOT / "policies" / "resilience"

DATABASE = """
import pulumi_aws as aws

def database(name, **changed):
    wanted = dict(
        identifier=name, engine="postgres", engine_version="17", instance_class="db.t4g.medium", multi_az=True,
        storage_encrypted=True, backup_retention_period=7, deletion_protection=True, final_snapshot_identifier="last",
    )
    return aws.rds.Instance(name, **{**wanted, **changed})
"""
BUCKET = """
import json
import pulumi_aws as aws

bucket = aws.s3.Bucket("uploads")
aws.s3.BucketVersioning("uploads", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
aws.s3.BucketServerSideEncryptionConfiguration(
    "uploads",
    bucket=bucket.id,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
)
aws.s3.BucketPublicAccessBlock(
    "uploads",
    bucket=bucket.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
tls = {
    "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
aws.s3.BucketPolicy("uploads", bucket=bucket.id, policy=json.dumps({"Statement": [tls]}))
"""


@pytest.fixture
def made(project: Any, tmp_path: Path) -> Path:
    """The record of what the provider made; the provider makes whatever passes."""
    record, launchers = tmp_path / "record", tmp_path / "launchers"
    record.touch()
    launchers.mkdir()
    launcher = launchers / "pulumi-resource-aws"
    launcher.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m tests.fixtures.policies.recorder aws {version("pulumi-aws")} "$@"\n'
    )
    launcher.chmod(0o755)
    project.environment["PATH"] = os.pathsep.join([str(launchers), project.environment["PATH"]])
    project.environment["PYTHONPATH"] = str(ROOT)
    project.environment["GROUNDWORK_RECORD"] = str(record)
    return record


def _up(project: Any, program: str, *arguments: str) -> Any:
    project.write(dedent(program))
    return project.run("up", "--yes", "--policy-pack", str(PACK), *arguments)


def test_a_database_that_can_be_lost_is_never_made(project: Any, made: Path) -> None:
    """SR-DB: mandatory, judged from inputs; numbers of the settings are whole, as they were written."""
    program = DATABASE + 'database("orders", backup_retention_period=3)\n'
    outcome = _up(project, program, "--skip-preview").assert_failed()
    assert (
        '[SR-DB] aws:rds/instance:Instance "orders": backupRetentionPeriod = 3: can be restored to a moment of the '
        "last 3 days only. Cure: set it to 7 or more."
    ) in " ".join(outcome.output.split())
    assert made.read_text() == ""


def test_a_development_database_is_let_be(project: Any, made: Path) -> None:
    """SR-DB, P0-BACKUP: nothing is asked of what its tag calls development."""
    program = DATABASE + 'database("orders", multi_az=False, backup_retention_period=0, tags={"environment": "dev"})\n'
    outcome = _up(project, program, "--skip-preview").assert_succeeded()
    assert "[SR-DB]" not in outcome.output
    assert len(made.read_text().splitlines()) == 1


def test_a_preview_links_settings_to_a_bucket_that_is_still_to_be_made(project: Any, made: Path) -> None:
    """SR-STORE, P0-BACKUP: by what they were made from, with no name known; the update finds the same."""
    outcome = _up(project, BUCKET).assert_succeeded()
    for rule in ("SR-STORE", "P0-BACKUP"):
        assert f"[{rule}]" not in outcome.output
    assert len(made.read_text().splitlines()) == 5
