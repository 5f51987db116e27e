"""Settings of services, queues and the cluster: what is refused, with one message each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.settings.conftest import changed, problems_of

pytestmark = pytest.mark.unit

Lines = Callable[..., list[str]]
MAILS = "groundwork:queues/mails"


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (f"{MAILS}/attempts", 0, "queues.mails.attempts"),
        (f"{MAILS}/backoffSeconds", 0, "queues.mails.backoffSeconds"),
        (f"{MAILS}/kind", "sqs", "queues.mails.kind"),
        (f"{MAILS}/keepFailed", 0, "queues.mails.keepFailed"),
        (f"{MAILS}/keepFailedDays", 365, "queues.mails.keepFailedDays"),
        (f"{MAILS}/stalledAfterSeconds", 1, "queues.mails.stalledAfterSeconds"),
        (f"{MAILS}/longestJobSeconds", 3600, "queues.mails.longestJobSeconds"),
        (f"{MAILS}/backlogPerWorker", 3, "queues.mails.backlogPerWorker"),
        (f"{MAILS}/schedules", {"nightly": {"cron": "daily"}}, "queues.mails.schedules.nightly.cron"),
        (
            f"{MAILS}/schedules",
            {"nightly": {"cron": "0 3 * * *", "timezone": "here"}},
            "queues.mails.schedules.nightly.timezone",
        ),
        (
            f"{MAILS}/schedules",
            {"nightly": {"cron": "0 3 * * *", "payload": {"apiKey": "hunter2"}}},
            "queues.mails.schedules.nightly.payload.apiKey",
        ),
    ],
)
def test_unsafe_queues_are_refused(lines: Lines, path: str, value: Any, key: str) -> None:
    """P0-QUEUE."""
    found = lines(path, value)
    assert len(found) == 1, found
    assert found[0].startswith(f"stacks/Pulumi.prod.yaml: groundwork:{key} is "), found
    assert "hunter2" not in found[0]


API = "groundwork:services/api"
DIGEST = "registry.test/shop@sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (f"{API}/ports", {"http": 9000}, "services.api.ports.http"),
        (f"{API}/probes", {"readyPath": "/health/live"}, "services.api.probes.readyPath"),
        (f"{API}/rollout", {"maxSurge": 0}, "services.api.rollout.maxSurge"),
        (f"{API}/rollout", {"maxSurge": "many"}, "services.api.rollout.maxSurge"),
        (f"{API}/rollout", {"maxUnavailable": "100%"}, "services.api.rollout.maxUnavailable"),
        (f"{API}/streamSeconds", 60, "services.api.drainSeconds"),
        (f"{API}/deregistrationSeconds", 1, "services.api.deregistrationSeconds"),
        (f"{API}/requestsPerSecond", 10, "services.api.requestsPerSecond"),
        (f"{API}/cpuTargetPercent", None, "services.api.cpuTargetPercent"),
        (f"{API}/scratchSize", "64Gi", "services.api.scratchSize"),
        (f"{API}/expose", {"hosts": ["api.example.com"]}, "services.api.expose"),
        (f"{API}/canary", {"image": DIGEST}, "services.api.canary"),
        (f"{API}/config", {"files": {"a.yaml": "apiKey: hunter2"}}, "services.api.config.files.a.yaml"),
        (f"{API}/args", ["serve", "--api-key=hunter2"], "services.api.args.1"),
        (f"{API}/environment", {"BROKER": "amqp://u:hunter2@host"}, "services.api.environment.BROKER"),
        ("groundwork:workload/drainSeconds", 3600, "workload.drainSeconds"),
        ("groundwork:cluster", {"egress": [{"cidr": "10.0.0.1/8", "ports": [25]}]}, "cluster.egress.0.cidr"),
    ],
)
def test_unsafe_services_are_refused(lines: Lines, path: str, value: Any, key: str) -> None:
    found = lines(path, value)
    assert len(found) == 1, found
    assert found[0].startswith(f"stacks/Pulumi.prod.yaml: groundwork:{key} is "), found
    assert "hunter2" not in found[0]


def test_tags_are_refused_in_production_unless_allowed() -> None:
    configuration = changed("groundwork:workload/image", "registry.test/shop:1.0")
    [problem] = problems_of(configuration)
    assert problem.key == "groundwork:workload.image"
    configuration["groundwork:workload"]["allowImageTags"] = True
    assert problems_of(configuration) == []


def test_a_stack_may_use_every_knob() -> None:
    configuration = changed(
        API,
        {
            "command": ["/app/bin/server"],
            "args": ["start"],
            "ports": {"grpc": 9000},
            "memoryTargetPercent": 80,
            "requestsPerSecond": 50,
            "drainSeconds": 120,
            "streamSeconds": 60,
            "probes": {"livePath": "/livez", "readyPath": "/readyz"},
            "rollout": {"maxSurge": "25%", "maxUnavailable": 1},
            "canary": {"image": DIGEST, "weight": 10},
            "config": {"files": {"limits.json": "{}"}, "reload": "hot"},
            "expose": {"hosts": ["api.example.com"]},
        },
    )
    configuration["groundwork:cluster"] = {
        "metrics": {},
        "gateway": {"name": "public", "namespace": "gateways", "clientCidrs": ["10.0.0.0/8"]},
        "egress": [{"cidr": "203.0.113.0/24", "ports": [25]}],
    }
    assert problems_of(configuration) == []


def test_a_target_for_the_backlog_needs_somebody_who_sees_it() -> None:
    """P0-SCALE."""
    for feature in ("keda", "metrics"):
        configuration = changed(f"{MAILS}/backlogPerWorker", 3)
        configuration["groundwork:cluster"] = {feature: {}}
        assert problems_of(configuration) == []
