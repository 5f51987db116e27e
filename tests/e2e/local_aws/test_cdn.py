"""A distribution is a real cache in front of a private bucket (P0-CDN, SR-CDN, PV-CDN)."""

from __future__ import annotations

import json
import os
import signal
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from local.aws.dataplane.clean import addresses
from local.aws.layout import Layout
from local.network.plan import Plan
from local.processes import Processes

pytestmark = pytest.mark.e2e

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"

Wait = Callable[..., None]


@dataclass(frozen=True)
class Cdn:
    """The tests' distribution and bucket."""

    id: str
    domain: str
    bucket: str
    api: Any
    s3: Any
    trust: ssl.SSLContext
    plan: Plan

    def get(self, path: str, **more: Any) -> httpx.Response:
        with httpx.Client(verify=self.trust, timeout=20) as client:
            return client.get(f"https://{self.domain}{path}", **more)

    def put(self, key: str, body: bytes, **more: Any) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def cached(self, path: str) -> tuple[str, str]:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text, answer.headers["x-cache"]


@pytest.fixture(scope="module")
def cdn(client: Callable[[str], Any], plan: Plan, unique: str, authority: str, eventually: Wait) -> Iterator[Cdn]:
    api, s3 = client("cloudfront"), client("s3")
    s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": plan.region})
    cache = api.create_cache_policy(CachePolicyConfig=cache_policy(unique))["CachePolicy"]["Id"]
    headers = {
        "Name": unique,
        "SecurityHeadersConfig": {
            "StrictTransportSecurity": {"Override": True, "AccessControlMaxAgeSec": 63072000},
            "ContentTypeOptions": {"Override": True},
        },
    }
    policy = api.create_response_headers_policy(ResponseHeadersPolicyConfig=headers)["ResponseHeadersPolicy"]["Id"]
    control = api.create_origin_access_control(
        OriginAccessControlConfig={
            "Name": unique,
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )["OriginAccessControl"]["Id"]
    behaviour = {
        "TargetOriginId": "assets",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": cache,
        "ResponseHeadersPolicyId": policy,
        "Compress": True,
    }
    fresh = {**behaviour, "PathPattern": "fresh/*", "CachePolicyId": CACHING_DISABLED}
    origin = {
        "Id": "assets",
        "DomainName": f"{unique}.s3.{plan.region}.amazonaws.com",
        "OriginAccessControlId": control,
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    created = api.create_distribution(
        DistributionConfig={
            "CallerReference": unique,
            "Comment": "tests",
            "Enabled": True,
            "DefaultRootObject": "index.html",
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behaviour,
            "CacheBehaviors": {"Quantity": 1, "Items": [fresh]},
        }
    )["Distribution"]
    cdn = Cdn(created["Id"], created["DomainName"], unique, api, s3, ssl.create_default_context(cafile=authority), plan)
    deployed(cdn, eventually)
    s3.put_bucket_policy(Bucket=unique, Policy=json.dumps(readable_by(created["ARN"], unique)))
    yield cdn
    delete(cdn, eventually)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=unique):
        for each in page.get("Contents", []):
            s3.delete_object(Bucket=unique, Key=each["Key"])
    s3.delete_bucket(Bucket=unique)


def cache_policy(name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "MinTTL": 0,
        "DefaultTTL": 600,
        "MaxTTL": 3600,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": True,
            "HeadersConfig": {"HeaderBehavior": "none"},
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {
                "QueryStringBehavior": "whitelist",
                "QueryStrings": {"Quantity": 1, "Items": ["version"]},
            },
        },
    }


def readable_by(distribution: str, bucket: str) -> dict[str, Any]:
    edge = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringEquals": {"AWS:SourceArn": distribution}},
    }
    return {"Version": "2012-10-17", "Statement": [edge]}


def deployed(cdn: Cdn, eventually: Wait) -> None:
    def is_deployed() -> bool:
        return bool(cdn.api.get_distribution(Id=cdn.id)["Distribution"]["Status"] == "Deployed")

    eventually(is_deployed, "the distribution is deployed")


def delete(cdn: Cdn, eventually: Wait) -> None:
    read = cdn.api.get_distribution_config(Id=cdn.id)
    disabled = {**read["DistributionConfig"], "Enabled": False}
    etag = cdn.api.update_distribution(Id=cdn.id, IfMatch=read["ETag"], DistributionConfig=disabled)["ETag"]
    deployed(cdn, eventually)
    cdn.api.delete_distribution(Id=cdn.id, IfMatch=etag)
    eventually(lambda: cdn.domain not in addresses(cdn.plan), "the distribution's address is gone")


def test_the_first_read_misses_and_the_second_hits(cdn: Cdn) -> None:
    """PV-CDN: assets are cached."""
    cdn.put("hit.txt", b"one")
    assert cdn.cached("/hit.txt") == ("one", "Miss from cloudfront")
    assert cdn.cached("/hit.txt") == ("one", "Hit from cloudfront")


def test_an_invalidation_purges_what_it_names(cdn: Cdn, eventually: Wait) -> None:
    """PV-CDN, RB-CDN: purge."""
    for name in ("purged/a b.txt", "kept.txt"):
        cdn.put(name, b"old")
        cdn.cached("/" + name)
        cdn.put(name, b"new")
    batch = {"Paths": {"Quantity": 1, "Items": ["/purged/*"]}, "CallerReference": "purge"}
    made = cdn.api.create_invalidation(DistributionId=cdn.id, InvalidationBatch=batch)["Invalidation"]["Id"]
    eventually(
        lambda: cdn.api.get_invalidation(DistributionId=cdn.id, Id=made)["Invalidation"]["Status"] == "Completed",
        "the invalidation is completed",
    )
    assert cdn.cached("/purged/a b.txt") == ("new", "Miss from cloudfront")
    assert cdn.cached("/kept.txt") == ("old", "Hit from cloudfront")


def test_only_the_chosen_query_string_tells_responses_apart(cdn: Cdn) -> None:
    """P0-CDN: the cache key is the cache policy's."""
    cdn.put("query.txt", b"one")
    assert cdn.cached("/query.txt?version=1")[1].startswith("Miss")
    assert cdn.cached("/query.txt?version=1&tracking=7")[1].startswith("Hit")
    assert cdn.cached("/query.txt?version=2")[1].startswith("Miss")


def test_the_origins_wish_not_to_be_cached_is_followed(cdn: Cdn) -> None:
    """PV-CDN: private responses are never cached."""
    cdn.put("private.txt", b"mine", CacheControl="private, no-store")
    assert {cdn.cached("/private.txt")[1] for _ in range(2)} == {"Miss from cloudfront"}


def test_a_behaviour_with_caching_disabled_never_hits(cdn: Cdn) -> None:
    """SR-CDN: behaviours by path."""
    cdn.put("fresh/now.txt", b"one")
    assert {cdn.cached("/fresh/now.txt")[1] for _ in range(2)} == {"Miss from cloudfront"}


def test_plain_requests_are_redirected(cdn: Cdn) -> None:
    """SR-CDN: HTTPS only."""
    answer = httpx.get(f"http://{cdn.domain}/hit.txt?version=1")
    assert (answer.status_code, answer.headers["location"]) == (301, f"https://{cdn.domain}/hit.txt?version=1")


def test_security_headers_are_on_every_answer(cdn: Cdn) -> None:
    """P0-CDN: response-headers policy, on errors too."""
    cdn.put("headers.txt", b"one")
    for path in ("/headers.txt", "/missing.txt"):
        headers = cdn.get(path).headers
        assert headers["strict-transport-security"] == "max-age=63072000"
        assert headers["x-content-type-options"] == "nosniff"


def test_the_root_object_is_the_declared_one(cdn: Cdn) -> None:
    cdn.put("index.html", b"<h1>home</h1>", ContentType="text/html")
    assert cdn.get("/").text == "<h1>home</h1>"


def test_other_methods_are_refused(cdn: Cdn) -> None:
    with httpx.Client(verify=cdn.trust) as client:
        assert client.post(f"https://{cdn.domain}/hit.txt", content=b"x").status_code == 403


def test_the_bucket_is_closed_to_everybody_else(cdn: Cdn) -> None:
    """SR-STORE: only the distribution that the policy names reads the bucket."""
    cdn.put("closed.txt", b"one")
    assert cdn.get("/closed.txt").status_code == 200
    assert httpx.get(f"{cdn.plan.aws_url}/{cdn.bucket}/closed.txt").status_code == 403
    pretended = {"x-groundwork-edge": "", "x-groundwork-distribution": "arn:aws:cloudfront::1:distribution/E"}
    assert httpx.get(f"{cdn.plan.aws_url}/{cdn.bucket}/closed.txt", headers=pretended).status_code == 403


def test_an_unknown_authority_is_not_trusted(cdn: Cdn) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"https://{cdn.domain}/hit.txt")


def test_a_killed_edge_comes_back(cdn: Cdn, paths: Any, eventually: Wait) -> None:
    """The data plane converges after the crash of a process, workers that outlive their master included."""
    cdn.put("back.txt", b"one")
    before = Processes(Layout.of(paths).server_records).running("cdn")
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)

    def is_new() -> bool:
        now = Processes(Layout.of(paths).server_records).running("cdn")
        return now is not None and now.pid != before.pid

    def serves() -> bool:
        # The process exists a moment before it listens.
        try:
            return cdn.get("/back.txt").status_code == 200
        except httpx.TransportError:
            return False

    eventually(is_new, "nginx runs again")
    eventually(serves, "it serves")
