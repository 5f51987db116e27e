"""Components from the package: a program that knows only their names and inputs, through the engine and the plugin."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.conftest import PLUGINS, Project

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[3]
PROGRAM = """
import pulumi


class Remote(pulumi.ComponentResource):
    def __init__(self, kind, name, inputs, *outputs):
        super().__init__(f"groundwork:index:{kind}", name, {**dict.fromkeys(outputs), **inputs}, None, remote=True)


"""
STORES = (
    PROGRAM
    + """
network = Remote(
    "Network",
    "network",
    {"existing": {
        "region": "eu-west-1",
        "vpcId": "vpc-12345678",
        "dataSubnetIds": ["subnet-11111111", "subnet-22222222"],
        "clientCidrs": ["10.0.0.0/16"],
        "zones": ["a", "b"],
    }},
    "vpcId", "dataSubnetIds", "clientCidrs",
)
config = pulumi.Config()
redis = Remote(
    "RedisCluster",
    "jobs",
    {
        "identifier": "example-jobs",
        "secretIdentifier": "example/redis/jobs",
        "profile": "queue",
        "engineVersion": config.get("version") or "7.0",
        "replicas": config.get_int("replicas"),
        "tags": {"stage": config.get("stage") or "one"},
        "finalSnapshot": False,
        "recoveryDays": 0,
        "access": {
            "vpcId": network.vpcId, "subnetIds": network.dataSubnetIds, "clientCidrs": network.clientCidrs
        },
        "without": ["logRetentionDays"],
    },
    "identifier", "nodeIds", "url", "outputs",
)
topic = Remote("AlarmTopic", "alarms", {"identifier": "example-alarms", "account": "123456789012"}, "arn")
alarms = Remote(
    "RedisAlarms", "jobs-alarms", {"cluster": redis, "profile": "production", "topicArn": topic.arn}, "names"
)
pulumi.export("url", redis.url)
pulumi.export("nodes", redis.nodeIds)
pulumi.export("outputs", redis.outputs)
pulumi.export("alarms", alarms.names)
"""
)


@pytest.fixture
def plugin(project: Project, tmp_path: Path) -> Path:
    """The delivered plugin in a folder of its own, for the interpreter of the tests."""
    folder = tmp_path / "provider"
    folder.mkdir()
    (folder / "__main__.py").symlink_to(ROOT / "provider" / "__main__.py")
    content = yaml.safe_load((ROOT / "provider" / "PulumiPlugin.yaml").read_text())
    content["runtime"]["options"]["virtualenv"] = project.virtualenv
    (folder / "PulumiPlugin.yaml").write_text(yaml.safe_dump(content))
    return folder


@pytest.fixture
def consumer(stores: Project, plugin: Path) -> Project:
    """A project that uses the plugin, and an AWS endpoint."""
    content = yaml.safe_load((stores.folder / "Pulumi.yaml").read_text())
    content["plugins"] = {"providers": [{"name": "groundwork", "path": str(plugin)}]}
    (stores.folder / "Pulumi.yaml").write_text(yaml.safe_dump(content))
    return stores


def test_components_live_like_those_of_a_python_program(consumer: Project) -> None:
    consumer.write(STORES)
    consumer.up().assert_succeeded()
    outputs = consumer.outputs()
    assert outputs["nodes"] == [["example-jobs-001", "example-jobs-002"]]
    assert outputs["outputs"]["profile"] == "queue"
    assert "example-jobs-replication-lag" in outputs["alarms"]
    url = outputs["url"]
    assert url.startswith("rediss://:") and url.rpartition("@")[0].partition(":")[2].strip("/:") not in consumer.state()
    parents = {each["urn"].rpartition("::")[2]: each.get("parent", "") for each in consumer.resources()}
    assert parents["jobs-cluster"].endswith("groundwork:index:RedisCluster::jobs")
    assert parents["jobs-alarms-memory"].endswith("groundwork:index:RedisAlarms::jobs-alarms")
    assert "jobs-slow-log" not in parents
    consumer.up("--expect-no-changes").assert_succeeded()
    consumer.refresh("--expect-no-changes").assert_succeeded()

    consumer.config("small:replicas", "2")
    consumer.up().assert_succeeded()
    assert consumer.output("nodes") == [["example-jobs-001", "example-jobs-002", "example-jobs-003"]]

    # The failover that needs a replica goes before the last one does.
    consumer.config("small:replicas", "0")
    consumer.up().assert_succeeded()
    assert consumer.output("nodes") == [["example-jobs-001"]]

    consumer.config("small:version", "7.1")
    consumer.config("small:stage", "two")
    refused = consumer.up().assert_failed()
    assert "Deploy the tags first, then the version" in refused.output

    consumer.destroy().assert_succeeded()
    assert consumer.resources() == []


def test_what_does_not_fit_is_told_by_the_names_of_the_inputs(consumer: Project) -> None:
    consumer.write(
        PROGRAM
        + """
access = {"vpcId": "vpc-1", "subnetIds": ["subnet-1"], "clientCidrs": "10.0.0.0/16"}
redis = {"secretIdentifier": "example", "access": access, "profile": "qeue", "replica": 2}
identifier = pulumi.Output.secret("not for everybody")
Remote("RedisCluster", "jobs", {**redis, "identifier": identifier, "snapshotRetentionDays": "seven"})
"""
    )
    told = consumer.preview().assert_failed().output
    assert "profile has to be one of queue, state, cache" in told
    assert "replica is no input; did you mean 'replicas'?" in told
    assert "snapshotRetentionDays has to be a whole number" in told
    assert "access.clientCidrs has to be a list" in told
    assert "identifier is a secret" in told
    assert "not for everybody" not in told
    assert "Traceback" not in told


def test_what_is_refused_is_told_by_the_names_of_the_inputs(consumer: Project) -> None:
    consumer.write(
        PROGRAM
        + """
access = {"vpcId": "vpc-1", "subnetIds": ["subnet-1"], "clientCidrs": ["10.0.0.0/16"]}
redis = {"identifier": "example", "secretIdentifier": "example", "access": access, "profile": "queue", "shards": 2}
Remote("RedisCluster", "jobs", {**redis, "replicas": 9})
"""
    )
    told = consumer.up().assert_failed().output
    assert "shards is 2: BullMQ keeps a queue's keys in one slot" in told
    assert "replicas is 9: ElastiCache allows 5 replicas" in told
    assert "Traceback" not in told
    assert [each["type"] for each in consumer.resources()] in ([], ["groundwork:index:RedisCluster"])


def test_the_engine_gets_the_schema_that_is_checked_in(project: Project, plugin: Path) -> None:
    _install_what_the_plugin_needs(project)
    found = _ask(project, "package", "get-schema", str(plugin))
    wanted = (ROOT / "provider" / "schema.json").read_text()
    assert _without_empty(json.loads(found)) == _without_empty(json.loads(wanted))


def test_the_stand_in_says_that_it_generates_no_sdk(project: Project, plugin: Path) -> None:
    _install_what_the_plugin_needs(project)
    done = _run(project, "package", "gen-sdk", str(plugin), "--language", "python")
    assert done.returncode != 0
    assert "generates no SDKs: install the official one" in done.stdout + done.stderr


def test_the_schema_is_one_that_sdks_can_be_generated_from(project: Project) -> None:
    _ask(project, "schema", "check", str(ROOT / "provider" / "schema.json"))


def _install_what_the_plugin_needs(project: Project) -> None:
    """The engine looks for it among what is installed, and not on PATH."""
    for name in ("aws", "kubernetes", "random"):
        version = importlib.metadata.version(f"pulumi-{name}")
        folder = Path(project.environment["PULUMI_HOME"]) / "plugins" / f"resource-{name}-v{version}"
        folder.mkdir(parents=True)
        (folder / f"pulumi-resource-{name}").symlink_to(PLUGINS / f"pulumi-resource-{name}")


def _run(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project.pulumi, *arguments],
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _ask(project: Project, *arguments: str) -> str:
    done = _run(project, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _without_empty(value: Any) -> Any:
    """A schema without what the engine adds or leaves out because it is empty."""
    if isinstance(value, dict):
        cleaned = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in cleaned.items() if item not in ({}, [], "")}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value
