"""A content delivery network in front of a private bucket and an API, on CloudFront."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import aws
from components.bucket_policies import Statement, readable_by
from components.cdn_domain import DomainArgs, certificate, point_to
from components.cdn_logs import deliver_logs
from components.cdn_policies import CONTENT_SECURITY_POLICY, NO_STORE, YEAR, Policies
from components.cdn_rules import cdn
from components.errors import refuse
from components.iam import policy_document
from components.options import child
from components.storage import ReplicaBucket, StoredBucket

_BUCKET = "assets"
_COPY = "assets-copy"
_GROUP = "assets-or-copy"
_API = "api"
_FAILED = (500, 502, 503, 504)
"""Answers on which the copy is asked. Not 403 and 404: those are true answers, and would be asked for twice."""


@dataclass(frozen=True, kw_only=True)
class ApiArgs:
    """An API behind the distribution, passed through and never cached.

    Attributes:
        domain: Host name of the API, which serves HTTPS.
        paths: Paths that go there.
        private_paths: Paths that go there and whose answers no browser may keep either.
    """

    domain: pulumi.Input[str]
    paths: Sequence[str] = ("/api/*",)
    private_paths: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class GeoArgs:
    """Countries, as two-letter codes of ISO 3166-1: either the only ones that are served, or those that never are.

    Attributes:
        only: Nobody else is served.
        never: Everybody else is served.
    """

    only: Sequence[str] = ()
    never: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class CdnArgs:
    """A distribution.

    Attributes:
        identifier: Name of its policies and of the access control, for example `aiponge-prod-cdn`.
        bucket: What it serves. The component writes the bucket's one policy, and that of its copy. With a copy in
            another region, reads fail over to it.
        immutable_paths: Paths of files that are named by their content: cached for a year.
        html_seconds: How long everything else of the bucket is cached, in seconds.
        price_class: Which edge locations serve it.
        api: An API under the same host name.
        content_security_policy: What pages may load and who may frame them; a page's own header goes before.
        domain: Own host names; without, CloudFront's (`d….cloudfront.net`).
        origin_shield: Region of an additional cache in front of the bucket, the one nearest to it.
        geo: Countries that are served, or not.
        logs: Bucket of purpose `logs` for the access logs.
        web_acl_arn: Web ACL that judges requests first (see `components.edge`).
        tags: On everything that takes tags.
    """

    identifier: str
    bucket: StoredBucket
    immutable_paths: Sequence[str] = ("/assets/*",)
    html_seconds: int = 60
    price_class: str = "PriceClass_100"
    api: ApiArgs | None = None
    content_security_policy: str | None = CONTENT_SECURITY_POLICY
    domain: DomainArgs | None = None
    origin_shield: str | None = None
    geo: GeoArgs | None = None
    logs: StoredBucket | None = None
    web_acl_arn: pulumi.Input[str] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class Cdn(pulumi.ComponentResource):
    """A distribution, HTTPS only, whose buckets answer nobody else.

    Requirements: P0-CDN, SR-CDN.

    Attributes:
        distribution_id: The distribution.
        domain: Host name to reach it by: the first own one, else CloudFront's.
        bucket: Name of the bucket that it serves.
        purge_policy_arn: IAM policy that lets whoever has it purge this distribution and no other.
        outputs: All of it, as stack outputs.

    Raises:
        Refused: what must not be cached would be, or CloudFront would not take it.
    """

    distribution_id: pulumi.Output[str]
    domain: pulumi.Output[str]
    bucket: pulumi.Output[str]
    purge_policy_arn: pulumi.Output[str]
    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: CdnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:Cdn", name, None, opts)
        refuse(f"Cdn {name!r}", cdn(args))
        self._name, self._args = name, args
        default, ordered = self._behaviours()
        copy = args.bucket.replica
        domain = args.domain
        distribution = aws.Distribution(
            f"{name}-distribution",
            comment=args.identifier,
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class=args.price_class,
            default_root_object="index.html",
            aliases=list(domain.names) if domain else None,
            origins=self._origins(),
            origin_groups=[_group()] if copy else None,
            default_cache_behavior=default,
            ordered_cache_behaviors=ordered,
            restrictions={"geo_restriction": _geo(args.geo)},
            viewer_certificate=self._certificate(),
            web_acl_id=args.web_acl_arn,
            wait_for_deployment=True,
            tags=dict(args.tags),
            opts=child(self),
        )
        # The buckets know nothing of the distribution until here: bucket, distribution, policy, and no cycle.
        self._readable(f"{name}-bucket-policy", args.bucket, None, distribution)
        if copy:
            self._readable(f"{name}-copy-policy", copy, copy.region, distribution)
        if domain:
            point_to(self, name, domain, distribution)
        if args.logs:
            deliver_logs(self, name, args.identifier, distribution, args.logs, args.tags)
        self.distribution_id = distribution.id
        self.domain = pulumi.Output.from_input(domain.names[0]) if domain else distribution.domain_name
        self.bucket = args.bucket.name
        self.purge_policy_arn = self._purge_policy(distribution)
        self.outputs = {
            "distributionId": self.distribution_id,
            "domain": self.domain,
            "bucket": self.bucket,
            "purgePolicyArn": self.purge_policy_arn,
        }
        self.register_outputs(dict(self.outputs))

    def _origins(self) -> list[Any]:
        args = self._args
        access = aws.OriginAccessControl(
            f"{self._name}-access",
            name=args.identifier,
            description=f"Signs requests of {args.identifier}",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=child(self),
        )
        # Left out when there is none: a null comes back as a shield that is off, which is drift.
        shield = (
            {"origin_shield": {"enabled": True, "origin_shield_region": args.origin_shield}}
            if args.origin_shield
            else {}
        )
        # No s3OriginConfig: an empty one next to an access control comes back different and drifts for ever.
        origins: list[Any] = [
            {
                "origin_id": origin_id,
                "domain_name": domain,
                "origin_access_control_id": access.id,
                **shield,
            }
            for origin_id, domain in [
                (_BUCKET, args.bucket.domain),
                *([(_COPY, args.bucket.replica.domain)] if args.bucket.replica else []),
            ]
        ]
        if args.api:
            origins.append(
                {
                    "origin_id": _API,
                    "domain_name": args.api.domain,
                    "custom_origin_config": {
                        "http_port": 80,
                        "https_port": 443,
                        "origin_protocol_policy": "https-only",
                        "origin_ssl_protocols": ["TLSv1.2"],
                    },
                }
            )
        return origins

    def _behaviours(self) -> tuple[Any, list[Any]]:
        """The default behaviour and the ordered ones: what must not be cached first, so that nothing goes before."""
        args = self._args
        policies = Policies(self, self._name, args.identifier, args.content_security_policy)
        target = _GROUP if args.bucket.replica else _BUCKET
        ordered: list[Any] = []
        if args.api:
            asked = policies.everything_but_the_host()
            uncached = policies.uncached("api")
            for kind, paths, headers in (
                ("private", args.api.private_paths, (NO_STORE, True)),
                ("api", args.api.paths, (None, False)),
            ):
                if paths:
                    told = policies.headers(kind, headers[0], override=headers[1])
                    live = _live(uncached, asked, told)
                    ordered += [{"path_pattern": path, **live} for path in paths]
        immutable = _stored(
            target,
            policies.cached("immutable", (1, YEAR, YEAR)),
            policies.headers("immutable", f"public, max-age={YEAR}, immutable"),
        )
        ordered += [{"path_pattern": path, **immutable} for path in args.immutable_paths]
        html = _stored(
            target,
            policies.cached("html", (0, args.html_seconds, max(args.html_seconds, 300))),
            policies.headers("html"),
        )
        return html, ordered

    def _certificate(self) -> Any:
        domain = self._args.domain
        if domain is None:
            return {"cloudfront_default_certificate": True}
        return {
            "acm_certificate_arn": certificate(self, self._name, domain, self._args.tags),
            "ssl_support_method": "sni-only",
            "minimum_protocol_version": "TLSv1.2_2021",
        }

    def _readable(
        self, name: str, bucket: StoredBucket | ReplicaBucket, region: str | None, distribution: aws.Distribution
    ) -> None:
        def policy(known: Sequence[Any]) -> str:
            own: list[Statement] = known[0]
            return policy_document(*own, readable_by(known[1], known[2]))

        aws.BucketPolicy(
            name,
            bucket=bucket.name,
            region=region,
            policy=pulumi.Output.all(bucket.statements, distribution.arn, bucket.arn).apply(policy),
            opts=child(self, depends_on=[bucket.last_sidecar]),
        )

    def _purge_policy(self, distribution: aws.Distribution) -> pulumi.Output[str]:
        return aws.Policy(
            f"{self._name}-purge-policy",
            name=f"{self._args.identifier}-purge",
            description=f"Lets purge {self._args.identifier}, and nothing else",
            policy=distribution.arn.apply(lambda arn: policy_document(purging(arn))),
            tags=dict(self._args.tags),
            opts=child(self),
        ).arn


def purging(distribution_arn: str) -> Statement:
    """What it takes to purge one distribution and to see the purge end (RB-CDN)."""
    return {
        "Effect": "Allow",
        "Action": ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"],
        "Resource": distribution_arn,
    }


def _stored(target: str, cache: aws.CachePolicy, headers: aws.ResponseHeadersPolicy) -> Any:
    """A behaviour for files: read only, compressed."""
    return {
        "target_origin_id": target,
        "viewer_protocol_policy": "redirect-to-https",
        "allowed_methods": ["GET", "HEAD", "OPTIONS"],
        "cached_methods": ["GET", "HEAD"],
        "compress": True,
        "cache_policy_id": cache.id,
        "response_headers_policy_id": headers.id,
    }


def _live(cache: aws.CachePolicy, asked: aws.OriginRequestPolicy, headers: aws.ResponseHeadersPolicy) -> Any:
    """A behaviour for the API: every method, no redirect, since a redirected POST loses its body."""
    return {
        "target_origin_id": _API,
        "viewer_protocol_policy": "https-only",
        "allowed_methods": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
        "cached_methods": ["GET", "HEAD"],
        "compress": True,
        "cache_policy_id": cache.id,
        "origin_request_policy_id": asked.id,
        "response_headers_policy_id": headers.id,
    }


def _group() -> Any:
    return {
        "origin_id": _GROUP,
        "failover_criteria": {"status_codes": list(_FAILED)},
        "members": [{"origin_id": _BUCKET}, {"origin_id": _COPY}],
    }


def _geo(geo: GeoArgs | None) -> Any:
    if geo is None:
        return {"restriction_type": "none"}
    if geo.only:
        return {"restriction_type": "whitelist", "locations": sorted(geo.only)}
    return {"restriction_type": "blacklist", "locations": sorted(geo.never)}
