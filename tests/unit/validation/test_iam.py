"""Every policy document of every stack: no wildcard without a written reason, and a linter that sees them all.

That cfn-lint finds nothing in the stacks' documents is a part of `test_cloudformation`; here are the proofs that it
looks at each of them and finds what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.components.conftest import Registered
from tests.unit.validation.cloudformation import findings, templates
from tests.unit.validation.counterparts import COUNTERPARTS
from tests.unit.validation.stacks import EVERY_KNOB, STACKS, aws_resources, documents, one_of
from tests.unit.validation.wildcards import PAGE, Entry, Wildcard, justified, wildcards

pytestmark = pytest.mark.unit

LIST = justified(PAGE.read_text())


def _found(stack: str) -> list[tuple[Registered, Wildcard]]:
    return [(resource, each) for resource in aws_resources(stack) for each in wildcards(resource)]


@pytest.mark.parametrize("stack", STACKS)
def test_every_wildcard_has_a_written_reason(stack: str) -> None:
    """P0-SECRETS, SR-STORE: least access."""
    found = _found(stack)
    assert found
    open_ones = [f"{resource.name}: {each}" for resource, each in found if not any(e.covers(each) for e in LIST)]
    assert open_ones == [], f"narrow it, or write its reason down in {PAGE.name}"


def test_no_reason_is_left_over() -> None:
    """A line that covers nothing would let in what it once meant."""
    found = [each for stack in STACKS for _, each in _found(stack)]
    assert [entry.wildcard for entry in LIST if not any(entry.covers(each) for each in found)] == []
    wanted = [entry.wildcard for entry in LIST]
    assert len(wanted) == len(set(wanted))


@pytest.mark.parametrize("stack", STACKS)
def test_the_linter_sees_every_document(stack: str) -> None:
    seen = [(item, name) for item in aws_resources(stack) for name, _ in documents(item)]
    assert {item.type for item, _ in seen} >= {
        "aws:iam/role:Role",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:kms/key:Key",
    }
    assert [(item.type, name) for item, name in seen if name not in COUNTERPARTS[item.type].documents] == []


def _with(resource: Registered, statement: Mapping[str, Any], number: int) -> Registered:
    [(name, document)] = documents(resource)
    text = json.dumps({**document, "Statement": [statement]})
    return replace(resource, name=f"seed-{number}-", inputs={**resource.inputs, name: text})


MINE, HERS = "arn:aws:s3:::mine", "arn:aws:sns:eu-west-1:123456789012:hers"
ROLE, POLICY, BUCKET = "role:Role", "rolePolicy:RolePolicy", "BucketPolicy"
SEEDS: list[tuple[str, dict[str, Any], str]] = [
    (POLICY, {"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": f"{MINE}/a"}, "W3037"),
    (POLICY, {"Effect": "Allow", "Action": "s4:GetObject", "Resource": f"{MINE}/a"}, "W3037"),
    (POLICY, {"Effect": "Allow", "Action": "s3:GetObject", "Resource": HERS}, "I3510"),
    (POLICY, {"Effect": "Alow", "Action": "s3:GetObject", "Resource": f"{MINE}/a"}, "E3510"),
    (POLICY, {"Effect": "Allow", "Action": "s3:GetObject"}, "E3510"),
    (POLICY, {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "mine"}, "E3510"),
    (ROLE, {"Effect": "Allow", "Action": "sts:AssumeRole"}, "E3530"),
    (ROLE, {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "s3.amazonaws.com"}, "E3530"),
    (BUCKET, {"Effect": "Deny", "Action": "s3:PutObject", "Resource": f"{MINE}/a"}, "E3512"),
    (BUCKET, {"Effect": "Deny", "Action": "kms:Decrypt", "Principal": "*", "Resource": f"{MINE}/a"}, "W3037"),
    ("key:Key", {"Effect": "Allow", "Action": "kms:Decript", "Principal": {"AWS": "123456789012"}, "Resource": "*"},
     "W3037"),
]  # fmt: skip


@pytest.fixture(scope="module")
def seeded() -> list[str]:
    """What the linter says of all the mistakes at once."""
    key = next(item for item in aws_resources(EVERY_KNOB) if item.type.endswith("key:Key") and documents(item))
    wrong = [
        _with(key if type_end == "key:Key" else one_of(EVERY_KNOB, type_end), statement, number)
        for number, (type_end, statement, _) in enumerate(SEEDS)
    ]
    return [finding for region, made in templates(wrong, "eu-west-1").items() for finding in findings(made, region)]


@pytest.mark.parametrize("number", range(len(SEEDS)), ids=[seed[2] + json.dumps(seed[1])[:60] for seed in SEEDS])
def test_the_linter_finds_what_is_wrong(seeded: list[str], number: int) -> None:
    rules = {finding.split()[0] for finding in seeded if f" seed-{number}- " in finding}
    assert SEEDS[number][2] in rules, seeded


def _resource(statement: Mapping[str, Any]) -> Registered:
    return _with(one_of(EVERY_KNOB, POLICY), statement, 0)


@pytest.mark.parametrize(
    ("statement", "element", "value"),
    [
        ({"Effect": "Allow", "Action": ["s3:Get*"], "Resource": MINE}, "Action", "s3:Get*"),
        ({"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": MINE}, "NotAction", "s3:GetObject"),
        ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": [MINE, f"{MINE}?"]}, "Resource", f"{MINE}?"),
        ({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": MINE}, "NotResource", MINE),
        ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": MINE, "Principal": {"AWS": "*"}}, "Principal", "*"),
        (
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": MINE, "Condition": {"ArnLike": {"k": ["a*"]}}},
            "Condition",
            "a*",
        ),
    ],
)
def test_wildcards_are_found_wherever_they_stand(statement: dict[str, Any], element: str, value: str) -> None:
    assert [(each.element, each.value) for each in wildcards(_resource(statement))] == [(element, value)]


def test_a_line_covers_one_name_and_its_own_actions_alone() -> None:
    mine = Wildcard("t", "Allow", "s3:GetObject", "Resource", "arn:aws:s3:::<bucket>/*")
    entry = Entry(mine, "because it is so")
    assert entry.covers(replace(mine, value="arn:aws:s3:::shop-prod/*"))
    assert not entry.covers(replace(mine, value="arn:aws:s3:::*/*"))
    assert not entry.covers(replace(mine, value="arn:aws:s3:::shop-prod/*", actions="s3:GetObject, s3:PutObject"))
    assert not entry.covers(replace(mine, value="arn:aws:s3:::shop-prod/*", effect="Deny"))


@pytest.mark.parametrize(
    "line",
    ["| `aws:a` | Allow | `a:B` | Resource | `*` | todo |", "| `aws:a` | Allow | `a:B` | Resource | `*` |"],
)
def test_a_line_without_a_reason_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="a reason"):
        justified(line)
