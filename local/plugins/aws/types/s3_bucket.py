"""S3 buckets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.plugins.aws.api import Api
from local.plugins.aws.declaration import AutoName, Change, Property, ResourceType, Timeouts, Values
from local.plugins.aws.tags import from_any, pairs
from local.plugins.provider import ProviderError

GONE = ("NoSuchBucket", "404", "NotFound")
_AT_ONCE = 1000
# The hosted zones of S3's website endpoints, as AWS lists them; the official provider gives them out.
_ZONES = {
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "eu-west-3": "Z3R1K369G5AVDG",
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-north-1": "Z3BAZG2TWCNX0D",
}


def _make(api: Api, inputs: Values, mark: str) -> str:
    where = {} if api.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": api.region}}
    api.call(
        "CreateBucket",
        Bucket=inputs["bucket"],
        ObjectLockEnabledForBucket=True if inputs.get("objectLockEnabled") else None,
        **where,
    )
    return str(inputs["bucket"])


def _finish(api: Api, id: str, inputs: Values) -> None:
    if inputs.get("tagsAll"):
        api.call("PutBucketTagging", Bucket=id, Tagging={"TagSet": pairs(inputs["tagsAll"])})


def _read(api: Api, id: str) -> Values | None:
    if api.maybe(GONE, "HeadBucket", Bucket=id) is None:
        return None
    tagging = api.maybe(("NoSuchTagSet", *GONE), "GetBucketTagging", Bucket=id) or {}
    missing = ("ObjectLockConfigurationNotFoundError", "ObjectLockConfigurationNotFound", *GONE)
    lock = api.maybe(missing, "GetObjectLockConfiguration", Bucket=id) or {}
    suffix = api.clients.dns_suffix(api.region)
    return {
        "Bucket": id,
        "Arn": f"arn:{api.partition}:s3:::{id}",
        "Domain": f"{id}.s3.{suffix}",
        "RegionalDomain": f"{id}.s3.{api.region}.{suffix}",
        "Region": api.region,
        "Zone": _ZONES.get(api.region),
        "Locked": (lock.get("ObjectLockConfiguration") or {}).get("ObjectLockEnabled") == "Enabled",
        "Tags": tagging.get("TagSet") or [],
    }


def _retag(api: Api, id: str, outputs: Values, wanted: dict[str, str], unwanted: list[str]) -> None:
    """S3 knows only whole sets of tags."""
    current = api.maybe(("NoSuchTagSet",), "GetBucketTagging", Bucket=id) or {}
    left = {key: value for key, value in from_any(current.get("TagSet")).items() if key not in unwanted} | wanted
    if left:
        api.call("PutBucketTagging", Bucket=id, Tagging={"TagSet": pairs(left)})
    else:
        api.call("DeleteBucketTagging", Bucket=id)


def _batches(api: Api, bucket: str) -> Iterator[list[dict[str, str]]]:
    """Everything in the bucket: all versions, delete markers, and what was never versioned."""
    while True:
        answer = api.call("ListObjectVersions", Bucket=bucket, MaxKeys=_AT_ONCE)
        listed: list[Any] = [*(answer.get("Versions") or []), *(answer.get("DeleteMarkers") or [])]
        if not listed:
            return
        yield [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in listed]


def _empty(api: Api, bucket: str) -> None:
    for batch in _batches(api, bucket):
        if api.expired or api.cancelled.is_set():
            raise ProviderError(f"{bucket}: stopped while it was being emptied")
        # forceDestroy lifts locks that may be lifted, as in the official provider; compliance locks stay.
        answer = api.call(
            "DeleteObjects", Bucket=bucket, Delete={"Objects": batch, "Quiet": True}, BypassGovernanceRetention=True
        )
        errors = answer.get("Errors") or []
        if errors:
            raise ProviderError(f"{bucket}: cannot delete {errors[0].get('Key')}: {errors[0].get('Message')}")
        api.say(f"removed {len(batch)} object versions", ephemeral=True)


def _remove(api: Api, id: str, outputs: Values) -> None:
    if outputs.get("forceDestroy") and api.maybe(GONE, "HeadBucket", Bucket=id) is not None:
        _empty(api, id)
    try:
        api.maybe(GONE, "DeleteBucket", Bucket=id)
    except ProviderError as error:
        if getattr(error, "code", "") != "BucketNotEmpty":
            raise
        raise ProviderError(
            f"the bucket {id} still has objects: set forceDestroy to true and run pulumi up, or empty it first"
        ) from None


def _change(api: Api, id: str, change: Change) -> None:
    """Everything but the tags and forceDestroy forces a replacement, and those two are not the bucket's own API."""


BUCKET = ResourceType(
    token="aws:s3/bucket:Bucket",
    service="s3",
    properties={
        "bucket": Property(
            replace="the name identifies it",
            pattern=(
                r"(?!xn--|sthree-)(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
                "3 to 63 lower-case letters, digits, periods and hyphens, and no IP address",
            ),
        ),
        "forceDestroy": Property(local=True, default=False),
        "objectLockEnabled": Property(replace="S3 fixes it when the bucket is made", read="Locked", computed=True),
    },
    create=_make,
    finish=_finish,
    describe=_read,
    modify=_change,
    delete=_remove,
    natural=lambda inputs: str(inputs["bucket"]),
    outputs={
        "arn": "Arn",
        "bucketDomainName": "Domain",
        "bucketRegion": "Region",
        "bucketRegionalDomainName": "RegionalDomain",
        "hostedZoneId": "Zone",
    },
    auto_name=AutoName("bucket", maximum=63, lower=True),
    retag=_retag,
    timeouts=Timeouts(1200, 1200, 3600),
)

TYPES = (BUCKET,)
