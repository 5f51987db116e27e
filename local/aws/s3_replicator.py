"""Replicates S3's objects and delete markers between buckets, after the request that made them was answered."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend, s3_backends

from local.aws import s3_recorded
from local.aws.extensions.s3_keys import TrackedKeys
from local.aws.s3_replication import (
    COMPLETED,
    FAILED,
    PENDING,
    REPLICA,
    STATES,
    Rule,
    Version,
    destinations,
    parse,
)
from local.aws.state import ACCOUNT, LOCK

_log = logging.getLogger("local.aws")

_CHANGES = frozenset({"acl", "legal-hold", "retention", "tagging"})
"""Sub-resources of an object whose change goes to the replica too."""

_COPIED = (
    "acl",
    "checksum_algorithm",
    "checksum_parts",
    "checksum_type",
    "checksum_value",
    "website_redirect_location",
)
_LOCKS = ("lock_legal_status", "lock_mode", "lock_until")

_AGAIN_SECONDS = 1.0
"""After which what waits for a region is tried again."""

Thing = FakeKey | FakeDeleteMarker


class Replicator:
    """Works off what `judge` found to be due, in a thread of its own.

    Args:
        keep: Has objects on disk, told with bucket and key. Called with `LOCK` held.
        is_away: Whether a region does not answer: what is due from or to its buckets waits until it does.
    """

    def __init__(
        self, keep: Callable[[list[tuple[str, str]]], None], is_away: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._keep = keep
        self._is_away = is_away
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="replication", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process did not come to."""
        with LOCK:
            for bucket in _buckets():
                bucket.keys.pending.update(key for key in bucket.keys if _is_due(bucket, key))
        self._wake.set()
        self._thread.start()

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the object under way; what is due stays due."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def _loop(self) -> None:
        waits = False
        while True:
            self._wake.wait(_AGAIN_SECONDS if waits else None)
            self._wake.clear()
            waits = False
            for bucket, key in due():
                if self._stopping.is_set():
                    return
                try:
                    with LOCK:
                        self._keep(replicate(bucket, key, self._is_away))
                        waits = waits or self._waits(bucket, key)
                except Exception:  # noqa: BLE001  # one object's trouble must not end the others' care
                    # It stays due; the next change of anything tries it again.
                    _log.exception("%s/%s could not be replicated", bucket, key)
            if self._stopping.is_set():
                return

    def _waits(self, bucket_name: str, key: str) -> bool:
        """Whether something of an object that was just replicated is due still: a region does not answer."""
        bucket = _named(bucket_name)
        return bucket is not None and key in bucket.keys.pending


def judge() -> None:
    """Decide of each new version where it is to go. The caller holds `LOCK`."""
    for bucket in _buckets():
        keys, bucket.keys.unjudged = bucket.keys.unjudged, set()
        rules = _rules(bucket) if keys else []
        for key in keys:
            for thing in bucket.keys.getlist(key, []):
                if STATES not in vars(thing):
                    setattr(thing, STATES, dict.fromkeys(destinations(rules, _version(key, thing)), PENDING))
            if _is_due(bucket, key):
                bucket.keys.pending.add(key)


def judge_change(bucket_name: str, key: str, version: str | None, subresources: set[str]) -> None:
    """Have a change of a replicated object's tags, rights or locks replicated too. The caller holds `LOCK`."""
    bucket = _named(bucket_name)
    if bucket is None or not subresources & _CHANGES:
        return
    for thing in bucket.keys.getlist(key, [])[-1:] if version is None else bucket.keys.getlist(key, []):
        states = _states(thing)
        if (version is None or thing.version_id == version) and REPLICA not in states.values():
            states.update(dict.fromkeys(states, PENDING))
            bucket.keys.changed.add(key)
            if states:
                bucket.keys.pending.add(key)


def due() -> list[tuple[str, str]]:
    """Bucket and key of every object that has a version to be replicated."""
    with LOCK:
        return [(bucket.name, key) for bucket in _buckets() for key in sorted(bucket.keys.pending)]


def replicate(bucket_name: str, key: str, is_away: Callable[[str], bool] = lambda _: False) -> list[tuple[str, str]]:
    """Bring every version of the object that is due to where it is to go. The caller holds `LOCK`.

    Args:
        is_away: Whether a region does not answer; what is due from or to it stays due.

    Returns:
        Bucket and key of what was changed.
    """
    bucket = _named(bucket_name)
    if bucket is None or is_away(bucket.region_name):
        return []
    waits = False
    changed = {(bucket_name, key)}
    rules = _rules(bucket)
    for thing in list(bucket.keys.getlist(key, [])):
        states = _states(thing)
        for target in [name for name, state in states.items() if state == PENDING]:
            there = _named(target)
            # The rule may have gone since: what was promised is kept.
            rule = destinations(rules, _version(key, thing)).get(target, Rule(target, 0))
            if there is not None and is_away(there.region_name):
                waits = True
                continue
            if there is None or there.versioning_status != "Enabled":
                states[target] = FAILED
                continue
            _bring(thing, there, rule)
            states[target] = COMPLETED
            changed.add((target, key))
    if not waits:
        bucket.keys.pending.discard(key)
    return sorted(changed)


def settle() -> None:
    """Replicate all that is due, at once."""
    for bucket, key in due():
        with LOCK:
            replicate(bucket, key)


def _bring(thing: Thing, there: FakeBucket, rule: Rule) -> None:
    name = thing.name
    others = [each for each in there.keys.getlist(name, []) if each.version_id != thing.version_id]
    replica = _replica(thing, there, rule)
    setattr(replica, STATES, {there.name: REPLICA})
    # A replica keeps the time of its source, which decides which version is the newest.
    versions = sorted([*others, replica], key=lambda each: each.last_modified)
    if isinstance(replica, FakeDeleteMarker):
        before = versions[: versions.index(replica)]
        replica.key = before[-1] if before else replica.key
    there.keys.setlist(name, versions)
    if isinstance(thing, FakeKey) and isinstance(replica, FakeKey):
        tagger = _backend().tagger
        tagger.delete_all_tags_for_resource(replica.arn)
        tagger.copy_tags(thing.arn, replica.arn)


def _replica(thing: Thing, there: FakeBucket, rule: Rule) -> Thing:
    if isinstance(thing, FakeDeleteMarker):
        return copy.copy(thing)
    by_kms = thing.encryption == "aws:kms"
    replica = FakeKey(
        name=thing.name,
        value=thing.value,
        account_id=thing.account_id,
        region_name=thing.region_name,
        storage=rule.storage_class or thing.storage_class,
        etag=thing.etag.strip('"'),
        is_versioned=True,
        version_id=thing.version_id,
        multipart=thing.multipart,
        bucket_name=there.name,
        encryption=thing.encryption,
        kms_key_id=rule.key if by_kms else thing.kms_key_id,
        bucket_key_enabled=thing.bucket_key_enabled,
    )
    replica.last_modified = thing.last_modified
    replica._metadata = copy.copy(thing._metadata)
    for name in (*_COPIED, *_LOCKS):
        setattr(replica, name, getattr(thing, name))
    return replica


def _version(key: str, thing: Thing) -> Version:
    if isinstance(thing, FakeDeleteMarker):
        return Version(key, marker=True, tags={}, encrypted=False)
    tags = _backend().tagger.get_tag_dict_for_resource(thing.arn)
    return Version(key, marker=False, tags=tags, encrypted=thing.encryption == "aws:kms")


def _is_due(bucket: FakeBucket, key: str) -> bool:
    return any(PENDING in _states(thing).values() for thing in bucket.keys.getlist(key, []))


def _states(thing: Thing) -> dict[str, str]:
    states: dict[str, str] = vars(thing).get(STATES, {})
    return states


def _rules(bucket: FakeBucket) -> list[Rule]:
    configuration = s3_recorded.recorded(bucket, "replication")
    return [] if configuration is None else parse(configuration)


def _backend() -> S3Backend:
    return s3_backends[ACCOUNT]["aws"]


def _named(name: str) -> Any:
    """The bucket of that name, its objects tracked; None if there is none."""
    found: Any = _backend().buckets.get(name)
    return found if isinstance(found, FakeBucket) and isinstance(found.keys, TrackedKeys) else None


def _buckets() -> Iterator[Any]:
    """Every bucket whose objects are tracked."""
    for name in list(_backend().buckets):
        bucket = _named(name)
        if bucket is not None:
            yield bucket
