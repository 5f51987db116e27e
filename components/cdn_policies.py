"""CloudFront's cache, origin-request and response-headers policies, one set for each kind of content.

| kind | edge cache | browser | key |
|---|---|---|---|
| immutable | a year | a year, immutable | nothing of the viewer |
| html | seconds | as the object says | nothing of the viewer |
| api | never | as the API says | (not cached) |
| private | never | never (`no-store`) | (not cached) |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from components import aws
from components.options import child

YEAR = 365 * 24 * 3600
CONTENT_SECURITY_POLICY = "default-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
NO_STORE = "private, no-store"


@dataclass(frozen=True)
class Policies:
    """Makes the policies of one distribution.

    Attributes:
        parent: The component.
        name: Its name.
        identifier: Start of the policies' names.
        content_security_policy: What pages may load and who may frame them; None sends no such header.
    """

    parent: pulumi.Resource
    name: str
    identifier: str
    content_security_policy: str | None

    def cached(self, kind: str, seconds: tuple[int, int, int]) -> aws.CachePolicy:
        """A cache policy with nothing of the viewer in the key, so that no answer depends on who asks.

        Args:
            kind: Ends the names.
            seconds: Least, usual and greatest time that an answer is kept.
        """
        return self._cache_policy(kind, seconds, f"kept {seconds[1]} s", compressed=True)

    def uncached(self, kind: str) -> aws.CachePolicy:
        """A cache policy that keeps nothing: whatever the origin says, no answer is seen by anybody else (SR-CDN)."""
        # CloudFront takes no compression in the key of what it does not keep.
        return self._cache_policy(kind, (0, 0, 0), "never kept", compressed=False)

    def _cache_policy(
        self, kind: str, seconds: tuple[int, int, int], meaning: str, *, compressed: bool
    ) -> aws.CachePolicy:
        least, usual, greatest = seconds
        return aws.CachePolicy(
            f"{self.name}-{kind}-cache",
            name=f"{self.identifier}-{kind}",
            comment=f"{self.identifier}: {meaning}",
            min_ttl=least,
            default_ttl=usual,
            max_ttl=greatest,
            parameters_in_cache_key_and_forwarded_to_origin={
                "cookies_config": {"cookie_behavior": "none"},
                "headers_config": {"header_behavior": "none"},
                "query_strings_config": {"query_string_behavior": "none"},
                "enable_accept_encoding_brotli": compressed,
                "enable_accept_encoding_gzip": compressed,
            },
            opts=child(self.parent),
        )

    def everything_but_the_host(self) -> aws.OriginRequestPolicy:
        """What the API is told: all that the viewer sent but for the host, which chooses the API's own certificate."""
        return aws.OriginRequestPolicy(
            f"{self.name}-api-request",
            name=f"{self.identifier}-api",
            comment=f"{self.identifier}: everything but the host",
            cookies_config={"cookie_behavior": "all"},
            headers_config={"header_behavior": "allExcept", "headers": {"items": ["Host"]}},
            query_strings_config={"query_string_behavior": "all"},
            opts=child(self.parent),
        )

    def headers(
        self, kind: str, cache_control: str | None = None, *, override: bool = False
    ) -> aws.ResponseHeadersPolicy:
        """Security headers on every answer, and a caching instruction for browsers where the path promises it."""
        custom: Any = None
        if cache_control:
            custom = {"items": [{"header": "Cache-Control", "value": cache_control, "override": override}]}
        security: Any = {
            "strict_transport_security": {
                "access_control_max_age_sec": 2 * YEAR,
                "include_subdomains": True,
                "override": True,
            },
            "content_type_options": {"override": True},
            "frame_options": {"frame_option": "DENY", "override": True},
            "referrer_policy": {"referrer_policy": "strict-origin-when-cross-origin", "override": True},
        }
        if self.content_security_policy:
            security["content_security_policy"] = {
                "content_security_policy": self.content_security_policy,
                "override": False,
            }
        return aws.ResponseHeadersPolicy(
            f"{self.name}-{kind}-headers",
            name=f"{self.identifier}-{kind}",
            comment=f"{self.identifier}: security headers",
            security_headers_config=security,
            custom_headers_config=custom,
            opts=child(self.parent),
        )
