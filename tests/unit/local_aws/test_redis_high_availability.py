"""What becomes of a replication group that fails over: endpoints, Sentinels, and what the API is told (P0-REDIS)."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.aws.dataplane.context import NotReady
from local.aws.dataplane.haproxy import frame, render
from local.aws.dataplane.reconciler import Actual
from local.aws.dataplane.redis_config import CHECK_USER, Credentials, own_password, render_sentinel
from local.aws.dataplane.redis_desired import (
    RedisEndpoint,
    RedisSentinel,
    RedisServer,
    Watch,
    redis_endpoint,
    redis_imports,
    redis_sentinels,
    redis_servers,
    watch_name,
)
from local.aws.dataplane.redis_endpoint_driver import proxy
from local.aws.dataplane.redis_report import report_group
from local.aws.dataplane.redis_roles import PATIENCE, may_follow, primary_at_start, unheard
from local.aws.dataplane.redis_sentinel_driver import strangers
from local.aws.dataplane.redis_sentinels import Told, newest
from local.aws.dataplane.redis_watch import follow
from local.aws.extensions.elasticache import ElastiCache
from local.aws.extensions.elasticache_groups import Group
from local.aws.extensions.elasticache_parameters import DEFAULT_GROUP
from local.aws.extensions.elasticache_snapshots import ExportedFile
from local.aws.state import ADDRESSES
from tests.unit.local_aws import groups

pytestmark = pytest.mark.unit

CONTROL = "the-platforms-own-password"


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Group:
    """Three nodes that have been ready."""
    monkeypatch.setattr(ADDRESSES, "taken", {})
    made = groups.available(DEFAULT_GROUP, multi_az=False)
    made.resize(3)
    for node, server in zip(made.nodes, redis_servers(made), strict=True):
        node.address = server.address
    return made


def known_of(group: Group) -> dict[str, Actual]:
    """Everything is as it should be."""
    parts: list[Any] = [*redis_servers(group), redis_endpoint(group), *redis_sentinels([group])]
    return {part.name: Actual(part, applied=part, certain=True) for part in parts}


class TestEndpoints:
    def test_one_leads_to_the_primary_and_one_to_replicas_in_step(self, group: Group) -> None:
        configuration = render(proxy(redis_endpoint(group), "secret"))
        assert "tcp-check expect string role:master" in configuration
        assert "role:slave[^*]*master_link_status:up[^*]*master_sync_in_progress:0" in configuration
        assert "use_backend replicas if { nbsrv(replicas) gt 0 }" in configuration
        assert configuration.count(rf'tcp-check send "AUTH {CHECK_USER} secret\r\nINFO replication\r\nQUIT') == 2
        assert configuration.count("check-ssl") == 6, "every server is asked over TLS, for either endpoint"

    def test_haproxy_takes_it(self, group: Group, tmp_path: Path) -> None:
        (tmp_path / "haproxy.cfg").write_text(render(proxy(replace(redis_endpoint(group), tls=False), "secret")))
        done = subprocess.run(["haproxy", "-c", "-f", "haproxy.cfg"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def test_a_stale_primary_is_out_until_it_is_known_to_be_a_replica(self, group: Group) -> None:
        """It may still say that it is the primary: two would then take writes, and one of them loses them."""
        before = redis_endpoint(group)
        group.fail_over(group.nodes[1])
        during = redis_endpoint(group)
        assert set(before.primaries) - set(during.primaries) == {"redis-eu-west-1-orders-001"}
        assert during.servers == before.servers
        assert frame(render(proxy(before, "s"))) == frame(render(proxy(during, "s"))), "no restart, no session lost"
        group.recover(group.nodes[0])
        assert redis_endpoint(group) == before

    def test_where_nothing_fails_over_only_the_primary_is_written_to(self, group: Group) -> None:
        group.automatic_failover = False
        assert redis_endpoint(group).primaries == ("redis-eu-west-1-orders-001",)

    def test_behind_a_secondarys_endpoints_are_replicas_only(self) -> None:
        endpoint = RedisEndpoint("e", "10.0.0.8", "10.0.0.9", 6379, True, "g", {"a": "1", "b": "2"}, ("a",), True)
        primary, replicas = proxy(endpoint, "secret").pools
        assert [member.name for member in primary.members] == ["a"]
        assert [member.name for member in replicas.members] == ["b"]
        assert primary.check == replicas.check


class TestSentinels:
    def test_groups_of_one_kind_of_transport_share_them(self, group: Group) -> None:
        other = replace(group, identifier="jobs", tls=False)
        assert [each.name for each in redis_sentinels([group])] == [f"redis-sentinel-tls-{n}" for n in (1, 2, 3)]
        both = redis_sentinels([group, other, replace(group, identifier="third")])
        assert [len(each.watches) for each in both] == [1, 1, 1, 2, 2, 2]

    @pytest.mark.parametrize("change", [{"automatic_failover": False}, {"formed": False}, {"status": "creating"}])
    def test_they_watch_what_fails_over_and_has_been_ready(self, group: Group, change: dict[str, Any]) -> None:
        watched = redis_sentinels([replace(group, **change)])
        assert bool(watched) == ("status" in change)

    def test_a_group_of_the_same_name_is_another_one(self, group: Group) -> None:
        """A Sentinel that still remembers the last one must not take its primary for this one's."""
        assert watch_name(group) != watch_name(replace(group, incarnation="another"))
        assert own_password(CONTROL, CHECK_USER, watch_name(group)) != own_password(CONTROL, CHECK_USER, "x")

    def test_their_configuration_holds_no_password_of_a_group(self) -> None:
        sentinel = RedisSentinel("s", "10.213.16.5", True, (Watch("orders", "10.213.16.1", 6379, frozenset()),))
        text = render_sentinel(
            sentinel, Path("/data"), Credentials(CONTROL, Path("/c.pem"), Path("/k.pem"), Path("/ca.pem"))
        )
        lines = text.splitlines()
        assert {"port 0", "tls-port 26379", "tls-replication yes", "user default off"} <= set(lines)
        assert own_password(CONTROL, "groundwork-sentinel", "orders") not in text

    def test_the_latest_failover_counts(self) -> None:
        """One that was away still names the old primary."""

        def says(ip: str, epoch: int, flags: str = "master") -> dict[str, dict[str, Any]]:
            return {"orders": {"ip": ip, "config-epoch": epoch, "flags": flags}}

        told = newest([says("one", 1), says("two", 2, "master,failover_in_progress"), says("one", 1, "master,s_down")])
        assert told == {"orders": Told("two", 2, changing=True, down=True)}

    def test_replicas_of_other_regions_are_no_strangers(self) -> None:
        watch = Watch("orders", "one", 6379, frozenset({"one", "two", "far"}))
        assert strangers(watch, ["two", "far", "gone"]) == ["gone"]


class TestRoles:
    """P0-REDIS: no server starts as a second primary, or as one with nothing in it that others copy."""

    @pytest.fixture
    def first(self, group: Group) -> RedisServer:
        """The primary, as the API knows it."""
        return redis_servers(group)[0]

    def told(self, primary: str, **more: bool) -> Told:
        return Told(primary, 1, **{"changing": False, "down": False, **more})

    def test_a_deposed_primary_comes_back_as_a_replica(self, first: RedisServer) -> None:
        assert primary_at_start(first, self.told("10.0.0.2"), ["two"], 0) == "10.0.0.2"

    def test_a_primary_waits_for_its_successor(self, first: RedisServer) -> None:
        with pytest.raises(NotReady, match="waits for one of two"):
            primary_at_start(first, self.told(first.address), ["two"], PATIENCE - 1)
        with pytest.raises(NotReady):
            primary_at_start(first, unheard(first), ["two"], 0)

    def test_it_starts_where_nobody_can_take_over_or_nobody_does(self, first: RedisServer) -> None:
        assert primary_at_start(first, self.told(first.address), [], 0) is None
        assert primary_at_start(first, self.told(first.address), ["two"], PATIENCE) is None
        assert primary_at_start(first, None, ["two"], 0) is None, "not watched yet"

    def test_a_replica_need_not_wait(self, group: Group) -> None:
        second = redis_servers(group)[1]
        assert primary_at_start(second, unheard(second), ["one"], 0) == group.nodes[0].address

    @pytest.mark.parametrize(
        ("primary", "more", "expected"),
        [
            ("one", {}, True),
            ("one", {"changing": True}, False),
            ("one", {"down": True}, False),
            ("two", {}, False),
        ],
    )
    def test_only_a_settled_choice_deposes(
        self, group: Group, primary: str, more: dict[str, bool], expected: bool
    ) -> None:
        second = redis_servers(group)[1]
        address = second.primary if primary == "one" else second.address
        assert may_follow(second, self.told(str(address), **more)) is expected
        assert not may_follow(second, None)


class TestSeeds:
    def test_a_file_in_s3_is_fetched_until_the_group_has_begun(self, group: Group) -> None:
        """P0-BACKUP: the file is kept no longer than it takes."""
        group.seed, group.formed = (ExportedFile("backups", "one.rdb"),), False
        [brought] = redis_imports(group)
        assert (brought.exported,) == group.seed
        assert {server.seed for server in redis_servers(group)} == {brought.name}
        group.formed = True
        assert redis_imports(group) == []
        assert {server.seed for server in redis_servers(group)} == {None}


class TestWhatTheApiIsTold:
    def test_the_sentinels_choice_is_the_primary(self, group: Group) -> None:
        third = str(group.nodes[2].address)
        assert follow([group], {watch_name(group): Told(third, 1, changing=False, down=False)}) == [group]
        assert (group.primary.cluster_id, group.status) == ("orders-003", "modifying")
        assert [server.primary for server in redis_servers(group)] == [third, third, None]

    @pytest.mark.parametrize("address", ["10.213.16.1", "10.99.9.9"])
    def test_what_is_no_news_changes_nothing(self, group: Group, address: str) -> None:
        told = {watch_name(group): Told(address, 1, False, False), "another": Told("10.213.16.3", 1, False, False)}
        assert follow([group], told) == []
        assert (group.primary.cluster_id, group.status) == ("orders-001", "available")

    def test_it_is_available_again_when_all_have_settled(self, group: Group) -> None:
        backend = ElastiCache("eu-west-1", "123456789012")
        group.fail_over(group.nodes[1])
        known = known_of(group)
        late = known["redis-eu-west-1-orders-001"]
        late.applied = None
        report_group(backend, group, known)
        assert (group.status, group.nodes[0].deposed) == ("modifying", True)
        late.applied = late.latest
        report_group(backend, group, known)
        assert (group.status, group.nodes[0].deposed) == ("modifying", False), "its endpoint is to let it in again"
        report_group(backend, group, known_of(group))
        assert group.status == "available"

    def test_it_is_not_available_before_it_is_watched(self, group: Group) -> None:
        group.status = "creating"
        known = known_of(group)
        known["redis-sentinel-tls-3"].applied = None
        backend = ElastiCache("eu-west-1", "123456789012")
        report_group(backend, group, known)
        assert group.status == "creating"
        report_group(backend, group, known_of(group))
        assert group.status == "available"

    def test_a_server_in_trouble_shows(self, group: Group) -> None:
        known = known_of(group)
        replica = known["redis-eu-west-1-orders-002"]
        replica.problem, replica.certain = "it ended", False
        report_group(ElastiCache("eu-west-1", "123456789012"), group, known)
        assert group.status == "modifying"
