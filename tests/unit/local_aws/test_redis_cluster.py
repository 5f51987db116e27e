"""Cluster mode: what the nodes of a Redis Cluster are told, from what they say (P0-REDIS, PV-REDISFAIL)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from local.aws.dataplane.haproxy import render
from local.aws.dataplane.reconciler import Actual
from local.aws.dataplane.redis_cluster_desired import RedisCluster, bus_port, cluster_nodes, redis_cluster
from local.aws.dataplane.redis_cluster_driver import arguments, proxy
from local.aws.dataplane.redis_cluster_node_driver import may_start
from local.aws.dataplane.redis_cluster_shape import Order, heirs, is_balanced, is_settled, orders
from local.aws.dataplane.redis_cluster_view import Entry, View, view
from local.aws.dataplane.redis_cluster_watch import follow
from local.aws.dataplane.redis_config import Credentials, render_node
from local.aws.dataplane.redis_desired import redis_imports, redis_sentinels, redis_snapshots
from local.aws.dataplane.redis_report import report_group
from local.aws.extensions.elasticache import ElastiCache
from local.aws.extensions.elasticache_groups import Group
from local.aws.extensions.elasticache_node_groups import SLOTS, Slots, even_slots, numbers, ranges, size, told
from local.aws.extensions.elasticache_parameters import DEFAULT_CLUSTER_GROUP
from local.aws.extensions.elasticache_shards import first_node_groups, grown
from local.aws.extensions.elasticache_snapshots import ExportedFile, Part, Snapshot
from local.aws.state import ADDRESSES
from tests.unit.local_aws import groups

pytestmark = pytest.mark.unit

PRIMARIES = ("0001-001", "0002-001", "0003-001")


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Group:
    """Three node groups of two nodes that have been ready."""
    monkeypatch.setattr(ADDRESSES, "taken", {})
    made = groups.available(DEFAULT_CLUSTER_GROUP, multi_az=True, clustered=True)
    made.node_groups = first_node_groups(3, [])
    made.resize(2)
    return made


@pytest.fixture
def cluster(group: Group) -> RedisCluster:
    return redis_cluster(group)


def address(cluster: RedisCluster, name: str) -> str:
    """Of a node by the end of its name."""
    return next(member.address for member in cluster.members if member.name.endswith(name))


def own(cluster: RedisCluster, name: str, slots: Slots = (), primary: str | None = None, **more: object) -> Entry:
    flags = frozenset({"master" if primary is None else "slave"})
    entry = Entry(name, address(cluster, name), flags, primary, 1 if slots else 0, slots, moves=False)
    return replace(entry, **more)  # type: ignore[arg-type]


def healthy(cluster: RedisCluster) -> dict[str, Entry]:
    """Every node as it should be, by the end of its name, which is also its ID."""
    slots = dict(zip(PRIMARIES, even_slots(3), strict=True))
    return {
        **{name: own(cluster, name, slots[name]) for name in PRIMARIES},
        **{
            name.replace("-001", "-002"): own(cluster, name.replace("-001", "-002"), primary=name) for name in PRIMARIES
        },
    }


def views(entries: Mapping[str, Entry], **asides: Entry) -> dict[str, View]:
    """All know all."""
    known = {entry.id: entry for entry in (*entries.values(), *asides.values())}
    return {entry.address: View(entry, known, in_step=True, offset=0) for entry in entries.values()}


class TestSlots:
    def test_all_are_divided_as_evenly_as_they_can_be(self) -> None:
        """P0-REDIS: as redis-cli and ElastiCache divide them."""
        assert [told(slots) for slots in even_slots(3)] == ["0-5460", "5461-10922", "10923-16383"]
        for count in range(1, 91):
            parts = even_slots(count)
            assert set().union(*map(numbers, parts)) == set(range(SLOTS))
            assert sum(map(size, parts)) == SLOTS
            assert max(map(size, parts)) - min(map(size, parts)) <= 1

    def test_ranges_say_what_numbers_do(self) -> None:
        assert ranges({5, 7, 8, 9, 1, 0}) == ((0, 1), (5, 5), (7, 9))
        assert told(ranges({5, 7, 8})) == "5,7-8"
        assert numbers(ranges(range(100, 300))) == set(range(100, 300))

    def test_new_node_groups_take_free_numbers_and_other_zones(self, group: Group) -> None:
        group.node_groups = grown([group.node_groups[0], group.node_groups[2]], 4)
        group.resize(2)
        assert [each.identifier for each in group.node_groups] == ["0001", "0002", "0003", "0004"]
        assert group.node_ids[:2] == ["orders-0001-001", "orders-0001-002"]
        for node_group in group.node_groups:
            assert len({node.zone for node in node_group.nodes}) == 2


class TestWhatANodeSays:
    def test_nodes_are_read_as_redis_writes_them(self) -> None:
        text = (
            "a1 10.0.0.1:6379@16379 myself,master - 0 0 3 connected 0-99 200 [300->-b2] [301-<-b2]\n"
            "b2 10.0.0.2:6379@16379 master,fail? - 0 1 2 connected 101-199\n"
            "c3 10.0.0.3:6379@16379 slave a1 0 1 3 connected\n"
            "d4 10.0.0.4:6379@16379 handshake - 0 0 0 disconnected\n"
        )
        seen = view(text, {"role": "master", "master_repl_offset": 12})
        assert (seen.own.slots, seen.own.moves, seen.own.epoch) == (((0, 99), (200, 200)), True, 3)
        assert (seen.known["b2"].is_missed, seen.known["b2"].moves) == (True, False)
        assert (seen.known["c3"].primary, seen.known["c3"].is_primary) == ("a1", False)
        assert not seen.known["d4"].is_met
        assert (seen.in_step, seen.offset) == (True, 12)

    @pytest.mark.parametrize(("link", "syncing", "expected"), [("up", 0, True), ("up", 1, False), ("down", 0, False)])
    def test_a_replica_is_in_step_once_it_has_its_primarys_data(self, link: str, syncing: int, expected: bool) -> None:
        text = "a1 10.0.0.1:6379@16379 myself,slave b2 0 0 3 connected\n"
        told_of = {"role": "slave", "master_link_status": link, "master_sync_in_progress": syncing}
        assert view(text, told_of).in_step is expected


class TestOrders:
    def test_a_new_cluster_meets_then_follows_then_gets_its_slots(self, cluster: RedisCluster) -> None:
        """P0-REDIS: nothing is told before what it needs."""
        names = list(healthy(cluster))
        alone = {name: own(cluster, name) for name in names}
        strangers = {entry.address: View(entry, {entry.id: entry}, True, 0) for entry in alone.values()}
        first = orders(cluster, strangers)
        anchor = cluster.members[0].address
        assert {order.address for order in first} == {anchor}
        assert {order.words for order in first} == {
            ("MEET", member.address, "6379", "16379") for member in cluster.members[1:]
        }
        second = orders(cluster, views(alone))
        assert second == [
            Order(address(cluster, f"{shard}-002"), ("REPLICATE", f"{shard}-001")) for shard in ("0001", "0002", "0003")
        ]
        followed = alone | {name: entry for name, entry in healthy(cluster).items() if entry.primary}
        third = orders(cluster, views(followed))
        assert [(order.address, *order.words) for order in third] == [
            (address(cluster, name), "ADDSLOTSRANGE", str(first), str(last))
            for name, ((first, last),) in zip(PRIMARIES, even_slots(3), strict=True)
        ]
        assert orders(cluster, views(healthy(cluster))) == []
        assert is_settled(cluster, views(healthy(cluster)))

    def test_nobody_is_told_anything_while_nodes_meet(self, cluster: RedisCluster) -> None:
        entries = healthy(cluster)
        anchor, late = entries["0001-001"], entries["0003-002"]
        seen = views(entries)
        handshake = replace(late, id="unknown-yet", flags=frozenset({"handshake"}))
        known = {**seen[anchor.address].known, "unknown-yet": handshake}
        del known[late.id]
        seen[anchor.address] = View(anchor, known, True, 0)
        assert orders(cluster, seen) == []
        assert not is_settled(cluster, seen)

    def test_nodes_that_are_gone_are_forgotten_by_all(self, cluster: RedisCluster) -> None:
        gone = Entry("gone", "10.9.9.9", frozenset({"slave", "fail"}), "0001-001", 1, (), False)
        told_all = orders(cluster, views(healthy(cluster), gone=gone))
        assert {order.address for order in told_all} == {member.address for member in cluster.members}
        assert {order.words for order in told_all} == {("FORGET", "gone")}

    def test_the_successor_leads_and_the_deposed_primary_follows_it(self, cluster: RedisCluster) -> None:
        entries = healthy(cluster)
        entries["0001-002"] = own(cluster, "0001-002", entries["0001-001"].slots, epoch=9)
        assert orders(cluster, views(entries)) == [], "it has not heard of it yet, and would not obey"
        entries["0001-001"] = own(cluster, "0001-001")
        assert orders(cluster, views(entries)) == [Order(address(cluster, "0001-001"), ("REPLICATE", "0001-002"))]

    def test_slots_that_nobody_has_go_where_they_were_planned(self, cluster: RedisCluster) -> None:
        """A restored node has those already that it has keys of."""
        entries = healthy(cluster)
        entries["0002-001"] = own(cluster, "0002-001", ((5470, 10922),))
        [order] = orders(cluster, views(entries))
        assert order == Order(address(cluster, "0002-001"), ("ADDSLOTSRANGE", "5461", "5469"))

    def test_it_is_not_settled_while_somebody_is_missed_or_behind(self, cluster: RedisCluster) -> None:
        seen = views(healthy(cluster))
        behind = address(cluster, "0003-002")
        assert not is_settled(cluster, seen | {behind: replace(seen[behind], in_step=False)})
        assert not is_settled(cluster, {key: each for key, each in seen.items() if key != behind})
        missed = replace(seen[behind].own, flags=frozenset({"slave", "fail"}))
        first = cluster.members[0].address
        assert not is_settled(
            cluster, seen | {first: replace(seen[first], known={**seen[first].known, missed.id: missed})}
        )


class TestResharding:
    def test_a_new_node_group_has_too_few_slots(self, group: Group, cluster: RedisCluster) -> None:
        """P0-REDIS."""
        assert is_balanced(cluster, views(healthy(cluster)))
        group.node_groups = grown(group.node_groups, 4)
        group.resize(2)
        larger = redis_cluster(group)
        entries = healthy(larger) | {
            "0004-001": own(larger, "0004-001"),
            "0004-002": own(larger, "0004-002", primary="0004-001"),
        }
        assert is_settled(larger, views(entries)) and not is_balanced(larger, views(entries))
        told_cli = arguments(larger, views(entries))
        assert told_cli[:2] == ["--cluster", "rebalance"] and "--cluster-use-empty-masters" in told_cli

    def test_one_that_leaves_gives_all_away(self, group: Group) -> None:
        group.node_groups[1].leaves = True
        leaving = redis_cluster(group)
        seen = views(healthy(leaving))
        assert not is_balanced(leaving, seen)
        assert arguments(leaving, seen)[-2:] == ["--cluster-weight", "0002-001=0"]
        entries = healthy(leaving)
        entries["0001-001"] = replace(entries["0001-001"], slots=((0, 8191),))
        entries["0002-001"] = replace(entries["0002-001"], slots=())
        entries["0003-001"] = replace(entries["0003-001"], slots=((8192, 16383),))
        assert is_settled(leaving, views(entries)) and is_balanced(leaving, views(entries))

    def test_moves_that_were_interrupted_are_ended_first(self, cluster: RedisCluster) -> None:
        entries = healthy(cluster)
        entries["0001-001"] = replace(entries["0001-001"], moves=True)
        assert not is_balanced(cluster, views(entries))
        assert arguments(cluster, views(entries))[:2] == ["--cluster", "fix"]

    def test_nodes_go_when_others_have_their_slots(self, group: Group) -> None:
        group.status = "modifying"
        group.node_groups[2].leaves = True
        before = [*cluster_nodes(group), redis_cluster(group)]
        backend = ElastiCache("eu-west-1", "123456789012")
        known = {part.name: Actual(part, applied=part, certain=True) for part in before}
        known[before[-1].name].applied = None
        report_group(backend, group, known)
        assert len(group.node_groups) == 3
        report_group(backend, group, {part.name: Actual(part, applied=part, certain=True) for part in before})
        assert ([each.identifier for each in group.node_groups], group.status) == (["0001", "0002"], "modifying")
        after = [*cluster_nodes(group), redis_cluster(group)]
        report_group(backend, group, {part.name: Actual(part, applied=part, certain=True) for part in after})
        assert group.status == "available"


class TestFailingOver:
    def lose(self, cluster: RedisCluster, *lost: str) -> tuple[dict[str, View], set[str]]:
        seen = {key: each for key, each in views(healthy(cluster)).items() if each.own.id not in lost}
        return seen, set(seen)

    def test_most_of_the_primaries_elect_a_successor_themselves(self, cluster: RedisCluster) -> None:
        """PV-REDISFAIL."""
        assert heirs(cluster, *self.lose(cluster)) == []
        assert heirs(cluster, *self.lose(cluster, "0002-001")) == []

    def test_where_too_few_are_left_the_replica_that_has_most_is_told(
        self, group: Group, cluster: RedisCluster
    ) -> None:
        both = heirs(cluster, *self.lose(cluster, "0001-001", "0002-001"))
        assert both == [address(cluster, "0001-002"), address(cluster, "0002-002")]
        group.resize(3)
        larger = redis_cluster(replace(group, node_groups=group.node_groups[:1]))
        entries = {
            "0001-002": own(larger, "0001-002", primary="0001-001"),
            "0001-003": own(larger, "0001-003", primary="0001-001"),
        }
        primary = own(larger, "0001-001", ((0, SLOTS - 1),))
        seen = views(entries, primary=primary)
        furthest = address(larger, "0001-003")
        seen[furthest] = replace(seen[furthest], offset=100)
        assert heirs(larger, seen, set(seen)) == [furthest]
        assert heirs(larger, seen, {*seen, primary.address}) == [], "it is there, as far as anybody knows"

    def test_a_primary_that_ended_waits_for_its_successor(self, cluster: RedisCluster) -> None:
        """PV-REDISFAIL: it would begin empty, and its replicas would take that for their data."""
        entries = healthy(cluster)
        seen = views(entries)
        replica, ended = address(cluster, "0001-002"), address(cluster, "0001-001")
        assert not may_start(ended, {replica: seen[replica]})
        assert may_start(address(cluster, "0003-002"), {replica: seen[replica]}), "it was no primary"
        entries["0001-002"] = own(cluster, "0001-002", ((0, 5460),), epoch=2)
        assert may_start(ended, {replica: views(entries)[replica]})

    def test_the_api_is_told_of_the_latest(self, group: Group, cluster: RedisCluster) -> None:
        """RB-REDIS: roles, slots, and the events that tell of a failover."""
        entries = healthy(cluster)
        assert not follow(group, views(entries))
        entries["0002-002"] = own(cluster, "0002-002", ((5461, 10000),), epoch=7)
        assert follow(group, views(entries)), "both say that they lead, and one said so later"
        second = group.node_groups[1]
        assert (second.primary.cluster_id, told(second.slots), group.status) == (
            "orders-0002-002", "5461-10000", "modifying",
        )  # fmt: skip
        entries["0002-001"] = own(cluster, "0002-001", primary="0002-002")
        assert not follow(group, views(entries))
        assert [event.message for event in group.events][-1] == "Finished recovery for cache nodes 0001"

    def test_no_sentinel_watches_it(self, group: Group) -> None:
        assert redis_sentinels([group]) == []


class TestServers:
    def test_nodes_talk_to_each_other_over_tls_at_their_own_addresses(self, group: Group) -> None:
        node = cluster_nodes(group)[1]
        own_credentials = Credentials("control", Path("/c.pem"), Path("/k.pem"), Path("/ca.pem"))
        lines = set(render_node(node, Path("/data"), own_credentials).splitlines())
        assert {
            "cluster-enabled yes", "cluster-port 16379", f"cluster-announce-ip {node.address}", "tls-cluster yes",
            "tls-replication yes", "cluster-allow-replica-migration no", 'cluster-require-full-coverage "no"',
        } <= lines  # fmt: skip
        assert not any(line.startswith("replicaof") for line in lines)

    @pytest.mark.parametrize(("port", "bus"), [(6379, 16379), (55535, 65535), (60000, 50000)])
    def test_the_nodes_own_port_is_one(self, port: int, bus: int) -> None:
        assert bus_port(port) == bus

    def test_the_endpoint_leads_to_nodes_that_see_the_whole_cluster(self, cluster: RedisCluster) -> None:
        configuration = render(proxy(cluster, "secret"))
        assert configuration.count("check-ssl") == len(cluster.members)
        assert r"CLUSTER INFO\r\n" in configuration and "expect string cluster_state:ok" in configuration

    def test_each_node_groups_first_node_begins_with_its_part_of_a_snapshot(self, group: Group) -> None:
        """P0-BACKUP."""
        parts = [Part(each.identifier, each.primary.cluster_id, each.slots) for each in group.node_groups]
        kept = Snapshot("s", "eu-west-1", "123456789012", parts, {}, status="available")
        group.seed, group.formed = kept, False
        seeds = [node.server.seed for node in cluster_nodes(group)]
        files = [file.name for file in redis_snapshots(kept)]
        assert seeds == [files[0], None, files[1], None, files[2], None]
        group.seed = (ExportedFile("b", "one.rdb"), ExportedFile("b", "two.rdb"))
        seeds = [node.server.seed for node in cluster_nodes(group)]
        assert seeds == [redis_imports(group)[0].name, None, redis_imports(group)[1].name, None, None, None]
        group.formed = True
        assert redis_imports(group) == [] and {node.server.seed for node in cluster_nodes(group)} == {None}
