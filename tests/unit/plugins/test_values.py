"""Values between the engine's protocol and Python."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.plugins.provider import UNKNOWN, Asset, FileAsset, ProviderError, Secret, StringAsset, differences
from local.plugins.values import properties_from_struct, struct_from_properties

pytestmark = pytest.mark.unit

PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)  # fmt: skip


def there_and_back(value: Any) -> Any:
    """The value after a way through the protocol; in a list, since a null member would be left out."""
    [came_back] = properties_from_struct(struct_from_properties({"value": [value]}))["value"]
    return came_back


@given(PLAIN)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    assert there_and_back(value) == value


@given(PLAIN)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert list(differences(value, value)) == []


def test_whole_numbers_are_integers_and_null_members_are_left_out() -> None:
    struct = struct_from_properties({"count": 3.0, "share": 0.5, "none": None})
    properties = properties_from_struct(struct)
    assert properties == {"count": 3, "share": 0.5}
    assert isinstance(properties["count"], int)


def test_unknown_and_secret() -> None:
    struct = struct_from_properties({"later": [UNKNOWN], "hidden": Secret({"a": 1})})
    assert properties_from_struct(struct) == {"later": [UNKNOWN], "hidden": {"a": 1}}
    assert "hidden" not in repr(Secret("hidden"))


def test_a_number_that_would_lose_digits_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^ports\[0\]: "):
        struct_from_properties({"ports": [2**60]})


def test_assets_are_equal_by_their_hash() -> None:
    text = StringAsset(hashlib.sha256(b"x").hexdigest(), "x")
    assert there_and_back(text) == text
    assert Asset(text.hash) == text
    assert FileAsset("", "a") != FileAsset("", "b")
    with pytest.raises(ProviderError, match="left out by the engine"):
        Asset("0").content()


def test_an_empty_text_asset_has_content() -> None:
    empty = there_and_back(StringAsset(hashlib.sha256(b"").hexdigest(), ""))
    assert empty.content() == b""


def test_differences_name_paths() -> None:
    old = {"a": [1, {"b.c": True}], "gone": 1, "n": 1}
    new = {"a": [1, {"b.c": False}, 3], "come": 2, "n": UNKNOWN}
    assert {path: kind.name for path, kind in differences(old, new)} == {
        'a[1]["b.c"]': "UPDATE",
        "a[2]": "ADD",
        "gone": "DELETE",
        "come": "ADD",
        "n": "UPDATE",
    }


def test_true_is_not_one() -> None:
    assert list(differences({"a": True}, {"a": 1})) != []
    assert list(differences({"a": 1.0}, {"a": 1})) == []
