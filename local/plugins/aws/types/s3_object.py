"""Objects in buckets, from a file, a text or base64."""

from __future__ import annotations

import base64
from typing import Any

from local.plugins.aws.api import Api
from local.plugins.aws.declaration import AutoName, Change, Property, ResourceType, Timeouts, Values
from local.plugins.aws.tags import pairs
from local.plugins.aws.types.s3_bucket import GONE
from local.plugins.provider import Asset, CheckFailure, ProviderError

_GONE = (*GONE, "NoSuchKey")
_CONTENT = ("source", "content", "contentBase64")
# Property to member of PutObject.
_MEMBERS = {
    "acl": "ACL",
    "bucketKeyEnabled": "BucketKeyEnabled",
    "cacheControl": "CacheControl",
    "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding",
    "contentLanguage": "ContentLanguage",
    "contentType": "ContentType",
    "kmsKeyId": "SSEKMSKeyId",
    "metadata": "Metadata",
    "serverSideEncryption": "ServerSideEncryption",
    "storageClass": "StorageClass",
    "websiteRedirect": "WebsiteRedirectLocation",
}


def _locator(bucket: str, key: str) -> str:
    return f"{bucket}/{key}"


def _parts(handle: str) -> tuple[str, str]:
    bucket, _, key = handle.partition("/")
    return bucket, key


def _body(inputs: Values) -> bytes:
    source = inputs.get("source")
    if isinstance(source, Asset):
        return source.content()
    if inputs.get("contentBase64") is not None:
        try:
            return base64.b64decode(inputs["contentBase64"], validate=True)
        except ValueError:
            raise ProviderError("contentBase64 is not base64") from None
    return str(inputs.get("content") or "").encode()


def _put(api: Api, inputs: Values, mark: str) -> str:
    from urllib.parse import urlencode

    request: dict[str, Any] = {
        member: inputs[name] for name, member in _MEMBERS.items() if inputs.get(name) is not None
    }
    if inputs.get("tagsAll"):
        request["Tagging"] = urlencode(inputs["tagsAll"])
    api.call("PutObject", Bucket=inputs["bucket"], Key=inputs["key"], Body=_body(inputs), **request)
    return _locator(inputs["bucket"], inputs["key"])


def _read(api: Api, handle: str) -> Values | None:
    bucket, key = _parts(handle)
    found = api.maybe(_GONE, "HeadObject", Bucket=bucket, Key=key)
    if found is None:
        return None
    tagging = api.maybe(_GONE, "GetObjectTagging", Bucket=bucket, Key=key) or {}
    kept = {member: found.get(member) for member in _MEMBERS.values() if member != "ACL"}
    return {
        **kept,
        "Bucket": bucket,
        "Key": key,
        "StorageClass": found.get("StorageClass") or "STANDARD",
        "ServerSideEncryption": found.get("ServerSideEncryption"),
        "Etag": str(found.get("ETag", "")).strip('"'),
        "VersionId": found.get("VersionId") if found.get("VersionId") != "null" else None,
        "Arn": f"arn:{api.partition}:s3:::{bucket}/{key}",
        "Tags": tagging.get("TagSet") or [],
    }


def _change(api: Api, handle: str, change: Change) -> None:
    """Whatever changes but tags means writing the object anew, as S3 has it."""
    if change.names - {"forceDestroy"}:
        _put(api, change.new, "")


def _retag(api: Api, handle: str, outputs: Values, wanted: dict[str, str], unwanted: list[str]) -> None:
    bucket, key = _parts(handle)
    current = api.call("GetObjectTagging", Bucket=bucket, Key=key).get("TagSet") or []
    left = {item["Key"]: item["Value"] for item in current if item["Key"] not in unwanted} | wanted
    api.call("PutObjectTagging", Bucket=bucket, Key=key, Tagging={"TagSet": pairs(left)})


def _remove(api: Api, handle: str, outputs: Values) -> None:
    """All versions of a versioned object, as the official provider removes them."""
    bucket, key = _parts(handle)
    if not outputs.get("versionId"):
        api.maybe(_GONE, "DeleteObject", Bucket=bucket, Key=key)
        return
    answer = api.maybe(_GONE, "ListObjectVersions", Bucket=bucket, Prefix=key) or {}
    for item in [*(answer.get("Versions") or []), *(answer.get("DeleteMarkers") or [])]:
        if item["Key"] == key:
            api.maybe(_GONE, "DeleteObject", Bucket=bucket, Key=key, VersionId=item["VersionId"])


def _import(api: Api, id: str) -> str:
    handle = id.removeprefix("s3://")
    if "/" not in handle:
        raise ProviderError(f"the import ID of an object is BUCKET/KEY, not {id!r}")
    return handle


def _one_source(inputs: Values) -> list[CheckFailure]:
    given = [name for name in _CONTENT if inputs.get(name) is not None]
    if len(given) > 1:
        return [CheckFailure(given[1], f"{' and '.join(given)} exclude each other: write one of them")]
    return []


_KEPT = Property(unread=True)

OBJECT = ResourceType(
    token="aws:s3/bucketObjectv2:BucketObjectv2",
    service="s3",
    properties={
        "bucket": Property(replace="an object belongs to one bucket"),
        "key": Property(replace="the key identifies it"),
        "source": _KEPT,
        "content": _KEPT,
        "contentBase64": _KEPT,
        "sourceHash": Property(local=True),
        "acl": Property(unread=True, member="ACL"),
        "forceDestroy": Property(local=True, default=False),
        "cacheControl": Property(),
        "contentDisposition": Property(),
        "contentEncoding": Property(),
        "contentLanguage": Property(),
        "contentType": Property(computed=True),
        "metadata": Property(),
        "storageClass": Property(computed=True),
        "serverSideEncryption": Property(computed=True),
        "bucketKeyEnabled": Property(computed=True),
        "kmsKeyId": Property(member="SSEKMSKeyId", computed=True),
        "websiteRedirect": Property(member="WebsiteRedirectLocation"),
    },
    shape=("PutObject", ""),
    create=_put,
    overwrites=True,
    describe=_read,
    modify=_change,
    delete=_remove,
    natural=lambda inputs: _locator(inputs["bucket"], inputs["key"]),
    handle=lambda id, known: _locator(str(known.get("bucket", "")), str(known.get("key") or id)),
    public_id=lambda handle: _parts(handle)[1],
    import_id=_import,
    outputs={"arn": "Arn", "etag": "Etag", "versionId": "VersionId"},
    volatile=("etag", "versionId"),
    auto_name=AutoName("key", random=False),
    rules=(_one_source,),
    retag=_retag,
    timeouts=Timeouts(600, 600, 600),
)

TYPES = (OBJECT,)
