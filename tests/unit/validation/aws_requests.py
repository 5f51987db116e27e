"""What the declared types would send to AWS, judged by botocore's service models without sending it."""

from __future__ import annotations

import datetime
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.model import ListShape, Shape, StructureShape
from botocore.validate import ParamValidator

from local.plugins.aws import requests, validation
from local.plugins.aws.api import Api, Clients, input_shape
from local.plugins.aws.configuration import settings
from local.plugins.aws.declaration import Create, ResourceType, Values
from local.plugins.aws.models import service_model
from local.plugins.aws.provider import AwsProvider
from local.plugins.aws.types import TYPES
from local.plugins.provider import CheckRequest, Severity
from tests.unit.components.conftest import Registered

_DEEPEST = 6
_MARK = "0" * 32
_TAKEN_OVER = ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",)
"""Types that make nothing: they take over what AWS has made with something else."""
_CREDENTIALS = {"accessKey": "none", "secretKey": "none", "region": "eu-west-1", "endpoints": []}


@dataclass(frozen=True)
class Judge(Api):
    """An API that answers every call with made-up values, after it has judged the request.

    Attributes:
        declared: The type of the resource that is made.
        sent: The operations, in order.
        found: What is wrong with their requests.
    """

    declared: ResourceType = field(kw_only=True)
    sent: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def call(self, operation: str, **request: Any) -> Values:
        model = service_model(self.service).operation_model(operation)
        given = {name: value for name, value in request.items() if value is not None}
        self.sent.append(operation)
        shape = model.input_shape
        if shape is not None:
            # The client fills these in by itself.
            given = {**dict.fromkeys(model.idempotent_members, _MARK), **given}
            report = ParamValidator().validate(given, shape)
            if report.has_errors():
                self.found.extend([f"{operation}: {line}" for line in report.generate_report().splitlines()])
            else:
                broken = validation.request_failures(self.declared, given, shape)
                self.found.extend([f"{operation}: {failure.reason}" for failure in broken])
        answer: Values = _made_up(model.output_shape, 0) if model.output_shape else {}
        # An account in which nothing failed, and there is nothing yet but what AWS has made itself.
        nothing = operation.startswith(("Describe", "List")) and self.declared.token not in _TAKEN_OVER
        return {
            name: [] if isinstance(value, list) and (nothing or name == "Unsuccessful") else value
            for name, value in answer.items()
        }

    def pages(self, operation: str, result: str, **request: Any) -> list[Any]:
        self.call(operation, **request)
        return []

    def input_shape(self, operation: str) -> StructureShape:
        return input_shape(service_model(self.service), operation)


def _made_up(shape: Shape, depth: int) -> Any:
    if isinstance(shape, StructureShape):
        deeper = shape.members.items() if depth < _DEEPEST else ()
        return {name: _made_up(member, depth + 1) for name, member in deeper}
    if isinstance(shape, ListShape):
        return [_made_up(shape.member, depth + 1)]
    if shape.type_name == "string":
        enum: Sequence[str] = getattr(shape, "enum", ())
        return enum[0] if enum else "made-up"
    if shape.type_name == "timestamp":
        return datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    return {"boolean": True, "map": {}, "blob": b""}.get(shape.type_name, 1)


def _silent(message: str, severity: Severity = "info", ephemeral: bool = False) -> None:
    """Nobody waits for progress."""


@cache
def _clients() -> Clients:
    """For partitions and suffixes; nothing is called."""
    return Clients(settings(_CREDENTIALS, {}))


def judged(provider: AwsProvider, resource: Registered, inputs: Values, region: str) -> tuple[list[str], list[str]]:
    """What a create of the resource would send, and all that is wrong with it.

    Args:
        provider: The stand-in, for the official schema and the provider's defaults.
        resource: What the program registered.
        inputs: Its inputs.
        region: Where it is made.

    Returns:
        The operations, and the faults: of the inputs by the provider's schema, of the requests by botocore's models.
    """
    urn = f"urn:pulumi:stack::project::{resource.type}::{resource.name}"
    checked = provider.check(CheckRequest(urn, resource.type, resource.name, {}, inputs, b"seed"))
    if checked.failures:
        return [], [f"{failure.property}: {failure.reason}" for failure in checked.failures]
    declared = TYPES[resource.type]
    judge = Judge(_clients(), declared.service, region, _silent, threading.Event(), math.inf, declared=declared)
    if isinstance(declared.create, Create):
        id = requests.create(declared, declared.create, judge, checked.inputs, _MARK)
    else:
        id = declared.create(judge, checked.inputs, _MARK)
    if declared.finish:
        declared.finish(judge, id, checked.inputs)
    return judge.sent, judge.found
