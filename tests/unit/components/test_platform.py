"""The delivered stacks, composed: names, parents, outputs, and what a deployment refuses."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import yaml_file
from components.options import Window
from components.platform import Platform, PlatformArgs
from components.program import read_stack
from components.settings import Source, judge
from components.settings.reader_pool import ReaderPool
from tests.fixtures.stacks import STACKS, settings, source
from tests.unit.components.test_dashboard import check_dashboard

pytestmark = pytest.mark.unit

AIPONGE = [
    "ai-analytics-service",
    "ai-config-service",
    "ai-content-service",
    "api-gateway",
    "music-service",
    "storage-service",
    "system-service",
    "user-service",
]


def _args(stack: str) -> PlatformArgs:
    return PlatformArgs(
        settings=settings(stack), stack=stack, account="123456789012", region="eu-west-1", trusted_certificates="PEM"
    )


@pytest.fixture(scope="module", params=["local", "staging", "prod"])
def composed(request: pytest.FixtureRequest) -> Any:
    """One stack, run to its end; its outputs are the result."""
    from tests.unit.components.conftest import record

    args = _args(request.param)

    async def build() -> dict[str, Any]:
        return dict((await Platform.create(args.settings.system, args)).outputs)

    return request.param, record(build, stack=request.param)


def test_it_has_eight_services_two_queues_two_redis_and_three_databases(composed: Any) -> None:
    """The row AIPONGE of the requirements."""
    stack, recording = composed
    assert sorted(item.name for item in recording.of("StatelessService") if "dashboard" not in item.name) == AIPONGE
    assert sorted(item.name for item in recording.of("QueueWorkers")) == ["music-generation", "storage-background"]
    assert sorted(item.name for item in recording.of("RedisCluster")) == ["redis-cache", "redis-queue"]
    assert len(recording.of("rds/instance:Instance")) == 3
    assert len(recording.of("s3/bucket:Bucket")) == (7 if stack == "prod" else 4), "prod has three copies elsewhere"
    assert len(recording.of("Distribution")) == 1


def test_names_start_with_system_and_stack_and_fit(composed: Any) -> None:
    stack, recording = composed
    prefix = f"aiponge-{stack}"
    limits = {
        "ReplicationGroup": ("replicationGroupId", 40),
        "rds/instance:Instance": ("identifier", 63),
        "s3/bucket:Bucket": ("bucket", 63),
        "iam/role:Role": ("name", 64),
        "Secret:Secret": ("name", 512),
    }
    for type_end, (key, limit) in limits.items():
        for item in recording.of(type_end):
            if item.type.startswith("aws:"):
                assert item.inputs[key].startswith(prefix)
                assert len(item.inputs[key]) <= limit


def test_no_two_resources_share_a_physical_name(composed: Any) -> None:
    _, recording = composed
    named = [
        (item.type, item.inputs["metadata"]["name"])
        for item in recording.resources
        if item.type.startswith("kubernetes:")
    ]
    named += [(item.type, item.inputs["name"]) for item in recording.resources if "name" in item.inputs]
    # Those two are named within a role and within a bucket.
    names = [item for item in named if not item[0].endswith(("RolePolicy", "Inventory"))]
    assert len(names) == len(set(names))


def test_everything_hangs_below_the_platform(composed: Any) -> None:
    _, recording = composed
    platform, *others = recording.resources
    assert platform.type == "groundwork:index:Platform"
    assert all("groundwork:index:" in item.parent for item in others)


def test_the_outputs_are_what_the_checks_read(composed: Any) -> None:
    stack, recording = composed
    outputs = recording.result
    assert sorted(outputs) == sorted(
        [
            "alarms",
            "backup",
            "buckets",
            "cdn",
            "dashboard",
            "database",
            "edge",
            "environment",
            "namespace",
            "observability",
            "redis",
            "services",
            "trustedCertificates",
            "workers",
        ]
    )
    assert outputs["namespace"] == f"aiponge-{stack}"
    music = outputs["services"]["music-service"]
    assert music["queues"] == ["music-generation"]
    assert music["port"] == 80
    assert (music["livePath"], music["readyPath"]) == ("/health/live", "/health/ready")
    assert outputs["workers"]["music-generation"]["deployment"] == "music-generation-worker"
    assert outputs["workers"]["storage-background"]["owner"] == "storage-service"
    assert outputs["redis"]["cache"]["profile"] == "state", "sessions live there: it must not evict"
    assert outputs["alarms"]["profile"] == ("production" if stack == "prod" else "staging")
    assert len(outputs["alarms"]["names"]) == (16 if stack == "local" else 17), "nothing is restored on this machine"
    assert outputs["redis"]["queue"]["profile"] == "queue"
    assert outputs["database"]["replicaIdentifiers"] == [f"aiponge-{stack}-database-replica-{n}" for n in (1, 2)]
    assert outputs["buckets"]["uploads"]["name"] == f"aiponge-{stack}-uploads-123456789012"
    assert outputs["cdn"]["bucket"] == outputs["buckets"]["assets"]["name"]
    assert outputs["dashboard"]["path"] == "/queues"


def test_the_gateway_is_held_to_what_it_promises(composed: Any) -> None:
    """P0-OBS: it is told to count its requests, and its budget is watched; nobody else's lines cost anything."""
    stack, recording = composed
    [promised] = recording.result["observability"]["slos"].items()
    assert promised[0] == "api-gateway"
    objectives = ["availability", "p95", "p99"] if stack == "prod" else ["availability", "p99"]
    assert sorted(promised[1]["objectives"]) == objectives
    assert len(recording.of("CompositeAlarm")) == 2 * len(objectives)
    topic = recording.result["alarms"]["topicArn"]
    assert all(item.inputs["alarmActions"] == [topic] for item in recording.of("CompositeAlarm"))
    told = set()
    for deployment in recording.of("apps/v1:Deployment"):
        variables = deployment.inputs["spec"]["template"]["spec"]["containers"][0]["env"]
        told |= {deployment.name for item in variables if item["name"] == "LOG_REQUESTS"}
    assert told == {"api-gateway-deployment"}


def test_the_dashboard_shows_every_store_and_every_alarm_that_tells(composed: Any) -> None:
    """P0-OBS: one row each, all of it on the grid."""
    stack, recording = composed
    made = recording.one("cloudwatch/dashboard:Dashboard").inputs
    assert made["dashboardName"] == recording.result["observability"]["dashboard"] == f"aiponge-{stack}"
    widgets = check_dashboard(made["dashboardBody"])
    titles = [item["properties"]["markdown"] for item in widgets if item["type"] == "text"]
    assert titles == ["## api-gateway", "## Redis cache", "## Redis queue", "## PostgreSQL", "## CDN"]
    [alarms] = [item["properties"]["alarms"] for item in widgets if item["type"] == "alarm"]
    promises = recording.result["observability"]["slos"]["api-gateway"]["alarms"]
    told = [*promises, f"aiponge-{stack}-logs-silent", *recording.result["alarms"]["names"]]
    assert [alarm.rpartition(":")[2] for alarm in alarms] == told


def test_no_secret_is_readable_in_outputs_or_plain_inputs(composed: Any) -> None:
    """SR-SECRET: every generated value is marked wherever it goes; nothing shows it in the clear."""
    _, recording = composed
    assert "generated-" not in json.dumps(recording.result)
    for item in recording.resources:
        assert "generated-" not in json.dumps(_without_secrets(item.raw)), (item.type, item.name)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        if "4dabf18193072939515e22adb298388d" in value:
            return None
        return {key: _without_secrets(item) for key, item in value.items()}
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


def test_every_workload_has_a_budget_and_an_autoscaler(composed: Any) -> None:
    """SR-PDB, SR-SCALE."""
    _, recording = composed
    deployments = {item.inputs["metadata"]["name"] for item in recording.of("Deployment")}
    assert len(deployments) == 11
    assert {item.inputs["metadata"]["name"] for item in recording.of("PodDisruptionBudget")} == deployments
    assert {
        item.inputs["spec"]["scaleTargetRef"]["name"] for item in recording.of("HorizontalPodAutoscaler")
    } == deployments


def test_the_program_is_told_nothing_of_the_local_platform() -> None:
    """The same program runs against AWS: only a stack file may name what is local."""
    for path in sorted((STACKS.parent / "components").rglob("*.py")):
        text = path.read_text()
        assert "10.213." not in text, path
        assert not re.search(r"^(?:from|import) (?:local|groundwork)\b", text, re.MULTILINE), path


def test_a_services_secrets_reach_it_and_its_workers_once(record: Callable[..., Any]) -> None:
    args = _args("local")
    music = args.settings.services["music-service"].model_copy(update={"secrets": {"STRIPE_KEY": "generated-by-user"}})
    services = {**args.settings.services, "music-service": music}
    changed = replace(args, settings=args.settings.model_copy(update={"services": services}))

    async def build() -> None:
        await Platform.create("aiponge", changed)

    recording = record(build, stack="local")
    secret = recording.one("core/v1:Secret", "music-service-secret-secret")
    assert secret.is_secret("data", "STRIPE_KEY")
    for name in ("music-service-deployment", "music-generation-deployment"):
        template = recording.one("Deployment", name).inputs["spec"]["template"]["spec"]
        variables = {item["name"]: item.get("valueFrom") for item in template["containers"][0]["env"]}
        assert variables["STRIPE_KEY"] == {"secretKeyRef": {"name": "music-service", "key": "STRIPE_KEY"}}


def test_queues_in_postgres_need_no_queue_redis_and_no_dashboard(record: Callable[..., Any]) -> None:
    """P0-QUEUE: Viral Engine's jobs are in its database."""
    args = _args("local")
    queues = {name: queue.model_copy(update={"kind": "postgres"}) for name, queue in args.settings.queues.items()}
    changed = replace(args, settings=args.settings.model_copy(update={"queues": queues}))

    async def build() -> dict[str, Any]:
        return dict((await Platform.create("aiponge", changed)).outputs)

    recording = record(build, stack="local")
    assert [item.name for item in recording.of("RedisCluster")] == ["redis-cache"]
    assert recording.result["dashboard"] is None
    assert not recording.of("QueueDashboard")
    assert recording.result["workers"]["music-generation"]["kind"] == "postgres"
    assert "QUEUE_REDIS_URL" not in json.dumps(recording.one("Deployment", "music-service-deployment").inputs)


def test_a_redis_may_have_users_and_copies_in_other_regions(record: Callable[..., Any]) -> None:
    """SR-REDIS-HA, RB-REGION: pods log in as the workload's user; a copy's address is told among the outputs."""
    configuration = yaml_file.load((STACKS / "Pulumi.prod.yaml").read_text())["config"]
    configuration["groundwork:redis"]["queue"]["users"] = {"app": {}, "report": {"access": "on ~* &* -@all +@read"}}
    configuration["groundwork:redis"]["queue"]["workloadUser"] = "app"
    configuration["groundwork:redis"]["cache"]["secondaries"] = {
        "eu-central-1": {
            "vpcId": "vpc-0a1b2c3d",
            "dataSubnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
            "clientCidrs": ["10.50.0.0/16"],
        }
    }
    source = Source.parse(
        "prod",
        {key: item if isinstance(item, str) else json.dumps(item) for key, item in configuration.items()},
        stacks=STACKS,
    )
    settings, problems = judge(source)
    assert settings is not None and problems == ()
    args = replace(_args("prod"), settings=settings)

    async def build() -> dict[str, Any]:
        return dict((await Platform.create("aiponge", args)).outputs)

    recording = record(build, stack="prod")
    secret = recording.one("core/v1:Secret", "redis-queue-secret-secret")
    url = base64.b64decode(secret.inputs["data"]["QUEUE_REDIS_URL"]).decode()
    assert url == "rediss://app:generated-redis-queue-users-app-value@primary.test:6379"
    assert secret.is_secret("data", "QUEUE_REDIS_URL")
    assert recording.result["redis"]["queue"]["username"] == "app"
    assert set(recording.result["redis"]["cache"]["secondaries"]) == {"eu-central-1"}
    names = {item.name for item in recording.of("replicationGroup:ReplicationGroup")}
    assert names == {"redis-cache-cluster", "redis-queue-cluster", "redis-cache-eu-central-1-cluster"}
    [elsewhere] = recording.result["alarms"]["regions"].items()
    assert elsewhere[0] == "eu-central-1"
    assert "aiponge-prod-cache-global-lag" in elsewhere[1]["names"]
    assert len({item.inputs["name"] for item in recording.of("sns/topic:Topic")}) == 1, "one name in each region"
    assert len(recording.of("sns/topic:Topic")) == 2


def test_a_queues_options_reach_those_who_put_jobs_in(composed: Any) -> None:
    """P0-QUEUE: tries, pauses and dead letters are decided when a job is put in."""
    _, recording = composed
    texts = set()
    for name in ("music-service-deployment", "music-generation-deployment"):
        template = recording.one("Deployment", name).inputs["spec"]["template"]["spec"]
        texts |= {item["value"] for item in template["containers"][0]["env"] if item["name"] == "QUEUE_OPTIONS"}
    assert len(texts) == 1
    assert list(json.loads(texts.pop())) == ["music-generation"]


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_a_preview_goes_on_with_placeholders_and_a_deployment_does_not(
    record: Callable[..., Any], tmp_path: Path, stack: str
) -> None:
    preview = record(lambda: read_stack(source(stack), tmp_path), stack=stack, preview=True)
    assert preview.result.settings.system == "aiponge"

    async def deploy() -> str:
        with pytest.raises(pulumi.RunError) as caught:
            await read_stack(source(stack), tmp_path)
        return str(caught.value)

    refused = record(deploy, stack=stack)
    lines = refused.result.splitlines()
    assert [line.split(" ")[1] for line in lines] == [
        "groundwork:workload.trustedCertificates",
        "groundwork:workload.image",
        "groundwork:workloadIdentity.issuer",
    ]
    assert all(line.startswith(f"stacks/Pulumi.{stack}.yaml: ") for line in lines)
    assert refused.resources == []


def test_bad_settings_end_the_program_with_messages_and_nothing_registered(record: Callable[..., Any]) -> None:
    bad = replace(source("local"), values={**source("local").values, "system": "Shop", "sevices": {}})

    async def build() -> str:
        with pytest.raises(pulumi.RunError) as caught:
            await read_stack(bad)
        return str(caught.value)

    recording = record(build, stack="local")
    assert len(recording.result.splitlines()) == 2
    assert recording.resources == []


def test_a_certificate_file_without_a_certificate_is_refused(record: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "local-ca.pem").write_text("not a certificate")

    async def build() -> str:
        with pytest.raises(pulumi.RunError, match="holds no certificate") as caught:
            await read_stack(source("local"), tmp_path)
        return str(caught.value)

    assert record(build, stack="local").resources == []


def test_a_window_waits_for_the_oldest_once_it_is_full(record: Callable[..., Any]) -> None:
    async def build() -> tuple[int, int]:
        window = Window(limit=2)
        resources = [pulumi.ComponentResource("test:index:Thing", f"thing-{number}") for number in range(5)]
        seen: list[int] = []
        for resource in resources:
            await window.admit([resource])
            seen.append(len(window))
        return max(seen), len(resources)

    assert record(build).result == (2, 5)


def test_stores_carry_the_tag_that_their_plan_selects_by(composed: Any) -> None:
    """P0-BACKUP: the writer and the uploads; no replica, since its data are the writer's."""
    stack, recording = composed
    selected = {
        pair["value"]
        for item in recording.of("selection:Selection")
        for condition in item.inputs["conditions"]
        for pair in condition["stringEquals"]
    }
    carried = {
        item.name: item.inputs["tags"]["backup"]
        for item in recording.resources
        if "backup" in (item.inputs.get("tags") or {})
    }
    assert carried == {
        "database-writer": f"aiponge-{stack}-backup-database",
        "storage-uploads": f"aiponge-{stack}-backup-buckets",
    }
    assert set(carried.values()) == selected
    assert recording.result["backup"]["objectives"]["database"]["rpoSeconds"] == 300


def test_stores_leave_a_snapshot_behind_except_on_the_local_platform(composed: Any) -> None:
    """P0-BACKUP: staging says that it does not; production may not."""
    stack, recording = composed
    writer = recording.one("rds/instance:Instance", "database-writer").inputs
    redis = recording.one("ReplicationGroup", "redis-cache-cluster").inputs
    assert writer["skipFinalSnapshot"] is (stack != "prod")
    assert ("finalSnapshotIdentifier" in redis) is (stack == "prod")


def test_reads_go_through_the_pool_where_there_is_one(record: Callable[..., Any]) -> None:
    """P0-REPLICA."""
    args = _args("local")
    pool = ReaderPool.model_validate({"image": "groundwork.local/pgbouncer:1", "poolSize": 10})
    database = args.settings.database.model_copy(update={"reader_pool": pool})
    changed = replace(args, settings=args.settings.model_copy(update={"database": database}))

    async def build() -> dict[str, Any]:
        return dict((await Platform.create("aiponge", changed)).outputs)

    recording = record(build, stack="local")
    delivered = recording.one("core/v1:Secret", "database-secret-secret").inputs["data"]
    urls = base64.b64decode(delivered["DATABASE_READER_URLS"]).decode().split(",")
    assert [url.rpartition("@")[2] for url in urls] == [
        f"database-readers.aiponge-local.svc:6432/aiponge-replica-{number}?sslmode=disable" for number in (1, 2)
    ]
    assert recording.result["database"]["readerPool"]["service"] == "database-readers"
    assert recording.result["database"]["readerEndpoints"] == ["database-replica-1.test", "database-replica-2.test"]
