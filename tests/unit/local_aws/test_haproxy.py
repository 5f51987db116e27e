"""What HAProxy is told, at its start and while it runs: pure functions of endpoints and servers."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from local.aws.authority import Authority
from local.aws.dataplane.haproxy import (
    AUTHORITY,
    Check,
    Listener,
    Member,
    Pool,
    Proxy,
    changes,
    frame,
    render,
    render_state,
)

pytestmark = pytest.mark.unit

ONE, TWO, THREE = (Member(f"node-{number}", f"10.213.16.{number}", 6379) for number in (1, 2, 3))
CHECK = Check(("option tcp-check", r'tcp-check send "PING\r\n"', "tcp-check expect string PONG"))
PROXY = Proxy(
    "orders",
    (
        Listener("primary-endpoint", "10.213.16.8", 6379, ("primary",)),
        Listener("reader-endpoint", "10.213.16.9", 6379, ("replicas", "primary")),
    ),
    (Pool("primary", (ONE, TWO), CHECK), Pool("replicas", (ONE, TWO), replace(CHECK, tls=True, port=8008))),
)


def with_members(*members: Member) -> Proxy:
    return replace(PROXY, pools=(replace(PROXY.pools[0], members=members), PROXY.pools[1]))


def test_haproxy_takes_the_configuration_and_the_state(tmp_path: Path) -> None:
    """The installed HAProxy itself is asked, with a check over TLS and one on another port."""
    authority = Authority(tmp_path / "ca")
    authority.ensure()
    (tmp_path / AUTHORITY).write_text(authority.root.read_text())
    (tmp_path / "haproxy.cfg").write_text(render(PROXY))
    (tmp_path / "state").write_text(render_state(PROXY))
    done = subprocess.run(
        ["haproxy", "-c", "-f", "haproxy.cfg"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # It says so of every server for which it took a line of the state file.
    assert done.stderr.count("is DOWN, changed from server-state") == 4


def test_the_first_pool_that_has_a_server_serves() -> None:
    configuration = render(PROXY)
    assert "use_backend replicas if { nbsrv(replicas) gt 0 }\n  default_backend primary" in configuration
    assert "use_backend primary" not in configuration


def test_sessions_with_a_server_that_may_not_serve_are_cut() -> None:
    servers = [line for line in render(PROXY).splitlines() if line.startswith("  server ")]
    assert len(servers) == 4
    assert all("on-marked-down shutdown-sessions" in line for line in servers)


def test_only_a_check_over_tls_looks_at_certificates() -> None:
    first, *_, last = (line for line in render(PROXY).splitlines() if line.startswith("  server "))
    assert "check-ssl" not in first
    assert f"check-ssl force-tlsv12 verify required ca-file {AUTHORITY} port 8008" in last


def test_servers_come_and_go_without_a_restart() -> None:
    changed = with_members(ONE, THREE)
    assert frame(render(changed)) == frame(render(PROXY))
    assert frame(render(replace(PROXY, listeners=PROXY.listeners[:1]))) != frame(render(PROXY))
    running = [(pool.name, member) for pool in PROXY.pools for member in pool.members]
    commands = [command for together in changes(changed, running) for command in together]
    assert commands[:3] == [
        "set server primary/node-2 state maint",
        "shutdown sessions server primary/node-2",
        "del server primary/node-2",
    ]
    assert commands[3].startswith("add server primary/node-3 10.213.16.3:6379 check ")
    # It may serve only once its check has passed.
    assert commands[-1] == "set server primary/node-3 health down"
    assert not any("node-1" in command or "replicas/" in command for command in commands)


def test_a_server_on_another_address_takes_the_place_of_its_namesake() -> None:
    moved = replace(ONE, address="10.213.16.77")
    running = [(pool.name, member) for pool in PROXY.pools for member in pool.members]
    commands = [command for together in changes(with_members(moved, TWO), running) for command in together]
    assert commands.index("del server primary/node-1") < next(
        place for place, command in enumerate(commands) if command.startswith("add server primary/node-1 10.213.16.77")
    )


def test_nothing_is_asked_of_a_proxy_that_is_as_it_should_be() -> None:
    assert changes(PROXY, [(pool.name, member) for pool in PROXY.pools for member in pool.members]) == []
