"""The programs whose AWS resources are judged: every delivered stack, and one that turns every knob."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from components.platform import Platform, PlatformArgs
from components.settings import Source, judge
from tests.fixtures import stacks
from tests.unit.components.conftest import ACCOUNT, Recording, Registered, record
from tests.unit.settings.conftest import flat
from tests.unit.validation.answers import AwsAnswers

EVERY_KNOB = "every-knob"
STACKS = (*stacks.NAMES, EVERY_KNOB)

_NEAR, _FAR = (f"arn:aws:kms:{region}:{ACCOUNT}:key/0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f" for region in
               ("eu-west-1", "eu-central-1"))  # fmt: skip
_FULL: dict[str, Any] = {
    "aws:region": "eu-west-1",
    "groundwork:system": "shop",
    "groundwork:environment": "production",
    "groundwork:workload": {"image": "registry.test/shop@sha256:" + "a" * 64},
    "groundwork:workloadIdentity": {"issuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/0A1B"},
    "groundwork:network": {"create": {"cidr": "10.20.0.0/16"}},
    "groundwork:cluster": {"externalSecrets": {"store": "aws"}},
    "groundwork:redis": {
        "cache": {
            "shards": 3,
            "replicas": 2,
            "profile": "cache",
            "eviction": "allkeys-lfu",
            "ownKmsKey": True,
            "users": {"app": {}, "report": {"access": "on ~* &* -@all +@read"}},
            "workloadUser": "app",
        },
        "queue": {"restoreFromSnapshot": "shop-queue-before", "authUpdateStrategy": "ROTATE", "kmsKeyArn": _NEAR},
    },
    "groundwork:database": {
        "kmsKeyArn": _NEAR,
        "iamAuthentication": True,
        "restoreTo": {"source": "shop-before", "time": "2026-11-22T10:00:00Z"},
        "parameters": {"work_mem": "8192"},
        "proxy": {},
    },
    "groundwork:observability": {"logs": {"ownKmsKey": True}},
    "groundwork:backup": {
        "recovery": {"region": "eu-central-1", "rpoSeconds": 172800},
        "lock": {"mode": "compliance", "changeableDays": 7, "confirm": "irrevocable", "maxDays": 100},
    },
    "groundwork:alarms": {
        "profile": "production",
        "notify": [
            "ops@shop.example",
            "https://hooks.shop.example/alarms",
            f"arn:aws:sqs:eu-west-1:{ACCOUNT}:alarms",
            f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:alarms",
        ],
    },
    "groundwork:buckets": {
        "uploads": {
            "purpose": "uploads",
            "corsOrigins": ["https://app.shop.example"],
            "kmsKeyArn": _NEAR,
            "notifications": [
                {"to": "eventBridge"},
                {"to": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:images", "events": ["created"], "suffix": ".jpg"},
                {"to": f"arn:aws:sns:eu-west-1:{ACCOUNT}:images", "events": ["removed"]},
            ],
            "replica": {"region": "eu-central-1", "kmsKeyArn": _FAR},
        },
        "assets": {"purpose": "assets", "replica": {"region": "eu-central-1"}, "inventory": "weekly"},
        "logs": {"purpose": "logs"},
        "backups": {
            "purpose": "backups",
            "lockMode": "compliance",
            "infrequentAfterDays": 60,
            "archiveAfterDays": 120,
            "expireDays": 400,
            "replica": {"region": "eu-central-1"},
        },
    },
    "groundwork:cdn": {
        "bucket": "assets",
        "api": {"domain": "origin.shop.example", "privatePaths": ["/api/me/*"]},
        "domain": {"names": ["www.shop.example", "shop.example"], "zoneId": "Z0123456789ABC"},
        "originShield": "eu-west-1",
        "geo": {"never": ["KP"]},
    },
    "groundwork:edge": {"emergency": True},
    "groundwork:services": {
        "api": {
            "buckets": {"uploads": "readWrite", "assets": "read"},
            "secrets": {"STRIPE_KEY": "sk_test"},
            "slo": {"p95Milliseconds": 250, "p99Milliseconds": 500},
        },
        "mailer": {"buckets": {"uploads": "read", "backups": "readWrite"}},
    },
    "groundwork:queues": {"mails": {"owner": "mailer"}},
    "groundwork:dashboard": {"generation": 2},
}


@cache
def source(stack: str) -> Source:
    """The stack's configuration."""
    if stack == EVERY_KNOB:
        return Source.parse(stack, flat(_FULL), ("groundwork:services",))
    return stacks.source(stack)


@cache
def recording(stack: str) -> Recording:
    """What the stack's program registers."""
    found = source(stack)
    settings, problems = judge(found)
    assert settings is not None, found.lines(problems)
    region = str(found.region)
    args = PlatformArgs(settings=settings, stack=stack, account=ACCOUNT, region=region, trusted_certificates="PEM")

    async def build() -> None:
        await Platform.create(settings.system, args)

    return record(build, stack=stack, answers=AwsAnswers(region))


def aws_resources(stack: str) -> list[Registered]:
    """The stack's AWS resources."""
    return [item for item in recording(stack).resources if item.type.startswith("aws:")]


def one_of(stack: str, type_end: str, **wanted: Any) -> Registered:
    """A resource of the stack: the first whose type ends so and that has these inputs."""
    return next(
        item
        for item in aws_resources(stack)
        if item.type.endswith(type_end) and all(item.inputs.get(name) == value for name, value in wanted.items())
    )


def changed(inputs: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Inputs with one value changed; steps of the path are separated by periods, numbers are places in lists."""
    found = copy.deepcopy(dict(inputs))
    *parents, last = path.split(".")
    place: Any = found
    for step in parents:
        place = place[int(step) if isinstance(place, list) else step]
    place[int(last) if isinstance(place, list) else last] = value
    return found


def region_of(stack: str, resource: Registered) -> str:
    """Where a resource is."""
    return str(resource.inputs.get("region") or source(stack).region)


def documents(resource: Registered) -> list[tuple[str, dict[str, Any]]]:
    """A resource's policy documents, by the property that holds them."""
    found = []
    for name, value in resource.inputs.items():
        if isinstance(value, str) and value.lstrip().startswith("{"):
            try:
                content = json.loads(value)
            except ValueError:  # A log filter's pattern begins like one.
                continue
            if isinstance(content, dict) and "Statement" in content:
                found.append((name, content))
    return found
