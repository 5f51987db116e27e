"""The collector of logs: on every node, with as few rights as that takes, and somebody who answers for it."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from components.errors import Refused
from components.log_shipper import LogShipper, LogShipperArgs, write_policy
from components.log_shipper_manifests import Exemption, configuration
from components.observability import Observability, ShipperArgs
from components.pod_logs import PodLogs
from components.workload_identity import TokenIssuer
from policies.judge import judge
from policies.model import Resource, Status
from policies.rules.table import STATELESS
from tests.unit.components.test_observability import ARGS as WATCHED
from tests.unit.components.test_observability import LOGS

pytestmark = pytest.mark.unit

Record = Callable[..., Any]
ISSUER = TokenIssuer("https://issuer.test", "arn:aws:iam::123456789012:oidc-provider/issuer.test")
IMAGE = "registry.test/fluent-bit@sha256:" + "b" * 64
EXEMPTION = Exemption(owner="platform-team", expires="2027-06-30")


def _build(**change: Any) -> None:
    known: dict[str, Any] = {
        "identifier": "shop-prod",
        "namespace": "shop-prod",
        "system": "shop",
        "image": IMAGE,
        "region": "eu-west-1",
        "logs": PodLogs("logs", LOGS),
        "issuer": ISSUER,
        "exemption": EXEMPTION,
    }
    LogShipper("shipper", LogShipperArgs(**{**known, **change}))


def _made(record: Record, **change: Any) -> Any:
    return record(lambda: _build(**change))


def _pod(recording: Any) -> dict[str, Any]:
    spec: dict[str, Any] = recording.one("apps/v1:DaemonSet").inputs["spec"]["template"]["spec"]
    return spec


def test_its_role_writes_to_one_group_and_does_nothing_else(record: Record) -> None:
    """SR-LOGS, least privilege by workload identity."""
    recording = _made(record)
    [statement] = json.loads(recording.one("iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:eu-west-1:123456789012:log-group:/groundwork/shop-prod/pods:*",
    }
    [trust] = json.loads(recording.one("iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    assert trust["Condition"]["StringEquals"]["issuer.test:sub"] == "system:serviceaccount:shop-prod-logs:log-shipper"
    assert not [item for item in recording.resources if "rbac" in item.type], "it knows nothing of the cluster's API"
    assert write_policy("arn:x") != write_policy("arn:y")


def test_it_reads_the_nodes_logs_and_can_change_nothing(record: Record) -> None:
    pod = _pod(_made(record))
    [container] = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    [host] = [item for item in pod["volumes"] if "hostPath" in item]
    assert host["hostPath"] == {"path": "/var/log/pods", "type": "Directory"}
    mounts = {item["name"]: item for item in container["volumeMounts"]}
    assert [name for name, item in mounts.items() if not item.get("readOnly")] == ["scratch"]
    assert pod["automountServiceAccountToken"] is False
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    assert container["livenessProbe"]["httpGet"]["path"] != container["readinessProbe"]["httpGet"]["path"]


def test_the_workloads_namespace_stays_restricted(record: Record) -> None:
    """Files of the node are refused there, and ought to be."""
    recording = _made(record)
    namespace = recording.one("core/v1:Namespace").inputs["metadata"]
    assert namespace["name"] == "shop-prod-logs"
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    policy = recording.one("NetworkPolicy").inputs["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy, "nobody calls it"


@pytest.mark.parametrize(
    ("today", "status"), [(date(2027, 6, 30), Status.EXEMPT), (date(2027, 7, 1), Status.VIOLATION)]
)
def test_the_policies_let_it_pass_until_its_day(record: Record, today: date, status: Status) -> None:
    """SR-VOLUME: an exemption with a reason, an owner and an end; after that it is a violation like any other."""
    made = _made(record).one("apps/v1:DaemonSet")
    resource = Resource(made.type, made.name, made.name, made.inputs)
    found = [finding for finding in judge(STATELESS, [resource], today) if finding.rule == "SR-VOLUME"]
    assert [finding.status for finding in found] == [status]
    reasons = made.inputs["metadata"]["annotations"]
    assert set(reasons) == {"groundwork/exempt.SR-VOLUME", "groundwork/exempt.SR-KIND"}
    assert all("owner: platform-team; expires: 2027-06-30" in text for text in reasons.values())


def test_only_this_namespaces_logs_are_read_and_named_after_pods() -> None:
    text = configuration("shop-prod", "eu-west-1", "/groundwork/shop-prod/pods")
    pipeline = json.loads(text)["pipeline"]
    [source] = pipeline["inputs"]
    path = "/var/log/pods/shop-prod_api-7c9d-x2x_0a1b-2c3d/app/0.log"
    assert fnmatch.fnmatchcase(path, source["path"])
    for other in ("shop-prod-2_api_0a1b", "shop_api_0a1b", "kube-system_coredns_0a1b"):
        assert not fnmatch.fnmatchcase(f"/var/log/pods/{other}/app/0.log", source["path"])
    found = re.search(source["tag_regex"].replace("?<", "?P<"), path)
    assert found is not None
    assert found.groupdict() == {"pod": "api-7c9d-x2x", "container": "app"}
    [target] = pipeline["outputs"]
    assert (target["log_group_name"], target["auto_create_group"]) == ("/groundwork/shop-prod/pods", False)


def test_another_configuration_replaces_the_pods(record: Record) -> None:
    def checksum(recording: Any) -> str:
        template = recording.one("apps/v1:DaemonSet").inputs["spec"]["template"]
        return str(template["metadata"]["annotations"]["groundwork.dev/config-checksum"])

    assert checksum(_made(record)) != checksum(_made(record, region="eu-central-1"))


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"image": "fluent-bit:3"}, "image"),
        ({"exemption": replace(EXEMPTION, owner="")}, "owner"),
        ({"exemption": replace(EXEMPTION, owner="a; expires: 2999-01-01")}, "owner"),
        ({"exemption": replace(EXEMPTION, expires="soon")}, "expires"),
    ],
)
def test_what_is_refused(record: Record, change: dict[str, Any], setting: str) -> None:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            _build(**change)
        return caught.value

    assert [item.setting for item in record(build).result.refusals] == [setting]


def test_lines_are_counted_where_our_own_collector_puts_them(record: Record) -> None:
    """P0-OBS: its events have the line's fields at the top, the add-on's have not."""
    shipper = ShipperArgs(image=IMAGE, system="shop", issuer=ISSUER, exemption=EXEMPTION)
    recording = record(lambda: Observability("watch", replace(WATCHED, shipper=shipper)))
    assert recording.one("apps/v1:DaemonSet")
    assert all(item.inputs["pattern"].startswith("{ ($.message") for item in recording.of("LogMetricFilter"))
