"""ElastiCache's parameter groups and subnet groups: what replication groups are made in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.models import CacheSubnetGroup

from local.aws.errors import Invalid, Refused
from local.aws.extensions.elasticache_global import backends
from local.aws.extensions.elasticache_groups import ParameterGroup
from local.aws.extensions.elasticache_parameters import CLUSTER_ENABLED, DEFAULT_GROUP, FAMILY, PARAMETERS

if TYPE_CHECKING:
    from local.aws.extensions.elasticache import ElastiCache


class SurroundingOperations:
    """Operations on parameter groups and subnet groups; a part of ElastiCache's responses."""

    if TYPE_CHECKING:
        region: str
        current_account: str

        @property
        def backend(self) -> ElastiCache: ...
        def _get_param(self, param_name: str, if_none: Any = None) -> Any: ...
        def _get_bool_param(self, param_name: str, if_none: Any = None) -> Any: ...

    # -- Parameter groups ---------------------------------------------------------------------------------------

    def create_cache_parameter_group(self) -> ActionResult:
        name = self._get_param("CacheParameterGroupName").lower()
        family = self._get_param("CacheParameterGroupFamily")
        if family != FAMILY:
            raise Refused(f"cache parameter group family {family!r}", f"It runs {FAMILY}.")
        if name in self.backend.parameter_groups:
            raise Invalid("CacheParameterGroupAlreadyExists", f"CacheParameterGroup {name} already exists.")
        arn = f"arn:aws:elasticache:{self.region}:{self.current_account}:parametergroup:{name}"
        group = ParameterGroup(name, self._get_param("Description"), arn)
        self.backend.parameter_groups[name] = group
        self.backend.tagging_service.tag_resource(arn, self._get_param("Tags", []))
        return ActionResult({"CacheParameterGroup": group.describe()})

    def describe_cache_parameter_groups(self) -> ActionResult:
        name = self._get_param("CacheParameterGroupName")
        groups = [self.backend.parameter_group(name)] if name else list(self.backend.parameter_groups.values())
        return ActionResult({"CacheParameterGroups": [group.describe() for group in groups]})

    def describe_cache_parameters(self) -> ActionResult:
        group = self.backend.parameter_group(self._get_param("CacheParameterGroupName"))
        return ActionResult({"Parameters": group.parameters(self._get_param("Source"))})

    def describe_engine_default_parameters(self) -> ActionResult:
        family = self._get_param("CacheParameterGroupFamily")
        if family != FAMILY:
            raise Refused(f"cache parameter group family {family!r}", f"It runs {FAMILY}.")
        defaults = self.backend.parameter_groups[DEFAULT_GROUP].parameters(None)
        return ActionResult({"EngineDefaults": {"CacheParameterGroupFamily": FAMILY, "Parameters": defaults}})

    def modify_cache_parameter_group(self) -> ActionResult:
        group = self._own_parameter_group()
        changes = {pair["ParameterName"]: pair["ParameterValue"] for pair in self._get_param("ParameterNameValues", [])}
        for name, value in changes.items():
            parameter = PARAMETERS.get(name)
            if parameter is None or not parameter.modifiable:
                raise Invalid("InvalidParameterValue", f"Parameter {name} does not exist or cannot be modified.")
            if not parameter.accepts(value):
                raise Invalid(
                    "InvalidParameterValue",
                    f"Value {value!r} is not allowed for parameter {name}: {parameter.allowed or 'plain text'}.",
                )
        self._keep_mode(group, group.values | changes)
        group.values.update(changes)
        self._changed(group)
        return ActionResult({"CacheParameterGroupName": group.name})

    def reset_cache_parameter_group(self) -> ActionResult:
        group = self._own_parameter_group()
        everything = self._get_bool_param("ResetAllParameters")
        reset = {pair["ParameterName"] for pair in self._get_param("ParameterNameValues", [])}
        kept = {name: value for name, value in group.values.items() if not everything and name not in reset}
        self._keep_mode(group, kept)
        group.values = kept
        self._changed(group)
        return ActionResult({"CacheParameterGroupName": group.name})

    def delete_cache_parameter_group(self) -> ActionResult:
        group = self._own_parameter_group()
        users = self._users(group)
        if users:
            raise Invalid(
                "InvalidCacheParameterGroupState",
                f"Parameter group {group.name} is still in use by {', '.join(users)}.",
            )
        del self.backend.parameter_groups[group.name]
        return EmptyResult()

    def _users(self, group: ParameterGroup) -> list[str]:
        return [user.identifier for user in self.backend.groups.values() if user.parameter_group is group]

    def _keep_mode(self, group: ParameterGroup, values: Mapping[str, str]) -> None:
        """Whoever uses a parameter group keeps the cluster mode that it has."""
        if values.get(CLUSTER_ENABLED, "no") != group.values.get(CLUSTER_ENABLED, "no") and self._users(group):
            raise Invalid(
                "InvalidCacheParameterGroupState",
                f"Parameter group {group.name} is in use: {CLUSTER_ENABLED} cannot be changed.",
            )

    def _own_parameter_group(self) -> ParameterGroup:
        group = self.backend.parameter_group(self._get_param("CacheParameterGroupName"))
        if group.is_default:
            raise Invalid("InvalidParameterValue", f"The default parameter group {group.name} cannot be changed.")
        return group

    def _changed(self, parameters: ParameterGroup) -> None:
        for backend in backends(self.current_account):
            for group in backend.groups.values():
                if group.parameter_group is parameters:
                    group.change()

    # -- Subnet groups ------------------------------------------------------------------------------------------

    def modify_cache_subnet_group(self) -> ActionResult:
        group = self.backend.subnet_group(self._get_param("CacheSubnetGroupName"))
        changed = CacheSubnetGroup(
            self.current_account,
            self.region,
            group.cache_subnet_group_name,
            self._get_param("CacheSubnetGroupDescription") or group.cache_subnet_group_description,
            self._get_param("SubnetIds") or group.subnet_ids,
            group.tags,
        )
        self.backend.cache_subnet_groups[group.cache_subnet_group_name] = changed
        return ActionResult({"CacheSubnetGroup": changed})

    def delete_cache_subnet_group(self) -> ActionResult:
        name = self.backend.subnet_group(self._get_param("CacheSubnetGroupName")).cache_subnet_group_name
        users = [group.identifier for group in self.backend.groups.values() if group.subnet_group == name]
        if users:
            raise Invalid("CacheSubnetGroupInUse", f"Cache subnet group {name} is in use by {', '.join(users)}.")
        del self.backend.cache_subnet_groups[name]
        return EmptyResult()
