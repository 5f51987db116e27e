"""What the command line shows of the platform, its logs and its failures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from groundwork import failing, logs, status
from groundwork.errors import UserError
from local.aws.lifecycle import ServerStatus
from local.cluster import ClusterStatus
from local.cluster.status import ComponentStatus, NodeStatus
from local.failures.active import Active
from local.failures.catalogue import FAILURES, named
from local.failures.effects import struck
from local.failures.inventory import inventory
from local.network.plan import PLAN
from local.paths import Paths

pytestmark = pytest.mark.unit

SERVERS = [
    ServerStatus("aws-endpoint", "endpoint", "10.213.0.1:4566", "ready", "", 5.0, "/logs/aws-endpoint.log"),
    ServerStatus(
        "redis-1",
        "redis",
        "10.213.16.1",
        "down",
        "it ended",
        5.0,
        "/logs/redis-1.log",
        "eu-west-1",
        "eu-west-1b",
        "replica",
        ("10.213.16.1",),
        "redis-1",
    ),
    ServerStatus("redis-primary", "redis-endpoint", "10.213.16.2", "ready", "", 5.0, "/logs/p.log", "eu-west-1"),
]


def shown(drawn: object) -> str:
    console = Console(width=240)
    with console.capture() as captured:
        console.print(drawn)
    return captured.get()


def test_each_server_is_shown_where_it_is_with_its_trouble() -> None:
    rows = status.server_rows(SERVERS)
    assert [row.zone for row in rows] == ["global", "eu-west-1b", "eu-west-1"]
    assert rows[1].since is None and rows[0].since == 5.0
    text = shown(status.drawn(status.Status((), tuple(rows))))
    assert "down: it ended" in text and "10.213.16.1" in text and "replica" in text and "/logs/redis-1.log" in text


def test_components_of_a_node_are_in_its_zone() -> None:
    nodes = (NodeStatus("node-a", "eu-west-1a", True), NodeStatus("node-b", "eu-west-1b", False))
    components = (
        ComponentStatus("kube-apiserver", 1, 2.0, Path("/logs/kube-apiserver.log")),
        ComponentStatus("node-b-kubelet", None, None, Path("/logs/node-b-kubelet.log")),
    )
    rows = status.cluster_rows(ClusterStatus(Path("k"), "https://10.213.0.1:6443", None, nodes, components, None))
    found = {row.name: row for row in rows}
    assert found["node-b"].state == "not ready" and found["node-b-kubelet"].state == "down"
    assert found["node-b-kubelet"].zone == "eu-west-1b"
    assert found["kube-apiserver"].address == "https://10.213.0.1:6443"
    assert status.cluster_rows(None) == []


def test_what_has_failed_on_purpose_stands_first() -> None:
    failed = Active("delay-redis-1", "delay", "redis-1", 0.0, 300)
    text = shown(status.drawn(status.Status((failed,), tuple(status.server_rows(SERVERS)))))
    assert text.index("delay-redis-1") < text.index("aws-endpoint") and "300 ms" in text
    assert "delay-redis-1" in str(status.Status((failed,), ()).as_data())


def test_without_a_platform_the_status_says_how_to_get_one() -> None:
    assert "groundwork local up" in shown(status.drawn(status.Status((), ())))


def test_what_a_failure_concerns_says_so() -> None:
    failed = [Active("zone-b", "zone", "eu-west-1b", 0.0), Active("s3-slow", "s3-slow", "", 0.0, 500)]
    concerned = struck(failed, inventory(PLAN, SERVERS, ["node-b-kubelet"]))
    assert concerned == {"redis-1": ["zone-b"], "node-b": ["zone-b"], "aws-endpoint": ["s3-slow"]}
    rows = {row.name: row.failures for row in status.with_failures(status.server_rows(SERVERS), concerned)}
    assert rows == {"redis-1": ("zone-b",), "aws-endpoint": ("s3-slow",), "redis-primary": ()}
    everything = [Active("region-eu-west-1", "region", "eu-west-1", 0.0), Active("node-b", "node", "node-b", 0.0)]
    assert set(struck(everything, inventory(PLAN, SERVERS, ["node-b-kubelet"]))) >= {
        "redis-1",
        "redis-primary",
        "node-b",
        "node-b-kubelet",
    }


def test_every_failure_is_listed_with_what_it_is_for() -> None:
    faults = tuple(named(inventory(PLAN, SERVERS, ["node-b-kubelet"])).values())
    found = failing.Listed((), faults)
    text = shown(failing.drawn(found))
    for name in ("zone-a", "region-eu-central-1", "node-b", "s3-slow", "kill-NAME", "disk-full-NAME"):
        assert name in text
    assert found.by_target()["aws-endpoint"] == ["kill", "freeze", "disk-full"]
    listed = {each["name"]: each["names"] for each in found.as_data()["failures"]}
    assert set(listed) == {failure.name for failure in FAILURES} and all(listed.values())


def test_a_log_is_found_by_the_name_in_the_status(tmp_path: Path) -> None:
    log = tmp_path / "redis.log"
    row = status.Row("redis-1", "redis", "", "", "", "ready", "", 0.0, str(log))
    with pytest.raises(UserError, match="written nothing yet"):
        logs.log_of("redis-1", [row])
    log.write_text("")
    assert logs.log_of("redis-1", [row]) == log
    with pytest.raises(UserError, match="redis-1"):
        logs.log_of("redis1", [row])


def test_the_last_lines_are_read_and_followed_into_a_new_file(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\ntwo\nthree\n")
    assert list(logs.read(log, 2, follow=False)) == ["two\n", "three\n"]
    followed: Iterator[str] = logs.read(log, 1, follow=True)
    assert next(followed) == "three\n"
    with log.open("a") as file:
        file.write("four\n")
    assert next(followed) == "four\n"
    newer = tmp_path / "newer"
    newer.write_text("five\n")
    newer.rename(log)
    assert next(followed) == "five\n"


def test_what_cannot_be_done_is_one_message(tmp_path: Path) -> None:
    nowhere = Paths(cache=tmp_path / "cache", state=tmp_path / "state")
    with pytest.raises(UserError, match="zone-a"):
        failing.fail(nowhere, "zone-z", None)
    with pytest.raises(UserError, match="nothing with a log"):
        logs.find("redis-1", nowhere)
    assert failing.listed(nowhere).active == ()
