"""ReaderPool: what PgBouncer is told, how it runs, and what is refused."""

from __future__ import annotations

import base64
import configparser
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.autoscaling import ReplicaRangeArgs
from components.database import PostgresCluster
from components.errors import Refused
from components.pods import ContainerResources
from components.reader_pool import PooledReaders, ReaderPool, ReaderPoolArgs, readers_of
from components.reader_pool_config import ready_script, start_script, users
from components.reader_pool_rules import PoolKnobs, refusals
from components.secrets import ExternalDelivery
from components.stateless_service import Surroundings
from components.workload_identity import TokenIssuer
from policies.judge import judge
from policies.marks import separate
from policies.model import Resource
from policies.rules.table import STATELESS
from tests.unit.components.test_database import ARGS

pytestmark = pytest.mark.unit

IMAGE = "registry.test/pgbouncer@sha256:" + "a" * 64
PASSWORD = "owners-password-in-the-clear"
SURROUNDINGS = Surroundings(
    system="shop",
    prefix="shop-prod",
    namespace="shop",
    issuer=TokenIssuer("https://issuer.test", "arn:aws:iam::1:oidc-provider/issuer.test"),
    certificates="trusted-certificates",
)


READERS = PooledReaders(
    hosts=["one.test", "two.test"],
    database="app",
    username="app",
    password=PASSWORD,
    port=5432,
    connections=300,
)


def _pool(readers: PooledReaders = READERS, **change: Any) -> ReaderPool:
    given = {"image": IMAGE, "tls_secret": "readers-tls", "surroundings": SURROUNDINGS, **change}
    return ReaderPool("readers", ReaderPoolArgs(identifier="database-readers", readers=readers, **given))


def _spec(recording: Any) -> Any:
    return recording.one("Deployment", "readers-deployment").inputs["spec"]["template"]["spec"]


def _ini(recording: Any) -> configparser.ConfigParser:
    ini = configparser.ConfigParser()
    ini.read_string(recording.one("ConfigMap", "readers-config").inputs["data"]["pgbouncer.ini"])
    return ini


def test_each_replica_is_a_database_of_the_pool(record: Callable[..., Any]) -> None:
    """P0-REPLICA: whoever reads knows which replica answers, and goes elsewhere when that one is away."""
    databases = dict(_ini(record(_pool))["databases"])
    assert databases == {
        "app-replica-1": "host=one.test port=5432 dbname=app",
        "app-replica-2": "host=two.test port=5432 dbname=app",
    }


def test_transactions_are_pooled_over_verified_connections(record: Callable[..., Any]) -> None:
    """P0-REPLICA."""
    settings = dict(_ini(record(lambda: _pool(pool_size=7)))["pgbouncer"])
    assert settings["pool_mode"] == "transaction"
    assert settings["server_tls_sslmode"] == "verify-full"
    assert settings["server_tls_ca_file"] == "/etc/groundwork/certificates/ca.pem"
    assert settings["client_tls_sslmode"] == "require"
    assert settings["auth_type"] == "scram-sha-256"
    assert settings["default_pool_size"] == settings["max_db_connections"] == "7"
    assert not {"admin_users", "stats_users", "logfile", "pidfile"} & settings.keys()


def test_clients_are_told_one_address_for_each_replica(record: Callable[..., Any]) -> None:
    async def build() -> Any:
        pool = _pool()
        return await pool.urls.future(), await pool.urls.is_secret(), dict(pool.outputs)

    urls, secret, outputs = record(build).result
    start = f"postgresql://app:{PASSWORD}@database-readers.shop.svc:6432"
    assert urls == f"{start}/app-replica-1?sslmode=verify-full,{start}/app-replica-2?sslmode=verify-full"
    assert secret
    assert PASSWORD not in str(outputs)
    assert outputs["databases"] == ["app-replica-1", "app-replica-2"]


def test_users_come_from_a_secret_and_are_nowhere_in_the_clear(record: Callable[..., Any]) -> None:
    """SR-SECRET."""
    recording = record(_pool)
    [secret] = [item for item in recording.of("core/v1:Secret") if item.name.startswith("readers")]
    assert secret.is_secret("data", "userlist.txt") and secret.is_secret("data", "PGPASSWORD")
    told = base64.b64decode(secret.inputs["data"]["userlist.txt"]).decode()
    assert told == f'"app" "{PASSWORD}"\n'
    assert users('a"b', "c") == '"a""b" "c"\n'
    for type_end in ("ConfigMap", "Deployment"):
        for item in recording.of(type_end):
            assert PASSWORD not in str(item.raw), item.name
    volumes = {item["name"]: item for item in _spec(recording)["volumes"]}
    assert volumes["users"]["secret"] == {"secretName": "database-readers-users", "defaultMode": 0o440}


def test_a_cluster_tells_what_there_is_to_pool(record: Callable[..., Any]) -> None:
    async def build() -> Any:
        args = replace(ARGS, parameters={"max_connections": "120"}, name="shop", username="owner")
        readers = readers_of(PostgresCluster("database", args))
        hosts = [await pulumi.Output.from_input(host).future() for host in readers.hosts]
        return hosts, await pulumi.Output.from_input(readers.password).is_secret(), readers

    hosts, secret, readers = record(build).result
    assert hosts == ["database-replica-1.test", "database-replica-2.test"]
    assert secret
    assert (readers.database, readers.username, readers.port, readers.connections) == ("shop", "owner", 5432, 120)


def test_its_pods_are_restricted_spread_probed_and_end_in_order(record: Callable[..., Any]) -> None:
    """SR-PROBES, SR-SHUTDOWN, SR-REPLICAS, SR-VOLUME."""
    recording = record(lambda: _pool(drain_seconds=40))
    spec = _spec(recording)
    [container] = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert [item["topologyKey"] for item in spec["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert spec["terminationGracePeriodSeconds"] > 40 + container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert container["livenessProbe"]["tcpSocket"] == {"port": "postgres"}
    ready = container["readinessProbe"]["exec"]["command"][-1]
    assert "app-replica-1 app-replica-2" in ready
    deployment = recording.one("Deployment", "readers-deployment").inputs["spec"]
    assert "replicas" not in deployment, "the autoscaler owns it"
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_it_is_scaled_budgeted_and_found_by_a_service(record: Callable[..., Any]) -> None:
    """SR-SCALE, SR-PDB, SR-AFFINITY."""
    recording = record(lambda: _pool(replicas=ReplicaRangeArgs(min=3, max=5)))
    autoscaler = recording.one("HorizontalPodAutoscaler").inputs["spec"]
    assert (autoscaler["minReplicas"], autoscaler["maxReplicas"]) == (3, 5)
    assert autoscaler["scaleTargetRef"]["name"] == "database-readers"
    budget = recording.one("PodDisruptionBudget").inputs["spec"]
    assert budget["maxUnavailable"] == 1
    service = recording.one("v1:Service").inputs["spec"]
    assert budget["selector"]["matchLabels"] == service["selector"] == {"app.kubernetes.io/name": "database-readers"}
    assert service["sessionAffinity"] == "None"
    policy = recording.one("NetworkPolicy").inputs["spec"]
    assert policy["ingress"] == [{"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": "postgres"}]}]


def test_whatever_is_deployed_to_it_replaces_the_pods(record: Callable[..., Any]) -> None:
    def checksum(readers: PooledReaders = READERS, **change: Any) -> str:
        template = record(lambda: _pool(readers, **change)).one("Deployment").inputs["spec"]["template"]
        return str(template["metadata"]["annotations"]["groundwork.dev/config-checksum"])

    same = checksum()
    assert checksum() == same
    fewer, rotated = replace(READERS, hosts=["one.test"]), replace(READERS, password="another")
    others = [checksum(fewer), checksum(rotated), checksum(pool_size=3), checksum(trusted_checksum="other")]
    assert len({same, *others}) == 5


def test_plain_clients_are_for_platforms_that_say_so(record: Callable[..., Any]) -> None:
    recording = record(lambda: _pool(tls_secret=None, allow_plain_clients=True))
    assert "client_tls_sslmode" not in _ini(recording)["pgbouncer"]
    assert "tls" not in {item["name"] for item in _spec(recording)["volumes"]}
    variables = {item["name"]: item.get("value") for item in _spec(recording)["containers"][0]["env"]}
    assert variables["PGSSLMODE"] == "disable"


KNOBS = PoolKnobs(
    image=IMAGE,
    allow_image_tag=False,
    readers=2,
    connections=300,
    replicas=ReplicaRangeArgs(min=2, max=4),
    pool_size=20,
    max_clients=1000,
    drain_seconds=30,
    resources=ContainerResources(),
    certificates=True,
    tls_secret="readers-tls",
    allow_plain_clients=False,
)


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"image": "registry.test/pgbouncer:1.25"}, "image"),
        ({"readers": 0}, ""),
        ({"certificates": False}, "certificates"),
        ({"tls_secret": None}, "tls_secret"),
        ({"replicas": ReplicaRangeArgs(min=1, max=2)}, "replicas.min"),
        ({"pool_size": 0}, "pool_size"),
        ({"pool_size": 61}, "pool_size"),
        ({"connections": 99}, "pool_size"),
        ({"max_clients": 10}, "max_clients"),
        ({"drain_seconds": 7200}, "drain_seconds"),
        ({"resources": ContainerResources(memory_request="1Gi", memory_limit="64Mi")}, "resources.memory_limit"),
    ],
)
def test_unsafe_pools_are_refused(change: dict[str, Any], setting: str) -> None:
    assert list(refusals(KNOBS)) == []
    assert [item.setting for item in refusals(replace(KNOBS, **change))] == [setting]


def test_a_refused_pool_makes_nothing_in_the_cluster(record: Callable[..., Any]) -> None:
    def build() -> Refused:
        wrong = replace(SURROUNDINGS, certificates=None)
        with pytest.raises(Refused) as caught:
            _pool(replace(READERS, hosts=[], connections=50), surroundings=wrong, tls_secret=None)
        return caught.value

    recording = record(build)
    assert [item.setting for item in recording.result.refusals] == ["", "pool_size", "certificates", "tls_secret"]
    assert not [item for item in recording.resources if item.type.startswith("kubernetes:")]


def test_it_keeps_the_rules_that_services_are_held_to(record: Callable[..., Any]) -> None:
    """SR-*: every rule on Kubernetes objects."""
    resources = [
        Resource(one.type, one.name, f"{one.parent}${one.type}::{one.name}", one.inputs, secrets=separate(one.raw)[1])
        for one in record(_pool).resources
    ]
    assert [finding.message for finding in judge(STATELESS, resources, date(2026, 11, 22))] == []


def test_secrets_that_an_operator_brings_have_a_name_for_each_content(record: Callable[..., Any]) -> None:
    external = ExternalDelivery(store="aws", store_kind="SecretStore", prefix="shop-prod", recovery_days=30)
    recording = record(lambda: _pool(surroundings=replace(SURROUNDINGS, external=external)))
    [users_volume] = [item for item in _spec(recording)["volumes"] if item["name"] == "users"]
    assert re.fullmatch(r"database-readers-users-[0-9a-f]{16}", users_volume["secret"]["secretName"])


STUB = """#!{python}
import signal, sys

def note(word):
    with open("{told}", "a") as file:
        file.write(word + "\\n")

signal.signal(signal.SIGHUP, lambda *_: note("HUP"))
signal.signal(signal.SIGTERM, lambda *_: note("TERM"))
signal.signal(signal.SIGINT, lambda *_: (note("INT"), sys.exit(0)))
note("started")
while True:
    signal.pause()
"""


@pytest.fixture(name="started")
def started_fixture(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path, Path]]:
    """The start script with a PgBouncer that writes down the signals it gets, and ends on INT."""
    programs, files, told = tmp_path / "bin", tmp_path / "files", tmp_path / "told"
    programs.mkdir()
    files.mkdir()
    (files / "tls.crt").write_text("old")
    stub = programs / "pgbouncer"
    stub.write_text(STUB.format(python=sys.executable, told=told))
    stub.chmod(0o755)
    script = start_script([str(files)]).replace("sleep 10", "sleep 0.05")
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    process = subprocess.Popen(["sh", "-c", script], env=environment, start_new_session=True)
    try:
        _until(lambda: told.exists())
        yield process, files, told
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _until(question: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_renewed_certificate_is_noticed(started: tuple[subprocess.Popen[bytes], Path, Path]) -> None:
    process, files, told = started
    (files / "tls.crt").write_text("new")
    _until(lambda: "HUP" in told.read_text())
    assert process.poll() is None


def test_the_order_to_stop_ends_pgbouncer_after_its_transactions(
    started: tuple[subprocess.Popen[bytes], Path, Path],
) -> None:
    """SR-SHUTDOWN: TERM would cut transactions off, or wait for clients that never leave."""
    process, _, told = started
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert told.read_text().split() == ["started", "INT"]


def test_it_is_ready_while_any_replica_answers(tmp_path: Path) -> None:
    """SR-PROBES: one replica that is away is no reason to take the pool from the others."""
    psql = tmp_path / "psql"
    psql.write_text('#!/bin/sh\nfor last; do :; done\ncase " $UP " in *" $last "*) exit 0;; esac\nexit 2\n')
    psql.chmod(0o755)

    def ready(up: str) -> bool:
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "UP": up}
        return subprocess.run(["sh", "-c", ready_script(["a", "b"])], env=environment, check=False).returncode == 0

    assert ready("a b") and ready("a") and ready("b")
    assert not ready("")
