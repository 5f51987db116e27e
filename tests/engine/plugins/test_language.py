"""The Python language host under the real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.engine


def test_a_run_error_shows_its_message_only(project: Any) -> None:
    project.write('import pulumi\nraise pulumi.RunError("stacks/x.yaml: replicas: must be 2 or more")\n')
    outcome = project.preview().assert_failed()
    assert "error: stacks/x.yaml: replicas: must be 2 or more" in outcome.output
    assert "Traceback" not in outcome.output and "exit code" not in outcome.output


def test_another_exception_shows_where_in_the_program(project: Any) -> None:
    project.write("import broken\n")
    project.write("def fail():\n    return {}['missing']\n\nfail()\n", "broken.py")
    outcome = project.preview().assert_failed()
    assert "KeyError: 'missing'" in outcome.output
    assert "broken.py" in outcome.output
    assert "runpy" not in outcome.output and "local/plugins" not in outcome.output.replace("local/plugins/bin", "")


def test_exit_codes_and_output_reach_the_engine(project: Any) -> None:
    project.write(
        """
        import sys
        print("said on stdout")
        print("said on stderr", file=sys.stderr)
        sys.exit(3)
        """
    )
    outcome = project.preview().assert_failed()
    for text in ("said on stdout", "said on stderr", "exit code 3"):
        assert text in outcome.output


def test_configuration_and_secrets_reach_the_program(project: Any) -> None:
    project.config("small:size", "3")
    project.run("config", "set", "--secret", "small:key", "hidden-value").assert_succeeded()
    project.write(
        """
        import pulumi
        config = pulumi.Config()
        pulumi.export("size", config.require_int("size"))
        pulumi.export("key", config.require_secret("key"))
        pulumi.export("where", [pulumi.get_project(), pulumi.get_stack()])
        """
    )
    outcome = project.up().assert_succeeded()
    assert "hidden-value" not in outcome.output and "hidden-value" not in project.state()
    outputs = project.outputs()
    assert outputs["size"] == 3
    assert outputs["key"] == "hidden-value"
    assert outputs["where"] == ["small", "test"]


def test_an_async_entry_point_runs(project: Any) -> None:
    project.write(
        """
        import asyncio
        import pulumi
        import pulumi_random as random

        async def main():
            made = random.RandomId("id", byte_length=2)
            await made.urn.future()
            await asyncio.sleep(0)
            return {"length": made.hex.apply(len)}

        pulumi.run(main)
        """
    )
    project.up().assert_succeeded()
    assert project.output("length") == 4


def test_a_missing_virtual_environment_is_named_with_the_cure(project: Any) -> None:
    project.runtime({"virtualenv": "nowhere"})
    outcome = project.preview().assert_failed()
    assert f"{project.folder / 'nowhere'}" in outcome.output and "pulumi install" in outcome.output


def test_an_unknown_runtime_option_is_an_error(project: Any) -> None:
    project.runtime({"virtualenvv": ".venv"})
    assert "runtime.options.virtualenvv: unknown" in project.preview().assert_failed().output


def test_an_interrupt_ends_everything_cleanly(project: Any, tmp_path: Path) -> None:
    mark = tmp_path / "running"
    project.write(
        f"""
        import pathlib, time, os
        pathlib.Path("{mark}").write_text(str(os.getpid()))
        time.sleep(120)
        """
    )
    process: subprocess.Popen[str] = project.start("preview")
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    program = int(mark.read_text())
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in output and "KeyboardInterrupt" not in output
    with pytest.raises(ProcessLookupError):
        os.kill(program, 0)


def test_a_killed_engine_leaves_no_process(project: Any, tmp_path: Path) -> None:
    mark = tmp_path / "running"
    project.write(
        f"""
        import pathlib, time, os
        import pulumi_random as random
        random.RandomId("id", byte_length=2)
        pathlib.Path("{mark}").write_text(str(os.getpid()))
        time.sleep(120)
        """
    )
    process: subprocess.Popen[str] = project.start("up", "--yes", "--skip-preview")
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    program = int(mark.read_text())
    process.kill()
    process.wait()
    while Path(f"/proc/{program}").exists():
        assert time.monotonic() < deadline, "the program outlived the engine"
        time.sleep(0.1)


def test_dependencies_and_about(project: Any) -> None:
    outcome = project.pulumi_about()
    assert outcome["runtime"]["language"] == "python"
    # The interpreter's environment is the one that groundwork is installed in.
    assert "groundwork" in [each["name"] for each in outcome["dependencies"]]


def _pack(folder: Path, virtualenv: str) -> Path:
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text(
        json.dumps({"runtime": {"name": "python", "options": {"virtualenv": virtualenv}}, "version": "0.0.1"})
    )
    (folder / "__main__.py").write_text(
        """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def short(args, report):
    if args.resource_type == "random:index/randomId:RandomId" and args.props["byteLength"] < 4:
        report("an ID needs 4 bytes or more")


PolicyPack("lengths", enforcement_level=EnforcementLevel.MANDATORY, policies=[
    ResourceValidationPolicy(name="no-short-id", description="IDs are long enough.", validate=short)])
"""
    )
    return folder


def test_a_policy_pack_judges_before_anything_is_made(project: Any, tmp_path: Path) -> None:
    """A mandatory CrossGuard policy stops the update before the resource exists."""
    pack = _pack(tmp_path / "pack", project.virtualenv)
    program = 'import pulumi_random as random\nrandom.RandomId("id", byte_length={})\n'
    project.write(program.format(2))
    outcome = project.up("--policy-pack", str(pack)).assert_failed()
    assert "no-short-id" in outcome.output and "an ID needs 4 bytes or more" in outcome.output
    assert project.resources() == []
    project.write(program.format(4))
    project.up("--policy-pack", str(pack)).assert_succeeded()
