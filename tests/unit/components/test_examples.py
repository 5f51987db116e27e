"""Every component can be used alone: the example programs run as they are, in a preview and in an update."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import set_all_config

pytestmark = pytest.mark.unit

EXAMPLES = Path(__file__).parents[3] / "examples"
CONFIGURATION = {
    "aws:region": "eu-west-1",
    "groundwork:account": "123456789012",
    "groundwork:bucket": "example-assets",
    "groundwork:copyKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/example",
    "groundwork:certificates": "authorities",
    "groundwork:copyRegion": "eu-central-1",
    "groundwork:copySubnetIds": json.dumps(["subnet-c", "subnet-d"]),
    "groundwork:copyVpcId": "vpc-87654321",
    "groundwork:tlsSecret": "readers-tls",
    "groundwork:folder": str(EXAMPLES),
    "groundwork:namespace": "example",
    "groundwork:sourceArn": "arn:aws:rds:eu-west-1:123456789012:db:example-database",
    "groundwork:zones": json.dumps(["eu-west-1a", "eu-west-1b"]),
    "groundwork:vpcId": "vpc-12345678",
    "groundwork:subnetIds": json.dumps(["subnet-a", "subnet-b"]),
    "groundwork:clientCidrs": json.dumps(["10.0.0.0/16"]),
    "groundwork:image": "registry.test/shop@sha256:" + "a" * 64,
    "groundwork:issuer": "https://issuer.test",
    "groundwork:issuerArn": "arn:aws:iam::123456789012:oidc-provider/issuer.test",
    "groundwork:databaseUrl": "postgres://shop@database.test/shop",
}
MADE = {
    "alarms": "MetricAlarm",
    "observability": "CompositeAlarm",
    "backup": "selection:Selection",
    "assets": "BucketObjectv2",
    "copy": "rds/instance:Instance",
    "dashboard": "QueueDashboard",
    "namespace": "NetworkPolicy",
    "network": "VpcEndpoint",
    "pool": "ReaderPool",
    "redis-copy": "RegionalRedis",
    "secrets": "SecretVersion",
    "redis": "ReplicationGroup",
    "storage": "BucketReplicationConfig",
    "edge": "WebAcl",
    "cdn": "Distribution",
    "database": "rds/instance:Instance",
    "service": "HTTPRoute",
    "workers": "ScaledObject",
}


def test_every_example_is_tried() -> None:
    assert sorted(path.parent.name for path in EXAMPLES.glob("*/Pulumi.yaml")) == sorted(MADE)


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("name", sorted(MADE))
def test_it_makes_what_it_says(record: Callable[..., Any], name: str, preview: bool) -> None:
    def build() -> None:
        set_all_config(CONFIGURATION)
        runpy.run_path(str(EXAMPLES / name / "__main__.py"), run_name="__main__")

    recording = record(build, preview=preview)
    assert recording.of(MADE[name])
