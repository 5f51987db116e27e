"""A stack on its base: merge rules, what a base may hold, and which file a message names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import yaml_file
from components.settings import Settings, Source, judge
from components.settings.overlay import BaseProblems, merged, reach, read_base, without_nulls
from groundwork.errors import UserError
from groundwork.project import read_stack
from tests.fixtures.stacks import NAMES, STACKS, source
from tests.unit.settings.conftest import VALID

pytestmark = pytest.mark.unit

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a stack file and its base, and returns their folder."""

    def write(own: dict[str, Any], base: dict[str, Any] | str | None = None) -> Path:
        stacks = tmp_path / "stacks"
        (stacks / "base").mkdir(parents=True)
        text = base if isinstance(base, str) else json.dumps({"config": VALID if base is None else base})
        (stacks / "base" / "shop.yaml").write_text(text)
        config = {"aws:region": "eu-west-1", "groundwork:base": "shop", **own}
        (stacks / "Pulumi.prod.yaml").write_text(json.dumps({"config": config}))
        return stacks

    return write


SHARED = {key: value for key, value in VALID.items() if key.startswith("groundwork:")}


@pytest.mark.parametrize(
    ("base", "own", "result"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3, "d": 4}}, {"a": {"b": 1, "c": 3, "d": 4}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": 2}, {"a": 2}),
        ({"a": 2}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": {"secure": "x", "b": 1}}, {"a": {"secure": "v1:y"}}, {"a": {"secure": "v1:y"}}),
        ({}, {"a": {"b": None}}, {"a": {"b": None}}),
    ],
)
def test_maps_merge_and_everything_else_replaces(base: Any, own: Any, result: Any) -> None:
    assert merged(base, own) == result


TREES = st.recursive(
    st.integers() | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
MAPS = st.dictionaries(st.sampled_from("abc"), TREES, max_size=3)


@given(MAPS, MAPS, MAPS)
def test_the_order_of_merging_makes_no_difference(first: Any, second: Any, third: Any) -> None:
    assert merged(merged(first, {}), {}) == first
    assert merged({}, first) == first
    assert merged(first, first) == first
    if not _clash(first, second, third):
        assert merged(merged(first, second), third) == merged(first, merged(second, third))


def _clash(*trees: Any) -> bool:
    """Whether a map meets something else under the same key: what is then left depends on who comes when."""
    maps = [tree for tree in trees if isinstance(tree, dict)]
    if maps and len(maps) != len(trees):
        return True
    keys = {key for tree in maps for key in tree}
    return any(_clash(*(tree[key] for tree in maps if key in tree)) for key in keys)


def test_null_takes_away_unless_it_is_a_value() -> None:
    values = {
        "services": {"api": None, "mailer": {"port": None, "cpuTargetPercent": None, "environment": {"A": None}}},
        "database": {"rpoMinutes": None, "replicas": None, "unknown": None},
        "queues": {"mails": {"schedules": {"nightly": {"payload": {"nothing": None}}}}},
        "edge": None,
        "alarms": {"notify": [None]},
    }
    assert without_nulls(values, Settings) == {
        "services": {"mailer": {"cpuTargetPercent": None, "environment": {}}},
        "database": {"rpoMinutes": None, "unknown": None},
        "queues": {"mails": {"schedules": {"nightly": {"payload": {"nothing": None}}}}},
        "alarms": {"notify": [None]},
    }


def test_a_stack_is_judged_with_what_its_base_says(write: Write) -> None:
    stacks = write(
        {
            "groundwork:services": {"mailer": None, "api": {"replicas": {"max": 7}}},
            "groundwork:queues": {"mails": None},
            "groundwork:database": {"rpoMinutes": None},
        },
        SHARED,
    )
    settings, problems = judge(source("prod", stacks))
    assert problems == ()
    assert settings is not None
    assert list(settings.services) == ["api"]
    assert settings.services["api"].buckets == {"uploads": "read"}
    assert settings.services["api"].replicas.max == 7
    assert settings.database.rpo_minutes is None
    assert settings.queues == {}


def test_the_command_line_reads_what_the_program_reads(write: Write) -> None:
    stacks = write({"groundwork:services": {"mailer": None}, "groundwork:queues": None}, SHARED)
    config = read_stack("prod", stacks).config
    seen = {key.partition(":")[2]: value for key, value in config.items() if key.startswith("groundwork:")}
    assert seen == source("prod", stacks).values
    assert config["aws:region"] == "eu-west-1"


@pytest.mark.parametrize("stack", NAMES)
def test_the_delivered_stacks_read_the_same_everywhere(stack: str) -> None:
    config = read_stack(stack).config
    seen = {key.partition(":")[2]: value for key, value in config.items() if key.startswith("groundwork:")}
    assert seen == source(stack).values


@pytest.mark.parametrize(
    ("own", "line"),
    [
        (
            {"groundwork:services": {"api": {"replicas": {"min": 1}}}},
            "stacks/Pulumi.prod.yaml: groundwork:services.api.replicas.min is 1: ",
        ),
        (
            {"groundwork:database": {"multiAz": True}},
            "stacks/base/shop.yaml: groundwork:database.finalSnapshot is false: ",
        ),
        (
            {"groundwork:database": {"finalSnapshot": False}},
            "stacks/Pulumi.prod.yaml: groundwork:database.finalSnapshot is false: ",
        ),
        ({"groundwork:cdn": {"bucket": None}}, "stacks/Pulumi.prod.yaml: groundwork:cdn.bucket is missing: "),
        ({"groundwork:servces": {}}, "stacks/Pulumi.prod.yaml: groundwork:servces is not known: "),
    ],
)
def test_a_message_names_the_file_that_the_value_is_in(write: Write, own: dict[str, Any], line: str) -> None:
    base = {**SHARED, "groundwork:database": {"finalSnapshot": False}} if "database" in line else SHARED
    found = source("prod", write(own, base))
    _, problems = judge(found)
    [only] = found.lines(problems)
    assert only.startswith(line)


@pytest.mark.parametrize(
    ("base", "line"),
    [
        (
            {"aws:region": "eu-west-1"},
            "stacks/base/shop.yaml: aws:region does not belong into a base: "
            "the engine reads keys of other namespaces from the stack's own file only: write it there",
        ),
        (
            {"groundwork:base": "other"},
            "stacks/base/shop.yaml: groundwork:base does not belong into a base: bases have no base: "
            "write the settings out",
        ),
        (
            {"groundwork:services": {"api": {"secrets": {"KEY": "hunter2"}}}},
            "stacks/base/shop.yaml: groundwork:services.api.secrets is [secret]: ",
        ),
        (
            {"groundwork:alarms": {"notify": {"secure": "v1:hunter2"}}},
            "stacks/base/shop.yaml: groundwork:alarms.notify is encrypted: ",
        ),
        (
            '{"secretsprovider": "x", "config": {}}',
            "stacks/base/shop.yaml: secretsprovider does not belong into a base: ",
        ),
        ("[]", "stacks/base/shop.yaml: config is missing: "),
        ("a: [", "stacks/base/shop.yaml: the file cannot be read: "),
        (
            "config: {a: 1, a: 2}",
            "stacks/base/shop.yaml: the file cannot be read: the key 'a' stands here a second time",
        ),
    ],
)
def test_what_does_not_belong_into_a_base_is_refused(write: Write, base: Any, line: str) -> None:
    """SR-SECRET: and nothing secret is repeated."""
    stacks = write({}, base)
    found = source("prod", stacks)
    settings, problems = judge(found)
    assert settings is None
    [only] = found.lines(problems)
    assert only.startswith(line)
    assert "hunter2" not in only
    with pytest.raises(UserError) as caught:
        read_stack("prod", stacks)
    assert str(caught.value) == only


@pytest.mark.parametrize("name", ["shopp", "../Pulumi.prod", 7, None])
def test_a_base_that_is_not_there_is_told_with_the_nearest_one(write: Write, name: object) -> None:
    with pytest.raises(BaseProblems, match=r"stacks/Pulumi.prod.yaml: groundwork:base is .* no file base/<name>.yaml"):
        read_base(name, write({}), "stacks/Pulumi.prod.yaml")


def test_a_stack_without_a_base_is_what_its_file_says() -> None:
    found = Source.parse("prod", {"groundwork:queues": "null"})
    assert found.values == {"queues": None}
    assert found.base is None


@pytest.mark.parametrize(
    ("path", "depth"),
    [
        ("database.parameters.rds.force_ssl", 3),
        ("database.parameters.work_mem", 2),
        ("database.replicas", 1),
        ("list.1.a", 3),
        ("list.9", 1),
        ("nothing", 0),
    ],
)
def test_a_path_is_followed_as_far_as_it_goes(path: str, depth: int) -> None:
    values = {"database": {"parameters": {"rds.force_ssl": "1"}}, "list": [0, {"a": 1}]}
    parts = path.split(".")
    # A name with a dot is one part of the values and two of the path.
    expected = depth + 1 if path.endswith("force_ssl") else depth
    assert reach(values, parts) == expected


def test_yaml_is_read_as_the_engine_reads_it() -> None:
    text = "{a: off, b: yes, c: true, d: 2026-11-22, e: 2026-11-22T10:00:00Z, f: 1, g: null, h: '1'}"
    assert yaml_file.load(text) == {
        "a": "off",
        "b": "yes",
        "c": True,
        "d": "2026-11-22",
        "e": "2026-11-22T10:00:00Z",
        "f": 1,
        "g": None,
        "h": "1",
    }


def test_every_base_is_used() -> None:
    used = {read_stack_base(stack) for stack in NAMES}
    assert {path.stem for path in (STACKS / "base").glob("*.yaml")} <= used


def read_stack_base(stack: str) -> str | None:
    base = source(stack).base
    return None if base is None else Path(base.file).stem
