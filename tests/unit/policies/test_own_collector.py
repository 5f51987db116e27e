"""Our own workload that is no Deployment keeps the rules on workloads."""

from __future__ import annotations

from datetime import date

import pytest

from components.log_shipper_manifests import NAME, Exemption, daemon_set_manifest
from policies.judge import judge
from policies.manifests import resource_from_manifest
from policies.model import Status
from policies.rules.table_workloads import WORKLOADS

pytestmark = pytest.mark.unit


def test_our_collector_of_logs_needs_its_exemption_and_nothing_else() -> None:
    """SR-KIND, SR-PROBES, SR-SHUTDOWN, SR-REPLICAS: the only DaemonSet that we deploy."""
    labels = {"app.kubernetes.io/name": NAME}
    exemption = Exemption(owner="platform-team", expires="2027-06-30")
    manifest = daemon_set_manifest({"name": NAME, "labels": labels}, "image", "eu-west-1", "role", "sum", exemption)
    found = list(judge(WORKLOADS, [resource_from_manifest(manifest)], date(2026, 11, 22)))
    assert [(finding.rule, finding.status) for finding in found] == [("SR-KIND", Status.EXEMPT)]
