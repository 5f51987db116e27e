"""Our workloads against a real API server: what it makes of them is what was asked for, with every knob turned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[3]
WORKLOADS = """
    from components.cluster import ClusterFeatures
    from components.namespace import EgressRule, WorkloadNamespace, WorkloadNamespaceArgs
    from components.pod_options import ConfigFiles, Probes, Rollout
    from components.queue_workers import QueueWorkers, QueueWorkersArgs
    from components.reader_pool import PooledReaders, ReaderPool, ReaderPoolArgs
    from components.queues import QueueOptions, ScheduleArgs
    from components.stateless_service import StatelessService, StatelessServiceArgs, Surroundings
    from components.workload_identity import TokenIssuer
    from dataclasses import replace

    IMAGE = "registry.test/shop@sha256:" + "a" * 64
    WorkloadNamespace("namespace", WorkloadNamespaceArgs(
        identifier="NAMESPACE-own", trusted_certificates="PEM", store_cidrs=["10.20.0.0/16"],
        egress=[EgressRule(cidr="203.0.113.0/24", ports=[25, 465])]))
    surroundings = Surroundings(
        system="shop", prefix="shop", namespace="NAMESPACE", issuer=TokenIssuer("https://issuer.test", "arn"),
        cluster=ClusterFeatures(metrics_namespace="monitoring"))
    StatelessService("plain", StatelessServiceArgs(identifier="plain", image=IMAGE, surroundings=surroundings))
    StatelessService("orders", StatelessServiceArgs(
        identifier="orders", image=IMAGE, surroundings=surroundings, command=["/app/server"], arguments=["start"],
        ports={"grpc": 9000}, memory_target_percent=80, requests_per_second=50, scratch_size="1Gi",
        drain_seconds=60, stream_seconds=45, deregistration_seconds=20, startup_seconds=300,
        probes=Probes(live_path="/livez", ready_path="/readyz", startup_period_seconds=10),
        rollout=Rollout(max_surge="25%", max_unavailable=1),
        config=ConfigFiles(files={"settings.json": "{}"}, reload="hot"), exposed=True))
    QueueWorkers("mails", QueueWorkersArgs(
        queue="mails", owner="orders", image=IMAGE, surroundings=surroundings,
        options=QueueOptions(kind="postgres", attempts=3), longest_job_seconds=600, backlog_per_worker=10,
        schedules={"nightly": ScheduleArgs(cron="0 3 * * *", exclusive=True)}))
    ReaderPool("readers", ReaderPoolArgs(
        identifier="database-readers", image=IMAGE, surroundings=replace(surroundings, certificates="trusted"),
        tls_secret="readers-tls", readers=PooledReaders(
            hosts=["one.test", "two.test"], database="app", username="app", password="long-enough", port=5432,
            connections=300)))
"""


def test_every_knob_is_taken_and_read_back_as_it_was_asked_for(
    cluster_project: Any, api: Any, namespace: str, nodes: Any
) -> None:
    """A second update changes nothing, a refresh finds no drift, destroy leaves nothing. SR-SCALE: while the
    autoscalers own the number of replicas, no update fights them."""
    project = cluster_project
    project.environment["PYTHONPATH"] = str(ROOT)
    project.write(WORKLOADS.replace("NAMESPACE", namespace))
    with nodes("running"):
        project.up().assert_succeeded()
        project.up("--expect-no-changes").assert_succeeded()
        project.refresh("--expect-no-changes").assert_succeeded()
        project.up("--expect-no-changes").assert_succeeded()
        project.destroy().assert_succeeded()
    for path in ("apps/v1/namespaces/{}/deployments", "autoscaling/v2/namespaces/{}/horizontalpodautoscalers"):
        assert api.get("/apis/" + path.format(namespace))["items"] == []


SHIPPER = """
    from components.kubernetes import KubernetesObject
    from components.log_shipper_manifests import (
        NAME, Exemption, config_map_manifest, configuration, daemon_set_manifest
    )

    metadata = {"name": NAME, "namespace": "NAMESPACE", "labels": {"app.kubernetes.io/name": NAME}}
    KubernetesObject("config", config_map_manifest(metadata, configuration("shop", "eu-west-1", "/shop/pods")))
    KubernetesObject("account", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    KubernetesObject("pods", daemon_set_manifest(
        metadata, "registry.test/fluent-bit@sha256:" + "b" * 64, "eu-west-1", "arn:aws:iam::123456789012:role/shop",
        "checksum", Exemption(owner="platform-team", expires="2027-06-30")))
"""


def test_the_collector_of_logs_is_taken_and_read_back(
    cluster_project: Any, api: Any, namespace: str, nodes: Any
) -> None:
    """SR-LOGS: a real API server accepts each field, and finds nothing to add that an update would take back."""
    project = cluster_project
    project.environment["PYTHONPATH"] = str(ROOT)
    project.write(SHIPPER.replace("NAMESPACE", namespace))
    with nodes("running"):
        project.up().assert_succeeded()
        project.refresh("--expect-no-changes").assert_succeeded()
        project.up("--expect-no-changes").assert_succeeded()
        [made] = api.get(f"/apis/apps/v1/namespaces/{namespace}/daemonsets")["items"]
        assert made["status"]["numberReady"] == 1, "one pod on each node"
        assert made["spec"]["template"]["spec"]["volumes"][0]["hostPath"]["path"] == "/var/log/pods"
        project.destroy().assert_succeeded()
    assert api.get(f"/apis/apps/v1/namespaces/{namespace}/daemonsets")["items"] == []
