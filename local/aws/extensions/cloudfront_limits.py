"""What the local edge, an nginx, cannot express: refused when it is declared, not when it is served."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.aws.errors import Refused

_UNSAFE_WORD = re.compile(r"[\"'\\;{}$\s]")
_UNSAFE_VALUE = re.compile(r"[\x00-\x1f\x7f]")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_ORIGIN = re.compile(r"\*|https?://[A-Za-z0-9.*:-]+|null")
_OWN = frozenset(
    [
        *("cloudfront-forwarded-proto", "cloudfront-viewer-address"),
        *("cloudfront-viewer-http-version", "cloudfront-viewer-tls"),
    ]
)
"""Headers of CloudFront's own that the edge makes too."""


def check_policy(config: Mapping[str, Any]) -> None:
    """Refuse a policy of any kind that the edge could not follow.

    Raises:
        Refused: names what is not possible.
    """
    key = config.get("ParametersInCacheKeyAndForwardedToOrigin") or config
    for name in _items((key.get("HeadersConfig") or {}).get("Headers")):
        if not _HEADER.fullmatch(name) or (name.lower().startswith("cloudfront-") and name.lower() not in _OWN):
            raise Refused(f"the header {name}", f"Of CloudFront's own, its edge knows {', '.join(sorted(_OWN))}.")
    for name, value in _set_headers(config):
        if not _HEADER.fullmatch(name) or _UNSAFE_VALUE.search(value):
            raise Refused(f"the response header {name}: {value}", "Its edge takes one line of text.")
    for origin in _items((config.get("CorsConfig") or {}).get("AccessControlAllowOrigins")):
        if not _ORIGIN.fullmatch(origin):
            raise Refused(f"{origin!r} in AccessControlAllowOrigins", "Write *, or a scheme and a host name.")
    if (config.get("ServerTimingHeadersConfig") or {}).get("Enabled"):
        raise Refused("Server-Timing headers")


def check_words(config: Mapping[str, Any]) -> None:
    """Refuse a distribution whose paths or origin headers would not survive in nginx's configuration."""
    words = [config["DefaultRootObject"]]
    words += [page.get("ResponsePagePath", "") for page in config["CustomErrorResponses"].get("Items", [])]
    words += [behaviour["PathPattern"] for behaviour in config["CacheBehaviors"].get("Items", [])]
    for origin in config["Origins"].get("Items", []):
        words.append(origin["OriginPath"])
        for header in origin["CustomHeaders"].get("Items", []):
            words += [header["HeaderName"], header["HeaderValue"]]
    for word in words:
        if _UNSAFE_WORD.search(word):
            raise Refused(f"{word!r} in a distribution", "Its edge takes no quotes, blanks, ;, braces and $.")


def _items(members: Mapping[str, Any] | None) -> list[str]:
    return list((members or {}).get("Items") or [])


def _set_headers(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for item in (config.get("CustomHeadersConfig") or {}).get("Items") or ():
        yield item["Header"], item["Value"]
    security = (config.get("SecurityHeadersConfig") or {}).get("ContentSecurityPolicy")
    if security:
        yield "Content-Security-Policy", security["ContentSecurityPolicy"]
