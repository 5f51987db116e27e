"""What can fail, what a failure means, and how that is written down: no process and no network here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.aws.faults import Faults, NoAnswer, judge, region_of
from local.aws.lifecycle import ServerStatus
from local.failures.active import Active, Store
from local.failures.catalogue import (
    FAILURES,
    FREEZE,
    LOSS,
    NODE,
    ZONE,
    UnknownFailure,
    amount_of,
    find,
    named,
)
from local.failures.effects import Effects, effects, processes
from local.failures.inventory import Inventory, inventory
from local.failures.rules import ARRIVING, LEAVING, document, queues, rules
from local.network.marks import group_of
from local.network.plan import PLAN

pytestmark = pytest.mark.unit

HOME = PLAN.region


def line(name: str, kind: str, *addresses: str, zone: str = "", region: str = HOME) -> ServerStatus:
    return ServerStatus(name, kind, addresses[0], "ready", "", 0.0, "", region, zone, "", addresses, name)


REDIS_A = line("redis-1", "redis", "10.213.16.1", zone=f"{HOME}a")
REDIS_B = line("redis-2", "redis", "10.213.16.2", zone=f"{HOME}b")
ENDPOINT = line("redis-primary", "redis-endpoint", "10.213.16.3", "10.213.16.4")
DATABASE = line("postgres", "postgres", "10.213.16.5")
MEMBER_A = line("postgres.a", "postgres-server", "10.213.16.6", zone=f"{HOME}a")
SENTINEL = line("redis-sentinel-plain-1", "redis-sentinel", "10.213.16.7", zone=f"{HOME}a")
EDGE = line("cdn-x", "cdn", "10.213.16.8", region="global")
FAR = line("redis-far", "redis", "10.213.16.9", zone="eu-central-1a", region="eu-central-1")
LINES = [REDIS_A, REDIS_B, ENDPOINT, DATABASE, MEMBER_A, SENTINEL, EDGE, FAR]


@pytest.fixture
def whole() -> Inventory:
    return inventory(PLAN, LINES, ["etcd", "node-a-kubelet"])


def active(name: str, target: str, amount: int | None = None) -> Active:
    return Active(f"{name}-{target}", name, target, 0.0, amount)


def test_everything_that_can_fail_serves_a_requirement_and_has_a_name_of_its_own(whole: Inventory) -> None:
    for failure in FAILURES:
        assert failure.serves and all(re.fullmatch(r"(P0|SR|PV|RB)-[A-Z0-9-]+", each) for each in failure.serves)
    assert {fault.failure for fault in named(whole).values()} == set(FAILURES)


def test_zones_of_the_home_region_have_short_names(whole: Inventory) -> None:
    zones = {name: fault.target for name, fault in named(whole).items() if fault.failure is ZONE}
    assert zones == {
        "zone-a": f"{HOME}a",
        "zone-b": f"{HOME}b",
        "zone-c": f"{HOME}c",
        "zone-eu-central-1a": "eu-central-1a",
    }


def test_without_a_cluster_no_node_can_fail() -> None:
    without = inventory(PLAN, LINES, [])
    assert without.nodes == ()
    assert NODE not in {fault.failure for fault in named(without).values()}


def test_an_unknown_name_is_answered_with_near_ones(whole: Inventory) -> None:
    with pytest.raises(UnknownFailure, match="zone-a"):
        find("zonea", whole)
    with pytest.raises(UnknownFailure, match="freeze-redis-1"):
        find("freeze-redis-11", whole)
    with pytest.raises(UnknownFailure, match="none like it"):
        find("0123456789", whole)


def test_an_amount_keeps_to_its_limits() -> None:
    assert amount_of(LOSS, None) == 20
    assert amount_of(LOSS, 100) == 100
    with pytest.raises(ValueError, match="1 to 100 percent"):
        amount_of(LOSS, 101)
    with pytest.raises(ValueError, match="no amount"):
        amount_of(ZONE, 1)


def test_a_zone_takes_its_servers_and_its_node_and_leaves_endpoints(whole: Inventory) -> None:
    found = effects([active("zone", f"{HOME}a")], whole)
    assert found.cut == {"10.213.16.1", "10.213.16.6", "10.213.16.7"}
    assert found.marked == {group_of("10.213.16.6")}
    assert found.nodes == {"gw-node-a"}


def test_a_region_takes_its_endpoints_too_and_leaves_the_sentinels_and_the_other_region(whole: Inventory) -> None:
    found = effects([active("region", HOME)], whole)
    assert found.cut == {f"10.213.16.{number}" for number in (1, 2, 3, 4, 5, 6)}
    assert found.nodes == frozenset()
    assert effects([active("region", "eu-central-1")], whole).cut == {"10.213.16.9"}


def test_the_strongest_of_several_failures_counts(whole: Inventory) -> None:
    found = effects(
        [active("delay", "redis-1", 100), active("delay", "redis-1", 50), active("loss", "redis-1", 7)], whole
    )
    assert found == Effects(delays={"10.213.16.1": 100}, losses={"10.213.16.1": 7})
    assert effects([active("delay", "gone", 100)], whole) == Effects()


def test_a_node_that_hangs_is_its_components(whole: Inventory) -> None:
    assert processes(find("node-b", whole)) == ("node-b-kubelet", "node-b-kube-proxy", "node-b-containerd")
    assert processes(find("freeze-redis-1", whole)) == ("redis-1",)
    assert find("freeze-redis-1", whole).failure is FREEZE


def test_where_nothing_fails_there_are_no_rules() -> None:
    assert rules(Effects(), PLAN) == {PLAN.hub: [], **{node.namespace: [] for node in PLAN.nodes}}


def test_what_is_cut_neither_gets_nor_sends_anything(whole: Inventory) -> None:
    found = rules(effects([active("zone", f"{HOME}a")], whole), PLAN)
    assert f"-A {ARRIVING} -d 10.213.16.1/32 -j DROP" in found[PLAN.hub]
    assert f"-A {LEAVING} -s 10.213.16.1/32 -j DROP" in found[PLAN.hub]
    mark = group_of("10.213.16.6")
    assert f"-A {LEAVING} -m owner --gid-owner {mark} --suppl-groups -j DROP" in found[PLAN.hub]
    assert len(found["gw-node-a"]) == 2 and found["gw-node-b"] == []


def test_each_delayed_address_has_a_queue_that_lets_packets_pass_when_nobody_reads_it() -> None:
    several = Effects(delays={"10.213.16.2": 5, "10.213.16.1": 9})
    numbers = queues(several)
    assert sorted(numbers.values()) == [5, 9]
    for address, milliseconds in several.delays.items():
        [queue] = [number for number, each in numbers.items() if each == milliseconds]
        rule = f"-A {ARRIVING} -d {address}/32 -j NFQUEUE --queue-num {queue} --queue-bypass"
        assert rule in rules(several, PLAN)[PLAN.hub]


def test_both_chains_are_written_whole() -> None:
    assert document(["-A x"]) == f"*mangle\n:{ARRIVING} - [0:0]\n:{LEAVING} - [0:0]\n-A x\nCOMMIT\n"


def test_groups_that_mark_packets_differ_as_addresses_do() -> None:
    numbers = {group_of(f"10.213.{high}.{low}") for high in (16, 17) for low in range(256)}
    assert len(numbers) == 512 and all(65536 < number < 2**31 for number in numbers)


def test_what_is_active_is_kept_and_nothing_is_left_of_what_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    kept = [Active("freeze-x", "freeze", "x", 1.5, None, ((12, 34),), ("/some/folder",)), active("delay", "y", 3)]
    store.write(kept)
    assert Store(tmp_path).read() == kept
    store.write([])
    assert store.read() == [] and not store.path.exists()


def test_s3_errs_as_often_as_asked_for_where_it_is_asked_for(tmp_path: Path) -> None:
    Store(tmp_path).write([active("s3-errors", HOME, 30)])
    chances = iter([0.29, 0.31])
    faults = Faults(Store(tmp_path).path, lambda: next(chances))
    answer = faults.meet(HOME, of_s3=True)
    assert answer is not None and answer.status_code == 503
    assert faults.meet(HOME, of_s3=True) is None
    assert faults.meet("eu-central-1", of_s3=True) is None
    assert faults.meet(HOME, of_s3=False) is None


def test_a_change_of_what_is_active_is_seen_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    faults = Faults(store.path)
    assert faults.meet(HOME, of_s3=False) is None
    store.write([active("region", HOME)])
    assert faults.is_away(HOME) and not faults.is_away("eu-central-1")
    with pytest.raises(NoAnswer):
        faults.meet(HOME, of_s3=False)
    store.write([])
    assert faults.meet(HOME, of_s3=False) is None


def test_the_slowest_of_several_counts_and_without_a_target_all_buckets_are_meant() -> None:
    everywhere = Active("s3-slow", "s3-slow", "", 0.0, 500)
    assert judge([everywhere], "eu-north-1", of_s3=True).seconds == 0.5
    assert judge([everywhere, active("s3-slow", HOME, 900)], HOME, of_s3=True).seconds == 0.9


def test_the_region_is_the_one_that_a_request_was_signed_for() -> None:
    header = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-central-1/rds/aws4_request, SignedHeaders=host, Signature=0"
    assert region_of({"HTTP_AUTHORIZATION": header}) == "eu-central-1"
    query = "X-Amz-Algorithm=A&X-Amz-Credential=AKIA%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=0"
    assert region_of({"QUERY_STRING": query}) == "eu-west-1"
    assert region_of({}) == ""
