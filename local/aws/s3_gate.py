"""What stands before moto's S3: no bucket for strangers, and the edge's own requests."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.s3.models import FakeBucket, FakeKey, s3_backends

from local.aws import s3_recorded
from local.aws.answers import xml_error
from local.aws.bucket_access import ANONYMOUS, Caller, allowed, edge
from local.aws.state import ACCOUNT

EDGE_SECRET_HEADER = "x-groundwork-edge"
EDGE_DISTRIBUTION_HEADER = "x-groundwork-distribution"

_EVERYONE = "http://acs.amazonaws.com/groups/global/AllUsers"
_READS = ("GET", "HEAD")
_SIGNATURES = ("X-Amz-Signature", "Signature")
# Sub-resources that moto would take for a plain bucket request and answer with something else.
_UNKNOWN = frozenset(
    {"analytics", "intelligent-tiering", "metadataConfiguration", "metadataTable", "metrics", "session"}
)

_ALLOWED = "AWS4-HMAC-SHA256 Credential=AKIAGROUNDWORKPUBLIC/20260101/us-east-1/s3/aws4_request"

WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Gate:
    """A WSGI application: refuses what AWS would refuse, passes the rest to moto.

    Signatures of signed requests are not verified, and what IAM allows them is not asked: whoever signs is the
    account. Requests without a signature are judged by the bucket's policy.
    """

    def __init__(self, inner: WSGI, edge_secret: str) -> None:
        self._inner = inner
        self._edge_secret = edge_secret

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        unknown = _UNKNOWN & set(query)
        if unknown:
            message = f"The local platform does not support the S3 sub-resource {', '.join(sorted(unknown))}."
            return xml_error(501, "NotImplemented", message)(environ, start_response)
        bucket_name, key = object_of(environ)
        # What a viewer calls a signature is none of the edge's.
        if _is_signed(environ, query) and not self._is_edge(environ):
            bucket = _bucket(bucket_name)
            if bucket is not None and not key and s3_recorded.SUBRESOURCES & set(query):
                buckets = {name: each for name, each in _buckets().items() if isinstance(each, FakeBucket)}
                return s3_recorded.answer(bucket, environ, start_response, buckets)
            if bucket is not None and not key and "notification" in query and environ["REQUEST_METHOD"] == "GET":
                return s3_recorded.notification(bucket, self._inner, environ, start_response)
            return self._inner(environ, start_response)
        caller = self._caller(environ)
        method = environ["REQUEST_METHOD"]
        hidden = method in _READS and key and _is_missing(bucket_name, key) and not _may(caller, "GET", bucket_name, "")
        # Whoever may not list a bucket does not learn which objects it lacks.
        if hidden or (method != "OPTIONS" and not _may(caller, method, bucket_name, key)):
            return xml_error(403, "AccessDenied", "Access Denied")(environ, start_response)
        # The policy has spoken; moto's own look at unsigned requests knows no conditions and would refuse.
        environ["HTTP_AUTHORIZATION"] = _ALLOWED
        return self._inner(environ, start_response)

    def _is_edge(self, environ: dict[str, Any]) -> bool:
        return hmac.compare_digest(environ.get(_wsgi(EDGE_SECRET_HEADER), ""), self._edge_secret)

    def _caller(self, environ: dict[str, Any]) -> Caller:
        distribution = environ.get(_wsgi(EDGE_DISTRIBUTION_HEADER))
        return edge(distribution, ACCOUNT) if distribution and self._is_edge(environ) else ANONYMOUS


def object_of(environ: Mapping[str, Any]) -> tuple[str, str]:
    """Bucket and key that a request names; empty where it names none."""
    bucket_name, _, key = unquote(environ.get("PATH_INFO", "")).lstrip("/").partition("/")
    return bucket_name, key


def version_of(environ: Mapping[str, Any]) -> tuple[str | None, set[str]]:
    """The version that a request names, None for the newest, and every parameter's name."""
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    return (query.get("versionId") or [None])[0], set(query)


def _wsgi(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


def _is_signed(environ: dict[str, Any], query: dict[str, list[str]]) -> bool:
    return bool(environ.get("HTTP_AUTHORIZATION")) or any(name in query for name in _SIGNATURES)


def _may(caller: Caller, method: str, bucket_name: str, key: str) -> bool:
    bucket = _bucket(bucket_name)
    if bucket is None:
        # moto says NoSuchBucket; creating one or listing all of them takes an identity.
        return bool(bucket_name) and method in _READS
    action = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "DELETE": "s3:DeleteObject"}.get(method, "s3:PutObject")
    if not key:
        action = "s3:ListBucket" if method in _READS else "s3:PutBucketPolicy"
    resource = f"arn:aws:s3:::{bucket_name}/{key}" if key else f"arn:aws:s3:::{bucket_name}"
    if caller.service is None and _switched_on(bucket, "restrict_public_buckets"):
        return False
    policy = bucket.policy.decode() if isinstance(bucket.policy, bytes) else bucket.policy
    return allowed(policy, caller, action, resource) or (method in _READS and _public_acl(bucket, key))


def _bucket(name: str) -> FakeBucket | None:
    found = _buckets().get(name)
    return found if isinstance(found, FakeBucket) else None


def _is_missing(bucket_name: str, key: str) -> bool:
    bucket = _bucket(bucket_name)
    return bucket is not None and not isinstance(bucket.keys.get(key), FakeKey)


def _buckets() -> Mapping[str, Any]:
    return s3_backends[ACCOUNT]["aws"].buckets


def _switched_on(bucket: FakeBucket, member: str) -> bool:
    """Whether the bucket's public access block has this member on."""
    block = bucket.public_access_block
    return block is not None and str(getattr(block, member)).lower() == "true"


def _public_acl(bucket: FakeBucket, key: str) -> bool:
    if _switched_on(bucket, "ignore_public_acls"):
        return False
    holder = bucket.keys.get(key) if key else bucket
    grants = getattr(getattr(holder, "acl", None), "grants", [])
    return any(
        grantee.uri == _EVERYONE and {"READ", "FULL_CONTROL"} & set(grant.permissions)
        for grant in grants
        for grantee in grant.grantees
    )
