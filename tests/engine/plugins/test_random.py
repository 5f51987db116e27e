"""The random stand-in under the real engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.engine

PROGRAM = """
    import pulumi
    import pulumi_random as random

    class Pair(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("test:index:Pair", name, {}, opts)
            below = pulumi.ResourceOptions(parent=self)
            self.id = random.RandomId(f"{name}-id", byte_length=4, opts=below)
            self.pet = random.RandomPet(f"{name}-pet", prefix=self.id.hex, opts=below)
            self.register_outputs({"pet": self.pet.id})

    pair = Pair("pair")
    password = random.RandomPassword("password", length=24, min_special=2, keepers={"pet": pair.pet.id})
    random.RandomString("string", length=12, special=False)
    random.RandomInteger("integer", min=3, max=9)
    random.RandomUuid("uuid")
    random.RandomBytes("bytes", length=16)
    pulumi.export("password", password.result)
    pulumi.export("bcrypt", password.bcrypt_hash)
    pulumi.export("pet", pair.pet.id)
"""


def test_life_cycle_is_stable_and_keeps_secrets(project: Any) -> None:
    """P0-SECRETS: a generated credential is never in the clear in state; a second update changes nothing."""
    project.write(PROGRAM)
    preview = project.preview().assert_succeeded()
    assert "9 to create" in preview.output  # the stack and the component among them

    project.up().assert_succeeded()
    password = project.output("password")
    assert len(password) == 24
    assert project.output("bcrypt").startswith("$2b$")
    assert password not in project.state()
    assert project.output("bcrypt") not in project.state()
    assert project.output("pet").startswith(project.resource("pair-id")["outputs"]["hex"])
    assert "ciphertext" in project.resource("bytes")["outputs"]["base64"]
    assert 3 <= project.resource("integer")["outputs"]["result"] <= 9

    again = project.up().assert_succeeded()
    assert "9 unchanged" in again.output and "created" not in again.output
    assert project.output("password") == password

    refreshed = project.refresh("--expect-no-changes").assert_succeeded()
    assert "9 unchanged" in refreshed.output
    assert password not in project.state() and password not in refreshed.output
    assert project.up("--expect-no-changes").assert_succeeded()

    project.destroy().assert_succeeded()
    assert project.resources() == []


def test_a_changed_keeper_replaces_and_names_itself(project: Any) -> None:
    program = """
        import pulumi, pulumi_random as random
        password = random.RandomPassword("password", length=20, keepers={{"version": "{version}"}})
        pulumi.export("password", password.result)
    """
    project.write(program.format(version=1))
    project.up().assert_succeeded()
    before = project.output("password")
    project.write(program.format(version=2))
    preview = project.preview().assert_succeeded()
    assert "1 to replace" in preview.output
    assert "version" in preview.output
    project.up().assert_succeeded()
    assert project.output("password") != before


def test_a_default_written_out_changes_nothing(project: Any) -> None:
    project.write('import pulumi_random as random\nrandom.RandomString("s", length=8)')
    project.up().assert_succeeded()
    project.write('import pulumi_random as random\nrandom.RandomString("s", length=8, special=True, min_lower=0)')
    assert "unchanged" in project.up("--expect-no-changes").assert_succeeded().output


def test_a_bad_input_is_one_clear_error(project: Any) -> None:
    project.write(
        """
        import pulumi
        pulumi.CustomResource("random:index/randomId:RandomId", "id", {"byteLength": 4, "prefx": "a"})
        """
    )
    outcome = project.preview().assert_failed()
    assert "unknown property; did you mean 'prefix'?" in outcome.output
    assert "Traceback" not in outcome.output


def test_import_takes_over_what_exists(project: Any) -> None:
    project.write(
        """
        import pulumi, pulumi_random as random
        random.RandomPassword("p", length=11, opts=pulumi.ResourceOptions(import_="correcthors"))
        random.RandomString("s", length=5, opts=pulumi.ResourceOptions(import_="abcde"))
        random.RandomId("i", byte_length=3, prefix="x-", opts=pulumi.ResourceOptions(import_="x-,p-9h"))
        """
    )
    assert "3 imported" in project.up().assert_succeeded().output
    assert project.resource("s")["outputs"]["result"] == "abcde"
    assert project.resource("i")["outputs"]["hex"] == "x-a7ef61"
    assert project.resource("p")["id"] == "none"
    assert "correcthors" not in json.dumps(project.resource("p")["outputs"])
