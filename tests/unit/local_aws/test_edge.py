"""What nginx is told about a distribution and its web ACL: pure functions of what is declared (P0-CDN, P0-EDGE)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.aws.dataplane import edge_config, edge_nginx
from local.aws.dataplane.desired import Behaviour, EdgeSite
from local.aws.dataplane.edge_origins import Origins
from local.aws.dataplane.edge_purge import is_named, purge
from local.aws.dataplane.edge_rules import render_rules
from local.aws.dataplane.edge_text import quoted
from local.aws.extensions.cloudfront_config import bucket_of, with_defaults
from local.aws.web_acl import WebAcl

pytestmark = pytest.mark.unit

FOLDER = Path("/servers/one")
SET = "arn:aws:wafv2:us-east-1:123456789012:global/ipset/blocked/1"
GROUP = "arn:aws:wafv2:us-east-1:123456789012:global/rulegroup/own/1"


def lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines()}


def behaviour(pattern: str | None = None, **more: Any) -> Behaviour:
    declared = {"TargetOriginId": "assets", "ViewerProtocolPolicy": "redirect-to-https", "CachePolicyId": "c"}
    if pattern:
        declared["PathPattern"] = pattern
    cache = {
        "MinTTL": 0,
        "DefaultTTL": 60,
        "MaxTTL": more.pop("most", 3600),
        "ParametersInCacheKeyAndForwardedToOrigin": more.pop("key", {}),
    }
    headers, told = more.pop("response_headers", None), more.pop("told", None)
    config = with_defaults({"DefaultCacheBehavior": {**declared, **more}})
    return Behaviour(pattern, config["DefaultCacheBehavior"], cache, told, headers)


def site(*behaviours: Behaviour, signing: bool = True, acl: WebAcl | None = None, **more: Any) -> EdgeSite:
    bucket = {"Id": "assets", "DomainName": "bucket.s3.eu-west-1.amazonaws.com"}
    config = with_defaults(
        {
            "Enabled": True,
            "Origins": {"Items": [bucket, *more.pop("origins", [])]},
            "DefaultCacheBehavior": dict(behaviours[-1].declared),
            **more,
        }
    )
    return EdgeSite(
        name="cdn-e1",
        id="E1",
        arn="arn:aws:cloudfront::123456789012:distribution/E1",
        address="10.213.16.5",
        generation=1,
        config=config,
        behaviours=behaviours,
        signing=frozenset({"assets"} if signing else ()),
        purges={},
        acl=acl,
    )


def custom(policy: str = "http-only") -> dict[str, Any]:
    """An origin that is a server of its own."""
    return {
        "Id": "api",
        "DomainName": "10.213.0.9",
        "CustomOriginConfig": {"HTTPPort": 8080, "HTTPSPort": 8443, "OriginProtocolPolicy": policy},
    }


def render(one: EdgeSite) -> edge_config.Site:
    origins = Origins("10.213.0.1:4566", "edge-secret", FOLDER / "origins")
    around = edge_config.Surroundings(origins, FOLDER / "cache", FOLDER / "server.pem", FOLDER / "key.pem")
    return edge_config.render_site(one, around)


def rendered(one: EdgeSite) -> set[str]:
    return lines(render(one).configuration)


def data(one: EdgeSite) -> Any:
    return json.loads(render(one).data)


def blocking(name: str, priority: int, statement: Mapping[str, Any], **action: Any) -> dict[str, Any]:
    return {"Name": name, "Priority": priority, "Statement": statement, **(action or {"Action": {"Block": {}}})}


class TestEdge:
    def test_plain_requests_are_redirected(self) -> None:
        """SR-CDN: HTTPS only."""
        assert "return 301 https://$host$request_uri;" in rendered(site(behaviour()))
        only = rendered(site(behaviour(ViewerProtocolPolicy="https-only")))
        assert "return 403;" in only and "return 301 https://$host$request_uri;" not in only

    def test_a_bucket_is_reached_by_its_path_and_with_the_signature_of_the_distribution(self) -> None:
        found = rendered(site(behaviour()))
        assert "proxy_pass http://10.213.0.1:4566/bucket$request_uri;" in found
        assert any(line.startswith("proxy_set_header x-groundwork-distribution arn:aws:") for line in found)

    def test_without_access_control_the_edge_signs_nothing(self) -> None:
        assert 'proxy_set_header x-groundwork-distribution "";' in rendered(site(behaviour(), signing=False))

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            (None, "/"),
            ("img/*.jpg", '~ "(?s)^/img/.*\\.jpg\\z"'),
            ("/a?c", '~ "(?s)^/a.c\\z"'),
            ("/plain", '~ "(?s)^/plain\\z"'),
        ],
    )
    def test_path_patterns(self, pattern: str | None, expected: str) -> None:
        assert edge_config.location(pattern) == expected

    def test_only_the_query_of_the_cache_policy_counts(self) -> None:
        key = {"QueryStringsConfig": {"QueryStringBehavior": "whitelist", "QueryStrings": {"Items": ["v-1"]}}}
        [found] = data(site(behaviour(key=key)))["behaviours"]
        assert found["key"]["query"] == {"mode": "whitelist", "names": {"v-1": True}}
        assert found["told"]["query"] == {"mode": "none", "names": {}}

    def test_headers_in_the_key_are_forwarded_and_others_are_not(self) -> None:
        """P0-CDN: cache policy and origin request policy decide what an origin sees."""
        key = {"HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": {"Items": ["X-Tenant"]}}}
        told = {"HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": {"Items": ["CloudFront-Forwarded-Proto"]}}}
        one = site(behaviour(key=key, told=told))
        assert data(one)["behaviours"][0]["key"]["headers"] == ["http_x_tenant"]
        expected = {
            "proxy_pass_request_headers off;",
            "proxy_set_header X-Tenant $http_x_tenant;",
            "proxy_set_header CloudFront-Forwarded-Proto $scheme;",
            'proxy_set_header User-Agent "Amazon CloudFront";',
        }
        assert expected <= rendered(one)

    def test_all_headers_but_some_are_all_but_those(self) -> None:
        told = {"HeadersConfig": {"HeaderBehavior": "allExcept", "Headers": {"Items": ["Host", "X-Debug"]}}}
        found = rendered(site(behaviour(told=told, TargetOriginId="api"), origins=[custom()]))
        assert {"proxy_pass_request_headers on;", 'proxy_set_header X-Debug "";'} <= found
        assert "proxy_set_header Host 10.213.0.9;" in found

    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            ("http-only", "proxy_pass http://10.213.0.9:8080$request_uri;"),
            ("https-only", "proxy_pass https://10.213.0.9:8443$request_uri;"),
            ("match-viewer", "proxy_pass $edge_url$request_uri;"),
        ],
    )
    def test_a_custom_origin_is_asked_by_its_protocol(self, policy: str, expected: str) -> None:
        one = site(behaviour(TargetOriginId="api"), origins=[custom(policy)])
        assert expected in rendered(one)
        assert 'proxy_set_header x-groundwork-edge "";' in rendered(one), "only S3 sees the edge's secret"
        assert data(one)["behaviours"][0]["raw"] is True

    def test_an_origin_group_asks_its_second_member(self) -> None:
        """P0-CDN, RB-CDN: origin failover, also when the first does not answer at all."""
        group = {
            "Id": "either",
            "FailoverCriteria": {"StatusCodes": {"Items": [500, 503]}},
            "Members": {"Items": [{"OriginId": "assets"}, {"OriginId": "api"}]},
        }
        one = site(behaviour(TargetOriginId="either"), origins=[custom()], OriginGroups={"Items": [group]})
        expected = {
            "error_page 500 502 503 504 = @second;",
            'if ($edge_answered ~ "^502:[0-9]") { return 502; }',
            "proxy_pass http://10.213.0.9:8080$request_uri;",
        }
        assert expected <= rendered(one)
        assert data(one)["behaviours"][0]["raw"] is False, "a bucket's name stands before the path"

    def test_compression_is_what_the_cache_policy_tells_apart(self) -> None:
        key = {"EnableAcceptEncodingGzip": True, "EnableAcceptEncodingBrotli": True}
        assert {"gzip on;", "brotli on;"} <= rendered(site(behaviour(key=key, Compress=True)))
        assert not {"gzip on;", "brotli on;"} & rendered(site(behaviour(Compress=True)))
        assert not {"gzip on;", "brotli on;"} & rendered(site(behaviour(key=key)))

    def test_error_pages_and_how_long_errors_are_kept(self) -> None:
        page = {"ErrorCode": 403, "ResponsePagePath": "/403.html", "ResponseCode": "404", "ErrorCachingMinTTL": 30}
        one = site(behaviour(), CustomErrorResponses={"Items": [page]})
        assert "error_page 403 =404 /403.html;" in rendered(one)
        assert data(one)["errors"] == {"403": 30}

    def test_no_caching_when_the_policy_says_so(self) -> None:
        """SR-CDN: API responses are not kept."""
        never = rendered(site(behaviour(most=0)))
        assert not [line for line in never if line.startswith("proxy_cache ")]
        assert "proxy_buffering off;" in never, "events arrive when they happen"

    def test_response_headers_replace_or_fill_in(self) -> None:
        """P0-CDN: security headers."""
        policy = {
            "SecurityHeadersConfig": {
                "StrictTransportSecurity": {
                    "Override": True,
                    "AccessControlMaxAgeSec": 60,
                    "IncludeSubdomains": True,
                },
                "FrameOptions": {"Override": False, "FrameOption": "DENY"},
            }
        }
        found = rendered(site(behaviour(response_headers=policy)))
        variable = "$e_e1_0_h_strict_transport_security"
        origin = "$upstream_http_strict_transport_security"
        assert f'map "1" {variable} {{ default {origin}; 1 "max-age=60; includeSubDomains"; }}' in found
        origin, variable = "$upstream_http_x_frame_options", "$e_e1_0_h_x_frame_options"
        assert f'map {origin} {variable} {{ "" {variable}_own; default {origin}; }}' in found

    def test_cross_origin_headers_answer_allowed_origins_only(self) -> None:
        config = {
            "AccessControlAllowOrigins": {"Items": ["https://*.shop.test"]},
            "AccessControlAllowMethods": {"Items": ["GET"]},
            "AccessControlAllowHeaders": {"Items": ["*"]},
            "AccessControlAllowCredentials": False,
            "OriginOverride": True,
        }
        found = rendered(site(behaviour(response_headers={"CorsConfig": config})))
        pattern = r"~^(https://.+\\.shop\\.test)$"
        assert f'map $http_origin $e_e1_0_allowed {{ default ""; "{pattern}" 1; }}' in found
        origin = "$upstream_http_access_control_allow_origin"
        name = "$e_e1_0_h_access_control_allow_origin"
        assert f"map $e_e1_0_allowed {name} {{ default {origin}; 1 $http_origin; }}" in found

    def test_any_line_of_text_can_be_a_header(self) -> None:
        assert quoted('a "b" \\ $c') == r'"a \"b\" \\ ${edge_dollar}c"'
        with pytest.raises(ValueError, match="control"):
            quoted("a\nb")

    def test_a_disabled_distribution_serves_nothing(self) -> None:
        found = rendered(site(behaviour(), Enabled=False))
        assert "return 403;" in found
        assert not [line for line in found if line.startswith("location")]

    def test_a_viewer_cannot_bring_the_edges_headers(self) -> None:
        found = rendered(site(behaviour()))
        assert "proxy_pass_request_headers off;" in found
        assert {'proxy_set_header x-groundwork-host "";', 'proxy_set_header Authorization "";'} <= found

    def test_text_that_would_end_a_directive_is_refused(self) -> None:
        with pytest.raises(ValueError, match="quotes"):
            rendered(site(behaviour(), DefaultRootObject="index.html; evil"))

    @pytest.mark.parametrize(
        ("domain", "bucket"),
        [
            ("b.s3.amazonaws.com", "b"),
            ("b.s3.eu-west-1.amazonaws.com", "b"),
            ("dotted.name.s3.eu-west-1.amazonaws.com", "dotted.name"),
            ("example.com", None),
            ("s3.amazonaws.com", None),
        ],
    )
    def test_buckets_are_known_by_their_domain(self, domain: str, bucket: str | None) -> None:
        assert bucket_of(domain) == bucket

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/a.txt", True),
            ("/a*", True),
            ("/*", True),
            ("/a.txt?v=1", True),
            ("/a.txt?v=2", False),
            ("/%61.txt", True),
            ("/a", False),
            ("/b*", False),
        ],
    )
    def test_an_invalidation_names_keys(self, path: str, expected: bool) -> None:
        assert is_named("/a.txt?v=1|||", [path]) is expected

    def test_a_purge_drops_the_named_files_only(self, tmp_path: Path) -> None:
        """P0-CDN: purge."""
        for name, key in (("one", "/a.txt?|||"), ("two", "/b.txt?|||")):
            (tmp_path / name).write_bytes(b"\x05\x00header\nKEY: " + key.encode() + b"\nHTTP/1.1 200 OK\r\n\r\nbody")
        assert purge(tmp_path, ["/a.txt"]) == 1
        assert [file.name for file in tmp_path.iterdir()] == ["two"]


class TestWebAcl:
    def test_sets_become_ranges_of_addresses(self) -> None:
        """P0-EDGE, RB-EDGE: blocked addresses, and those of a header."""
        forwarded = {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH", "Position": "FIRST"}
        rules = (
            blocking("one", 0, {"IPSetReferenceStatement": {"ARN": SET}}),
            blocking("two", 1, {"IPSetReferenceStatement": {"ARN": SET, "IPSetForwardedIPConfig": forwarded}}),
        )
        found = render_rules(WebAcl("acl", {"Allow": {}}, rules, addresses={SET: ("192.0.2.0/24",)}), "w")
        assert found.directives == (
            r'map $http_x_forwarded_for $w_from_x_forwarded_for_first { default ""; "~^\s*([^,\s]+)" $1; }',
            'geo $remote_addr $w_set_0 { default ""; 192.0.2.0/24 1; }',
            'geo $w_from_x_forwarded_for_first $w_set_1 { default ""; 192.0.2.0/24 1; }',
        )
        first, second = found.data["rules"]
        assert first == {"name": "one", "action": "block", "when": {"kind": "address", "member": "w_set_0"}}
        assert second["when"]["fallback"] is True and second["when"]["member"] == "w_set_1"

    def test_a_changed_limit_begins_to_count_anew(self) -> None:
        """P0-EDGE: the emergency limit."""

        def counter(limit: int) -> Any:
            rate = {"RateBasedStatement": {"Limit": limit, "AggregateKeyType": "IP"}}
            return render_rules(WebAcl("acl", {"Allow": {}}, (blocking("rate", 0, rate),)), "w").data["rules"][0]

        usual, emergency = counter(2000)["when"], counter(200)["when"]
        assert (usual["limit"], usual["window"], usual["source"]) == (2000, 300, "remote_addr")
        assert usual["counter"] != emergency["counter"] and usual == counter(2000)["when"]

    def test_a_group_keeps_its_rules_unless_they_are_overridden(self) -> None:
        inside = tuple(blocking(name, 0, {"IPSetReferenceStatement": {"ARN": SET}}) for name in ("a", "b"))
        reference = {"ARN": GROUP, "RuleActionOverrides": [{"Name": "b", "ActionToUse": {"Allow": {}}}]}
        rule = blocking("own", 0, {"RuleGroupReferenceStatement": reference}, OverrideAction={"None": {}})
        acl = WebAcl("acl", {"Allow": {}}, (rule,), groups={GROUP: (inside, {})})
        assert [each["action"] for each in render_rules(acl, "w").data["rules"][0]["rules"]] == ["block", "allow"]
        counting = {**rule, "OverrideAction": {"Count": {}}}
        found = render_rules(replace(acl, rules=(counting,)), "w").data["rules"][0]["rules"]
        assert [each["action"] for each in found] == ["count", "count"]

    def test_aws_own_groups_are_recorded(self) -> None:
        statement = {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}
        rule = blocking("common", 0, statement, OverrideAction={"None": {}})
        [found] = render_rules(WebAcl("acl", {"Allow": {}}, (rule,)), "w").data["rules"]
        assert found["when"] == {"kind": "never"}

    def test_an_answer_of_its_own(self) -> None:
        answer = {
            "ResponseCode": 429,
            "CustomResponseBodyKey": "slow",
            "ResponseHeaders": [{"Name": "retry-after", "Value": "300"}],
        }
        bodies = {"slow": {"ContentType": "APPLICATION_JSON", "Content": "{}"}}
        acl = WebAcl("acl", {"Block": {"CustomResponse": answer}}, (), bodies)
        assert render_rules(acl, "w").data["default"]["answer"] == {
            "status": 429,
            "headers": [["retry-after", "300"]],
            "body": "{}",
            "type": "application/json",
        }

    def test_a_site_without_an_acl_asks_nobody(self) -> None:
        one = site(behaviour())
        assert "web_acl" not in data(one) and "web_acl" not in render(one).configuration
        judged = replace(one, acl=WebAcl("acl", {"Allow": {}}, ()))
        assert 'server_rewrite_by_lua_block { require("web_acl").judge("E1") }' in rendered(judged)


def test_all_sites_are_read_when_nginx_starts() -> None:
    paths = [FOLDER / "sites" / f"{name}.json" for name in ("a", "b")]
    found = edge_nginx.render_main(FOLDER, FOLDER / "origins", Path("/modules"), paths)
    assert f'require("sites").load({{ "{paths[0]}", "{paths[1]}" }})' in found
    assert "load_module /modules/ngx_http_lua_module.so;" in found


def test_nginx_says_where_its_modules_are() -> None:
    assert edge_nginx.modules_path("configure arguments: --modules-path=/usr/lib/nginx/modules --with-x") == (
        "/usr/lib/nginx/modules"
    )
    assert edge_nginx.modules_path("nginx version: 1") is None
