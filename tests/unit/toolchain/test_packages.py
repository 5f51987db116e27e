"""Debian packages: what is missing, and that installing starts no service and keeps the user's own policy."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.toolchain import packages
from local.toolchain.__main__ import main
from local.toolchain.packages import (
    PACKAGES,
    Package,
    PackagesError,
    apt_environment,
    install,
    missing,
    no_service_starts,
    provided_otherwise,
)

pytestmark = pytest.mark.unit

RUNC = Package("runc", "starts containers")
REDIS = Package("redis-server", "answers", ("redis-server.service",))
USERS_POLICY = "#!/bin/sh\n# mine\nexit 0\n"


def test_missing_are_those_not_installed_and_not_provided_otherwise() -> None:
    table = (RUNC, REDIS, Package("iptables", "rules"))
    assert missing(["runc"], ["iptables"], table) == [REDIS]


def test_tool_from_elsewhere_stands_for_its_package(machine: Any) -> None:
    machine.program("runc", "runc version 1.2.0")
    machine.program("redis-server", "Redis server v=5.0.0 sha=0")
    provided = provided_otherwise(str(machine.bin))
    assert "runc" in provided
    assert "redis-server" not in provided


def test_package_with_several_tools_is_provided_only_by_all_of_them(machine: Any) -> None:
    machine.program("nsenter", "nsenter from util-linux 2.40")
    assert "util-linux" not in provided_otherwise(str(machine.bin))
    machine.program("setpriv", "setpriv from util-linux 2.40")
    machine.program("unshare", "unshare from util-linux 2.40")
    assert "util-linux" in provided_otherwise(str(machine.bin))


def test_every_package_says_why() -> None:
    assert all(package.reason for package in PACKAGES)
    assert len({package.name for package in PACKAGES}) == len(PACKAGES)


def test_no_service_may_start_while_installing(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with no_service_starts(policy):
        # 101 is the answer "forbidden" of Debian's invoke-rc.d interface.
        assert subprocess.run([policy, "redis-server", "start"]).returncode == 101
    assert list(tmp_path.iterdir()) == []


def test_users_policy_is_put_back_as_it_was(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text(USERS_POLICY)
    policy.chmod(0o750)
    with no_service_starts(policy):
        assert subprocess.run([policy]).returncode == 101
    assert policy.read_text() == USERS_POLICY
    assert policy.stat().st_mode & 0o777 == 0o750
    assert list(tmp_path.iterdir()) == [policy]


def test_users_policy_is_put_back_when_installing_fails(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text(USERS_POLICY)
    with pytest.raises(PackagesError), no_service_starts(policy):
        raise PackagesError("apt-get failed")
    assert policy.read_text() == USERS_POLICY


@pytest.mark.parametrize("users", [USERS_POLICY, None], ids=["with a policy of the user's", "without"])
def test_next_run_repairs_what_a_killed_one_left(tmp_path: Path, users: str | None) -> None:
    policy = tmp_path / "policy-rc.d"
    if users is not None:
        policy.write_text(users)
    killed = no_service_starts(policy)
    killed.__enter__()  # and never left
    with no_service_starts(policy):
        assert subprocess.run([policy]).returncode == 101
    assert (policy.read_text() if policy.exists() else None) == users


def test_apt_asks_nothing_and_runs_at_a_level_without_services() -> None:
    environment = apt_environment({"PATH": "/usr/bin"})
    assert environment["DEBIAN_FRONTEND"] == "noninteractive"
    assert environment["RUNLEVEL"] == "1"
    assert environment["PATH"] == "/usr/bin"


def test_install_without_root_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "is_debian", lambda: True)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(PackagesError, match="sudo apt-get install --no-install-recommends runc redis-server"):
        install([RUNC, REDIS])


def test_install_elsewhere_than_debian_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "is_debian", lambda: False)
    with pytest.raises(PackagesError, match=r"not a Debian machine.*runc"):
        install([RUNC])


def test_command_line_gives_one_message_and_no_traceback(machine: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ensure", "nonsense"]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("no tool is called 'nonsense'")
    assert "Traceback" not in printed.err
