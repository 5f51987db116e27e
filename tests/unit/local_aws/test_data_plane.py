"""The loop between what is declared and what runs, and the authority and addresses that servers get."""

from __future__ import annotations

import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from local.aws.authority import Authority
from local.aws.dataplane.context import NotReady
from local.aws.dataplane.reconciler import FIRST_RETRY, INTERVAL, Actual, Reconciler, Remembered
from local.aws.dataplane.redis_desired import RedisServer
from local.aws.layout import Layout
from local.aws.state import AddressPool
from local.paths import Paths

pytestmark = pytest.mark.unit


def server(name: str, port: int = 6379) -> RedisServer:
    return RedisServer(name, "10.213.16.1", port, False, ("",), {}, None)


class Recorder:
    """A driver that notes what it is told."""

    def __init__(self) -> None:
        self.running: dict[str, RedisServer] = {}
        self.failing = 0
        self.ensured: list[str] = []
        self.before: Callable[[], None] = lambda: None

    def ensure(self, one: RedisServer) -> None:
        self.before()
        self.ensured.append(one.name)
        if self.failing:
            self.failing -= 1
            raise NotReady("not yet")
        self.running[one.name] = one

    def is_alive(self, one: RedisServer) -> bool:
        return one.name in self.running

    def remove(self, one: RedisServer) -> None:
        self.running.pop(one.name, None)


class Bench:
    """A reconciler on a recorder, turned by hand."""

    def __init__(self) -> None:
        self.driver = Recorder()
        self.wanted: dict[str, RedisServer] = {}
        self.known: dict[str, Actual] = {}
        self.remembered: dict[str, Remembered] = {}
        self._lock = threading.Lock()
        self.restart()

    def restart(self) -> None:
        """The process that looked after the servers is gone, and another one begins with what was remembered."""
        self.reconciler = Reconciler(
            {RedisServer: self.driver},
            lambda: dict(self.wanted),
            self._note,
            threading.Event(),
            self._remember,
            dict(self.remembered),
        )
        self.driver.ensured.clear()

    def _remember(self, known: dict[str, Remembered]) -> None:
        self.remembered = known

    def _note(self, known: object) -> None:
        assert isinstance(known, dict)
        with self._lock:
            self.known = known

    def want(self, *servers: RedisServer) -> None:
        self.wanted = {one.name: one for one in servers}

    def until(self, condition: object) -> None:
        assert callable(condition)
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, (self.driver.running, self.known)
            self.reconciler.look()
            time.sleep(0.01)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_is_wanted_comes_to_run_and_what_is_not_goes(bench: Bench) -> None:
    bench.want(server("a"), server("b"))
    bench.until(lambda: set(bench.driver.running) == {"a", "b"})
    bench.want(server("b"))
    bench.until(lambda: set(bench.driver.running) == {"b"} and set(bench.known) == {"b"})


def test_a_change_is_applied(bench: Bench) -> None:
    bench.want(server("a"))
    bench.until(lambda: "a" in bench.driver.running)
    bench.want(server("a", port=7000))
    bench.until(lambda: bench.driver.running["a"].port == 7000)


def test_a_crashed_server_is_started_again(bench: Bench) -> None:
    bench.want(server("a"))
    bench.until(lambda: bench.known and bench.known["a"].applied is not None)
    bench.driver.running.clear()
    bench.until(lambda: "a" in bench.driver.running)


def test_a_failure_is_told_and_tried_again(bench: Bench) -> None:
    bench.driver.failing = 2
    bench.want(server("a"))
    bench.until(lambda: bench.known and bench.known["a"].problem == "not yet")
    bench.until(lambda: bench.known["a"].applied is not None)
    assert bench.known["a"].problem == ""


def test_the_next_look_is_due_when_something_is_to_be_tried_again(bench: Bench) -> None:
    """P0-REDIS: what has failed is tried again when its time has come; while nothing changes, looks are far apart."""
    assert bench.reconciler.pause() == INTERVAL
    bench.driver.failing = 1
    bench.want(server("a"))
    bench.until(lambda: bench.known and bench.known["a"].failures == 1)
    assert bench.reconciler.pause() <= FIRST_RETRY
    # Work that is under way is not waited for by looking.
    bench.known["a"].busy = True
    assert bench.reconciler.pause() == INTERVAL
    bench.known["a"].busy = False
    bench.until(lambda: bench.known["a"].applied is not None)
    assert bench.reconciler.pause() == INTERVAL


def test_a_server_wanted_again_while_it_goes_comes_back(bench: Bench) -> None:
    bench.want(server("a"))
    bench.until(lambda: "a" in bench.driver.running)
    bench.want()
    bench.reconciler.look()
    bench.want(server("a"))
    bench.until(lambda: "a" in bench.driver.running and bench.known and bench.known["a"].applied is not None)


def test_what_a_report_asks_for_is_not_kept_waiting() -> None:
    """A group whose servers are ready is to be watched: that is one pass later, not one second."""
    wanted: dict[str, Any] = {}
    wake = threading.Event()

    def report(_known: object) -> None:
        wanted["b"] = server("b")

    reconciler = Reconciler({RedisServer: Recorder()}, lambda: dict(wanted), report, wake, lambda _: None)
    reconciler.look()
    assert wake.is_set()


def test_a_server_is_known_before_it_is_started(bench: Bench) -> None:
    """A crash right after its start must leave it known to the next process."""
    seen: list[set[str]] = []
    bench.driver.before = lambda: seen.append(set(bench.remembered))
    bench.want(server("a"))
    bench.until(lambda: "a" in bench.driver.running)
    assert seen[0] == {"a"}


def test_after_a_restart_each_server_is_looked_after_once_and_then_left_alone(bench: Bench) -> None:
    bench.want(server("a"), server("b"))
    bench.until(lambda: bench.known and all(each.certain for each in bench.known.values()))
    bench.restart()
    bench.until(lambda: all(each.certain for each in bench.known.values()) and bench.driver.ensured)
    for _ in range(5):
        bench.reconciler.look()
    assert sorted(bench.driver.ensured) == ["a", "b"]
    assert set(bench.driver.running) == {"a", "b"}


def test_what_is_wanted_no_more_after_a_restart_is_removed(bench: Bench) -> None:
    bench.want(server("a"), server("b"))
    bench.until(lambda: set(bench.driver.running) == {"a", "b"})
    bench.restart()
    bench.want(server("b"))
    bench.until(lambda: set(bench.driver.running) == {"b"} and set(bench.known) == {"b"})
    bench.until(lambda: set(bench.remembered) == {"b"})


def test_a_change_that_failed_and_was_taken_back_is_looked_after_again(bench: Bench) -> None:
    """What was applied last says nothing once other work has begun."""
    bench.want(server("a"))
    bench.until(lambda: bench.known and bench.known["a"].certain)
    bench.driver.failing = 1
    bench.want(server("a", port=7000))
    bench.until(lambda: bench.known["a"].problem)
    bench.driver.ensured.clear()
    bench.want(server("a"))
    bench.until(lambda: bench.known["a"].certain)
    assert bench.driver.ensured == ["a"]


def test_addresses_are_lowest_first_and_stable() -> None:
    pool = AddressPool("10.213.16.0/29")
    assert [pool.allocate(name) for name in ("a", "b", "a")] == ["10.213.16.1", "10.213.16.2", "10.213.16.1"]
    pool.release("a")
    assert pool.allocate("c") == "10.213.16.1"


def test_a_full_range_is_an_error_that_names_it() -> None:
    pool = AddressPool("10.213.16.0/30")
    pool.allocate("a")
    pool.allocate("b")
    with pytest.raises(RuntimeError, match=r"10\.213\.16\.0/30"):
        pool.allocate("c")


def test_a_server_certificate_is_valid_for_its_address(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    authority.ensure()
    issued = authority.issue(tmp_path / "one", "one", ["10.213.16.1"], ["one.groundwork.local"], "root")
    root = x509.load_pem_x509_certificate(authority.root.read_bytes())
    certificate = x509.load_pem_x509_certificate(issued.certificate.read_bytes())
    certificate.verify_directly_issued_by(root)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["10.213.16.1"]
    assert names.get_values_for_type(x509.DNSName) == ["one.groundwork.local"]


def test_private_keys_are_private_and_the_root_stays(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    authority.ensure()
    before = authority.root.read_bytes()
    authority.ensure()
    assert authority.root.read_bytes() == before
    issued = authority.issue(tmp_path / "one", "one", ["10.213.16.1"], [], "root")
    for key in (tmp_path / "ca" / "ca-key.pem", issued.key):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_servers_data_is_where_their_users_can_reach_it(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    layout = Layout.of(Paths(cache=closed / "cache", state=closed / "state"))
    assert layout.servers.is_relative_to("/var/lib/groundwork")
    assert layout.authority.is_relative_to(closed)
