"""Plans, their hashes, approvals, policies and pages (RB-REDIS, RB-DB)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from groundwork import running
from groundwork.errors import UserError
from runbooks import pages
from runbooks import plan as plans
from runbooks.approval import refuse_other, refuse_unasked
from runbooks.catalogue import RUNBOOKS
from runbooks.cloud import DeclaredCloud, Undeclared
from runbooks.errors import RunbookError
from runbooks.model import ApiCall, Runbook
from runbooks.objectives import Objective, declared
from runbooks.plan import Plan
from runbooks.policy import policy
from tests.unit.runbooks.outputs import outputs

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOOK = RUNBOOKS["redis-failover"]


def made(environment: str = "staging", **targets: Any) -> Plan:
    return plans.make(
        BOOK,
        replace(BOOK.example, values={**BOOK.example.values, **targets}),
        stack="s",
        environment=environment,
        region="eu-west-1",
        account="1",
        parameters={"redis": "queue"},
        objective=Objective("redis.queue", 10, None),
    )


def test_the_same_targets_make_the_same_hash_and_others_another() -> None:
    assert made().hash == made().hash
    assert made().hash != made(primary="GROUP-002").hash


def test_a_plan_is_applied_by_the_beginning_of_its_hash(tmp_path: Path) -> None:
    plan = made()
    plans.save(plan, tmp_path, NOW)
    assert plans.load(tmp_path, plan.hash[:8], NOW) == plan
    for prefix in (plan.hash[:7], "0" * 8, "*" * 8, ""):
        with pytest.raises(RunbookError, match="there is no plan"):
            plans.load(tmp_path, prefix, NOW)


def test_a_stale_plan_is_refused(tmp_path: Path) -> None:
    plan = made()
    plans.save(plan, tmp_path, NOW)
    with pytest.raises(RunbookError, match="31 minutes old"):
        plans.load(tmp_path, plan.hash, NOW + timedelta(minutes=31))


def test_a_plan_that_was_edited_is_refused(tmp_path: Path) -> None:
    file = plans.save(made(), tmp_path, NOW)
    file.write_text(file.read_text().replace("GROUP-001", "GROUP-009"))
    with pytest.raises(RunbookError, match="was changed"):
        plans.load(tmp_path, file.stem, NOW)


def test_a_changed_target_is_refused_and_named() -> None:
    with pytest.raises(RunbookError, match=r'targets.primary: planned "GROUP-001", now "GROUP-002"'):
        plans.refuse_changed(made(), made(primary="GROUP-002"))
    plans.refuse_changed(made(), made())


@pytest.mark.parametrize(
    ("environment", "yes", "non_production", "words"),
    [
        ("production", True, False, "alone approves nothing"),
        ("production", True, True, "says that it is production"),
        ("staging", True, False, "alone approves nothing"),
        ("staging", True, True, None),
        ("production", False, False, None),
    ],
)
def test_yes_takes_the_place_of_the_question_outside_production_only(
    environment: str, yes: bool, non_production: bool, words: str | None
) -> None:
    if words is None:
        refuse_unasked(made(environment), yes=yes, non_production=non_production)
    else:
        with pytest.raises(RunbookError, match=words):
            refuse_unasked(made(environment), yes=yes, non_production=non_production)


def test_the_name_of_the_target_has_to_be_typed() -> None:
    refuse_other(made(), " GROUP\n")
    for typed in ("y", "yes", "", "group"):
        with pytest.raises(RunbookError, match="not the target's name, GROUP"):
            refuse_other(made(), typed)


def test_what_the_stack_promises_is_what_a_run_is_held_against() -> None:
    """P0-BACKUP: from the output backup.objectives."""
    given = outputs(backup={"objectives": {"redis.queue": {"rtoSeconds": 10, "rpoSeconds": None}, "database": {}}})
    assert declared(given, "redis.queue") == Objective("redis.queue", 10, None)
    assert declared(given, "database") is None
    assert declared(outputs(), "redis.queue") is None


def test_settings_are_names_and_values() -> None:
    assert running.parameters(["redis=queue", "a=b=c"]) == {"redis": "queue", "a": "b=c"}
    with pytest.raises(UserError, match="write name=value"):
        running.parameters(["redis"])


@pytest.mark.parametrize(
    ("call", "command"),
    [
        (
            ApiCall("elasticache", "TestFailover", {"ReplicationGroupId": "g", "NodeGroupId": "0001"}),
            "aws elasticache test-failover --replication-group-id g --node-group-id 0001",
        ),
        (
            ApiCall("wafv2", "GetIPSet", {"Scope": "CLOUDFRONT"}, region="us-east-1"),
            "aws wafv2 get-ip-set --region us-east-1 --scope CLOUDFRONT",
        ),
        (
            ApiCall("rds", "RebootDBInstance", {"DBInstanceIdentifier": "d", "ForceFailover": True}),
            "aws rds reboot-db-instance --db-instance-identifier d --force-failover",
        ),
        (
            ApiCall("rds", "ModifyDBInstance", {"ApplyImmediately": False, "VpcSecurityGroupIds": ["a", "b"]}),
            "aws rds modify-db-instance --no-apply-immediately --vpc-security-group-ids a b",
        ),
    ],
)
def test_a_call_is_the_command_that_a_person_types(call: ApiCall, command: str) -> None:
    assert call.command == command


def test_a_step_cannot_ask_for_more_than_the_policy_allows() -> None:
    class Everything:
        async def ask(self, service: str, operation: str, region: str | None = None, /, **_more: Any) -> dict[str, Any]:
            return {"asked": operation}

    cloud = DeclaredCloud(Everything(), {("rds", "DescribeDBInstances")})
    assert asyncio.run(cloud.ask("rds", "DescribeDBInstances")) == {"asked": "DescribeDBInstances"}
    with pytest.raises(Undeclared, match="rds DeleteDBInstance"):
        asyncio.run(cloud.ask("rds", "DeleteDBInstance"))


def test_a_policy_names_actions_by_their_resources() -> None:
    found = policy(
        [ApiCall("a", "Two", {}, ("r",)), ApiCall("a", "One", {}, ("r",)), ApiCall("b", "X", {}, ("q",), "b:Y")]
    )
    assert found["Statement"] == [
        {"Effect": "Allow", "Action": ["b:Y"], "Resource": ["q"]},
        {"Effect": "Allow", "Action": ["a:One", "a:Two"], "Resource": ["r"]},
    ]


@pytest.mark.parametrize("book", [*RUNBOOKS.values()], ids=[*RUNBOOKS])
def test_every_runbook_is_fit_to_be_followed(book: Runbook) -> None:
    """Calls exist in AWS's API, nothing is allowed on everything, and a change has a way back or a reason."""
    session = botocore.session.get_session()
    for call in book.calls(book.example):
        shape = session.get_service_model(call.service).operation_model(call.operation).input_shape
        assert shape is not None and set(call.parameters) <= set(shape.members)
        assert set(shape.required_members) <= set(call.parameters)
    assert "*" not in json.dumps([each["Resource"] for each in policy(book.calls(book.example))["Statement"]]).replace(
        "-*", ""
    )
    steps = book.steps(book.example)
    assert len({step.name for step in steps}) == len(steps)
    for step in steps:
        assert step.act.commands
        assert not step.act.changes or step.undo is not None or step.no_way_back
        assert step.timeout_seconds > step.expected_seconds
    assert book.preconditions and book.blast_radius and book.not_when


def test_the_pages_say_what_the_steps_say() -> None:
    """`make docs` writes them."""
    assert pages.stale() == []
