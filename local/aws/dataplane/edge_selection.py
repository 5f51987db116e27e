"""What of a viewer's request names a response in the cache, and what of it reaches the origin. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.aws.dataplane.desired import Behaviour

GENERATED = {
    "cloudfront-forwarded-proto": "$scheme",
    "cloudfront-viewer-address": "$remote_addr:$remote_port",
    "cloudfront-viewer-http-version": "$server_protocol",
    "cloudfront-viewer-tls": "$ssl_protocol:$ssl_cipher",
}
"""Headers that CloudFront makes itself and the edge can make too: nginx's variables."""

_CONDITIONS = ("If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "If-Range", "Range")
"""What an origin may be asked where nothing is kept; a cache asks for whole responses."""


@dataclass(frozen=True)
class Selection:
    """Which headers, cookies or query strings count.

    Attributes:
        behaviour: `none`, `whitelist`, `all`, `allExcept`, `allViewer` or `allViewerAndWhitelistCloudFront`.
    """

    behaviour: str
    names: tuple[str, ...] = ()

    @property
    def takes_unnamed(self) -> bool:
        """Whether what is not named counts."""
        return self.behaviour.startswith("all")

    def data(self) -> dict[str, Any]:
        """As `selection.lua` reads it."""
        return {"mode": self.behaviour, "names": dict.fromkeys(self.names, True)}


def selection(config: Mapping[str, Any] | None, kind: str, plural: str) -> Selection:
    """Read one of a policy's selections, such as ("QueryString", "QueryStrings")."""
    chosen = (config or {}).get(f"{plural}Config") or {}
    names = (chosen.get(plural) or {}).get("Items") or ()
    return Selection(chosen.get(f"{kind}Behavior", "none"), tuple(names))


def caches(behaviour: Behaviour) -> bool:
    """Whether anything of this behaviour is kept."""
    return int(behaviour.cache["MaxTTL"]) > 0


def compressions(behaviour: Behaviour) -> list[str]:
    """The compressions that the cache policy tells apart, the best first."""
    key = _key(behaviour)
    switches = (("br", "EnableAcceptEncodingBrotli"), ("gzip", "EnableAcceptEncodingGzip"))
    return [name for name, switch in switches if key.get(switch)]


def behaviour_data(behaviour: Behaviour, raw: bool) -> dict[str, Any]:
    """What `selection.lua` and `lifetime.lua` need to know of a behaviour.

    Args:
        behaviour: It.
        raw: The origin takes the path as the viewer wrote it.
    """
    key, told, cache = _key(behaviour), behaviour.origin_request, behaviour.cache
    headers = selection(key, "Header", "Headers").names
    return {
        "raw": raw,
        "key": {
            "query": selection(key, "QueryString", "QueryStrings").data(),
            "cookies": selection(key, "Cookie", "Cookies").data(),
            "headers": [_variable(name).removeprefix("$") for name in headers],
        },
        "told": {
            "query": selection(told, "QueryString", "QueryStrings").data(),
            "cookies": selection(told, "Cookie", "Cookies").data(),
        },
        "encodings": compressions(behaviour),
        "times": {"least": int(cache["MinTTL"]), "usual": int(cache["DefaultTTL"]), "most": int(cache["MaxTTL"])},
    }


def forwards_host(behaviour: Behaviour) -> bool:
    """Whether a custom origin is asked for the viewer's host, not for its own."""
    chosen = selection(behaviour.origin_request, "Header", "Headers")
    named = "host" in {name.lower() for name in chosen.names}
    if chosen.behaviour in ("allViewer", "allViewerAndWhitelistCloudFront"):
        return True
    return named if chosen.behaviour == "whitelist" else chosen.behaviour == "allExcept" and not named


def forwarded_headers(behaviour: Behaviour) -> Iterator[str]:
    """Directives that select the headers for the origin: those in the cache key and of the origin request policy."""
    key = selection(_key(behaviour), "Header", "Headers")
    told = selection(behaviour.origin_request, "Header", "Headers")
    named = {name.lower(): name for name in key.names}
    if told.behaviour != "allExcept":
        named |= {name.lower(): name for name in told.names}
    for own in ("host", "cookie"):
        named.pop(own, None)
    yield f"proxy_pass_request_headers {'on' if told.takes_unnamed else 'off'};"
    if told.behaviour == "allExcept":
        for name in told.names:
            if name.lower() not in {"host", "cookie", *named}:
                yield f'proxy_set_header {name} "";'
    if not told.takes_unnamed:
        if not caches(behaviour):
            named = {name.lower(): name for name in _CONDITIONS} | named
        if {"PUT", "POST", "PATCH"} & set(behaviour.declared["AllowedMethods"]["Items"]):
            named.setdefault("content-type", "Content-Type")
        if "user-agent" not in named:
            yield 'proxy_set_header User-Agent "Amazon CloudFront";'
    for name in named.values():
        yield f"proxy_set_header {name} {_variable(name)};"
    if compressions(behaviour):
        yield "proxy_set_header Accept-Encoding $edge_encoding;"
    elif not told.takes_unnamed and "accept-encoding" not in named:
        yield 'proxy_set_header Accept-Encoding "";'


def _key(behaviour: Behaviour) -> Mapping[str, Any]:
    return behaviour.cache.get("ParametersInCacheKeyAndForwardedToOrigin") or {}


def _variable(header: str) -> str:
    name = header.lower()
    if name.startswith("cloudfront-"):
        # Nobody but the edge may say these, and what it does not know it leaves out.
        return GENERATED.get(name, '""')
    return f"$http_{name.replace('-', '_')}"
