"""ElastiCache: parameter groups, subnet groups that can be changed, replication groups that have servers."""

from __future__ import annotations

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.elasticache import urls as moto_urls
from moto.elasticache.exceptions import (
    CacheClusterNotFound,
    CacheSubnetGroupNotFound,
    ReplicationGroupAlreadyExists,
    ReplicationGroupNotFound,
)
from moto.elasticache.models import CacheSubnetGroup, ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse

from local.aws.errors import Invalid, Refused
from local.aws.extensions.elasticache_events import EventOperations
from local.aws.extensions.elasticache_global import (
    GlobalGroup,
    GlobalOperations,
    backends,
    datastore_of,
    inherited,
    join,
    refuse_members_own,
)
from local.aws.extensions.elasticache_groups import Group, ParameterGroup, default_parameter_groups
from local.aws.extensions.elasticache_limits import (
    check_failover,
    check_token,
    check_versions,
    deliveries_after,
    tokens_after,
    user_group_after,
)
from local.aws.extensions.elasticache_node_groups import Node
from local.aws.extensions.elasticache_parameters import DEFAULT_CLUSTER_GROUP, DEFAULT_GROUP
from local.aws.extensions.elasticache_shards import ShardOperations, check_shards, first_node_groups, is_clustered
from local.aws.extensions.elasticache_snapshots import Snapshot, SnapshotOperations
from local.aws.extensions.elasticache_surroundings import SurroundingOperations
from local.aws.extensions.elasticache_users import User, UserGroup, UserOperations
from local.aws.extensions.routing import urls

# Accepted, answered back and without effect; docs/local-aws.md lists them.
RECORDED = (
    "AtRestEncryptionEnabled",
    "AutoMinorVersionUpgrade",
    "EngineVersion",
    "KmsKeyId",
    "LogDeliveryConfigurations",
    "NotificationTopicArn",
    "PreferredMaintenanceWindow",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
)
REFUSED = (
    "CacheSecurityGroupNames",
    "DataTieringEnabled",
    "NodeGroupConfiguration",
    "PrimaryClusterId",
    "ServerlessCacheSnapshotName",
)
DEFAULTS: dict[str, object] = {
    "AtRestEncryptionEnabled": False,
    "AutoMinorVersionUpgrade": True,
    "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
    "SnapshotRetentionLimit": 0,
    "SnapshotWindow": "03:00-04:00",
}
_GROUP_NAME = re.compile(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,39}")


class ElastiCache(ElastiCacheBackend):
    """The region's ElastiCache, with parameter groups and replication groups of our own."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.groups: dict[str, Group] = {}
        self.parameter_groups = default_parameter_groups(region_name, account_id)
        self.access_users: dict[str, User] = {}
        self.user_groups: dict[str, UserGroup] = {}
        self.global_groups: dict[str, GlobalGroup] = {}
        # moto has snapshots of its own under the shorter name: without data.
        self.snapshots_kept: dict[str, Snapshot] = {}
        self.arn_regex = re.compile(
            r"^arn:aws:elasticache:.*:[0-9]*:(cluster|parametergroup|replicationgroup|snapshot|subnetgroup|user|usergroup):.*$"
        )

    @property
    def _url_module(self) -> Any:
        return urls(moto_urls, Responses)

    def group(self, identifier: str) -> Group:
        """The replication group of this name.

        Raises:
            ReplicationGroupNotFound: there is none.
        """
        if identifier.lower() not in self.groups:
            raise ReplicationGroupNotFound(identifier)
        return self.groups[identifier.lower()]

    def parameter_group(self, name: str) -> ParameterGroup:
        """The parameter group of this name, or AWS's error."""
        if name not in self.parameter_groups:
            raise Invalid("CacheParameterGroupNotFound", f"CacheParameterGroup {name} not found.")
        return self.parameter_groups[name]

    def subnet_group(self, name: str) -> CacheSubnetGroup:
        """The subnet group of this name, or AWS's error."""
        if name not in self.cache_subnet_groups:
            raise CacheSubnetGroupNotFound(name)
        return self.cache_subnet_groups[name]

    def user_group(self, identifier: str) -> UserGroup:
        """The user group of this ID, or AWS's error."""
        if identifier.lower() not in self.user_groups:
            raise Invalid("UserGroupNotFound", f"User group {identifier} not found.")
        return self.user_groups[identifier.lower()]

    def users_of(self, group: Group) -> list[User]:
        """Who may log in to a replication group; nobody in particular where it has a token or nothing."""
        if group.user_group is None:
            return []
        return [self.access_users[identifier] for identifier in self.user_groups[group.user_group].user_ids]

    def snapshot(self, name: str) -> Snapshot:
        """The snapshot of this name, or AWS's error."""
        if name.lower() not in self.snapshots_kept:
            raise Invalid("SnapshotNotFoundFault", f"Snapshot {name} not found.")
        return self.snapshots_kept[name.lower()]

    def is_restoring(self, snapshot: Snapshot) -> bool:
        """Whether a replication group is being made from the snapshot."""
        return any(group.seed is snapshot and not group.formed for group in self.groups.values())

    def is_snapshotting(self, group: Group) -> bool:
        """Whether a snapshot of the group is being taken."""
        return any(each.origin is group and each.status == "creating" for each in self.snapshots_kept.values())

    def drop_snapshot(self, snapshot: Snapshot) -> None:
        """Drop a deleted snapshot, once its file is gone."""
        self.snapshots_kept.pop(snapshot.name, None)
        self.tagging_service.delete_all_tags_for_resource(snapshot.arn)

    def forget(self, group: Group) -> None:
        """Drop a deleted group, once its servers are gone."""
        self.groups.pop(group.identifier, None)
        self.tagging_service.delete_all_tags_for_resource(group.arn)


class Responses(
    SurroundingOperations,
    UserOperations,
    GlobalOperations,
    EventOperations,
    SnapshotOperations,
    ShardOperations,
    ElastiCacheResponse,
):
    """The operations that moto lacks or answers without substance."""

    @property
    def backend(self) -> ElastiCache:
        backend = self.elasticache_backend
        assert isinstance(backend, ElastiCache)
        return backend

    # -- Replication groups -------------------------------------------------------------------------------------

    def create_replication_group(self) -> ActionResult:
        params = self._get_params()
        identifier = params["ReplicationGroupId"].lower()
        if identifier in self.backend.groups:
            raise ReplicationGroupAlreadyExists(identifier)
        if not _GROUP_NAME.fullmatch(identifier):
            raise Invalid(
                "InvalidParameterValue",
                f"ReplicationGroupId {identifier!r}: at most 40 letters, digits and single hyphens, a letter first.",
            )
        wanted = params.get("GlobalReplicationGroupId")
        datastore = datastore_of(backends(self.current_account), wanted) if wanted else None
        if datastore is not None:
            params = inherited(params, datastore)
        tls = bool(params.get("TransitEncryptionEnabled"))
        self._refuse(params)
        check_versions(params.get("Engine"), params.get("EngineVersion"))
        check_token(params.get("AuthToken"), tls)
        named = params.get("CacheParameterGroupName")
        clustered = is_clustered(params, self.backend.parameter_group(named) if named else None)
        parameters = self.backend.parameter_group(named or (DEFAULT_CLUSTER_GROUP if clustered else DEFAULT_GROUP))
        shards, replicas = int(params.get("NumNodeGroups") or 1), params.get("ReplicasPerNodeGroup")
        count = int(params.get("NumCacheClusters") or (int(replicas) + 1 if replicas is not None else 1))
        failover, multi_az = bool(params.get("AutomaticFailoverEnabled")), bool(params.get("MultiAZEnabled"))
        if clustered:
            check_shards(shards, count - 1, failover, multi_az)
        else:
            check_failover(count, failover, multi_az)
        seed = self.seed_of(params.get("SnapshotName"), params.get("SnapshotArns") or [], clustered, shards)
        subnet_group = params.get("CacheSubnetGroupName")
        if subnet_group:
            subnet_group = self.backend.subnet_group(subnet_group).cache_subnet_group_name
        token = params.get("AuthToken")
        user_group = user_group_after(None, params.get("UserGroupIds") or [], [], tls, token)
        if user_group is not None:
            self.backend.user_group(user_group)
        group = Group(
            identifier=identifier,
            region=self.region,
            account=self.current_account,
            description=params["ReplicationGroupDescription"],
            node_type=params.get("CacheNodeType") or "cache.t4g.micro",
            port=int(params.get("Port") or 6379),
            tls=tls,
            tokens=[token] if token else [],
            user_group=user_group,
            parameter_group=parameters,
            subnet_group=subnet_group,
            security_groups=list(params.get("SecurityGroupIds") or []),
            automatic_failover=failover,
            multi_az=multi_az,
            declared={
                **DEFAULTS,
                **{name: params[name] for name in RECORDED if params.get(name) is not None},
                "LogDeliveryConfigurations": deliveries_after([], params.get("LogDeliveryConfigurations") or []),
            },
            token_changed=utcnow() if token else None,
            seed=seed,
            clustered=clustered,
        )
        if clustered:
            kept = [part.slots for part in seed.parts] if isinstance(seed, Snapshot) else []
            group.node_groups = first_node_groups(shards, kept)
        group.resize(count)
        self._refuse_taken(group)
        zones = params.get("PreferredCacheClusterAZs") or []
        for node, zone in zip(group.nodes, zones, strict=False):
            node.zone = zone
        if datastore is not None:
            join(group, datastore)
        self.backend.groups[identifier] = group
        self.backend.tagging_service.tag_resource(group.arn, params.get("Tags") or [])
        return ActionResult({"ReplicationGroup": group.describe()})

    def describe_replication_groups(self) -> ActionResult:
        name = self._get_param("ReplicationGroupId")
        groups = [self.backend.group(name)] if name else list(self.backend.groups.values())
        return ActionResult({"ReplicationGroups": [group.describe() for group in groups]})

    def modify_replication_group(self) -> ActionResult:
        params = self._get_params()
        group = self._available(params["ReplicationGroupId"])
        self._refuse(params)
        refuse_members_own(group, params)
        check_versions(params.get("Engine"), params.get("EngineVersion"))
        if params.get("TransitEncryptionEnabled") not in (None, group.tls):
            raise Refused("switching encryption in transit of a replication group", "Replace the group.")
        tokens = tokens_after(group.tokens, params.get("AuthToken"), params.get("AuthTokenUpdateStrategy"), group.tls)
        user_group = user_group_after(
            group.user_group,
            params.get("UserGroupIdsToAdd") or [],
            params.get("UserGroupIdsToRemove") or [],
            group.tls,
            tokens[0] if tokens else None,
        )
        if user_group is not None:
            self.backend.user_group(user_group)
        parameters = self.backend.parameter_group(params.get("CacheParameterGroupName") or group.parameter_group.name)
        if parameters.clustered != group.clustered or params.get("ClusterMode") not in (None, group.cluster_mode):
            raise Refused("switching cluster mode of a replication group", "Replace the group.")
        failover = _or(params.get("AutomaticFailoverEnabled"), group.automatic_failover)
        multi_az = _or(params.get("MultiAZEnabled"), group.multi_az)
        self._check_nodes(group, len(group.node_groups[0].nodes), failover, multi_az)
        if tokens != group.tokens:
            group.tokens, group.token_changed = tokens, utcnow()
        group.user_group = user_group
        group.parameter_group, group.automatic_failover, group.multi_az = parameters, failover, multi_az
        group.description = params.get("ReplicationGroupDescription") or group.description
        group.node_type = params.get("CacheNodeType") or group.node_type
        group.security_groups = list(params.get("SecurityGroupIds") or group.security_groups)
        declared = {name: params[name] for name in RECORDED if params.get(name) is not None}
        if "LogDeliveryConfigurations" in declared:
            before = group.declared.get("LogDeliveryConfigurations") or []
            declared["LogDeliveryConfigurations"] = deliveries_after(before, declared["LogDeliveryConfigurations"])
        group.declared.update(declared)
        group.change()
        return ActionResult({"ReplicationGroup": group.describe()})

    def increase_replica_count(self) -> ActionResult:
        return self._change_replica_count(lambda before, after: after > before, "greater")

    def decrease_replica_count(self) -> ActionResult:
        return self._change_replica_count(lambda before, after: after < before, "less")

    def _change_replica_count(self, right_way: Any, word: str) -> ActionResult:
        group = self._available(self._get_param("ReplicationGroupId"))
        replicas = self._get_int_param("NewReplicaCount")
        if replicas is None:
            raise Refused("changing replicas by node group or by name", "Give NewReplicaCount.")
        before = len(group.node_groups[0].nodes) - 1
        if not right_way(before, replicas):
            raise Invalid("InvalidParameterValue", f"NewReplicaCount must be {word} than {before}.")
        self._check_nodes(group, replicas + 1, group.automatic_failover, group.multi_az)
        group.resize(replicas + 1)
        group.change()
        return ActionResult({"ReplicationGroup": group.describe()})

    def delete_replication_group(self) -> ActionResult:
        group = self.backend.group(self._get_param("ReplicationGroupId"))
        if self._get_bool_param("RetainPrimaryCluster"):
            raise Refused("keeping the primary of a deleted replication group")
        if group.status == "deleting":
            raise Invalid("InvalidReplicationGroupState", f"Replication group {group.identifier} is being deleted.")
        if self.backend.is_snapshotting(group):
            raise Invalid("InvalidReplicationGroupState", f"A snapshot of {group.identifier} is being taken.")
        if group.datastore is not None:
            raise Invalid(
                "InvalidReplicationGroupState",
                f"{group.identifier} is in {group.datastore.identifier}: take it out first.",
            )
        final = self._get_param("FinalSnapshotIdentifier")
        if final:
            # A group that was never there has nothing to keep, and one under change is taken as it then is.
            if not group.formed:
                raise Invalid("InvalidReplicationGroupState", f"{group.identifier} is {group.status}: no snapshot yet.")
            group.last_will = self.take_snapshot(group, final)
        group.status = "deleting"
        return ActionResult({"ReplicationGroup": group.describe()})

    def _check_nodes(self, group: Group, count: int, failover: bool, multi_az: bool) -> None:
        """AWS's own rules, for so many nodes in each node group."""
        if group.clustered:
            check_shards(len(group.node_groups), count - 1, failover, multi_az)
        else:
            check_failover(count, failover, multi_az)

    def _refuse_taken(self, group: Group) -> None:
        """Nodes of a cluster `a` are named like those of a group `a-0001` without cluster mode."""
        others = {name for other in self.backend.groups.values() for name in other.node_ids}
        if taken := sorted(others & set(group.node_ids)):
            raise Invalid("CacheClusterAlreadyExists", f"Cache cluster {taken[0]} already exists.")

    def _available(self, identifier: str) -> Group:
        group = self.backend.group(identifier)
        if group.status != "available":
            raise Invalid(
                "InvalidReplicationGroupState",
                f"Replication group {group.identifier} is {group.status}; it must be available.",
            )
        return group

    def _refuse(self, params: Any) -> None:
        for name in REFUSED:
            if params.get(name):
                raise Refused(f"{name} of a replication group")
        if params.get("TransitEncryptionMode") == "preferred":
            raise Refused("TransitEncryptionMode preferred", "Write required.")
        if (params.get("NetworkType") or "ipv4") != "ipv4":
            raise Refused(f"NetworkType {params['NetworkType']}", "It has IPv4 only.")

    # -- Members ------------------------------------------------------------------------------------------------

    def describe_cache_clusters(self) -> ActionResult:
        name = self._get_param("CacheClusterId")
        members: list[tuple[Group, Node]] = [(g, node) for g in self.backend.groups.values() for node in g.nodes]
        if name:
            members = [(group, node) for group, node in members if node.cluster_id == name.lower()]
            if not members:
                raise CacheClusterNotFound(name)
        return ActionResult({"CacheClusters": [group.describe_member(node) for group, node in members]})

    def create_cache_cluster(self) -> ActionResult:
        raise Refused("cache clusters outside a replication group", "Declare a replication group.")


def _or(value: bool | None, otherwise: bool) -> bool:
    return otherwise if value is None else bool(value)
