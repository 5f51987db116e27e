"""The engine's marks of secrets: kept on the way to the rules, and never shown."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy import policy as sdk
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policies.crossguard import plain, policies_from
from policies.marks import SECRET, SIGNATURE, is_marked, separate
from policies.model import UNKNOWN, Finding, Resource, Status, Verdict

pytestmark = pytest.mark.unit


def _secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def test_marks_become_paths() -> None:
    """SR-SECRET: at any depth, inside each other, and under keys that are no identifiers."""
    given = {
        "data": _secret({"a": "1", "b": _secret("2")}),
        "env": [{"value": "x"}, {"value": _secret("y")}],
        "annotations": {"a/b": _secret("z")},
        "later": {SIGNATURE: SECRET, "ciphertext": "v1:x"},
        "asset": {SIGNATURE: "other", "value": 1},
        3: (1, _secret(2)),
    }
    assert separate(given) == (
        {
            "data": {"a": "1", "b": "2"},
            "env": [{"value": "x"}, {"value": "y"}],
            "annotations": {"a/b": "z"},
            "later": UNKNOWN,
            "asset": {SIGNATURE: "other", "value": 1},
            "3": [1, 2],
        },
        frozenset({"data", "data.b", "env[1].value", 'annotations["a/b"]', "later", '["3"][1]'}),
    )


def test_the_mark_is_pulumis() -> None:
    """SR-SECRET: as the engine's protocol fixes it."""
    given = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "x"}
    assert separate({"a": given}) == ({"a": "x"}, frozenset({"a"}))


def test_what_is_below_a_mark_is_secret() -> None:
    """SR-SECRET."""
    one = Resource("t", "n", "u", {}, secrets=frozenset({"spec.env[1]", "data"}))
    assert [one.is_secret(path) for path in ("data", "data.a", "data[0]", "spec.env[1].value")] == [True] * 4
    assert [one.is_secret(path) for path in ("database", "spec", "spec.env[10]", "")] == [False] * 4


def test_no_message_shows_what_is_marked() -> None:
    """SR-SECRET: whichever rule speaks of it."""
    one = Resource("t", "n", "u", {}, secrets=frozenset({"path"}))
    shown = [
        Finding("SR-VOLUME", Verdict(one, path, "/srv", "is bad", ""), Status.VIOLATION).message
        for path in ("path", "other")
    ]
    assert shown == ['[SR-VOLUME] t "n": path = [secret]: is bad.', '[SR-VOLUME] t "n": other = "/srv": is bad.']


def test_the_sdk_keeps_the_marks_for_the_rules() -> None:
    """SR-SECRET: through deserialization and the SDK's proxies, secret, unknown and plain values side by side."""
    policies_from([])
    policies_from([])  # a second pack in one process finds it done
    sent = {
        "a": _secret("x"),
        "b": {"c": [_secret({"d": UNKNOWN_STRING_VALUE, "e": 2.0}), "y"]},
        "f": UNKNOWN_STRING_VALUE,
        "g": _secret(UNKNOWN_STRING_VALUE),
    }
    deserialize = vars(sdk)["deserialize_properties"]
    kept = deserialize(sent)
    assert is_marked(kept["a"])
    data, paths = separate(plain(unknown_checking_proxy(kept)))
    assert data == {"a": "x", "b": {"c": [{"d": UNKNOWN, "e": 2}, "y"]}, "f": UNKNOWN, "g": UNKNOWN}
    assert paths == {"a", "b.c[0]", "g"}
    # Remediations have their own way to keep secrets, which must stay as it is.
    assert deserialize(sent, True)["a"] == "x"
