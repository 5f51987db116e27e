"""The endpoint's process ends without a word, and nobody but its own clients notices (P0-REDIS, P0-S3, P0-SECRETS)."""

from __future__ import annotations

import json
import os
import signal
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
import redis

from local.aws.dataplane.clean import addresses
from local.aws.layout import Layout
from local.aws.lifecycle import ENDPOINT, who_answers
from local.network.plan import Plan
from local.paths import Paths
from local.processes import Processes, Running
from tests.fixtures.databases import PASSWORD, Wait
from tests.fixtures.stores import Stores

pytestmark = pytest.mark.e2e

TOKEN = "a-token-of-the-restart-tests"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"


@dataclass
class Platform(Stores):
    """What the tests declared, and how to look at it."""

    def described(self) -> dict[str, Any]:
        """Everything that a refresh would ask about."""
        s3, secrets, front = self.client("s3"), self.client("secretsmanager"), self.client("cloudfront")
        versions = s3.list_object_versions(Bucket=self.name)
        return {
            "group": self.group(),
            "database": self.database(),
            "distribution": front.get_distribution(Id=self.distribution())["Distribution"],
            "versions": versions["Versions"],
            "contents": [
                s3.get_object(Bucket=self.name, Key=each["Key"], VersionId=each["VersionId"])["Body"].read()
                for each in versions["Versions"]
            ],
            "markers": versions["DeleteMarkers"],
            "secret": secrets.get_secret_value(SecretId=self.name)["SecretString"],
        }

    def database(self) -> dict[str, Any]:
        # Without the time of the question.
        return {name: value for name, value in super().database().items() if name != "LatestRestorableTime"}

    def distribution(self) -> str:
        [found] = [
            each["Id"]
            for each in self.client("cloudfront").list_distributions()["DistributionList"].get("Items", [])
            if each["Comment"] == self.name
        ]
        return str(found)

    def redis(self) -> redis.Redis:
        address = self.group()["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
        return redis.Redis(
            host=address, password=TOKEN, ssl=True, ssl_ca_certs=self.authority, single_connection_client=True
        )

    def servers(self) -> dict[str, Running]:
        """Every server's process."""
        return {each.name: each for each in Processes(Layout.of(self.paths).server_records).all()}

    def endpoint(self) -> Running | None:
        return Processes(Layout.of(self.paths).endpoint_records).running(ENDPOINT)

    def kill(self) -> Running:
        """End the endpoint's process, and no other, at once."""
        running = self.endpoint()
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)
        return running

    def is_back(self, before: Running) -> bool:
        running = self.endpoint()
        return running is not None and running.pid != before.pid and who_answers(self.plan) is not None


@pytest.fixture(scope="module")
def platform(
    client: Callable[..., Any], unique: str, paths: Paths, plan: Plan, authority: str, eventually: Wait
) -> Iterator[Platform]:
    one = Platform(unique, client, paths, plan, authority, eventually)
    one.declare({"TransitEncryptionEnabled": True, "AuthToken": TOKEN}, {})
    declare_site(one)
    client("secretsmanager").create_secret(Name=unique, SecretString="kept")
    eventually(lambda: one.described()["distribution"]["Status"] == "Deployed", "the distribution is deployed")
    yield one
    client("secretsmanager").delete_secret(SecretId=unique, ForceDeleteWithoutRecovery=True)


def declare_site(one: Platform) -> None:
    """A bucket with versions, and a distribution in front of it."""
    s3, front = one.client("s3"), one.client("cloudfront")
    s3.create_bucket(Bucket=one.name, CreateBucketConfiguration={"LocationConstraint": one.plan.region})
    s3.put_bucket_versioning(Bucket=one.name, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"first", b"second"):
        s3.put_object(Bucket=one.name, Key="page.html", Body=body)
    s3.put_object(Bucket=one.name, Key="gone.html", Body=b"gone")
    s3.delete_object(Bucket=one.name, Key="gone.html")
    readable = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{one.name}/*"}
    s3.put_bucket_policy(Bucket=one.name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [readable]}))
    origin = {
        "Id": "assets",
        "DomainName": f"{one.name}.s3.{one.plan.region}.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    front.create_distribution(
        DistributionConfig={
            "CallerReference": one.name,
            "Comment": one.name,
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "assets",
                "ViewerProtocolPolicy": "https-only",
                "CachePolicyId": CACHING_OPTIMIZED,
            },
        }
    )


def test_sessions_outlive_a_killed_endpoint_which_comes_back_with_all_it_knew(platform: Platform) -> None:
    """Clients of Redis, PostgreSQL and the edge keep their very connections; the API answers as before."""
    before, servers = platform.described(), platform.servers()
    domain = before["distribution"]["DomainName"]
    trust = ssl.create_default_context(cafile=platform.authority)
    with (
        platform.redis() as cache,
        platform.postgres() as database,
        httpx.Client(base_url=f"https://{domain}", verify=trust, timeout=20) as browser,
    ):
        cache.set("key", "value")
        session = cache.client_id()
        database.execute("CREATE TEMPORARY TABLE of_this_session AS SELECT 7 AS seven")
        assert browser.get("/page.html").text == "second"

        killed = platform.kill()
        platform.eventually(lambda: who_answers(platform.plan, seconds=0.2) is None, "the endpoint is gone")
        assert cache.get("key") == b"value"
        assert database.execute("SELECT seven FROM of_this_session").fetchone() == (7,)
        assert browser.get("/page.html").headers["x-cache"].startswith("Hit")

        platform.eventually(lambda: platform.is_back(killed), "the endpoint is started again")
        platform.eventually(lambda: platform.described() == before, "everything is described as before")
        platform.eventually(lambda: all_looked_after(platform), "the servers are taken over")
        assert platform.described() == before
        assert platform.servers() == servers, "no server was started anew"
        assert cache.client_id() == session
        assert database.execute("SELECT seven FROM of_this_session").fetchone() == (7,)


def all_looked_after(platform: Platform) -> bool:
    lines = json.loads(Layout.of(platform.paths).status.read_text())
    mine = [each for each in lines if platform.name in each["name"] or each["kind"] == "cdn"]
    return len(mine) >= 4 and all(each["state"] == "ready" for each in mine)


def test_a_change_after_the_restart_converges(platform: Platform) -> None:
    """A further replica, a new password, a purge: the new process changes servers that the old one started."""
    killed = platform.kill()
    platform.eventually(lambda: platform.is_back(killed), "the endpoint is started again")
    platform.client("elasticache").increase_replica_count(
        ReplicationGroupId=platform.name, NewReplicaCount=2, ApplyImmediately=True
    )
    platform.client("rds").modify_db_instance(
        DBInstanceIdentifier=platform.name, MasterUserPassword=f"{PASSWORD}-2", ApplyImmediately=True
    )
    platform.eventually(lambda: platform.group()["Status"] == "available", "the replication group is available")
    with platform.redis() as cache:
        platform.eventually(lambda: cache.info("replication")["connected_slaves"] == 2, "both replicas follow")
    platform.eventually(lambda: lets_in(platform, f"{PASSWORD}-2"), "the new password lets in")


def lets_in(platform: Platform, password: str) -> bool:
    try:
        platform.postgres(password=password).close()
    except psycopg.OperationalError:
        return False
    return True


def test_what_was_deleted_just_before_the_kill_is_gone_after_it(platform: Platform) -> None:
    """The deletion was acknowledged; the next process finishes it: no server, file or address is left."""
    mine = {name for name in platform.servers() if platform.name in name}
    taken = set(addresses(platform.plan))
    front = platform.client("cloudfront")
    config = front.get_distribution_config(Id=platform.distribution())
    disabled = {**config["DistributionConfig"], "Enabled": False}
    changed = front.update_distribution(Id=platform.distribution(), IfMatch=config["ETag"], DistributionConfig=disabled)
    platform.eventually(lambda: platform.described()["distribution"]["Status"] == "Deployed", "it is disabled")
    front.delete_distribution(Id=platform.distribution(), IfMatch=changed["ETag"])
    platform.remove()
    killed = platform.kill()
    platform.eventually(lambda: platform.is_back(killed), "the endpoint is started again")
    platform.eventually(lambda: not mine & platform.servers().keys(), "the servers are gone")
    platform.eventually(lambda: len(taken - set(addresses(platform.plan))) >= 5, "their addresses are gone")
    cache, folder = platform.client("elasticache"), Layout.of(platform.paths).servers
    platform.eventually(lambda: not mine & {each.name for each in folder.iterdir()}, "their files are gone")
    platform.eventually(
        lambda: (
            platform.name
            not in {each["ReplicationGroupId"] for each in cache.describe_replication_groups()["ReplicationGroups"]}
        ),
        "the API has forgotten the group",
    )
    s3 = platform.client("s3")
    listed = s3.list_object_versions(Bucket=platform.name)
    for each in [*listed["Versions"], *listed["DeleteMarkers"]]:
        s3.delete_object(Bucket=platform.name, Key=each["Key"], VersionId=each["VersionId"])
    s3.delete_bucket(Bucket=platform.name)
