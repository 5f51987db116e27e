"""Objects in S3 that another service of the account reads."""

from __future__ import annotations

from moto.s3.models import s3_backends

from local.aws.state import ACCOUNT, LOCK


def stored_object(bucket: str, key: str) -> bytes | None:
    """The newest version's content; None if there is no such bucket or object."""
    with LOCK:
        backend = s3_backends[ACCOUNT]["aws"]
        found = backend.get_object(bucket, key) if bucket in backend.buckets else None
        return None if found is None else bytes(found.value)
