"""The random stand-in's values and checks."""

from __future__ import annotations

import uuid
from threading import Event
from typing import Any

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.plugins.provider import UNKNOWN, CheckRequest, CreateRequest, ReadRequest, Secret
from local.plugins.random_ import KINDS, RandomProvider

pytestmark = pytest.mark.unit


def _token(name: str) -> str:
    [token] = [each for each in KINDS if each.endswith(f":{name}")]
    return token


def _create(name: str, inputs: dict[str, Any], preview: bool = False) -> Any:
    def log(message: str, severity: str = "info", ephemeral: bool = False) -> None:
        raise AssertionError(message)

    request = CreateRequest("urn", _token(name), "n", inputs, preview, None, log, Event())
    return RandomProvider().create(request)


def _failures(name: str, inputs: dict[str, Any]) -> list[str]:
    request = CheckRequest("urn", _token(name), "n", {}, inputs)
    return [f"{each.property}: {each.reason}" for each in RandomProvider().check(request).failures]


@given(st.integers(4, 40), st.integers(0, 2), st.integers(0, 2))
def test_a_password_keeps_its_minimums(length: int, digits: int, special: int) -> None:
    inputs = {"length": length, "minNumeric": digits, "minSpecial": special, "overrideSpecial": "!?"}
    text = _create("RandomString", inputs).outputs["result"]
    assert len(text) == length
    assert sum(character.isdigit() for character in text) >= digits
    assert sum(character in "!?" for character in text) >= special
    assert all(character.isalnum() or character in "!?" for character in text)


def test_a_password_is_secret_and_hashed() -> None:
    outputs = _create("RandomPassword", {"length": 100}).outputs
    assert isinstance(outputs["result"], Secret) and isinstance(outputs["bcryptHash"], Secret)
    assert bcrypt.checkpw(outputs["result"].value.encode()[:72], outputs["bcryptHash"].value.encode())


def test_a_preview_knows_the_inputs_only() -> None:
    made = _create("RandomPassword", {"length": 8}, preview=True)
    assert made.id == ""
    assert made.outputs["length"] == 8 and made.outputs["result"] == Secret(UNKNOWN)


def test_the_forms_of_an_id_agree() -> None:
    outputs = _create("RandomId", {"byteLength": 5, "prefix": "p-"}).outputs
    assert int(outputs["dec"].removeprefix("p-")) == int(outputs["hex"].removeprefix("p-"), 16)


def test_other_kinds() -> None:
    assert uuid.UUID(_create("RandomUuid", {}).outputs["result"]).version == 4
    assert len(_create("RandomPet", {"length": 3, "separator": "."}).id.split(".")) == 3
    assert _create("RandomInteger", {"min": 4, "max": 4}).outputs["result"] == 4
    seeded = {"min": 0, "max": 10**9, "seed": "s"}
    assert _create("RandomInteger", seeded).id == _create("RandomInteger", seeded).id
    shuffled = _create("RandomShuffle", {"inputs": ["a", "b"], "resultCount": 5}).outputs["results"]
    assert len(shuffled) == 5 and set(shuffled) == {"a", "b"}
    assert len(_create("RandomBytes", {"length": 6}).outputs["hex"].value) == 12


@pytest.mark.parametrize(
    ("name", "inputs", "reason"),
    [
        ("RandomString", {}, "length: missing"),
        ("RandomString", {"length": True}, "length: must be a whole number, not a boolean"),
        ("RandomString", {"length": 8, "minUper": 1}, "did you mean 'minUpper'"),
        ("RandomString", {"length": 8, "upper": False, "minUpper": 1}, "minUpper: asks for"),
        ("RandomPet", {"length": 0}, "length: must be 1 or more"),
        ("RandomUuid", {"keepers": ["a"]}, "keepers: must be a map of strings, not a list"),
    ],
)
def test_what_is_wrong_is_said(name: str, inputs: dict[str, Any], reason: str) -> None:
    assert any(reason in failure for failure in _failures(name, inputs))


def test_unknown_inputs_are_not_judged() -> None:
    assert _failures("RandomString", {"length": UNKNOWN, "minUpper": 4}) == []


def test_a_refresh_keeps_the_results_secret() -> None:
    outputs = {"length": 3, "result": "abc", "bcryptHash": "x"}
    request = ReadRequest("urn", _token("RandomPassword"), "none", outputs, {"length": 3})
    read = RandomProvider().read(request)
    assert read is not None and read.outputs["result"] == Secret("abc") and read.inputs == {"length": 3}
