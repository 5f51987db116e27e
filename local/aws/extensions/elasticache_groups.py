"""Replication groups and parameter groups as the API holds them and the data plane makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.core.utils import utcnow

from local.aws.extensions.elasticache_parameters import DEFAULT_GROUP, FAMILY, PARAMETERS, redis_settings

if TYPE_CHECKING:
    from local.aws.extensions.elasticache_global import GlobalGroup

ZONES = "abc"
FULL_VERSION = "7.0.15"
"""What the local server is; answered as the version that is running."""


@dataclass
class ParameterGroup:
    """A cache parameter group: the values that differ from the family's defaults."""

    name: str
    description: str
    arn: str
    values: dict[str, str] = field(default_factory=dict)

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
        return [
            {
                "ParameterName": name,
                "ParameterValue": self.values.get(name, parameter.default),
                "Source": "user" if name in self.values else "system",
                "DataType": parameter.kind,
                "AllowedValues": parameter.allowed or None,
                "IsModifiable": parameter.modifiable,
                "MinimumEngineVersion": "7.0.0",
                "ChangeType": "immediate" if parameter.live else "requires-reboot",
            }
            for name, parameter in PARAMETERS.items()
            if source is None or source == ("user" if name in self.values else "system")
        ]


@dataclass
class Node:
    """One member of a replication group.

    Attributes:
        address: Set once the data plane serves it.
    """

    cluster_id: str
    zone: str
    address: str | None = None


@dataclass
class Group:
    """A replication group with one node group (cluster mode off).

    Attributes:
        tokens: AUTH tokens that are accepted, newest first; two while a rotation is under way;
            an empty one means that none is needed.
        datastore: The global datastore that it is in.
        user_group: ID of the group of users that are let in instead of whoever has a token.
        status: creating, available, modifying, deleting or create-failed, as the API answers it.
        declared: What is echoed by the API and has no effect here, by the API's name.
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
    nodes: list[Node] = field(default_factory=list)
    status: str = "creating"
    created: datetime = field(default_factory=utcnow)
    token_changed: datetime | None = None
    generation: int = 1

    @property
    def arn(self) -> str:
        return f"arn:aws:elasticache:{self.region}:{self.account}:replicationgroup:{self.identifier}"

    @property
    def settings(self) -> dict[str, str]:
        """redis.conf settings every node must have."""
        return redis_settings(self.parameter_group.values, self.node_type)

    def resize(self, count: int) -> None:
        """Have `count` nodes: the newest go, new ones come in the next zone."""
        del self.nodes[count:]
        while len(self.nodes) < count:
            number = len(self.nodes) + 1
            zone = f"{self.region}{ZONES[(number - 1) % len(ZONES)]}"
            self.nodes.append(Node(f"{self.identifier}-{number:0>3}", zone))

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
        primary, replicas = self.nodes[0], self.nodes[1:]
        return {
            **self.declared,
            "ReplicationGroupId": self.identifier,
            "Description": self.description,
            "GlobalReplicationGroupInfo": self._membership(),
            "Status": self.status,
            "PendingModifiedValues": {},
            "MemberClusters": [node.cluster_id for node in self.nodes],
            "NodeGroups": [
                {
                    "NodeGroupId": "0001",
                    "Status": self.status,
                    "PrimaryEndpoint": self._endpoint(primary.address),
                    "ReaderEndpoint": self._endpoint((replicas or [primary])[0].address),
                    "NodeGroupMembers": [
                        {
                            "CacheClusterId": node.cluster_id,
                            "CacheNodeId": "0001",
                            "ReadEndpoint": self._endpoint(node.address),
                            "PreferredAvailabilityZone": node.zone,
                            "CurrentRole": "primary" if node is primary else "replica",
                        }
                        for node in self.nodes
                    ],
                }
            ],
            "AutomaticFailover": "enabled" if self.automatic_failover else "disabled",
            "MultiAZ": "enabled" if self.multi_az else "disabled",
            "ClusterEnabled": False,
            "ClusterMode": "disabled",
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
                    "CacheNodeId": "0001",
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


def default_parameter_group(region: str, account: str) -> ParameterGroup:
    """The group that a replication group has when none is named."""
    arn = f"arn:aws:elasticache:{region}:{account}:parametergroup:{DEFAULT_GROUP}"
    return ParameterGroup(DEFAULT_GROUP, f"Default parameter group for {FAMILY}", arn)
