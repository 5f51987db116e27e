"""SR-CDN between resources: a distribution keeps no answer of an API, and none that was meant for one client.

What a behaviour keeps, and what it tells the origin of the viewer, stands in policies: AWS's own, known by their IDs,
or resources of the stack. Only answers of servers are judged; what a bucket holds is the same for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from policies import production
from policies.model import Resource, Verdict
from policies.node import Node, Undetermined, guard
from policies.production import is_production
from policies.references import meant, of_types
from policies.rules.distributions import DISTRIBUTION, behaviours, is_custom
from policies.values import given, number, shown, words

CACHE_POLICY: Final = "aws:cloudfront/cachePolicy:CachePolicy"
REQUEST_POLICY: Final = "aws:cloudfront/originRequestPolicy:OriginRequestPolicy"

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    **production.SCHEMA,
    "apiPaths": {
        "type": "array",
        "items": {"type": "string"},
        "default": [
            "*api/*",
            "*graphql*",
            "*auth/*",
            "*login*",
            "/v[0-9]/*",
            "v[0-9]/*",
            "*account*",
            "*/me",
            "*/me/*",
        ],
        "description": "Path patterns of behaviours that are an API even where they only read; * is anything.",
    },
    "anonymousCookies": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "Cookies that tell nothing of who asks, such as one that chooses a variant of a page.",
    },
}

_YEAR: Final = 31_536_000
_ALL_HEADERS: Final = frozenset({"allViewer", "allViewerAndWhitelistCloudFront"})
"""Which headers an origin is told of, Authorization among them: by itself it cannot be named (CloudFront Developer
Guide, Configure CloudFront to forward the Authorization header)."""
_WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_API_HOSTS: Final = (".execute-api.", ".lambda-url.", ".appsync-api.")
_CURE: Final = "use a cache policy that keeps nothing, such as AWS's CachingDisabled"

_KEEPS_NOTHING: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_NOTHING_OF_VIEWER: Final = frozenset(
    {
        "658327ea-f89d-4fab-a63d-7e88639e58f6",  # CachingOptimized
        "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",  # CachingOptimizedForUncompressedObjects
        "08627262-05a9-4f76-9ded-b50ca2e3a84f",  # Elemental-MediaPackage
    }
)
_ALL_OF_VIEWER: Final = frozenset(
    {
        "2e54312d-136d-493c-8eb9-b001f22f67d2",  # Amplify
        "83da9c7e-98b4-4e11-a168-04f0df8e2c65",  # UseOriginCacheControlHeaders
        "4cc15a8a-d715-48a4-82b8-cc0b614638fe",  # UseOriginCacheControlHeaders-QueryStrings
    }
)
"""AWS's cache policies (CloudFront Developer Guide, Use managed cache policies): those that key on no credentials, and
those that key on cookies."""
_TELLS_ALL: Final = frozenset(
    {
        "216adef6-5c7f-47e4-b989-5492eafa07d3",  # AllViewer
        "b689b0a8-53d0-40ab-baf2-68738e2966ac",  # AllViewerExceptHostHeader
        "33f36d7e-f396-46d9-90e0-52428a34d9dc",  # AllViewerAndCloudFrontHeaders-2022-06
    }
)
_TELLS_LITTLE: Final = frozenset(
    {
        "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",  # CORS-S3Origin
        "59781a5b-3903-41f3-afcb-af62929ccde1",  # CORS-CustomOrigin
        "acba4595-bd28-49b8-b9fe-13317c0390fa",  # UserAgentRefererHeaders
        "bf0718e1-ba1e-49d1-88b1-f726733018ae",  # HostHeaderOnly
        "775133bc-15f2-49f9-abea-afb2e0bf67d2",  # Elemental-MediaTailor-PersonalizedManifests
    }
)
"""AWS's origin request policies (CloudFront Developer Guide, Use managed origin request policies): those that tell the
origin of cookies, and those that do not."""


def nothing_private_is_kept(resources: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge every behaviour of every distribution that is answered by a server."""
    policies = of_types(resources, {CACHE_POLICY, REQUEST_POLICY})
    for one in of_types(resources, {DISTRIBUTION}):
        if is_production(one, settings):
            yield from guard(one, _distribution(one, policies, settings))


def _distribution(one: Resource, policies: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    root = Node(one.properties)
    servers = _servers(root)
    for behaviour in behaviours(root):
        yield from guard(one, _behaviour(one, behaviour, servers, policies, settings))


def _servers(root: Node) -> dict[str, Node]:
    """Origins, and groups of them, that are servers, by ID."""
    servers = {origin["originId"].text: origin for origin in root["origins"].elements() if is_custom(origin)}
    for group in root["originGroups"].elements():
        for member in group["members"].elements():
            if member["originId"].text in servers:
                servers[group["originId"].text] = servers[member["originId"].text]
    return servers


def _behaviour(
    one: Resource,
    behaviour: Node,
    servers: Mapping[str, Node],
    policies: Sequence[Resource],
    settings: Mapping[str, Any],
) -> Iterator[Verdict]:
    origin = servers.get(behaviour["targetOriginId"].text)
    if origin is None:
        return
    kept = _kept(one, behaviour, policies, settings)
    if kept is None:
        return
    if kept.keyed:
        problem = f"keeps answers by {kept.keyed}, which were meant for one client"
        yield Verdict(one, kept.path, kept.value, problem, _CURE)
        return
    told = _told(one, behaviour, policies, settings)
    if told:
        problem = f"keeps answers for everybody, while the origin is told the {told} of whoever asked first"
        yield Verdict(one, kept.path, kept.value, problem, _CURE)
    elif _is_api(behaviour, origin, settings):
        yield Verdict(one, kept.path, kept.value, "keeps answers of an API", _CURE)


def _is_api(behaviour: Node, origin: Node, settings: Mapping[str, Any]) -> bool:
    """Whether a behaviour passes on what changes something, is called so, or goes to a service that is nothing else."""
    if _WRITING & set(words(behaviour["allowedMethods"])):
        return True
    path = behaviour["pathPattern"].text
    if any(fnmatchcase(path, str(pattern)) for pattern in settings["apiPaths"]):
        return True
    return any(host in origin["domainName"].text for host in _API_HOSTS)


@dataclass(frozen=True)
class _Kept:
    """That a behaviour keeps answers.

    Attributes:
        path: Which property says so.
        value: Its value, where it is known.
        keyed: What of the viewer's credentials the answers are kept by; empty for none.
    """

    path: str
    value: Any
    keyed: str


def _kept(one: Resource, behaviour: Node, policies: Sequence[Resource], settings: Mapping[str, Any]) -> _Kept | None:
    node = behaviour["cachePolicyId"]
    if not given(node):
        return _kept_by_values(behaviour, settings)
    value = shown(node)
    if value == _KEEPS_NOTHING:
        return None
    if value in _NOTHING_OF_VIEWER:
        return _Kept(node.path, value, "")
    if value in _ALL_OF_VIEWER:
        return _Kept(node.path, value, "cookies")
    found = [_by_policy(Node(policy.properties), settings) for policy in _meant(one, node, policies, CACHE_POLICY)]
    if len(set(found)) != 1:
        raise Undetermined(node.path)
    return None if found[0] is None else _Kept(node.path, value, found[0])


def _meant(one: Resource, node: Node, policies: Sequence[Resource], kind: str) -> list[Resource]:
    found = meant(one, node, of_types(policies, {kind}))
    if not found and not node.unknown:
        raise Undetermined(node.path, f'the policy "{node.text}" is not declared in this stack')
    return found


def _by_policy(policy: Node, settings: Mapping[str, Any]) -> str | None:
    """What of the credentials a cache policy keys on, empty for none; `None` when it keeps nothing."""
    if number(policy["maxTtl"], _YEAR) == 0:
        return None
    key = policy["parametersInCacheKeyAndForwardedToOrigin"]
    return _credentials(
        key.at("cookiesConfig", "cookieBehavior"),
        key.at("cookiesConfig", "cookies", "items"),
        key.at("headersConfig", "headers", "items"),
        settings,
    )


def _kept_by_values(behaviour: Node, settings: Mapping[str, Any]) -> _Kept | None:
    """As `_kept`, where a behaviour says itself what it forwards, and for how long it keeps."""
    longest, values = behaviour["maxTtl"], behaviour["forwardedValues"]
    path = longest.path if longest.present else values.path
    headers = values["headers"]
    if number(longest, _YEAR) == 0 or "*" in words(headers):
        return None
    keyed = _credentials(values.at("cookies", "forward"), values.at("cookies", "whitelistedNames"), headers, settings)
    return _Kept(path, longest.value, keyed)


def _told(one: Resource, behaviour: Node, policies: Sequence[Resource], settings: Mapping[str, Any]) -> str:
    """What of the credentials the origin is told beyond what answers are kept by; empty for none."""
    node = behaviour["originRequestPolicyId"]
    if not given(node):
        return ""
    value = shown(node)
    if value in _TELLS_LITTLE:
        return ""
    if value in _TELLS_ALL:
        return "cookies"
    found = {_told_by(Node(policy.properties), settings) for policy in _meant(one, node, policies, REQUEST_POLICY)}
    if len(found) != 1:
        raise Undetermined(node.path)
    return found.pop()


def _told_by(policy: Node, settings: Mapping[str, Any]) -> str:
    headers, cookies = policy["headersConfig"], policy["cookiesConfig"]
    named = {name.lower() for name in words(headers.at("headers", "items"))}
    whose = headers["headerBehavior"].text
    if whose in _ALL_HEADERS or (whose == "allExcept" and "authorization" not in named):
        return "Authorization"
    return _cookies(cookies["cookieBehavior"], cookies.at("cookies", "items"), settings)


def _credentials(behaviour: Node, cookies: Node, headers: Node, settings: Mapping[str, Any]) -> str:
    """The credentials among the headers and cookies that answers are kept by; empty for none."""
    if "authorization" in {header.lower() for header in words(headers)}:
        return "Authorization"
    return _cookies(behaviour, cookies, settings)


def _cookies(behaviour: Node, names: Node, settings: Mapping[str, Any]) -> str:
    """`cookies` when there may be one that tells who asks, else nothing."""
    if behaviour.text in {"", "none"}:
        return ""
    anonymous = behaviour.text == "whitelist" and set(words(names)) <= set(settings["anonymousCookies"])
    return "" if anonymous else "cookies"
