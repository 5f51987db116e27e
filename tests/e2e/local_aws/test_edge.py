"""The edge follows its distribution: keys, lifetimes, origins and failover, answers, and the web ACL before it all."""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from local.network.plan import Plan
from tests.e2e.local_aws.origin import Answer, Origin

pytestmark = pytest.mark.e2e

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]

Wait = Callable[..., None]


@dataclass
class Edge:
    """The tests' distribution, its origins and its web ACL."""

    id: str
    domain: str
    api: Any
    waf: Any
    acl: dict[str, Any]
    blocked: dict[str, Any]
    first: Origin
    second: Origin
    trust: ssl.SSLContext
    wait: Wait

    def ask(self, path: str, method: str = "GET", scheme: str = "https", **more: Any) -> httpx.Response:
        with httpx.Client(verify=self.trust, timeout=20) as client:
            return client.request(method, f"{scheme}://{self.domain}{path}", **more)

    def cached(self, path: str, **more: Any) -> str:
        return self.ask(path, **more).headers["x-cache"].split()[0]

    def deployed(self) -> None:
        def is_deployed() -> bool:
            return bool(self.api.get_distribution(Id=self.id)["Distribution"]["Status"] == "Deployed")

        self.wait(is_deployed, "the distribution is deployed")

    def change(self, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> str:
        """Change the distribution's configuration; returns its new entity tag once the edge has it."""
        read = self.api.get_distribution_config(Id=self.id)
        config = {**read["DistributionConfig"], **change(read["DistributionConfig"])}
        etag = self.api.update_distribution(Id=self.id, IfMatch=read["ETag"], DistributionConfig=config)["ETag"]
        self.deployed()
        return str(etag)

    def block(self, *addresses: str) -> None:
        known = {"Scope": "CLOUDFRONT", "Name": self.blocked["Name"], "Id": self.blocked["Id"]}
        token = self.waf.get_ip_set(**known)["LockToken"]
        self.waf.update_ip_set(**known, Addresses=list(addresses), LockToken=token)

    def limit(self, requests: int) -> None:
        """Change the rate rule alone, as a deployment does that switches the emergency on or off."""
        known = {"Scope": "CLOUDFRONT", "Name": self.acl["Name"], "Id": self.acl["Id"]}
        read = self.waf.get_web_acl(**known)
        rules = read["WebACL"]["Rules"]
        [rate] = [rule for rule in rules if rule["Name"] == "rate"]
        rate["Statement"]["RateBasedStatement"]["Limit"] = requests
        shown = {name: read["WebACL"][name] for name in ("DefaultAction", "VisibilityConfig", "CustomResponseBodies")}
        self.waf.update_web_acl(**known, **shown, Rules=rules, LockToken=read["LockToken"])


def seen(name: str) -> dict[str, Any]:
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}


def policy(name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "MinTTL": 0,
        "DefaultTTL": 60,
        "MaxTTL": 3600,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": True,
            "EnableAcceptEncodingBrotli": True,
            "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": {"Quantity": 1, "Items": ["X-Tenant"]}},
            "CookiesConfig": {"CookieBehavior": "whitelist", "Cookies": {"Quantity": 1, "Items": ["locale"]}},
            "QueryStringsConfig": {
                "QueryStringBehavior": "allExcept",
                "QueryStrings": {"Quantity": 1, "Items": ["utm-source"]},
            },
        },
    }


def cross_origin(name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "CorsConfig": {
            "AccessControlAllowOrigins": {"Quantity": 2, "Items": ["https://shop.test", "https://*.shop.test"]},
            "AccessControlAllowMethods": {"Quantity": 1, "Items": ["GET"]},
            "AccessControlAllowHeaders": {"Quantity": 1, "Items": ["*"]},
            "AccessControlAllowCredentials": False,
            "OriginOverride": True,
        },
        "CustomHeadersConfig": {
            "Quantity": 2,
            "Items": [
                {"Header": "X-Kept", "Value": 'the "policy\'s" $1', "Override": False},
                {"Header": "X-Ours", "Value": "policy", "Override": True},
            ],
        },
        "RemoveHeadersConfig": {"Quantity": 1, "Items": [{"Header": "X-Powered-By"}]},
    }


def rules(blocked: str) -> list[dict[str, Any]]:
    """As the edge component has them: blocked addresses first, then the rate, then AWS's own groups."""
    forwarded = {"HeaderName": "X-Client", "FallbackBehavior": "NO_MATCH"}
    slow = {"ResponseCode": 429, "CustomResponseBodyKey": "slow"}
    found = [
        {
            "Name": "blocked",
            "Statement": {
                "IPSetReferenceStatement": {
                    "ARN": blocked,
                    "IPSetForwardedIPConfig": {**forwarded, "Position": "FIRST"},
                }
            },
            "Action": {"Block": {}},
        },
        {
            "Name": "blocked-direct",
            "Statement": {"IPSetReferenceStatement": {"ARN": blocked}},
            "Action": {"Block": {}},
        },
        {
            "Name": "rate",
            "Statement": {
                "RateBasedStatement": {
                    "Limit": 2000,
                    "EvaluationWindowSec": 300,
                    "AggregateKeyType": "FORWARDED_IP",
                    "ForwardedIPConfig": forwarded,
                }
            },
            "Action": {"Block": {"CustomResponse": slow}},
        },
        {
            "Name": "common",
            "Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}},
            "OverrideAction": {"None": {}},
        },
    ]
    return [
        {"Priority": index, "VisibilityConfig": seen(str(rule["Name"])), **rule} for index, rule in enumerate(found)
    ]


def origin(identifier: str, address: str, port: int) -> dict[str, Any]:
    return {
        "Id": identifier,
        "DomainName": address,
        "CustomOriginConfig": {"HTTPPort": port, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"},
        "CustomHeaders": {"Quantity": 1, "Items": [{"HeaderName": "X-From-Edge", "HeaderValue": "yes"}]},
    }


def group(identifier: str, *members: str, codes: tuple[int, ...] = (500, 503)) -> dict[str, Any]:
    return {
        "Id": identifier,
        "FailoverCriteria": {"StatusCodes": {"Quantity": len(codes), "Items": list(codes)}},
        "Members": {"Quantity": 2, "Items": [{"OriginId": member} for member in members]},
    }


@pytest.fixture(scope="module")
def origins(plan: Plan) -> Iterator[tuple[Origin, Origin]]:
    both = (Origin(plan.host_address, "first"), Origin(plan.host_address, "second"))
    for each in both:
        each.start()
    yield both
    for each in both:
        each.stop()


@pytest.fixture(scope="module")
def edge(
    client: Callable[..., Any],
    plan: Plan,
    unique: str,
    authority: str,
    origins: tuple[Origin, Origin],
    eventually: Wait,
) -> Iterator[Edge]:
    api, waf, acm = client("cloudfront"), client("wafv2", "us-east-1"), client("acm", "us-east-1")
    common = {"Scope": "CLOUDFRONT", "Name": unique}
    blocked = waf.create_ip_set(**common, IPAddressVersion="IPV4", Addresses=[])["Summary"]
    acl = waf.create_web_acl(
        **common,
        DefaultAction={"Allow": {}},
        VisibilityConfig=seen("acl"),
        CustomResponseBodies={"slow": {"ContentType": "APPLICATION_JSON", "Content": '{"slow": "down"}'}},
        Rules=rules(blocked["ARN"]),
    )["Summary"]
    names = [f"{unique}.test", f"*.{unique}.test"]
    certificate = acm.request_certificate(DomainName=names[0], SubjectAlternativeNames=names, ValidationMethod="DNS")[
        "CertificateArn"
    ]
    eventually(
        lambda: acm.describe_certificate(CertificateArn=certificate)["Certificate"]["Status"] == "ISSUED",
        "the certificate is issued",
    )
    cache = api.create_cache_policy(CachePolicyConfig=policy(unique))["CachePolicy"]["Id"]
    headers = api.create_response_headers_policy(ResponseHeadersPolicyConfig=cross_origin(unique))
    kept = {
        "TargetOriginId": "first",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": cache,
        "ResponseHeadersPolicyId": headers["ResponseHeadersPolicy"]["Id"],
        "Compress": True,
    }
    live = {
        "TargetOriginId": "first",
        "ViewerProtocolPolicy": "https-only",
        "CachePolicyId": CACHING_DISABLED,
        "OriginRequestPolicyId": ALL_BUT_HOST,
        "AllowedMethods": {"Quantity": len(METHODS), "Items": METHODS},
    }
    behaviours = [
        {**kept, "PathPattern": "/either/*", "TargetOriginId": "first-or-second"},
        {**kept, "PathPattern": "/gone/*", "TargetOriginId": "gone-or-second"},
        {**kept, "PathPattern": "/bucket/*", "TargetOriginId": "bucket-or-second"},
        {**live, "PathPattern": "/live/*"},
    ]
    first, second = origins
    with socket.socket() as free:
        # Bound and closed again: nothing listens there.
        free.bind((plan.host_address, 0))
        port = free.getsockname()[1]
    declared = [("first", first.port), ("second", second.port), ("gone", port)]
    bucket = {
        "Id": "bucket",
        "DomainName": f"{unique}-nowhere.s3.{plan.region}.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    groups = [
        group("first-or-second", "first", "second"),
        group("gone-or-second", "gone", "second"),
        group("bucket-or-second", "bucket", "second", codes=(403, 404)),
    ]
    page = {"ErrorCode": 405, "ResponsePagePath": "/sorry.html", "ResponseCode": "410", "ErrorCachingMinTTL": 0}
    config = {
        "CallerReference": unique,
        "Comment": "tests",
        "Enabled": True,
        "WebACLId": acl["ARN"],
        "Aliases": {"Quantity": 1, "Items": names[:1]},
        "ViewerCertificate": {
            "ACMCertificateArn": certificate,
            "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        },
        "Origins": {
            "Quantity": len(declared) + 1,
            "Items": [*(origin(name, plan.host_address, number) for name, number in declared), bucket],
        },
        "OriginGroups": {"Quantity": len(groups), "Items": groups},
        "DefaultCacheBehavior": kept,
        "CacheBehaviors": {"Quantity": len(behaviours), "Items": behaviours},
        "CustomErrorResponses": {"Quantity": 1, "Items": [page]},
    }
    made = api.create_distribution(DistributionConfig=config)["Distribution"]
    trust = ssl.create_default_context(cafile=authority)
    edge = Edge(made["Id"], made["DomainName"], api, waf, acl, blocked, first, second, trust, eventually)
    edge.deployed()
    yield edge
    etag = edge.change(lambda _: {"Enabled": False, "WebACLId": ""})
    api.delete_distribution(Id=edge.id, IfMatch=etag)
    token = waf.get_web_acl(**common, Id=acl["Id"])["LockToken"]
    waf.delete_web_acl(**common, Id=acl["Id"], LockToken=token)
    token = waf.get_ip_set(**common, Id=blocked["Id"])["LockToken"]
    waf.delete_ip_set(**common, Id=blocked["Id"], LockToken=token)


@pytest.fixture
def path(request: pytest.FixtureRequest) -> str:
    """A path that no other test asks for."""
    return f"/{secrets.token_hex(6)}"


# -- What is kept, and how long ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {}, "Hit"),
        (200, {"cache-control": "max-age=60"}, "Hit"),
        (200, {"cache-control": "max-age=0"}, "Miss"),
        (200, {"cache-control": "s-maxage=60, max-age=0"}, "Hit"),
        (200, {"cache-control": "private"}, "Miss"),
        (200, {"cache-control": "no-store"}, "Miss"),
        (200, {"expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, "Miss"),
        (200, {"set-cookie": "a=1"}, "Hit"),
        (200, {"vary": "*"}, "Hit"),
        (301, {"location": "/"}, "Hit"),
        (307, {"location": "/"}, "Miss"),
        (307, {"location": "/", "cache-control": "max-age=60"}, "Hit"),
    ],
)
def test_a_response_is_kept_as_policy_and_origin_say(
    edge: Edge, path: str, status: int, headers: dict[str, str], expected: str
) -> None:
    """P0-CDN, PV-CDN: minimum, default and maximum TTL against the origin's headers; private responses are not kept."""
    edge.first.answers[path] = Answer(status, headers)
    assert edge.cached(path) == "Miss"
    answer = edge.ask(path)
    assert answer.headers["x-cache"] == f"{expected} from cloudfront"
    assert ("age" in answer.headers) == (expected == "Hit")
    assert answer.status_code == status


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (500, 1), (403, 2)])
def test_errors_are_kept_a_little_while(edge: Edge, path: str, status: int, asked: int) -> None:
    """P0-CDN: error caching: 404 and 5xx always, 403 only where somebody says so."""
    edge.first.answers[path] = Answer(status)
    assert {edge.ask(path).headers["x-cache"] for _ in range(2)} == {"Error from cloudfront"}
    assert edge.first.asked[path] == asked


def test_an_old_response_is_confirmed_and_outlives_its_origin(edge: Edge, path: str) -> None:
    """PV-CDN: an origin that fails does not take away what the edge has."""
    edge.first.answers[path] = Answer(headers={"etag": '"one"', "cache-control": "max-age=1"}, body="kept")
    assert edge.cached(path) == "Miss"
    edge.wait(lambda: edge.cached(path) == "RefreshHit", "the origin confirms the old response")
    edge.first.answers[path] = Answer(503)
    before = edge.first.asked[path]
    edge.wait(lambda: edge.ask(path).text == "kept" and edge.first.asked[path] > before, "the old response is served")


def test_the_key_has_what_the_policy_names(edge: Edge, path: str) -> None:
    """P0-CDN: query strings, cookies and headers in the key; nothing else tells responses apart."""
    assert edge.cached(f"{path}?a-b=1") == "Miss"
    assert edge.cached(f"{path}?utm-source=mail&a-b=1") == "Hit"
    assert edge.cached(f"{path}?a-b=2") == "Miss"
    assert edge.cached(f"{path}?a-b=1", headers={"x-tenant": "one"}) == "Miss"
    assert edge.cached(f"{path}?a-b=1", headers={"x-other": "one", "user-agent": "else"}) == "Hit"
    assert edge.cached(f"{path}?a-b=1", headers={"cookie": "session=1; locale=de"}) == "Miss"
    assert edge.cached(f"{path}?a-b=1", headers={"cookie": "locale=de; session=2"}) == "Hit"


def test_an_invalidation_names_paths_with_their_queries(edge: Edge, path: str) -> None:
    """PV-CDN, RB-CDN: purge, by wildcard too, until it says Completed."""
    for query in ("?a=1", "?a=2", "/deep?a=1"):
        edge.cached(path + query)

    def purge(named: str) -> None:
        batch = {"Paths": {"Quantity": 1, "Items": [named]}, "CallerReference": named}
        made = edge.api.create_invalidation(DistributionId=edge.id, InvalidationBatch=batch)["Invalidation"]["Id"]

        def is_completed() -> bool:
            asked = edge.api.get_invalidation(DistributionId=edge.id, Id=made)
            return bool(asked["Invalidation"]["Status"] == "Completed")

        edge.wait(is_completed, f"{named} is purged")

    purge(f"{path}?a=1")
    assert [edge.cached(path + query) for query in ("?a=1", "?a=2", "/deep?a=1")] == ["Miss", "Hit", "Hit"]
    purge(f"{path}*")
    assert [edge.cached(path + query) for query in ("?a=1", "?a=2", "/deep?a=1")] == ["Miss", "Miss", "Miss"]


# -- Origins ----------------------------------------------------------------------------------------------------------


def test_an_origin_sees_what_the_policies_forward(edge: Edge, path: str) -> None:
    """P0-CDN: cache and origin request policies."""
    sent = {"x-tenant": "one", "x-secret": "s", "cookie": "session=1; locale=de", "authorization": "Bearer x"}
    kept = json.loads(edge.ask(f"{path}?utm-source=mail&a=1", headers=sent).text)
    assert kept["path"] == f"{path}?a=1"
    assert kept["headers"]["cookie"] == "locale=de"
    assert kept["headers"]["x-tenant"] == "one" and kept["headers"]["x-from-edge"] == "yes"
    assert kept["headers"]["user-agent"] == "Amazon CloudFront"
    assert not {"x-secret", "authorization"} & set(kept["headers"])
    own = {**sent, "x-groundwork-edge": "guess", "host": "shop.test", "x-forwarded-for": "192.0.2.1"}
    live = json.loads(edge.ask(f"/live{path}/a%2Fb?z=1&utm-source=mail", "POST", headers=own, content=b"body").text)
    assert (live["method"], live["sent"]) == ("POST", "body")
    assert live["path"] == f"/live{path}/a%2Fb?z=1&utm-source=mail", "as the viewer wrote it"
    assert live["headers"]["authorization"] == "Bearer x" and live["headers"]["cookie"] == sent["cookie"]
    assert live["headers"]["x-forwarded-for"].startswith("192.0.2.1, ")
    assert live["headers"]["host"] != "shop.test"
    assert not [name for name in live["headers"] if name.startswith("x-groundwork")]


def test_the_second_origin_answers_for_the_first(edge: Edge, path: str) -> None:
    """P0-CDN, RB-CDN: origin failover on the declared answers, and where nobody answers; the response is kept once."""

    def who(asked: str) -> str:
        return str(json.loads(edge.ask(asked).text)["origin"])

    assert who(f"/either{path}") == "first"
    for status in (500, 503):
        edge.first.answers[f"/either{path}/{status}"] = Answer(status)
        assert who(f"/either{path}/{status}") == "second"
        assert edge.cached(f"/either{path}/{status}") == "Hit"
    for status in (404, 502):
        edge.first.answers[f"/either{path}/{status}"] = Answer(status)
        assert edge.ask(f"/either{path}/{status}").status_code == status, "is not one of the group's"
    assert who(f"/gone{path}") == "second"
    assert who(f"/bucket{path}") == "second", "where a bucket has no such object"


# -- Answers ----------------------------------------------------------------------------------------------------------


def test_cross_origin_headers_are_for_allowed_origins(edge: Edge, path: str) -> None:
    """P0-CDN: response-headers policies: cross-origin, custom, override, removal."""
    own = {"x-kept": "origin", "x-ours": "origin", "x-powered-by": "x"}
    edge.first.answers[f"{path}/own"] = Answer(headers=own)
    told = edge.ask(f"{path}/own", headers={"origin": "https://www.shop.test"}).headers
    assert told["access-control-allow-origin"] == "https://www.shop.test"
    assert (told["x-kept"], told["x-ours"]) == ("origin", "policy")
    assert "x-powered-by" not in told
    for origin_header in ({"origin": "https://shop.test.evil.test"}, {}):
        told = edge.ask(path, headers=origin_header).headers
        assert "access-control-allow-origin" not in told
        assert told["x-kept"] == 'the "policy\'s" $1'


@pytest.mark.parametrize(("accepted", "expected"), [("gzip", "gzip"), ("br, gzip", "br"), ("identity", None)])
def test_text_is_compressed_as_the_viewer_accepts(edge: Edge, accepted: str, expected: str | None) -> None:
    """P0-CDN: compression."""
    edge.first.answers["/long.txt"] = Answer(body="long " * 1000)
    answer = edge.ask("/long.txt", headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == expected


def test_an_error_has_the_declared_page_and_code(edge: Edge, path: str) -> None:
    """P0-CDN: custom error responses."""
    edge.first.answers[path] = Answer(405)
    edge.first.answers["/sorry.html"] = Answer(body="sorry")
    answer = edge.ask(path)
    assert (answer.status_code, answer.text) == (410, "sorry")
    assert answer.headers["x-cache"] == "Error from cloudfront"


@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("POST", 307)])
def test_plain_requests_are_sent_to_https(edge: Edge, path: str, method: str, status: int) -> None:
    """SR-CDN: HTTPS only; a request with a body keeps its method."""
    answer = edge.ask(path, method, scheme="http")
    assert (answer.status_code, answer.headers["location"]) == (status, f"https://{edge.domain}{path}")
    assert answer.headers["x-cache"] == "Redirect from cloudfront"
    assert edge.ask(f"/live{path}", scheme="http").status_code == 403


def test_own_names_are_in_the_certificate(edge: Edge, unique: str) -> None:
    """P0-CDN: aliases with TLS by the local authority, also those that come later."""

    def shakes_hands(name: str) -> bool:
        try:
            with socket.create_connection((edge.domain, 443), timeout=10) as plain:
                edge.trust.wrap_socket(plain, server_hostname=name).close()
            return True
        except ssl.SSLCertVerificationError:
            return False

    assert shakes_hands(f"{unique}.test") and not shakes_hands(f"www.{unique}.test")
    edge.change(lambda _: {"Aliases": {"Quantity": 2, "Items": [f"{unique}.test", f"www.{unique}.test"]}})
    edge.wait(lambda: shakes_hands(f"www.{unique}.test"), "the new name is certified")


def test_a_disabled_distribution_answers_nobody(edge: Edge, path: str) -> None:
    edge.change(lambda _: {"Enabled": False})
    edge.wait(lambda: edge.ask(path).status_code == 403, "it is refused")
    edge.change(lambda _: {"Enabled": True})
    edge.wait(lambda: edge.ask(path).status_code == 200, "it is served again")


def test_the_edge_listens_on_the_platforms_addresses_only(edge: Edge, plan: Plan) -> None:
    listening = subprocess.run(
        ["ip", "netns", "exec", plan.hub, "ss", "-Hltnp"], capture_output=True, text=True, check=True
    ).stdout
    found = {line.split()[3].rpartition(":")[0] for line in listening.splitlines() if '"nginx"' in line}
    assert edge.domain in found
    assert all(address.startswith("10.216.") for address in found)


# -- The web ACL ------------------------------------------------------------------------------------------------------


def test_blocked_addresses_are_refused_until_they_are_let_in(edge: Edge, path: str, plan: Plan) -> None:
    """P0-EDGE, RB-EDGE: block an address, the viewer's own and that of a header, and let it in again."""
    other = {"x-client": "198.51.100.7"}
    edge.block("192.0.2.0/24")
    edge.wait(lambda: edge.ask(path, headers={"x-client": "192.0.2.9"}).status_code == 403, "the range is blocked")
    assert edge.ask(path, headers=other).status_code == 200
    edge.block(f"{plan.host_address}/32")
    edge.wait(lambda: edge.ask(path, headers=other).status_code == 403, "the viewer itself is blocked")
    # nginx's old process may take one more request while it ends.
    edge.wait(lambda: edge.cached(path) == "Error", "a refusal is the edge's own answer")
    edge.block()
    edge.wait(lambda: edge.ask(path, headers=other).status_code == 200, "everybody is let in")


def test_the_emergency_limit_takes_effect_at_once_and_ends(edge: Edge, path: str) -> None:
    """P0-EDGE, RB-EDGE: emergency mode on and off: the limit of each address, with an answer of its own."""

    def code(address: str = "198.51.100.20") -> int:
        return edge.ask(path, headers={"x-client": address}).status_code

    edge.wait(lambda: code() == 200, "everybody is let in")
    assert {code() for _ in range(25)} == {200}
    edge.limit(10)
    refused: list[httpx.Response] = []

    def is_refused() -> bool:
        refused.append(edge.ask(path, headers={"x-client": "198.51.100.20"}))
        return refused[-1].status_code == 429

    edge.wait(is_refused, "the address is above the emergency limit")
    assert refused[-1].json() == {"slow": "down"}
    assert refused[-1].headers["content-type"] == "application/json"
    assert code("198.51.100.21") == 200, "another address is not"
    edge.limit(2000)
    edge.wait(lambda: code() == 200, "the emergency is over")


def test_a_change_drops_no_connection(edge: Edge, path: str) -> None:
    """RB-EDGE: a download under way ends as it should while the rules change."""
    edge.wait(lambda: edge.ask(path).status_code == 200, "everybody is let in")
    gate = threading.Event()
    edge.first.answers[f"/live{path}"] = Answer(body="half" * 100_000, gate=gate)
    received: list[int] = []
    with (
        httpx.Client(verify=edge.trust, timeout=60) as client,
        client.stream("GET", f"https://{edge.domain}/live{path}") as answer,
    ):
        body = answer.iter_raw()
        received.append(len(next(body)))
        edge.block("192.0.2.77/32")
        edge.wait(lambda: edge.ask(path, headers={"x-client": "192.0.2.77"}).status_code == 403, "the change is there")
        gate.set()
        received += [len(part) for part in body]
    edge.block()
    assert sum(received) == 400_000
