"""Replication groups and parameter groups as the API holds them and the data plane makes them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.core.utils import utcnow

from local.aws.extensions.elasticache_events import NODE_GROUP, Event, of_group, of_node
from local.aws.extensions.elasticache_node_groups import NODE_ID, Node, NodeGroup, told
from local.aws.extensions.elasticache_parameters import (
    CLUSTER_ENABLED,
    DEFAULT_CLUSTER_GROUP,
    DEFAULT_GROUP,
    FAMILY,
    PARAMETERS,
    redis_settings,
)

if TYPE_CHECKING:
    from local.aws.extensions.elasticache_global import GlobalGroup
    from local.aws.extensions.elasticache_snapshots import ExportedFile, Snapshot

FULL_VERSION = "7.0.15"
"""What the local server is; answered as the version that is running."""


@dataclass
class ParameterGroup:
    """A cache parameter group: the values that differ from the family's defaults."""

    name: str
    description: str
    arn: str
    values: dict[str, str] = field(default_factory=dict)

    @property
    def clustered(self) -> bool:
        """Whether it is for cluster mode, and for nothing else."""
        return self.values.get(CLUSTER_ENABLED) == "yes"

    @property
    def is_default(self) -> bool:
        """Whether it is ElastiCache's own, which nobody changes."""
        return self.name.startswith("default.")

    def describe(self) -> dict[str, object]:
        """The API's `CacheParameterGroup`."""
        return {
            "CacheParameterGroupName": self.name,
            "CacheParameterGroupFamily": FAMILY,
            "Description": self.description,
            "IsGlobal": False,
            "ARN": self.arn,
        }

    def parameters(self, source: str | None) -> list[dict[str, object]]:
        """The API's list of `Parameter`; `source` is `user` or `system` or None for both."""
        own = {} if self.is_default else self.values
        return [
            {
                "ParameterName": name,
                "ParameterValue": self.values.get(name, parameter.default),
                "Source": "user" if name in own else "system",
                "DataType": parameter.kind,
                "AllowedValues": parameter.allowed or None,
                "IsModifiable": parameter.modifiable,
                "MinimumEngineVersion": "7.0.0",
                "ChangeType": "immediate" if parameter.live else "requires-reboot",
            }
            for name, parameter in PARAMETERS.items()
            if source is None or source == ("user" if name in own else "system")
        ]


@dataclass
class Group:
    """A replication group: one node group, or with cluster mode any number of them.

    Attributes:
        clustered: Cluster mode is on: its keys are divided among its node groups, by way of Redis Cluster.
        tokens: AUTH tokens that are accepted, newest first; two while a rotation is under way;
            an empty one means that none is needed.
        datastore: The global datastore that it is in.
        user_group: ID of the group of users that are let in instead of whoever has a token.
        status: creating, available, modifying, snapshotting, deleting or create-failed, as the API answers it.
        declared: What is echoed by the API and has no effect here, by the API's name.
        formed: All of its servers have been ready once.
        primary_address: Where clients write; set once the data plane serves it. It stays over a failover.
        reader_address: Where clients read, likewise.
        configuration_address: Where clients of cluster mode ask for the nodes, likewise; they have neither of the
            other two.
        incarnation: Tells it from others that had or will have its name.
        seed: The snapshot, or the files in S3, that it begins with.
        last_will: The snapshot that is taken of it before it goes.
    """

    identifier: str
    region: str
    account: str
    description: str
    node_type: str
    port: int
    tls: bool
    tokens: list[str]
    parameter_group: ParameterGroup
    subnet_group: str | None
    security_groups: list[str]
    automatic_failover: bool
    multi_az: bool
    declared: dict[str, Any]
    user_group: str | None = None
    datastore: GlobalGroup | None = None
    clustered: bool = False
    node_groups: list[NodeGroup] = field(default_factory=lambda: [NodeGroup(NODE_GROUP)])
    status: str = "creating"
    created: datetime = field(default_factory=utcnow)
    token_changed: datetime | None = None
    generation: int = 1
    formed: bool = False
    primary_address: str | None = None
    reader_address: str | None = None
    configuration_address: str | None = None
    incarnation: str = field(default_factory=lambda: secrets.token_hex(3))
    events: list[Event] = field(default_factory=list)
    seed: Snapshot | tuple[ExportedFile, ...] | None = None
    last_will: Snapshot | None = None

    @property
    def nodes(self) -> list[Node]:
        """All of its nodes, by node group."""
        return [node for node_group in self.node_groups for node in node_group.nodes]

    @property
    def primary(self) -> Node:
        """The first node group's node that takes writes; in a secondary of a global datastore, the one that the others
        replicate."""
        return self.node_groups[0].primary

    @property
    def cluster_mode(self) -> str:
        """As the API says it."""
        return "enabled" if self.clustered else "disabled"

    @property
    def node_ids(self) -> list[str]:
        """Cluster IDs of its nodes."""
        return [node.cluster_id for node in self.nodes]

    @property
    def leaves(self) -> bool:
        """Whether its servers are to go: it is being deleted, and its final snapshot, if it has one, is there."""
        return self.status == "deleting" and (self.last_will is None or self.last_will.status != "creating")

    @property
    def arn(self) -> str:
        return f"arn:aws:elasticache:{self.region}:{self.account}:replicationgroup:{self.identifier}"

    @property
    def settings(self) -> dict[str, str]:
        """redis.conf settings every node must have."""
        return redis_settings(self.parameter_group.values, self.node_type)

    def resize(self, count: int) -> None:
        """Have `count` nodes in every node group: replicas with the highest numbers go, new ones take the lowest that
        are free."""
        for node_group in self.node_groups:
            prefix = f"{self.identifier}-{node_group.identifier}" if self.clustered else self.identifier
            node_group.resize(prefix, self.region, count)

    def node_group(self, identifier: str) -> NodeGroup | None:
        """The node group of this ID."""
        return next((each for each in self.node_groups if each.identifier == identifier), None)

    def fail_over(self, to: Node) -> None:
        """Note that another node has become its node group's primary."""
        node_group = next(each for each in self.node_groups if to in each.nodes)
        before = node_group.primary
        before.deposed, to.deposed = True, False
        node_group.primary_id = to.cluster_id
        # ElastiCache API reference, TestFailover: what tells of a failover, in this order.
        done = f"Failover from primary node {before.cluster_id} to replica node {to.cluster_id} completed"
        self.events += [
            of_node(before.cluster_id, done),
            of_group(self.identifier, done),
            of_node(before.cluster_id, f"Recovering cache nodes {NODE_ID}"),
        ]
        self.change()

    def recover(self, node: Node) -> None:
        """Note that a node that was the primary is a replica now."""
        node.deposed = False
        self.events.append(of_node(node.cluster_id, f"Finished recovery for cache nodes {NODE_ID}"))

    def change(self) -> None:
        """Note that the data plane has something to do."""
        self.generation += 1
        if self.status == "available":
            self.status = "modifying"

    @property
    def source(self) -> Group | None:
        """The replication group in another region that it replicates."""
        if self.datastore is None or self.datastore.primary is self:
            return None
        return self.datastore.primary

    @property
    def full_version(self) -> str:
        """The version that the API answers, with its patch number."""
        return full_version(self.declared.get("EngineVersion"))

    def _membership(self) -> dict[str, object]:
        if self.datastore is None:
            return {}
        role = "SECONDARY" if self.source else "PRIMARY"
        return {"GlobalReplicationGroupId": self.datastore.identifier, "GlobalReplicationGroupMemberRole": role}

    def _endpoint(self, address: str | None) -> dict[str, object] | None:
        return {"Address": address, "Port": self.port} if address else None

    def describe(self) -> dict[str, object]:
        """The API's `ReplicationGroup`."""
        return {
            **self.declared,
            "ReplicationGroupId": self.identifier,
            "Description": self.description,
            "GlobalReplicationGroupInfo": self._membership(),
            "Status": self.status,
            "PendingModifiedValues": {},
            "MemberClusters": [node.cluster_id for node in self.nodes],
            "ConfigurationEndpoint": self._endpoint(self.configuration_address),
            "NodeGroups": [self._describe_node_group(node_group) for node_group in self.node_groups],
            "AutomaticFailover": "enabled" if self.automatic_failover else "disabled",
            "MultiAZ": "enabled" if self.multi_az else "disabled",
            "ClusterEnabled": self.clustered,
            "ClusterMode": self.cluster_mode,
            "CacheNodeType": self.node_type,
            "AuthTokenEnabled": any(self.tokens),
            "AuthTokenLastModifiedDate": self.token_changed,
            "TransitEncryptionEnabled": self.tls,
            "TransitEncryptionMode": "required" if self.tls else None,
            "ARN": self.arn,
            "UserGroupIds": [self.user_group] if self.user_group else [],
            "ReplicationGroupCreateTime": self.created,
            "DataTiering": "disabled",
            "NetworkType": "ipv4",
            "IpDiscovery": "ipv4",
            "Engine": "redis",
        }

    def _describe_node_group(self, node_group: NodeGroup) -> dict[str, object]:
        """The API's `NodeGroup`: with cluster mode it tells of slots, and neither of endpoints nor of roles."""
        described: dict[str, object] = {"NodeGroupId": node_group.identifier}
        if self.clustered:
            return described | {
                "Status": "deleting" if node_group.leaves else self.status,
                "Slots": told(node_group.slots),
                "NodeGroupMembers": [
                    {
                        "CacheClusterId": node.cluster_id,
                        "CacheNodeId": NODE_ID,
                        "PreferredAvailabilityZone": node.zone,
                    }
                    for node in node_group.nodes
                ],
            }
        return described | {
            "Status": self.status,
            "PrimaryEndpoint": self._endpoint(self.primary_address),
            "ReaderEndpoint": self._endpoint(self.reader_address),
            "NodeGroupMembers": [
                {
                    "CacheClusterId": node.cluster_id,
                    "CacheNodeId": NODE_ID,
                    "ReadEndpoint": self._endpoint(node.address),
                    "PreferredAvailabilityZone": node.zone,
                    "CurrentRole": "primary" if node is node_group.primary else "replica",
                }
                for node in node_group.nodes
            ],
        }

    def describe_member(self, node: Node) -> dict[str, object]:
        """The API's `CacheCluster` of one member."""
        return {
            **_renamed(self.declared),
            "CacheClusterId": node.cluster_id,
            "CacheNodeType": self.node_type,
            "Engine": "redis",
            "EngineVersion": self.full_version,
            "CacheClusterStatus": self.status,
            "NumCacheNodes": 1,
            "PreferredAvailabilityZone": node.zone,
            "CacheClusterCreateTime": self.created,
            "PendingModifiedValues": {},
            "CacheSecurityGroups": [],
            "CacheParameterGroup": {
                "CacheParameterGroupName": self.parameter_group.name,
                "ParameterApplyStatus": "in-sync",
                "CacheNodeIdsToReboot": [],
            },
            "CacheSubnetGroupName": self.subnet_group,
            "CacheNodes": [
                {
                    "CacheNodeId": NODE_ID,
                    "CacheNodeStatus": self.status,
                    "CacheNodeCreateTime": self.created,
                    "Endpoint": self._endpoint(node.address),
                    "ParameterGroupStatus": "in-sync",
                    "CustomerAvailabilityZone": node.zone,
                }
            ],
            "SecurityGroups": [{"SecurityGroupId": group, "Status": "active"} for group in self.security_groups],
            "ReplicationGroupId": self.identifier,
            "AuthTokenEnabled": any(self.tokens),
            "AuthTokenLastModifiedDate": self.token_changed,
            "TransitEncryptionEnabled": self.tls,
            "TransitEncryptionMode": "required" if self.tls else None,
            "ARN": f"arn:aws:elasticache:{self.region}:{self.account}:cluster:{node.cluster_id}",
            "ReplicationGroupLogDeliveryEnabled": bool(self.declared.get("LogDeliveryConfigurations")),
            "NetworkType": "ipv4",
            "IpDiscovery": "ipv4",
        }


def full_version(declared: object) -> str:
    """The version that the API answers, with its patch number.

    7.1 is ElastiCache's own: to clients the same as Redis 7.0, which is what runs here, so it is answered as declared.
    """
    wanted = str(declared or "7.0")
    if wanted in ("7", "7.x", "7.0"):
        return FULL_VERSION
    return wanted if wanted.count(".") == 2 else f"{wanted}.0"


def _renamed(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A member answers the notification topic as a structure, a group takes it as an ARN."""
    topic = declared.get("NotificationTopicArn")
    if not topic:
        return dict(declared)
    return {**declared, "NotificationConfiguration": {"TopicArn": topic, "TopicStatus": "active"}}


def default_parameter_groups(region: str, account: str) -> dict[str, ParameterGroup]:
    """The groups that a replication group has when none is named: without cluster mode, and with it."""

    def made(name: str, description: str, values: dict[str, str]) -> ParameterGroup:
        return ParameterGroup(
            name, description, f"arn:aws:elasticache:{region}:{account}:parametergroup:{name}", values
        )

    description = f"Default parameter group for {FAMILY}"
    return {
        DEFAULT_GROUP: made(DEFAULT_GROUP, description, {}),
        DEFAULT_CLUSTER_GROUP: made(
            DEFAULT_CLUSTER_GROUP, f"{description} with cluster mode", {CLUSTER_ENABLED: "yes"}
        ),
    }
