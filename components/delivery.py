"""From settings to the arguments of what stores and delivers files."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.cdn import ApiArgs, CdnArgs, GeoArgs
from components.cdn_domain import DomainArgs
from components.edge import EdgeArgs
from components.settings.delivery import Bucket, Cdn, Edge
from components.storage import BucketArgs, NotificationArgs, ObjectStorage, ReplicaArgs


def bucket_args(bucket: Bucket, tags: Mapping[str, str]) -> BucketArgs:
    """A bucket of the stack file as arguments of `ObjectStorage`, with tags of its own."""
    replica = bucket.replica
    return BucketArgs(
        purpose=bucket.purpose,
        cors_origins=bucket.cors_origins,
        force_destroy=bucket.force_destroy,
        kms_key_arn=bucket.kms_key_arn,
        noncurrent_days=bucket.noncurrent_days,
        expire_days=bucket.expire_days,
        infrequent_after_days=bucket.infrequent_after_days,
        archive_after_days=bucket.archive_after_days,
        lock_days=bucket.lock_days,
        lock_mode=bucket.lock_mode,
        inventory=bucket.inventory,
        notifications=[
            NotificationArgs(to=each.to, events=each.events, prefix=each.prefix, suffix=each.suffix)
            for each in bucket.notifications
        ],
        replica=ReplicaArgs(region=replica.region, kms_key_arn=replica.kms_key_arn) if replica else None,
        tags=tags,
    )


def cdn_args(
    cdn: Cdn, storage: ObjectStorage, identifier: str, web_acl_arn: pulumi.Input[str], tags: Mapping[str, str]
) -> CdnArgs:
    """The distribution of the stack file as arguments of `Cdn`."""
    api, domain, geo = cdn.api, cdn.domain, cdn.geo
    return CdnArgs(
        identifier=identifier,
        bucket=storage.buckets[cdn.bucket],
        immutable_paths=cdn.immutable_paths,
        html_seconds=cdn.html_seconds,
        price_class=cdn.price_class,
        api=ApiArgs(domain=api.domain, paths=api.paths, private_paths=api.private_paths) if api else None,
        content_security_policy=cdn.content_security_policy,
        domain=DomainArgs(names=domain.names, zone_id=domain.zone_id, certificate_arn=domain.certificate_arn)
        if domain
        else None,
        origin_shield=cdn.origin_shield,
        geo=GeoArgs(only=geo.only, never=geo.never) if geo else None,
        logs=storage.logs,
        web_acl_arn=web_acl_arn,
        tags=tags,
    )


def edge_args(edge: Edge, identifier: str, tags: Mapping[str, str]) -> EdgeArgs:
    """The web ACL of the stack file as arguments of `Edge`."""
    return EdgeArgs(
        identifier=identifier,
        rate_limit=edge.rate_limit,
        emergency=edge.emergency,
        emergency_rate_limit=edge.emergency_rate_limit,
        tags=tags,
    )
