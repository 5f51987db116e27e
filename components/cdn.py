"""A content delivery network in front of a private bucket, on CloudFront."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import aws
from components.bucket_policies import readable_by
from components.errors import Refusal, refuse
from components.iam import policy_document
from components.options import child
from components.storage import StoredBucket

_YEAR = 365 * 24 * 3600
_ORIGIN = "assets"


@dataclass(frozen=True, kw_only=True)
class CdnArgs:
    """A distribution.

    Attributes:
        identifier: Name of its policies and of the access control, for example `aiponge-prod-cdn`.
        bucket: What it serves. The component writes the bucket's one policy.
        immutable_paths: Paths of files that are named by their content: cached for a year.
        html_seconds: How long everything else is cached, in seconds.
        price_class: Which edge locations serve it.
        tags: On the distribution.
    """

    identifier: str
    bucket: StoredBucket
    immutable_paths: Sequence[str] = ("/assets/*",)
    html_seconds: int = 60
    price_class: str = "PriceClass_100"
    tags: Mapping[str, str] = field(default_factory=dict)


class Cdn(pulumi.ComponentResource):
    """A distribution, HTTPS only, whose origin answers nobody else.

    Attributes:
        distribution_id: The distribution.
        domain: Its host name.
        bucket: Name of the bucket that it serves.
        outputs: All of it, as stack outputs.
    """

    distribution_id: pulumi.Output[str]
    domain: pulumi.Output[str]
    bucket: pulumi.Output[str]
    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: CdnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:Cdn", name, None, opts)
        if not args.immutable_paths or any(path in ("*", "/*") for path in args.immutable_paths):
            refuse(
                f"Cdn {name!r}",
                [
                    Refusal(
                        "immutable_paths",
                        tuple(args.immutable_paths),
                        "pages would be cached for a year: name only paths of files whose names follow their content",
                    )
                ],
            )
        access = aws.OriginAccessControl(
            f"{name}-access",
            name=args.identifier,
            description=f"Signs requests of {args.identifier}",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=child(self),
        )
        immutable = _behaviour(
            _cache_policy(self, f"{name}-immutable", args, (1, _YEAR, _YEAR)),
            _headers_policy(self, f"{name}-immutable", args, f"public, max-age={_YEAR}, immutable"),
        )
        html = _behaviour(
            _cache_policy(self, f"{name}-html", args, (0, args.html_seconds, max(args.html_seconds, 300))),
            _headers_policy(self, f"{name}-html", args, None),
        )
        ordered: list[Any] = [{"path_pattern": path, **immutable} for path in args.immutable_paths]
        # No s3OriginConfig: an empty one next to an access control comes back different and drifts for ever.
        origin: Any = {
            "origin_id": _ORIGIN,
            "domain_name": args.bucket.domain,
            "origin_access_control_id": access.id,
        }
        distribution = aws.Distribution(
            f"{name}-distribution",
            comment=args.identifier,
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class=args.price_class,
            default_root_object="index.html",
            origins=[origin],
            default_cache_behavior=html,
            ordered_cache_behaviors=ordered,
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={"cloudfront_default_certificate": True},
            wait_for_deployment=True,
            tags=dict(args.tags),
            opts=child(self),
        )
        # The bucket knows nothing of the distribution until here: bucket, distribution, policy, and no cycle.
        aws.BucketPolicy(
            f"{name}-bucket-policy",
            bucket=args.bucket.name,
            policy=pulumi.Output.all(args.bucket.statements, distribution.arn, args.bucket.arn).apply(
                lambda known: policy_document(*known[0], readable_by(known[1], known[2]))
            ),
            opts=child(self, depends_on=[args.bucket.last_sidecar]),
        )
        self.distribution_id = distribution.id
        self.domain = distribution.domain_name
        self.bucket = args.bucket.name
        self.outputs = {"distributionId": self.distribution_id, "domain": self.domain, "bucket": self.bucket}
        self.register_outputs(dict(self.outputs))


def _behaviour(cache: aws.CachePolicy, headers: aws.ResponseHeadersPolicy) -> Any:
    return {
        "target_origin_id": _ORIGIN,
        "viewer_protocol_policy": "redirect-to-https",
        "allowed_methods": ["GET", "HEAD", "OPTIONS"],
        "cached_methods": ["GET", "HEAD"],
        "compress": True,
        "cache_policy_id": cache.id,
        "response_headers_policy_id": headers.id,
    }


def _cache_policy(parent: pulumi.Resource, name: str, args: CdnArgs, seconds: tuple[int, int, int]) -> aws.CachePolicy:
    """Nothing of the viewer is part of the key, so that no answer depends on who asks.

    Args:
        parent: The component.
        name: Pulumi's name; its last part ends the policy's.
        args: For the identifier.
        seconds: Least, usual and greatest time that an answer is kept.
    """
    least, usual, greatest = seconds
    return aws.CachePolicy(
        f"{name}-cache",
        name=f"{args.identifier}-{name.rpartition('-')[2]}",
        comment=f"{args.identifier}: kept {usual} s",
        min_ttl=least,
        default_ttl=usual,
        max_ttl=greatest,
        parameters_in_cache_key_and_forwarded_to_origin={
            "cookies_config": {"cookie_behavior": "none"},
            "headers_config": {"header_behavior": "none"},
            "query_strings_config": {"query_string_behavior": "none"},
            "enable_accept_encoding_brotli": True,
            "enable_accept_encoding_gzip": True,
        },
        opts=child(parent),
    )


def _headers_policy(
    parent: pulumi.Resource, name: str, args: CdnArgs, cache_control: str | None
) -> aws.ResponseHeadersPolicy:
    """Security headers on every answer, and a caching instruction for browsers where the path promises it."""
    custom: Any = None
    if cache_control:
        custom = {"items": [{"header": "Cache-Control", "value": cache_control, "override": False}]}
    return aws.ResponseHeadersPolicy(
        f"{name}-headers",
        name=f"{args.identifier}-{name.rpartition('-')[2]}",
        comment=f"{args.identifier}: security headers",
        security_headers_config={
            "strict_transport_security": {
                "access_control_max_age_sec": 2 * _YEAR,
                "include_subdomains": True,
                "override": True,
            },
            "content_type_options": {"override": True},
            "frame_options": {"frame_option": "DENY", "override": True},
            "referrer_policy": {"referrer_policy": "strict-origin-when-cross-origin", "override": True},
        },
        custom_headers_config=custom,
        opts=child(parent),
    )
