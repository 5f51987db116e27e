"""One run at a time on a stack: decisions, leases, and S3's conditional writes as our endpoint has them (RB-REDIS)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.aws.application import Application
from runbooks.chain import Head
from runbooks.clock import Clock
from runbooks.cloud import BotoCloud
from runbooks.errors import LockLost, LockRefused, RunbookError
from runbooks.lease import Conflict, Lease
from runbooks.lock import Claim, LockState, Stored, decide
from runbooks.lock_store import S3LockStore, lock_bucket
from tests.fixtures.aws import on_loopback
from tests.unit.runbooks.outputs import outputs
from tests.unit.runbooks.world import FakeClock

pytestmark = pytest.mark.unit

CLAIM = Claim(run="r1", runbook="redis-failover", host="here", operator="ops", sole=True)
STATE = LockState(
    token=7, run="r0", runbook="database-failover", host="there", operator="dba", nonce="n", held=False, open=False
)


def stored(age: float = 1.0, **more: Any) -> Stored:
    return Stored(replace(STATE, **more), "v1", age)


@pytest.mark.parametrize(
    ("claim", "found", "token"),
    [
        (CLAIM, None, 1),
        (CLAIM, stored(), 8),
        (CLAIM, stored(held=True, age=31), 8),
        (replace(CLAIM, resumes=True), stored(run="r1", open=True, held=True, age=31), 8),
        (replace(CLAIM, resumes=True), stored(run="r1", open=True, held=True, host="here"), 8),
        (replace(CLAIM, resumes=True, last_token=9), stored(run="r1", open=True), 10),
        (replace(CLAIM, resumes=True, last_token=4), None, 5),
        (replace(CLAIM, abandons="r0"), stored(open=True, held=True, age=31), 8),
    ],
    ids=["new", "free", "expired", "resumed late", "holder is dead", "grows", "lost object", "abandoned"],
)
def test_who_gets_the_lock_and_with_which_token(claim: Claim, found: Stored | None, token: int) -> None:
    assert decide(claim, found) == token


@pytest.mark.parametrize(
    ("claim", "found", "words"),
    [
        (CLAIM, stored(held=True, age=10), "ends in 20 s"),
        (CLAIM, stored(open=True), "--abandon r0"),
        (replace(CLAIM, abandons="r0"), stored(open=True, held=True, age=10), "holds the stack"),
        (replace(CLAIM, resumes=True), stored(run="r2", open=True), "does not have the stack"),
        (replace(CLAIM, resumes=True), stored(run="r1", open=True, held=True, age=10), "holds the stack"),
    ],
    ids=["held", "unfinished", "abandoned too early", "given up", "held elsewhere"],
)
def test_who_does_not_get_the_lock_is_told_why(claim: Claim, found: Stored, words: str) -> None:
    with pytest.raises(LockRefused, match=words):
        decide(claim, found)


@given(
    st.builds(
        Stored,
        st.builds(
            replace,
            st.just(STATE),
            held=st.booleans(),
            open=st.booleans(),
            run=st.sampled_from(["r0", "r1"]),
            token=st.integers(1, 99),
        ),
        st.just("v"),
        st.floats(0, 60),
    ),
    st.booleans(),
)
def test_a_live_holder_elsewhere_never_loses_it_and_tokens_grow(found: Stored, resumes: bool) -> None:
    """The fencing token of whoever comes later is greater."""
    try:
        token = decide(replace(CLAIM, resumes=resumes), found)
    except LockRefused:
        return
    assert found.expires_seconds == 0 and token > found.state.token


@dataclass
class Shelf:
    """A lock object in memory.

    Attributes:
        swallow: The next answer to a write that was done gets lost, and the write is tried again.
    """

    clock: FakeClock
    state: LockState | None = None
    version: int = 0
    at: float = 0.0
    swallow: bool = False

    async def read(self) -> Stored | None:
        if self.state is None:
            return None
        return Stored(self.state, str(self.version), self.clock.seconds - self.at)

    async def write(self, state: LockState, version: str | None) -> str:
        if version != (str(self.version) if self.state else None):
            raise Conflict
        self.state, self.version, self.at = state, self.version + 1, self.clock.seconds
        if self.swallow:
            self.swallow = False
            return await self.write(state, version)
        return str(self.version)


def take(shelf: Shelf, run: str = "r1", **more: Any) -> Lease:
    claim = replace(CLAIM, run=run, **more)
    return asyncio.run(Lease.take(shelf, claim, cast(Clock, shelf.clock), Head()))


def test_a_lease_is_renewed_given_back_and_taken_by_the_next() -> None:
    shelf = Shelf(FakeClock())
    first = take(shelf)
    asyncio.run(first.renew(Head(3, "a")))
    assert shelf.state is not None and shelf.state.head == Head(3, "a")
    with pytest.raises(LockRefused):
        take(shelf, "r2")
    asyncio.run(first.release(Head(4, "b"), unfinished=False))
    assert take(shelf, "r2").token == first.token + 1


def test_who_was_taken_over_from_can_change_nothing_more() -> None:
    """The lease ran out while its holder slept: the next one has it, and the first one learns of it in time."""
    shelf = Shelf(FakeClock())
    first = take(shelf)
    shelf.clock.seconds += 31
    take(shelf, "r2", abandons="r1")
    with pytest.raises(LockLost, match="not be renewed in time"):
        asyncio.run(first.renew(Head()))
    assert shelf.state is not None and shelf.state.run == "r2"


def test_who_finds_another_in_its_place_stops() -> None:
    shelf = Shelf(FakeClock())
    first = take(shelf)
    assert shelf.state is not None
    shelf.state, shelf.version = replace(shelf.state, token=2, nonce="other"), 9
    with pytest.raises(LockLost, match="somebody else"):
        asyncio.run(first.renew(Head()))
    with pytest.raises(LockLost):
        first.check()


def test_a_write_of_ones_own_whose_answer_was_lost_is_no_conflict() -> None:
    shelf = Shelf(FakeClock(), swallow=True)
    lease = take(shelf)
    shelf.swallow = True
    asyncio.run(lease.renew(Head(1, "a")))
    asyncio.run(lease.release(Head(2, "b"), unfinished=True))


def test_a_journal_shorter_than_the_lock_knows_is_not_resumed() -> None:
    """The lock keeps the journal's head: a cut-off end shows even when the head beside it was cut as well."""
    shelf = Shelf(FakeClock())
    lease = take(shelf)
    asyncio.run(lease.release(Head(9, "a"), unfinished=True))
    with pytest.raises(LockRefused, match="9 lines"):
        asyncio.run(Lease.take(shelf, replace(CLAIM, resumes=True), cast(Clock, shelf.clock), Head(5, "b")))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with on_loopback(Application(lambda: None, "secret")) as address:
        s3 = s3_of(address)
        s3.create_bucket(Bucket="locks")
        s3.put_bucket_versioning(Bucket="locks", VersioningConfiguration={"Status": "Enabled"})
        yield address


def s3_of(address: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.fixture
def store(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], S3LockStore]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    return lambda stack: S3LockStore(BotoCloud("us-east-1", endpoint), "locks", stack)


def test_of_many_that_come_at_once_one_gets_the_lock(store: Callable[[str], S3LockStore]) -> None:
    """The endpoint really makes conditional writes: on a new object (If-None-Match) and on a free one (If-Match)."""

    async def race(runs: str) -> list[Lease]:
        stores = store("race")
        claims = [replace(CLAIM, run=run) for run in runs]
        ended = await asyncio.gather(
            *(Lease.take(stores, claim, cast(Clock, FakeClock()), Head()) for claim in claims), return_exceptions=True
        )
        assert all(isinstance(each, Lease | LockRefused) for each in ended), ended
        return [each for each in ended if isinstance(each, Lease)]

    async def twice() -> tuple[int, int]:
        [first] = await race("abcdefgh")
        await first.release(Head(), unfinished=False)
        [second] = await race("ijklmnop")
        return first.token, second.token

    assert asyncio.run(twice()) == (1, 2)


def test_the_object_tells_its_age_by_the_stores_clock(store: Callable[[str], S3LockStore]) -> None:
    async def life() -> Stored | None:
        shelf = store("age")
        assert await shelf.read() is None
        with pytest.raises(Conflict):
            await shelf.write(STATE, '"0"')
        await shelf.write(STATE, None)
        with pytest.raises(Conflict):
            await shelf.write(STATE, None)
        return await shelf.read()

    found = asyncio.run(life())
    assert found is not None and found.state == STATE and found.age_seconds < 5


def test_an_object_of_somebody_else_is_left_alone(endpoint: str, store: Callable[[str], S3LockStore]) -> None:
    s3_of(endpoint).put_object(Bucket="locks", Key="groundwork/runbooks/odd/lock.json", Body=b"[1]")
    with pytest.raises(LockRefused, match="not one of ours"):
        asyncio.run(store("odd").read())


def test_the_lock_is_in_a_bucket_of_the_stack() -> None:
    """Logs before uploads; never among assets, which the CDN serves."""
    buckets = {
        name: {"name": f"b-{name}", "arn": "a", "region": "r", "purpose": name}
        for name in ("assets", "uploads", "logs")
    }
    assert lock_bucket(outputs(buckets=buckets), None) == "b-logs"
    assert lock_bucket(outputs(buckets=buckets), "mine") == "mine"
    del buckets["logs"]
    assert lock_bucket(outputs(buckets=buckets), None) == "b-uploads"
    del buckets["uploads"]
    with pytest.raises(RunbookError, match="--lock-bucket"):
        lock_bucket(outputs(buckets=buckets), None)
