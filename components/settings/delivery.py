"""Settings of what is stored and delivered: buckets and the distribution."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.cdn_policies import CONTENT_SECURITY_POLICY
from components.settings.base import Items, Model, Name, UrlPath

Region = Annotated[str, Field(pattern=r"^[a-z]{2}(?:-[a-z]+)+-[0-9]$")]
KmsKeyArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$")]
"""A key, not an alias: policies that compare keys compare ARNs of keys."""


class Replica(Model):
    """A copy of a bucket in another region, kept up to date by S3."""

    region: Region = Field(description="region of the copy, for example eu-central-1")
    kms_key_arn: KmsKeyArn | None = Field(
        default=None, description="ARN of a key of yours in that region; needed if the bucket has one"
    )


class Notification(Model):
    """Who is told of changes."""

    to: Annotated[
        str, Field(pattern=r"^eventBridge$|^arn:[a-z-]+:(?:sqs|sns):[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$")
    ] = Field(description="eventBridge, or the ARN of an SQS queue or SNS topic that lets S3 send to it")
    events: Items[Literal["created", "removed"]] = Field(
        default=("created", "removed"), min_length=1, description="created, removed or both; EventBridge gets all"
    )
    prefix: str = Field(default="", max_length=1024, description="start of the keys that count")
    suffix: str = Field(default="", max_length=1024, description="end of the keys that count, for example .jpg")


class Bucket(Model):
    """One bucket: encrypted, versioned, private and TLS-only whatever its purpose. What is left out follows from the
    purpose."""

    purpose: Literal["uploads", "assets", "logs", "backups"] = Field(
        description="what it is for: presets life cycle, lock and inventory"
    )
    cors_origins: Items[Annotated[str, Field(pattern=r"^https?://[^/]+$|^\*$")]] = Field(
        default=(), description="origins of pages that upload directly, for example https://app.example.com"
    )
    force_destroy: bool = Field(default=False, description="true: destroy deletes the objects too")
    kms_key_arn: KmsKeyArn | None = Field(
        default=None, description="ARN of a key of yours; without one, S3's own encryption"
    )
    noncurrent_days: int | None = Field(
        default=None, ge=1, le=36500, description="days that overwritten and deleted objects can be recovered"
    )
    expire_days: int | None = Field(
        default=None, ge=0, le=36500, description="days after which objects are deleted; 0: never"
    )
    infrequent_after_days: int | None = Field(
        default=None, ge=0, le=36500, description="days until objects move to STANDARD_IA, 30 or more; 0: never"
    )
    archive_after_days: int | None = Field(
        default=None, ge=0, le=36500, description="days until objects move to GLACIER; 0: never"
    )
    lock_days: int | None = Field(
        default=None, ge=0, le=36500, description="days in which no version can be deleted (object lock); 0: no lock"
    )
    lock_mode: Literal["governance", "compliance"] = Field(
        default="governance", description="compliance: nobody can lift the lock, not even the account's owner"
    )
    inventory: Literal["off", "daily", "weekly"] | None = Field(
        default=None, description="how often S3 lists all objects into the logs bucket"
    )
    notifications: Items[Notification] = Field(default=(), max_length=100, description="who is told of changes")
    replica: Replica | None = Field(default=None, description="a copy in another region")


Host = Annotated[str, Field(pattern=r"^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", max_length=253)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class CdnApi(Model):
    """An API under the distribution's host name, passed through and never cached."""

    domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$", max_length=253)] = Field(
        description="host name of the API, which serves HTTPS"
    )
    paths: Items[UrlPath] = Field(
        default=("/api/*",), min_length=1, max_length=10, description="paths that go to the API"
    )
    private_paths: Items[UrlPath] = Field(
        default=(), max_length=10, description="paths of the API whose answers no browser may keep either"
    )


class CdnDomain(Model):
    """The distribution's own host names."""

    names: Items[Host] = Field(
        min_length=1, max_length=10, description="host names, the first the main one, for example www.example.com"
    )
    zone_id: str | None = Field(
        default=None, pattern=r"^Z[A-Z0-9]+$", description="Route 53 zone of the names, for the certificate and records"
    )
    certificate_arn: str | None = Field(
        default=None,
        pattern=r"^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$",
        description="ARN of a certificate of yours in us-east-1; without one it is made",
    )


class Geo(Model):
    """Countries by their two-letter codes; one of the two lists."""

    only: Items[Country] = Field(default=(), description="countries that alone are served, for example [DE, FR]")
    never: Items[Country] = Field(default=(), description="countries that are not served")


class Cdn(Model):
    """A CloudFront distribution in front of one bucket. With a replica of the bucket, reads fail over to it; with a
    bucket of purpose logs, its access logs go there."""

    bucket: Name = Field(description="name of the bucket it serves, of purpose assets")
    immutable_paths: Items[UrlPath] = Field(
        default=("/assets/*",), min_length=1, max_length=20, description="paths of files named by their content"
    )
    html_seconds: int = Field(default=60, ge=0, le=86400, description="seconds that everything else is cached")
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = Field(
        default="PriceClass_100", description="which edge locations serve it"
    )
    api: CdnApi | None = Field(default=None, description="an API under the same host name")
    content_security_policy: str | None = Field(
        default=CONTENT_SECURITY_POLICY,
        max_length=2000,
        pattern=r'^[^"\\$\r\n]+$',
        description="Content-Security-Policy of pages that send none of their own; null: none",
    )
    domain: CdnDomain | None = Field(default=None, description="own host names; without, CloudFront's")
    origin_shield: Region | None = Field(
        default=None, description="region of one more cache in front of the bucket, the nearest to it"
    )
    geo: Geo | None = Field(default=None, description="countries that are served, or not")


class Edge(Model):
    """The web ACL in front of the distribution. Which addresses are blocked is no setting: runbooks change it."""

    rate_limit: int = Field(
        default=2000,
        ge=10,
        le=2_000_000_000,
        description="requests of one address in five minutes before it is blocked",
    )
    emergency: bool = Field(default=False, description="true: the emergency limit, and no proxies, VPNs and the like")
    emergency_rate_limit: int = Field(
        default=200, ge=10, le=2_000_000_000, description="requests of one address in five minutes in an emergency"
    )
