"""What redis-server, PostgreSQL and nginx are told: pure functions of what is declared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.aws.dataplane import edge_config, postgres_config, redis_config
from local.aws.dataplane.desired import (
    Behaviour,
    EdgeSite,
    PostgresServer,
    Upstream,
    fingerprint,
)
from local.aws.dataplane.edge_driver import is_named, purge
from local.aws.dataplane.redis_desired import RedisServer, RedisUser
from local.aws.extensions.cloudfront_config import bucket_of, with_defaults
from local.aws.extensions.elasticache_parameters import redis_settings
from local.aws.web_acl import Judgement

pytestmark = pytest.mark.unit

FOLDER = Path("/servers/one")
TOKEN = "the-clients-token"
CONTROL = "the-platforms-password"


def lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines()}


class TestRedis:
    credentials = redis_config.Credentials(CONTROL, FOLDER / "server.pem", FOLDER / "key.pem", FOLDER / "ca.pem")
    server = RedisServer(
        name="redis-one",
        address="10.213.16.1",
        port=6379,
        tls=True,
        tokens=(TOKEN,),
        settings=redis_settings({"maxmemory-policy": "noeviction"}, "cache.t4g.micro"),
        primary=None,
    )

    def render(self, server: RedisServer) -> str:
        return redis_config.render(server, FOLDER, self.credentials)

    def test_a_token_is_written_as_its_hash_only(self) -> None:
        """SR-SECRET: the file shows no client's token."""
        rendered = self.render(self.server)
        assert TOKEN not in rendered
        assert f"#{fingerprint(TOKEN)}" in rendered
        assert "nopass" not in rendered

    def test_encryption_leaves_no_plain_port(self) -> None:
        """SR-REDIS-HA: with encryption in transit there is nothing else to connect to."""
        assert {"port 0", "tls-port 6379", "tls-replication yes"} <= lines(self.render(self.server))
        assert "port 6379" in lines(self.render(replace(self.server, tls=False)))

    def test_the_parameter_group_is_applied_and_nothing_is_persisted(self) -> None:
        """P0-REDIS: a queue's Redis never evicts."""
        assert {'maxmemory-policy "noeviction"', 'save ""', 'appendonly "no"'} <= lines(self.render(self.server))

    def test_a_rotation_accepts_both_tokens(self) -> None:
        rendered = self.render(replace(self.server, tokens=("new", "old")))
        assert f"#{fingerprint('new')}" in rendered and f"#{fingerprint('old')}" in rendered

    def test_no_token_means_no_password(self) -> None:
        assert " nopass " in self.render(replace(self.server, tokens=("",)))

    def test_a_replica_names_its_primary(self) -> None:
        assert "replicaof 10.213.16.9 6379" in lines(self.render(replace(self.server, primary="10.213.16.9")))

    @pytest.mark.parametrize("command", ["config", "replicaof", "shutdown", "acl|setuser"])
    def test_clients_do_not_get_what_elasticache_keeps(self, command: str) -> None:
        """Whoever they are, and whatever they are granted."""
        everything = RedisUser(name="app", access="on ~* +@all", passwords=("the-users-password",))
        for server in (self.server, replace(self.server, users=(everything,))):
            [rules] = redis_config.clients(server).values()
            assert f"-{command}" in rules[rules.index("+@all") :]

    @pytest.mark.parametrize(
        ("node_type", "changed", "expected"),
        [
            ("cache.t4g.micro", {}, 201326592),
            ("cache.r7g.16xlarge", {}, 201326592),
            ("cache.t4g.micro", {"reserved-memory-percent": "50"}, 134217728),
        ],
    )
    def test_memory_is_bounded(self, node_type: str, changed: dict[str, str], expected: int) -> None:
        assert redis_settings(changed, node_type)["maxmemory"] == str(expected)


class TestPostgres:
    files = postgres_config.Files(
        FOLDER / "socket", FOLDER / "server.pem", FOLDER / "key.pem", FOLDER / "ca.pem", FOLDER / "pgpass"
    )
    server = PostgresServer(
        name="postgres-eu-west-1-db",
        address="10.213.16.3",
        port=5432,
        username="app",
        password="the-master-password",
        database="app",
        parameters={},
        primary=None,
        replicas=(),
        boots=1,
    )

    def render(self, **changes: Any) -> set[str]:
        return lines(postgres_config.render(replace(self.server, **changes), self.files))

    def access(self, **changes: Any) -> set[str]:
        return lines(postgres_config.render_access(replace(self.server, **changes), "10.213.0.0/16"))

    def test_small_defaults_yield_to_the_parameter_group(self) -> None:
        assert "shared_buffers = '32MB'" in self.render()
        assert "shared_buffers = '8192'" in self.render(parameters={"shared_buffers": "8192"})

    def test_what_the_platform_needs_cannot_be_declared_away(self) -> None:
        changed = self.render(parameters={"listen_addresses": "*", "ssl": "off"})
        assert {"listen_addresses = '10.213.16.3'", "ssl = 'on'"} <= changed

    def test_formulas_and_rdss_own_parameters_stay_out(self) -> None:
        changed = {"rds.force_ssl": "1", "max_wal_senders": "20", "work_mem": "{DBInstanceClassMemory/65536}"}
        assert postgres_config.effective(changed) == {"max_wal_senders": "20"}

    def test_quotes_are_escaped(self) -> None:
        assert "search_path = 'a''b'" in self.render(parameters={"search_path": "a'b"})

    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [({}, "reject"), ({"rds.force_ssl": "1"}, "reject"), ({"rds.force_ssl": "0"}, "scram-sha-256")],
    )
    def test_connections_without_tls(self, parameters: dict[str, str], expected: str) -> None:
        """SR-DB: RDS refuses them from PostgreSQL 15 unless told otherwise."""
        assert f"hostnossl all all 10.213.0.0/16 {expected}" in self.access(parameters=parameters)

    def test_nobody_is_trusted_over_the_network(self) -> None:
        assert not [line for line in self.access() if line.startswith("host") and line.endswith("trust")]

    def test_a_replica_follows_its_primary_without_a_password_in_the_file(self) -> None:
        """P0-REPLICA: the password stands in a file of its own, the primary is verified."""
        rendered = self.render(primary=Upstream("postgres-eu-west-1-source", "10.213.16.9", 5433))
        conninfo = next(line for line in rendered if line.startswith("primary_conninfo"))
        assert "host=10.213.16.9 port=5433" in conninfo and "sslmode=verify-ca" in conninfo
        assert "password=" not in conninfo
        assert f"primary_slot_name = '{postgres_config.slot_name(self.server.name)}'" in rendered

    def test_a_replica_is_not_set_lower_than_its_source_was(self) -> None:
        """P0-REPLICA: it would not start."""
        told = "wal_level setting:  replica\nmax_connections setting:  100\nmax_prepared_xacts setting:  2\n"
        least = postgres_config.floors(told)
        assert least == {"max_connections": "100", "max_prepared_transactions": "2"}
        lower = replace(self.server, parameters={"max_connections": "70", "max_prepared_transactions": "5"})
        found = lines(postgres_config.render(lower, self.files, least))
        assert {"max_connections = '100'", "max_prepared_transactions = '5'"} <= found

    def test_slot_names_are_valid_and_tell_servers_apart(self) -> None:
        first, second = (postgres_config.slot_name("postgres-eu-west-1-" + "a" * 60 + end) for end in ("-b", "_b"))
        assert first != second
        assert len(first) <= 63 and first.replace("_", "").isalnum()


def behaviour(pattern: str | None = None, **more: Any) -> Behaviour:
    declared = {"TargetOriginId": "assets", "ViewerProtocolPolicy": "redirect-to-https", "CachePolicyId": "c"}
    if pattern:
        declared["PathPattern"] = pattern
    cache = {
        "MinTTL": 0,
        "DefaultTTL": 60,
        "MaxTTL": 3600,
        "ParametersInCacheKeyAndForwardedToOrigin": more.pop("key", {}),
    }
    headers = more.pop("response_headers", None)
    config = with_defaults({"DefaultCacheBehavior": {**declared, **more}})
    return Behaviour(pattern, config["DefaultCacheBehavior"], cache, None, headers)


def site(*behaviours: Behaviour, signing: bool = True, **more: Any) -> EdgeSite:
    origin = {"Id": "assets", "DomainName": "bucket.s3.eu-west-1.amazonaws.com"}
    config = with_defaults(
        {
            "Enabled": True,
            "Origins": {"Items": [origin]},
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
    )


def rendered(one: EdgeSite) -> set[str]:
    around = edge_config.Surroundings(
        "10.213.0.1:4566", "edge-secret", FOLDER / "cache", FOLDER / "server.pem", FOLDER / "key.pem"
    )
    return lines(edge_config.render_site(one, around))


class TestEdge:
    def test_plain_requests_are_redirected(self) -> None:
        """SR-CDN: HTTPS only."""
        assert "return 301 https://$host$request_uri;" in rendered(site(behaviour()))
        only = rendered(site(behaviour(ViewerProtocolPolicy="https-only")))
        assert "return 403;" in only and "return 301 https://$host$request_uri;" not in only

    def test_a_bucket_is_reached_by_its_path_and_with_the_signature_of_the_distribution(self) -> None:
        found = rendered(site(behaviour()))
        assert "rewrite ^/(.*)$ /bucket/$1 break;" in found
        assert any(line.startswith("proxy_set_header x-groundwork-distribution arn:aws:") for line in found)

    def test_a_web_acl_blocks_addresses_and_limits_their_rate(self) -> None:
        """P0-EDGE, RB-EDGE."""
        judged = Judgement(blocked=("192.0.2.0/24",), limit=2000, window=300)
        found = rendered(replace(site(behaviour()), judgement=judged))
        assert "deny 192.0.2.0/24;" in found
        assert "limit_req_zone $binary_remote_addr zone=rate_E1:1m rate=400r/m;" in found
        assert "limit_req zone=rate_E1 burst=2000 nodelay;" in found
        assert not [line for line in rendered(site(behaviour())) if line.startswith(("deny", "limit_req"))]

    def test_without_access_control_the_edge_signs_nothing(self) -> None:
        assert not [line for line in rendered(site(behaviour(), signing=False)) if "x-groundwork-distribution" in line]

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            (None, "/"),
            ("img/*.jpg", '~ "^/img/.*\\.jpg$"'),
            ("/a?c", '~ "^/a.c$"'),
            ("/plain", '~ "^/plain$"'),
        ],
    )
    def test_path_patterns(self, pattern: str | None, expected: str) -> None:
        assert edge_config.location(pattern) == expected

    def test_only_the_query_of_the_cache_policy_counts(self) -> None:
        key = {"QueryStringsConfig": {"QueryStringBehavior": "whitelist", "QueryStrings": {"Items": ["v"]}}}
        found = rendered(site(behaviour(key=key)))
        assert 'map $arg_v $e_e1_0_key_0 { "" ""; default "v=$arg_v&"; }' in found
        assert 'map "" $e_e1_0_key { default "${e_e1_0_key_0}"; }' in found

    def test_no_caching_when_the_policy_says_so(self) -> None:
        """SR-CDN: API responses are not kept."""
        one = behaviour()
        never = Behaviour(None, one.declared, {**one.cache, "MaxTTL": 0, "DefaultTTL": 0}, None, None)
        assert not [line for line in rendered(site(never)) if line.startswith("proxy_cache ")]

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
        override = 'map "" $e_e1_0_h_strict_transport_security { default "max-age=60; includeSubDomains"; }'
        assert override in found
        origin = "$upstream_http_x_frame_options"
        assert f'map {origin} $e_e1_0_h_x_frame_options {{ "" "DENY"; default {origin}; }}' in found

    def test_a_disabled_distribution_serves_nothing(self) -> None:
        found = rendered(site(behaviour(), Enabled=False))
        assert "return 403;" in found
        assert not [line for line in found if line.startswith("location")]

    def test_a_viewer_cannot_bring_the_edges_headers(self) -> None:
        assert "proxy_pass_request_headers off;" in rendered(site(behaviour()))

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
            ("/a.txt?v=1&", True),
            ("/a.txt?v=2&", False),
            ("/a", False),
            ("/b*", False),
        ],
    )
    def test_an_invalidation_names_keys(self, path: str, expected: bool) -> None:
        assert is_named("/a.txt?v=1&||", [path]) is expected

    def test_a_purge_drops_the_named_files_only(self, tmp_path: Path) -> None:
        """P0-CDN: purge."""
        for name, key in (("one", "/a.txt?||"), ("two", "/b.txt?||")):
            (tmp_path / name).write_bytes(b"\x05\x00header\nKEY: " + key.encode() + b"\nHTTP/1.1 200 OK\r\n\r\nbody")
        assert purge(tmp_path, ["/a.txt"]) == 1
        assert [file.name for file in tmp_path.iterdir()] == ["two"]
