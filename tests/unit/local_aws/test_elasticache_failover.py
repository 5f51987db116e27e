"""ElastiCache's API for failovers, events and snapshots (P0-REDIS, RB-REDIS): answers and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.unit

TWO = {"NumCacheClusters": 2, "AutomaticFailoverEnabled": True}


@pytest.fixture
def elasticache(client: Callable[..., Any]) -> Any:
    return client("elasticache")


def create(api: Any, name: str, **more: Any) -> None:
    api.create_replication_group(
        ReplicationGroupId=name, ReplicationGroupDescription="d", CacheNodeType="cache.t4g.micro", **more
    )


def described(api: Any, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = api.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
    return answer


def roles(api: Any, name: str) -> dict[str, str]:
    members = described(api, name)["NodeGroups"][0]["NodeGroupMembers"]
    return {member["CacheClusterId"].removeprefix(f"{name}-"): member["CurrentRole"] for member in members}


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


class TestFailingOver:
    def test_a_replica_takes_over_and_the_endpoints_stay(self, elasticache: Any, unique: str) -> None:
        """P0-REDIS, RB-REDIS."""
        create(elasticache, unique, **TWO)
        before = described(elasticache, unique)["NodeGroups"][0]
        assert roles(elasticache, unique) == {"001": "primary", "002": "replica"}
        answer = elasticache.test_failover(ReplicationGroupId=unique, NodeGroupId="0001")["ReplicationGroup"]
        assert answer["Status"] == "modifying"
        assert roles(elasticache, unique) == {"001": "replica", "002": "primary"}
        after = described(elasticache, unique)["NodeGroups"][0]
        assert [after[name] for name in ("PrimaryEndpoint", "ReaderEndpoint")] == [
            before[name] for name in ("PrimaryEndpoint", "ReaderEndpoint")
        ]
        assert described(elasticache, unique)["Status"] == "available"

    def test_events_tell_of_it_in_the_order_that_aws_documents(self, elasticache: Any, unique: str) -> None:
        """RB-REDIS: how an operator sees that a failover is over (API reference, TestFailover)."""
        create(elasticache, unique, **TWO)
        elasticache.test_failover(ReplicationGroupId=unique, NodeGroupId="0001")
        done = f"Failover from primary node {unique}-001 to replica node {unique}-002 completed"

        def told(**asked: Any) -> list[tuple[str, str]]:
            found = elasticache.describe_events(**asked)["Events"]
            return [(each["SourceType"], each["Message"]) for each in found if unique in each["SourceIdentifier"]]

        assert told() == [
            ("replication-group", "Test Failover API called for node group 0001"),
            ("cache-cluster", done),
            ("replication-group", done),
            ("cache-cluster", "Recovering cache nodes 0001"),
            ("cache-cluster", "Finished recovery for cache nodes 0001"),
        ]
        own = told(SourceIdentifier=unique, SourceType="replication-group")
        assert [kind for kind, _ in own] == ["replication-group", "replication-group"]
        assert told(StartTime="2020-01-01T00:00:00Z", Duration=5) == []
        with pytest.raises(ClientError) as error:
            elasticache.describe_events(SourceIdentifier=unique)
        assert code(error) == "InvalidParameterCombination"

    @pytest.mark.parametrize(
        ("declared", "node_group", "expected"),
        [
            ({}, "0001", "TestFailoverNotAvailableFault"),
            ({"NumCacheClusters": 2}, "0001", "TestFailoverNotAvailableFault"),
            (TWO, "0002", "NodeGroupNotFoundFault"),
        ],
    )
    def test_what_cannot_fail_over_is_an_error(
        self, elasticache: Any, unique: str, declared: dict[str, Any], node_group: str, expected: str
    ) -> None:
        create(elasticache, unique, **declared)
        with pytest.raises(ClientError) as error:
            elasticache.test_failover(ReplicationGroupId=unique, NodeGroupId=node_group)
        assert code(error) == expected
        assert roles(elasticache, unique)["001"] == "primary"

    def test_a_group_that_is_not_there_is_an_error(self, elasticache: Any, unique: str) -> None:
        with pytest.raises(ClientError) as error:
            elasticache.test_failover(ReplicationGroupId=unique, NodeGroupId="0001")
        assert code(error) == "ReplicationGroupNotFoundFault"

    def test_replicas_go_and_never_the_primary(self, elasticache: Any, unique: str) -> None:
        """P0-REDIS: ElastiCache takes replicas away, whatever their numbers."""
        create(elasticache, unique, NumCacheClusters=3, AutomaticFailoverEnabled=True)
        elasticache.test_failover(ReplicationGroupId=unique, NodeGroupId="0001")
        elasticache.decrease_replica_count(ReplicationGroupId=unique, NewReplicaCount=1, ApplyImmediately=True)
        assert roles(elasticache, unique) == {"001": "replica", "002": "primary"}
        elasticache.modify_replication_group(ReplicationGroupId=unique, AutomaticFailoverEnabled=False)
        elasticache.decrease_replica_count(ReplicationGroupId=unique, NewReplicaCount=0, ApplyImmediately=True)
        assert roles(elasticache, unique) == {"002": "primary"}
        elasticache.increase_replica_count(ReplicationGroupId=unique, NewReplicaCount=2, ApplyImmediately=True)
        assert roles(elasticache, unique) == {"001": "replica", "002": "primary", "003": "replica"}


class TestSnapshots:
    def test_a_snapshot_lives_through_its_operations(self, elasticache: Any, unique: str) -> None:
        """P0-BACKUP, RB-REDIS."""
        create(elasticache, unique, SnapshotRetentionLimit=3)
        made = elasticache.create_snapshot(
            ReplicationGroupId=unique, SnapshotName=unique, Tags=[{"Key": "team", "Value": "a"}]
        )["Snapshot"]
        assert (made["SnapshotStatus"], made["SnapshotSource"], made["ReplicationGroupId"]) == (
            "creating",
            "manual",
            unique,
        )
        assert elasticache.list_tags_for_resource(ResourceName=made["ARN"])["TagList"] == [
            {"Key": "team", "Value": "a"}
        ]
        [told] = elasticache.describe_snapshots(SnapshotName=unique)["Snapshots"]
        assert (told["SnapshotStatus"], told["SnapshotRetentionLimit"]) == ("available", 3)
        assert [each["CacheClusterId"] for each in told["NodeSnapshots"]] == [f"{unique}-001"]
        elasticache.copy_snapshot(SourceSnapshotName=unique, TargetSnapshotName=f"{unique}-copy")
        found = elasticache.describe_snapshots(ReplicationGroupId=unique)["Snapshots"]
        assert {each["SnapshotName"] for each in found} == {unique, f"{unique}-copy"}
        assert elasticache.describe_snapshots(ReplicationGroupId=unique, SnapshotSource="system")["Snapshots"] == []
        assert elasticache.delete_snapshot(SnapshotName=unique)["Snapshot"]["SnapshotStatus"] == "deleting"
        with pytest.raises(ClientError) as error:
            elasticache.describe_snapshots(SnapshotName=unique)
        assert code(error) == "SnapshotNotFoundFault"

    def test_a_group_can_leave_one_and_another_begin_with_it(self, elasticache: Any, unique: str) -> None:
        """P0-BACKUP, RB-REDIS: what is deleted can be had again."""
        create(elasticache, unique)
        elasticache.delete_replication_group(ReplicationGroupId=unique, FinalSnapshotIdentifier=f"{unique}-final")
        with pytest.raises(ClientError) as error:
            described(elasticache, unique)
        assert code(error) == "ReplicationGroupNotFoundFault"
        create(elasticache, f"{unique}-2", SnapshotName=f"{unique}-final")
        assert described(elasticache, f"{unique}-2")["Status"] == "available"

    def test_a_group_begins_with_a_file_in_s3(self, elasticache: Any, client: Callable[..., Any], unique: str) -> None:
        """P0-BACKUP: what was exported elsewhere; anything but an RDB file is refused before a group is made."""
        s3 = client("s3")
        s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_object(Bucket=unique, Key="folder/one.rdb", Body=b"REDIS0010")
        s3.put_object(Bucket=unique, Key="folder/two.rdb", Body=b"something else")
        with pytest.raises(ClientError) as error:
            create(elasticache, unique, SnapshotArns=[f"arn:aws:s3:::{unique}/folder/two.rdb"])
        assert code(error) == "InvalidParameterValue"
        create(elasticache, unique, SnapshotArns=[f"arn:aws:s3:::{unique}/folder/one.rdb"])
        assert described(elasticache, unique)["Status"] == "available"

    def test_what_is_wrong_is_an_error_and_changes_nothing(self, elasticache: Any, unique: str) -> None:
        create(elasticache, unique)
        elasticache.create_snapshot(CacheClusterId=f"{unique}-001", SnapshotName=unique)
        wrong: list[tuple[str, Callable[[], Any]]] = [
            (
                "SnapshotAlreadyExistsFault",
                lambda: elasticache.create_snapshot(ReplicationGroupId=unique, SnapshotName=unique),
            ),
            (
                "SnapshotAlreadyExistsFault",
                lambda: elasticache.delete_replication_group(ReplicationGroupId=unique, FinalSnapshotIdentifier=unique),
            ),
            ("InvalidParameterCombination", lambda: elasticache.create_snapshot(SnapshotName=f"{unique}-2")),
            (
                "InvalidParameterValue",
                lambda: elasticache.create_snapshot(ReplicationGroupId=unique, SnapshotName="a--b"),
            ),
            (
                "CacheClusterNotFound",
                lambda: elasticache.create_snapshot(CacheClusterId="nobody", SnapshotName=f"{unique}-2"),
            ),
            ("SnapshotNotFoundFault", lambda: elasticache.delete_snapshot(SnapshotName="nothing")),
            (
                "UnsupportedOperation",
                lambda: elasticache.copy_snapshot(
                    SourceSnapshotName=unique, TargetSnapshotName=f"{unique}-2", TargetBucket="bucket"
                ),
            ),
        ]
        for expected, call in wrong:
            with pytest.raises(ClientError) as error:
                call()
            assert code(error) == expected
        assert described(elasticache, unique)["Status"] == "available"
        assert len(elasticache.describe_snapshots(ReplicationGroupId=unique)["Snapshots"]) == 1
