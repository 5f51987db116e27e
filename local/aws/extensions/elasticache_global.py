"""ElastiCache's global datastores: replication groups in several regions, of which one takes writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.elasticache.models import elasticache_backends

from local.aws.errors import Invalid, Refused

if TYPE_CHECKING:
    from local.aws.extensions.elasticache import ElastiCache
    from local.aws.extensions.elasticache_groups import Group

MOST_SECONDARIES = 2
_NODE_TYPE = re.compile(r"cache\.(?:c7gn|m5|m6g|m7g|r5|r6g|r6gd|r7g)\.\d*x?large")
"""ElastiCache User Guide, Global datastores: prerequisites and limitations."""
_MEMBERS_OWN = ("CacheNodeType", "EngineVersion", "CacheParameterGroupName")
"""What is changed for all members at once or not at all."""
_INHERITED = (
    "AtRestEncryptionEnabled",
    "CacheNodeType",
    "CacheParameterGroupName",
    "Engine",
    "EngineVersion",
    "NumNodeGroups",
    "SnapshotArns",
    "SnapshotName",
    "TransitEncryptionEnabled",
)
"""What a secondary has from its primary, and must not say itself."""


@dataclass
class GlobalGroup:
    """A global datastore.

    Attributes:
        primary: The replication group that takes writes.
        secondaries: Those that replicate it, each in another region.
    """

    identifier: str
    description: str
    primary: Group
    secondaries: list[Group]

    @property
    def members(self) -> list[Group]:
        return [self.primary, *self.secondaries]

    @property
    def status(self) -> str:
        if any(group.status not in ("available", "deleting") for group in self.members):
            return "modifying"
        return "available" if self.secondaries else "primary-only"

    def describe(self) -> dict[str, object]:
        """The API's `GlobalReplicationGroup`."""
        return {
            "GlobalReplicationGroupId": self.identifier,
            "GlobalReplicationGroupDescription": self.description,
            "Status": self.status,
            "CacheNodeType": self.primary.node_type,
            "Engine": "redis",
            "EngineVersion": self.primary.full_version,
            "Members": [
                {
                    "ReplicationGroupId": group.identifier,
                    "ReplicationGroupRegion": group.region,
                    "Role": "PRIMARY" if group is self.primary else "SECONDARY",
                    "AutomaticFailover": "enabled" if group.automatic_failover else "disabled",
                    "Status": "associated",
                }
                for group in self.members
            ],
            "ClusterEnabled": False,
            "AuthTokenEnabled": any(self.primary.tokens),
            "TransitEncryptionEnabled": self.primary.tls,
            "AtRestEncryptionEnabled": bool(self.primary.declared.get("AtRestEncryptionEnabled")),
            "ARN": f"arn:aws:elasticache::{self.primary.account}:globalreplicationgroup:{self.identifier}",
        }


def join(group: Group, datastore: GlobalGroup) -> None:
    """Make a new replication group a secondary, or refuse it as AWS does."""
    if any(member.region == group.region for member in datastore.members):
        raise Invalid(
            "InvalidParameterValue", f"{datastore.identifier} has a member in {group.region} already: one a region."
        )
    if len(datastore.secondaries) == MOST_SECONDARIES:
        raise Invalid("InvalidParameterValue", f"{datastore.identifier} has {MOST_SECONDARIES} secondaries already.")
    if group.port != datastore.primary.port:
        raise Refused("a secondary on another port than its primary's", f"Write {datastore.primary.port}.")
    group.datastore = datastore
    # A secondary's parameters are its primary's, and follow them.
    group.parameter_group = datastore.primary.parameter_group
    datastore.secondaries.append(group)


def inherited(params: Mapping[str, Any], datastore: GlobalGroup) -> dict[str, Any]:
    """The parameters of a secondary, with what it has from its primary.

    Raises:
        Invalid: it says some of that itself.
    """
    said = [name for name in _INHERITED if params.get(name) is not None]
    if said:
        raise Invalid(
            "InvalidParameterCombination",
            "Cannot use the given parameters when creating new replication group in an existing global replication "
            f"group: {', '.join(said)}.",
        )
    primary = datastore.primary
    return {
        **params,
        "AtRestEncryptionEnabled": primary.declared.get("AtRestEncryptionEnabled"),
        "CacheNodeType": primary.node_type,
        "EngineVersion": primary.declared.get("EngineVersion"),
        "TransitEncryptionEnabled": primary.tls,
    }


def refuse_members_own(group: Group, params: Mapping[str, Any]) -> None:
    """A member is not changed alone in what all members share."""
    if group.datastore is not None and any(params.get(name) for name in _MEMBERS_OWN):
        raise Invalid(
            "InvalidParameterValue",
            f"Cluster [{group.identifier}] is part of a global cluster [{group.datastore.identifier}]. "
            "Request rejected.",
        )


def leave(group: Group) -> None:
    """Take a secondary out: from then on it is a replication group of its own."""
    if group.datastore is not None:
        group.datastore.secondaries.remove(group)
        group.datastore = None
        # Its first node is to become a primary before anybody watches it as one.
        group.formed = False


class GlobalOperations:
    """Operations on global datastores; a part of ElastiCache's responses."""

    if TYPE_CHECKING:
        region: str
        current_account: str

        @property
        def backend(self) -> ElastiCache: ...
        def _get_params(self) -> Any: ...

    def create_global_replication_group(self) -> ActionResult:
        params = self._get_params()
        primary = self.backend.group(params["PrimaryReplicationGroupId"])
        identifier = f"{_prefix(self.region)}-{params['GlobalReplicationGroupIdSuffix']}"
        if identifier in self._datastores():
            raise Invalid("GlobalReplicationGroupAlreadyExistsFault", f"{identifier} already exists.")
        if primary.datastore is not None:
            raise Invalid("InvalidReplicationGroupState", f"{primary.identifier} is in {primary.datastore.identifier}.")
        if primary.clustered:
            raise Refused("cluster mode in a global datastore")
        if not _NODE_TYPE.fullmatch(primary.node_type):
            raise Invalid(
                "InvalidParameterValue", f"Global datastores do not support nodes of type {primary.node_type}."
            )
        if not primary.automatic_failover:
            raise Invalid("InvalidParameterValue", f"{primary.identifier} has no automatic failover.")
        made = GlobalGroup(identifier, params.get("GlobalReplicationGroupDescription") or " ", primary, [])
        primary.datastore = self.backend.global_groups[identifier] = made
        return ActionResult({"GlobalReplicationGroup": made.describe()})

    def describe_global_replication_groups(self) -> ActionResult:
        identifier = self._get_params().get("GlobalReplicationGroupId")
        found = [self._datastore(identifier)] if identifier else list(self._datastores().values())
        return ActionResult({"GlobalReplicationGroups": [datastore.describe() for datastore in found]})

    def modify_global_replication_group(self) -> ActionResult:
        params = self._get_params()
        datastore = self._datastore(params["GlobalReplicationGroupId"])
        if params.get("CacheParameterGroupName") or params.get("AutomaticFailoverEnabled") is not None:
            raise Refused("changing parameter group or failover of a global datastore")
        node_type, version = params.get("CacheNodeType"), params.get("EngineVersion")
        if node_type and not _NODE_TYPE.fullmatch(node_type):
            raise Invalid("InvalidParameterValue", f"Global datastores do not support nodes of type {node_type}.")
        datastore.description = params.get("GlobalReplicationGroupDescription") or datastore.description
        for group in datastore.members:
            group.node_type = node_type or group.node_type
            if version:
                group.declared["EngineVersion"] = version
            if node_type or version:
                group.change()
        return ActionResult({"GlobalReplicationGroup": datastore.describe()})

    def disassociate_global_replication_group(self) -> ActionResult:
        params = self._get_params()
        datastore = self._datastore(params["GlobalReplicationGroupId"])
        wanted = (params["ReplicationGroupId"].lower(), params["ReplicationGroupRegion"])
        group = next((each for each in datastore.secondaries if (each.identifier, each.region) == wanted), None)
        if group is None:
            raise Invalid("InvalidParameterValue", f"{wanted[0]} is no secondary of {datastore.identifier}.")
        leave(group)
        group.change()
        return ActionResult({"GlobalReplicationGroup": datastore.describe()})

    def delete_global_replication_group(self) -> ActionResult:
        params = self._get_params()
        datastore = self._datastore(params["GlobalReplicationGroupId"])
        if datastore.secondaries:
            raise Invalid("InvalidGlobalReplicationGroupState", f"{datastore.identifier} has secondaries.")
        if not params.get("RetainPrimaryReplicationGroup"):
            raise Refused("deleting a global datastore with its primary", "Keep the primary, and delete it afterwards.")
        datastore.primary.datastore = None
        for backend in self._backends():
            backend.global_groups.pop(datastore.identifier, None)
        return ActionResult({"GlobalReplicationGroup": {**datastore.describe(), "Status": "deleting"}})

    def _datastore(self, identifier: str) -> GlobalGroup:
        return datastore_of(self._backends(), identifier)

    def _datastores(self) -> dict[str, GlobalGroup]:
        return {key: each for backend in self._backends() for key, each in backend.global_groups.items()}

    def _backends(self) -> Iterator[ElastiCache]:
        return backends(self.current_account)


def backends(account: str) -> Iterator[ElastiCache]:
    """ElastiCache of every region: all of them know of a global datastore."""
    yield from list(elasticache_backends[account].values())  # type: ignore[misc]


def datastore_of(regions: Iterator[ElastiCache], identifier: str) -> GlobalGroup:
    """The global datastore of this ID, or AWS's error."""
    found = next((each.global_groups[identifier] for each in regions if identifier in each.global_groups), None)
    if found is None:
        raise Invalid("GlobalReplicationGroupNotFoundFault", f"Global replication group {identifier} not found.")
    return found


def _prefix(region: str) -> str:
    """AWS puts five letters of each region before the suffix; here they are made from its name."""
    letters = re.sub(r"[^a-z]", "", region)
    return (letters + "local")[:5]
