"""What redis-server and PostgreSQL are told: pure functions of what is declared."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.aws.dataplane import postgres_archive, postgres_config, postgres_lag, redis_config
from local.aws.dataplane.desired import (
    PostgresServer,
    Upstream,
    fingerprint,
)
from local.aws.dataplane.redis_desired import RedisServer, RedisUser
from local.aws.extensions.elasticache_parameters import redis_settings

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
    files = postgres_config.Files(FOLDER / "server.pem", FOLDER / "key.pem", FOLDER / "ca.pem")
    server = PostgresServer(
        name="postgres-eu-west-1-db",
        address="10.213.16.3",
        port=5433,
        username="app",
        password="the-master-password",
        database="app",
        parameters={},
        primary=None,
        replicas=(),
        members={"a": "10.213.16.4"},
        boots=1,
    )
    twofold = replace(server, members={"a": "10.213.16.4", "b": "10.213.16.5"})
    upstream = Upstream("postgres-eu-west-1-source", "10.213.16.9", 5433)

    def common(self, server: PostgresServer | None = None, **changes: Any) -> dict[str, Any]:
        return postgres_config.common(replace(server or self.server, **changes), "10.213.0.0/16", None)

    def settings(self, **changes: Any) -> dict[str, str]:
        found: dict[str, str] = self.common(**changes)["postgresql"]["parameters"]
        return found

    def access(self, **changes: Any) -> list[str]:
        return postgres_config.access(replace(self.server, **changes), "10.213.0.0/16")

    def test_small_defaults_yield_to_the_parameter_group(self) -> None:
        assert self.settings()["shared_buffers"] == "32MB"
        assert self.settings(parameters={"shared_buffers": "8192"})["shared_buffers"] == "8192"

    def test_what_the_platform_needs_cannot_be_declared_away(self) -> None:
        changed = self.settings(parameters={"listen_addresses": "*", "ssl": "off", "synchronous_standby_names": ""})
        assert changed["ssl"] == "on"
        assert not {"listen_addresses", "synchronous_standby_names"} & changed.keys()

    def test_formulas_and_rdss_own_parameters_stay_out(self) -> None:
        changed = {"rds.force_ssl": "1", "max_wal_senders": "20", "work_mem": "{DBInstanceClassMemory/65536}"}
        assert postgres_config.effective(changed) == {"max_wal_senders": "20"}

    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [({}, "reject"), ({"rds.force_ssl": "1"}, "reject"), ({"rds.force_ssl": "0"}, "scram-sha-256")],
    )
    def test_connections_without_tls(self, parameters: dict[str, str], expected: str) -> None:
        """SR-DB: RDS refuses them from PostgreSQL 15 unless told otherwise."""
        assert f"hostnossl all all 10.213.0.0/16 {expected}" in self.access(parameters=parameters)

    def test_nobody_is_trusted_over_the_network(self) -> None:
        assert not [line for line in self.access() if line.startswith("host") and line.endswith("trust")]

    def test_two_servers_acknowledge_together_and_the_second_takes_over_at_once(self) -> None:
        """SR-DB, PV-DBFAIL: no acknowledged write is lost; one server alone is started again instead."""
        both, alone = self.common(self.twofold), self.common()
        assert (both["synchronous_mode"], both["primary_start_timeout"]) == (True, 0)
        assert alone["synchronous_mode"] is False and alone["primary_start_timeout"] > 0

    def test_a_replica_follows_its_sources_endpoint(self) -> None:
        """P0-REPLICA: whichever server of the source writes, through a slot of its own."""
        config = self.common(self.twofold, primary=self.upstream)
        assert config["standby_cluster"] == {
            "host": "10.213.16.9",
            "port": 5433,
            "primary_slot_name": postgres_config.slot_name(self.server.name),
            "create_replica_methods": ["basebackup"],
        }
        assert config["synchronous_mode"] is False
        assert "standby_cluster" not in self.common()

    def test_every_server_of_a_source_keeps_the_log_for_its_replicas(self) -> None:
        """P0-REPLICA: they go on after a failover."""
        assert self.common(replicas=("postgres-eu-west-1-r",))["slots"] == {
            postgres_config.slot_name("postgres-eu-west-1-r"): {"type": "physical"}
        }

    def test_the_log_is_archived_whole_and_once_and_comes_back(self, tmp_path: Path) -> None:
        """P0-BACKUP: what PostgreSQL asks of such commands, in a folder whose name needs care."""
        archive = tmp_path / "it's 100%"
        archive.mkdir()
        piece, back = tmp_path / "piece", tmp_path / "back"
        piece.write_text("the log")

        def run(command: str, path: Path) -> int:
            filled = command.replace("%f", "0001").replace("%p", str(path)).replace("%%", "%")
            return subprocess.run(["sh", "-c", filled], check=False).returncode

        store, fetch = postgres_config.archive_command(archive), postgres_archive.restore_command(archive)
        assert run(fetch, back) != 0 and not back.exists()
        assert run(store, tmp_path / "missing") != 0 and not list(archive.iterdir())
        assert run(store, piece) == 0
        assert [file.name for file in archive.iterdir()] == ["0001.gz"]
        piece.write_text("another log")
        assert run(store, piece) == 0 and run(fetch, back) == 0
        assert back.read_text() == "the log"

    def test_only_an_instance_with_backups_has_an_archive(self) -> None:
        config = postgres_config.common(self.server, "10.213.0.0/16", FOLDER)["postgresql"]["parameters"]
        assert str(FOLDER) in config["archive_command"] and config["archive_timeout"] == "300"
        assert self.settings()["archive_command"] == "true"
        # A server would have to start anew for another mode.
        assert config["archive_mode"] == self.settings()["archive_mode"]

    def test_a_recovery_talks_to_nobody(self) -> None:
        """RB-DB: not to the source's standby either, which the copied configuration names."""
        moment = "2026-11-22T10:00:00+00:00"
        found = lines(postgres_archive.recovery_configuration(FOLDER, FOLDER / "s", FOLDER / "data", moment))
        assert {f"recovery_target_time = '{moment}'", "listen_addresses = ''"} <= found
        assert not [line for line in found if line.startswith(("include", "primary_", "synchronous_", "archive_"))]
        latest = postgres_archive.recovery_configuration(FOLDER, FOLDER / "s", FOLDER / "data", None)
        assert "recovery_target_time" not in latest

    def test_quotes_in_a_path_do_not_end_a_setting(self) -> None:
        found = postgres_archive.recovery_configuration(Path("/it's"), FOLDER, FOLDER, None)
        [command] = [line for line in found.splitlines() if line.startswith("restore_command")]
        assert command.count("'") % 2 == 0 and "it''" in command

    def test_control_data_tell_what_a_server_does(self) -> None:
        told = "pg_control version number:            1300\nDatabase cluster state:               in production\n"
        assert postgres_archive.state(told) == "in production"
        assert postgres_archive.state("") == ""

    @pytest.mark.parametrize(
        ("row", "expected"),
        [(None, None), ((True, 300.0), 0.0), ((False, 1.5), 1.5), ((False, None), 0.0), ((False, -0.2), 0.0)],
    )
    def test_lag(self, row: tuple[Any, ...] | None, expected: float | None) -> None:
        """PV-REPLICA: an idle source's replica is not behind; how far one is that does not stream nobody knows."""
        assert postgres_lag.seconds(row) == expected

    def test_a_changed_configuration_has_another_generation(self) -> None:
        first = self.settings()[postgres_config.GENERATION]
        assert self.settings()[postgres_config.GENERATION] == first
        for change in ({"parameters": {"work_mem": "8192"}}, {"replicas": ("r",)}):
            assert self.settings(**change)[postgres_config.GENERATION] != first

    def test_a_server_has_its_own_address_and_the_clients_never_see_a_password(self) -> None:
        member = postgres_config.Member(
            "b", postgres_config.member_name(self.server.name, "b"), "p.b", "10.213.16.5", FOLDER / "b", FOLDER / "s"
        )
        credentials = postgres_config.Credentials(CONTROL)
        own = postgres_config.own(self.twofold, member, self.files, FOLDER / "postgres", credentials)
        assert own["postgresql"]["listen"] == "10.213.16.5:5432" and own["restapi"]["listen"] == "10.213.16.5:8008"
        assert own["postgresql"]["authentication"]["replication"]["sslmode"] == "verify-ca"
        shared = json.dumps(self.common(self.twofold, primary=self.upstream))
        assert '"password"' not in shared and "the-master-password" not in shared
        assert CONTROL not in repr(credentials)

    def test_no_two_servers_have_one_name(self) -> None:
        """A replica that had its source's standby's name would be taken for it, and acknowledge commits."""
        long = "postgres-eu-west-1-" + "a" * 60
        names = [postgres_config.member_name(f"{long}{end}", letter) for end in ("-b", "_b") for letter in "ab"]
        assert len(set(names)) == 4
        assert all(len(name) <= 63 and name.replace("_", "").isalnum() for name in names)
        assert [postgres_config.letter_of(name) for name in names] == ["a", "b", "a", "b"]

    def test_what_waits_for_a_restart(self) -> None:
        current = {"max_connections": "100", "wal_level": "replica"}
        wanted = {"max_connections": "70", "wal_level": "replica", "work_mem": "8192"}
        assert postgres_config.waits_for_restart(wanted, current) == ["max_connections"]
