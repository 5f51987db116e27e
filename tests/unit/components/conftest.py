"""A recording engine: programs are run to their very end, and every registration is kept as it was sent."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pulumi
import pulumi.runtime.resource
import pytest
from google.protobuf import json_format
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto import source_pb2
from pulumi.runtime.stack import wait_for_rpcs

ACCOUNT = "123456789012"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_SIGNATURE = "4dabf18193072939515e22adb298388d"


def _plain(value: Any) -> Any:
    """Strip the marks of secrets and make whole numbers integers."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return _plain(value["value"])
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True)
class Registered:
    """One registration.

    Attributes:
        raw: The inputs as they were sent, with the marks of secrets.
    """

    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    raw: dict[str, Any]
    depends_on: tuple[str, ...]
    secret_outputs: tuple[str, ...]
    aliases: tuple[str, ...]
    version: str

    def is_secret(self, *path: str) -> bool:
        """Whether the input at this path is marked as secret as a whole."""
        value: Any = self.raw
        for key in path:
            value = value[key]
        return isinstance(value, dict) and value.get(_SIGNATURE) == _SECRET


@dataclass
class Recording:
    """What a program registered."""

    resources: list[Registered] = field(default_factory=list)
    result: Any = None

    def of(self, type_end: str) -> list[Registered]:
        """All resources whose type ends so."""
        return [item for item in self.resources if item.type.endswith(type_end)]

    def one(self, type_end: str, name: str | None = None) -> Registered:
        """The only one, or the only one of that name."""
        found = [item for item in self.of(type_end) if name in (None, item.name)]
        assert len(found) == 1, [(item.type, item.name) for item in self.resources]
        return found[0]


def _proof(name: str) -> dict[str, str]:
    """What ACM asks for: the same record for a name and for the wildcard below it."""
    host = name.removeprefix("*.")
    return {
        "domainName": name,
        "resourceRecordName": f"_proof.{host}",
        "resourceRecordType": "CNAME",
        "resourceRecordValue": f"_value.{host}",
    }


class Answers(Mocks):
    """What is known of a resource once it is made: its inputs, and made-up outputs."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        outputs = dict(args.inputs)
        outputs.setdefault("arn", f"arn:aws:test:::{args.name}")
        match args.typ:
            case "random:index/randomPassword:RandomPassword":
                outputs["result"] = f"generated-{args.name}"
            case "random:index/randomId:RandomId":
                outputs["hex"] = "0a1b2c3d"
            case "aws:ec2/vpc:Vpc":
                outputs["ownerId"] = ACCOUNT
            case "aws:elasticache/replicationGroup:ReplicationGroup":
                outputs |= {
                    "configurationEndpointAddress": "configuration.test",
                    "primaryEndpointAddress": "primary.test",
                    "readerEndpointAddress": "reader.test",
                }
            case "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup":
                outputs["globalReplicationGroupId"] = (
                    f"{args.inputs['globalReplicationGroupIdSuffix']}-of-the-datastore"
                )
            case "aws:kms/key:Key":
                outputs["keyId"] = f"{args.name}-key-id"
            case "aws:secretsmanager/secretVersion:SecretVersion":
                outputs["versionId"] = "0a1b"
            case "aws:rds/instance:Instance":
                outputs["address"] = f"{args.name}.test"
            case "aws:rds/proxy:Proxy":
                outputs["endpoint"] = f"{args.name}.test"
            case "aws:s3/bucket:Bucket":
                outputs["bucketRegionalDomainName"] = f"{args.name}.s3.test"
            case "aws:cloudfront/distribution:Distribution":
                outputs |= {"domainName": "cdn.test", "hostedZoneId": "ZCDN"}
            case "aws:acm/certificate:Certificate":
                names = [args.inputs["domainName"], *args.inputs.get("subjectAlternativeNames", [])]
                outputs["domainValidationOptions"] = [_proof(name) for name in names]
            case "aws:route53/record:Record":
                outputs["fqdn"] = args.inputs["name"]
        return f"{args.name}-id", outputs

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        return {"accountId": ACCOUNT}


class _Monitor(MockMonitor):
    def __init__(self, recording: Recording, answers: Mocks) -> None:
        super().__init__(answers)
        self._recording = recording

    def RegisterResource(self, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            self._recording.resources.append(
                Registered(
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    inputs=_plain(rpc.deserialize_properties(request.object, True)),
                    raw=json_format.MessageToDict(request.object),
                    depends_on=tuple(request.dependencies),
                    secret_outputs=tuple(request.additionalSecretOutputs),
                    aliases=tuple(alias.spec.type for alias in request.aliases),
                    version=request.version,
                )
            )
        return super().RegisterResource(request)


def record(
    build: Callable[[], Any], *, stack: str = "test", preview: bool = False, answers: Mocks | None = None
) -> Recording:
    """Run a program, wait until nothing is outstanding, and return what it registered.

    Args:
        build: A function that registers resources, or a coroutine function. Outputs in what it returns are resolved.
        stack: Name of the stack.
        preview: Whether it is a preview.
        answers: What is known of resources once they are made; by default made-up outputs.
    """
    recording = Recording()
    answered = answers or Answers()

    def run() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            monitor = _Monitor(recording, answered)
            set_mocks(answered, project="groundwork", stack=stack, preview=preview, monitor=monitor)

            async def main() -> None:
                made = build()
                if inspect.isawaitable(made):
                    made = await made
                await wait_for_rpcs()
                recording.result = await pulumi.Output.from_input(made).future() if _is_data(made) else made

            loop.run_until_complete(main())
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    # Where in the program a resource is made is looked up in its source for each, and no recording keeps it.
    with patch.object(pulumi.runtime.resource, "_get_stack_trace", source_pb2.StackTrace):
        contextvars.copy_context().run(run)
    return recording


def _is_data(made: Any) -> bool:
    return isinstance(made, pulumi.Output | dict | list | tuple)


@pytest.fixture(name="record")
def record_fixture() -> Callable[..., Recording]:
    """`record`, for tests."""
    return record
