"""`doctor` says of everything whether it is there, whether it is real, and what to do about it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from groundwork.doctor import (
    Finding,
    authority_findings,
    doctor,
    json_text,
    machine_finding,
    package_finding,
    plugin_finding,
    report,
    service_findings,
    summary,
    table,
    tool_finding,
)
from local.aws.authority import Authority
from local.aws.trust import is_trusted
from local.toolchain import Absent, Located, ToolReport
from local.toolchain.machine import NEEDED_DISK, NEEDED_MEMORY, Machine, conditions
from local.toolchain.packages import Package
from local.toolchain.plugins import PLUGINS, FoundPlugin
from local.toolchain.table import BY_NAME
from local.toolchain.versions import Version

pytestmark = pytest.mark.unit

K6 = BY_NAME["k6"]
AMPLE = Machine("Linux", root=True, memory=NEEDED_MEMORY, disk=NEEDED_DISK, cores=2)
HERE = Located(Path("/usr/bin/x"), Version(1), "path")
SERVERS = {"redis-server": HERE, "postgres": HERE, "nginx": HERE, "kube-apiserver": HERE}


@pytest.mark.parametrize(("origin", "state"), [("path", "found"), ("wheel", "found"), ("built", "built")])
def test_tool_that_is_there(origin: Any, state: str) -> None:
    finding = tool_finding(ToolReport(K6, Located(Path("/x/k6"), Version(1, 8, 1), origin)))
    assert (finding.state, finding.version, finding.path, finding.nature) == (state, "1.8.1", "/x/k6", "real")
    assert finding.healthy
    assert finding.cure == ""


def test_tool_that_is_missing_has_a_cure() -> None:
    finding = tool_finding(ToolReport(K6, Absent("not built yet; needed: 1.0.0 or later", "make tools")))
    assert finding.state == "missing"
    assert not finding.healthy
    assert finding.cure == "make tools"
    assert finding.problem == "not built yet; needed: 1.0.0 or later"


def test_plugins_say_whether_they_are_real() -> None:
    aws = PLUGINS[1]
    official = plugin_finding(aws, FoundPlugin(Path("/official"), True, Version(7, 51, 1)))
    ours = plugin_finding(aws, FoundPlugin(Path("/ours"), False, Version(7, 51, 1)))
    assert (official.nature, ours.nature) == ("real", "stand-in")
    assert "refuses any other endpoint" in ours.purpose


def test_missing_plugin_has_the_command_that_installs_it() -> None:
    finding = plugin_finding(PLUGINS[1], None)
    assert not finding.healthy
    assert finding.cure.startswith("pulumi plugin install resource aws 7.")


def test_aws_api_is_always_told_as_a_stand_in_and_the_servers_as_real() -> None:
    natures = {finding.name: finding.nature for finding in service_findings(SERVERS, "5.2.5")}
    assert natures == {
        "AWS API": "stand-in",
        "ElastiCache": "real",
        "RDS": "real",
        "CloudFront": "real",
        "Kubernetes": "real",
    }


def test_service_without_its_server_is_missing() -> None:
    findings = service_findings({**SERVERS, "nginx": Absent("not found", "apt-get install nginx-light")}, None)
    states = {finding.name: finding.state for finding in findings}
    assert (states["AWS API"], states["CloudFront"], states["RDS"]) == ("missing", "missing", "found")


@pytest.mark.parametrize(
    ("machine", "unmet", "healthy"),
    [
        (AMPLE, [], True),
        (Machine("Darwin", True, NEEDED_MEMORY, NEEDED_DISK, 8), ["kernel"], False),
        (Machine("Linux", False, NEEDED_MEMORY, NEEDED_DISK, 8), ["root"], False),
        (Machine("Linux", True, NEEDED_MEMORY - 1, NEEDED_DISK, 8), ["memory available"], True),
        (Machine("Linux", True, None, NEEDED_DISK, 8), ["memory available"], True),
        (Machine("Linux", True, NEEDED_MEMORY, NEEDED_DISK - 1, 1), ["disk free", "cores"], True),
    ],
)
def test_what_the_machine_lacks(machine: Machine, unmet: list[str], healthy: bool) -> None:
    findings = [machine_finding(condition) for condition in conditions(machine, built=False)]
    assert [finding.name for finding in findings if finding.cure] == unmet
    assert all(finding.healthy for finding in findings) is healthy


def test_disk_space_for_building_is_not_asked_for_when_all_is_built() -> None:
    tight = Machine("Linux", True, NEEDED_MEMORY, 1, 2)
    assert all(condition.met for condition in conditions(tight, built=True))


def test_summary_names_stand_ins_and_every_cure() -> None:
    findings = [
        plugin_finding(PLUGINS[1], FoundPlugin(Path("/ours"), False, None)),
        package_finding(Package("runc", "starts containers")),
    ]
    lines = summary(findings)
    assert "Stand-ins: pulumi-resource-aws" in lines
    assert any("runc: make packages" in line for line in lines)
    assert "Nothing is missing." not in lines


def test_summary_gives_each_cure_once() -> None:
    absent = Absent("not built yet", "make tools (builds kubernetes)")
    lines = summary([tool_finding(ToolReport(BY_NAME[name], absent)) for name in ("kubelet", "kubectl")])
    assert lines[-1] == "  kubelet, kubectl: make tools (builds kubernetes)"


def test_summary_says_when_nothing_is_missing() -> None:
    assert summary([tool_finding(ToolReport(K6, HERE))])[-1] == "Nothing is missing."


def test_json_has_every_field() -> None:
    finding = tool_finding(ToolReport(K6, HERE))
    (record,) = json.loads(json_text([finding]))
    assert Finding(**record) == finding


def test_table_shows_every_finding_in_full() -> None:
    long_path = "/" + "x" * 200
    findings = [tool_finding(ToolReport(K6, Located(Path(long_path), Version(1), "path")))]
    console = Console(width=100, record=True, file=StringIO())
    console.print(table(findings))
    assert console.export_text().count("x") >= 200


def test_exit_code_is_1_when_something_needed_is_missing(machine: Any, capsys: pytest.CaptureFixture[str]) -> None:
    machine.go()
    assert doctor(as_json=True, paths=machine.paths) == 1
    records = {record["name"]: record for record in json.loads(capsys.readouterr().out)}
    assert records["runc"]["state"] == "missing"
    assert records["pulumi"]["cure"].startswith("make tools")
    assert records["AWS API"]["nature"] == "stand-in"


def test_report_looks_and_builds_nothing(machine: Any) -> None:
    machine.go()
    etcd = machine.program("etcd", "etcd Version: 3.5.21")
    found = {finding.name: finding for finding in report(machine.paths)}
    assert (found["etcd"].state, found["etcd"].path) == ("found", str(etcd))
    assert machine.builds() == []


def test_the_local_authority_says_how_to_trust_it(tmp_path: Path) -> None:
    """P0-CDN: HTTPS to the local edge without switching verification off."""
    root, bundle = tmp_path / "ca.pem", tmp_path / "bundle.crt"
    assert authority_findings(root, trusted=False) == []
    Authority(tmp_path).ensure()
    bundle.write_text("another\n")
    assert not is_trusted(root, bundle)
    [finding] = authority_findings(root, trusted=False)
    assert finding.healthy and finding.state == "short"
    assert f"curl --cacert {root}" in finding.cure and "update-ca-certificates" in finding.cure
    bundle.write_text(f"another\n{root.read_text()}")
    assert is_trusted(root, bundle)
    assert authority_findings(root, trusted=True)[0].cure == ""
