"""The settings of a bucket, each a resource of its own whose ID is the bucket's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.plugins.aws import requests
from local.plugins.aws.api import Api, ApiError, descend
from local.plugins.aws.declaration import Change, Property, ResourceType, Timeouts, Values
from local.plugins.aws.query import search
from local.plugins.aws.structure import place
from local.plugins.aws.types.s3_bucket import GONE

_BUCKET = Property(replace="a setting belongs to one bucket")
_PAUSE = 0.3


def put(api: Api, operation: str, **request: Any) -> None:
    """Put a setting; S3 refuses one while another one of the bucket is being put, and that is worth another try."""
    while True:
        try:
            api.call(operation, **request)
            return
        except ApiError as error:
            if error.code not in ("OperationAborted", "ConditionalRequestConflict") or api.expired:
                raise
            api.pause(_PAUSE)


def setting(
    token: str,
    *,
    put_operation: str,
    wrap: str,
    get_operation: str,
    result: str,
    delete_operation: str,
    missing: Sequence[str],
    properties: Mapping[str, Property],
    reset: Callable[[Api, str], None] | None = None,
    forgets: bool = False,
    **more: Any,
) -> ResourceType:
    """Declare a setting that is put whole, read whole and deleted whole.

    Args:
        token: Its type.
        put_operation, get_operation, delete_operation: S3's operations.
        wrap: Dotted path in the put request that holds the properties.
        result: JMESPath in the answer of the get operation.
        missing: Error codes that mean that the bucket has no such setting.
        properties: Besides the bucket.
        reset: Takes the setting back, where S3 has no operation for it.
        forgets: Whether S3 goes on showing the setting after that, in its default form.
        more: Further fields of the declaration.
    """
    gone = (*missing, *GONE)

    def write(api: Api, inputs: Values, mark: str) -> str:
        shape = descend(api.input_shape(put_operation), wrap)
        request: dict[str, Any] = {"Bucket": inputs["bucket"]}
        own = {name: value for name, value in inputs.items() if name != "bucket"}
        for path, value in requests.members(declared, shape, own).items():
            place(request, f"{wrap}.{path}" if wrap else path, value)
        put(api, put_operation, **(declared.prepare(request) if declared.prepare else request))
        return str(inputs["bucket"])

    def read(api: Api, id: str) -> Values | None:
        answer = api.maybe(gone, get_operation, Bucket=id)
        found = search(result, answer) if answer is not None else None
        return {**found, "Bucket": id} if found else None

    def change(api: Api, id: str, changed: Change) -> None:
        write(api, changed.new, "")

    def remove(api: Api, id: str, outputs: Values) -> None:
        if reset:
            reset(api, id)
        else:
            api.maybe(gone, delete_operation, Bucket=id)

    declared = ResourceType(
        token=token,
        service="s3",
        properties={"bucket": _BUCKET, **properties},
        shape=(put_operation, wrap),
        create=write,
        overwrites=True,
        forgets=forgets,
        natural=lambda inputs: str(inputs["bucket"]),
        describe=read,
        modify=change,
        delete=remove,
        delete_before_replace=True,
        timeouts=Timeouts(300, 300, 300),
        **more,
    )
    return declared


def _suspend(api: Api, id: str) -> None:
    """Versioning cannot be taken off a bucket, only stopped; and not even that where objects are locked."""
    told = api.maybe(GONE, "GetBucketVersioning", Bucket=id)
    if told and told.get("Status") == "Enabled":
        ignored = (*GONE, "InvalidBucketState")
        api.maybe(ignored, "PutBucketVersioning", Bucket=id, VersioningConfiguration={"Status": "Suspended"})


def _hold(found: Values) -> Values:
    """The versioning configuration as one property, as the official provider has it."""
    return {**found, "VersioningConfiguration": {k: v for k, v in found.items() if k in ("Status", "MFADelete")}}


VERSIONING = setting(
    "aws:s3/bucketVersioning:BucketVersioning",
    put_operation="PutBucketVersioning",
    wrap="",
    get_operation="GetBucketVersioning",
    result="@",
    delete_operation="",
    missing=(),
    reset=_suspend,
    forgets=True,
    properties={"versioningConfiguration": Property()},
    present=lambda found: _hold(found) if found.get("Status") else found,
)

_ENCRYPTED = "ServerSideEncryptionConfiguration"
ENCRYPTION = setting(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    put_operation="PutBucketEncryption",
    wrap=_ENCRYPTED,
    get_operation="GetBucketEncryption",
    result=_ENCRYPTED,
    delete_operation="DeleteBucketEncryption",
    missing=("ServerSideEncryptionConfigurationNotFoundError",),
    forgets=True,  # S3 falls back to its own encryption, which the same operation shows.
    properties={"rules": Property()},
    unordered=("rules",),
)

_BLOCK = Property(default=False)
PUBLIC_ACCESS_BLOCK = setting(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    put_operation="PutPublicAccessBlock",
    wrap="PublicAccessBlockConfiguration",
    get_operation="GetPublicAccessBlock",
    result="PublicAccessBlockConfiguration",
    delete_operation="DeletePublicAccessBlock",
    missing=("NoSuchPublicAccessBlockConfiguration",),
    properties={
        "blockPublicAcls": _BLOCK,
        "blockPublicPolicy": _BLOCK,
        "ignorePublicAcls": _BLOCK,
        "restrictPublicBuckets": _BLOCK,
    },
)

OWNERSHIP = setting(
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    put_operation="PutBucketOwnershipControls",
    wrap="OwnershipControls",
    get_operation="GetBucketOwnershipControls",
    result="OwnershipControls",
    delete_operation="DeleteBucketOwnershipControls",
    missing=("OwnershipControlsNotFoundError",),
    properties={"rule": Property(member="Rules", read="Rules[0]")},
)

POLICY = setting(
    "aws:s3/bucketPolicy:BucketPolicy",
    put_operation="PutBucketPolicy",
    wrap="",
    get_operation="GetBucketPolicy",
    result="@",
    delete_operation="DeleteBucketPolicy",
    missing=("NoSuchBucketPolicy",),
    properties={"policy": Property(document=True)},
)


def _filtered(request: Values) -> Values:
    """S3 wants a filter in every rule: an empty prefix means the whole bucket, as the official provider sends it."""
    for rule in request["LifecycleConfiguration"]["Rules"]:
        if "Prefix" not in rule and not rule.get("Filter"):
            rule["Filter"] = {"Prefix": ""}
    return request


def _undated(found: Values) -> Values:
    """A rule's whole-bucket filter is what no filter means."""
    rules = [
        {key: value for key, value in rule.items() if key != "Filter" or value not in ({}, {"Prefix": ""})}
        for rule in found.get("Rules") or []
    ]
    return {**found, "Rules": rules}


LIFECYCLE = setting(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    put_operation="PutBucketLifecycleConfiguration",
    wrap="",
    get_operation="GetBucketLifecycleConfiguration",
    result="@",
    delete_operation="DeleteBucketLifecycle",
    missing=("NoSuchLifecycleConfiguration",),
    properties={
        "rules": Property(member="LifecycleConfiguration.Rules", read="Rules"),
        "transitionDefaultMinimumObjectSize": Property(computed=True),
    },
    prepare=_filtered,
    present=_undated,
)

CORS = setting(
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
    put_operation="PutBucketCors",
    wrap="CORSConfiguration",
    get_operation="GetBucketCors",
    result="@",
    delete_operation="DeleteBucketCors",
    missing=("NoSuchCORSConfiguration",),
    properties={"corsRules": Property()},
    unordered=("corsRules",),
)

TYPES = (VERSIONING, ENCRYPTION, PUBLIC_ACCESS_BLOCK, OWNERSHIP, POLICY, LIFECYCLE, CORS)
