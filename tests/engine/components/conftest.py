"""The delivered project and small programs of our components, against an AWS endpoint on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import local.aws
from tests.engine.attached import Attached
from tests.engine.conftest import Outcome
from tests.fixtures.aws import on_loopback

ROOT = Path(__file__).parents[3]
SERVICES = (
    *("acm", "backup", "cloudfront", "cloudwatch", "ec2", "elasticache", "iam", "kms", "logs", "rds", "route53", "s3"),
    *("scheduler", "secretsmanager", "sns", "stepfunctions", "sts", "wafv2"),
)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """An AWS endpoint without servers behind it; returns its address."""
    with on_loopback(local.aws.without_servers()) as address:
        yield address


def aws_configuration(endpoint: str) -> dict[str, Any]:
    """Configuration of the aws provider for the endpoint."""
    return {
        "aws:region": "eu-west-1",
        "aws:accessKey": "local",
        "aws:secretKey": "local",
        "aws:s3UsePathStyle": "true",
        "aws:skipCredentialsValidation": "true",
        "aws:skipMetadataApiCheck": "true",
        "aws:skipRequestingAccountId": "true",
        "aws:endpoints": [dict.fromkeys(SERVICES, endpoint)],
    }


@dataclass(frozen=True)
class Checkout:
    """The delivered project with stack files of its own and a state of its own."""

    folder: Path
    environment: dict[str, str]
    pulumi: Path

    def file(self, stack: str) -> Path:
        """The stack's file."""
        return self.folder / "stacks" / f"Pulumi.{stack}.yaml"

    def change(self, stack: str, path: str, value: Any) -> None:
        """Change one value of a stack file; keys are separated by `/`."""
        content = yaml.safe_load(self.file(stack).read_text())
        *parents, last = path.split("/")
        place = content["config"]
        for key in parents:
            place = place.setdefault(key, {})
        place[last] = value
        self.file(stack).write_text(yaml.safe_dump(content, sort_keys=False))

    def init(self, stack: str) -> None:
        """Make the stack."""
        self.run("stack", "init", stack, "--no-select").assert_succeeded()

    def run(self, *arguments: str) -> Outcome:
        """Run the engine in the project."""
        done = subprocess.run(
            [self.pulumi, *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return Outcome(done.returncode, done.stdout)

    def preview(self, stack: str) -> dict[str, Any]:
        """Preview a stack and return the engine's plan."""
        done = subprocess.run(
            [self.pulumi, "preview", "--json", "--stack", stack, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        plan: dict[str, Any] = json.loads(done.stdout)
        return plan


@pytest.fixture
def checkout(project: Any, endpoint: str, tmp_path: Path) -> Checkout:
    """The delivered project in a folder of its own: its stack files may be changed, its stacks do not exist yet."""
    folder = tmp_path / "checkout"
    (folder / "stacks").mkdir(parents=True)
    for name in ("Pulumi.yaml", "__main__.py", "components"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    for file in (ROOT / "stacks").glob("Pulumi.*.yaml"):
        content = yaml.safe_load(file.read_text())
        content.pop("encryptionsalt", None)
        content["config"] = {**content["config"], **aws_configuration(endpoint)}
        (folder / "stacks" / file.name).write_text(yaml.safe_dump(content, sort_keys=False))
    return Checkout(folder, project.environment, project.pulumi)


@pytest.fixture
def stores(project: Any, endpoint: str) -> Any:
    """A project in which a program of ours can make data stores in an existing network."""
    file = project.folder / f"Pulumi.{project.stack}.yaml"
    content = yaml.safe_load(file.read_text()) if file.exists() else {}
    content["config"] = aws_configuration(endpoint)
    file.write_text(yaml.safe_dump(content))
    project.plugins = Attached(project.folder, ("aws",))
    return project
