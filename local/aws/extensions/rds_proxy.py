"""RDS Proxy: an address of its own on which the target's server listens too.

What a proxy adds on AWS, sharing connections and keeping them over a failover, is not there: a client of the proxy is a
client of the server. That it is reached at another address, with TLS and the owner's password, is real.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.rds.exceptions import DBInstanceNotFoundError, DBProxyNotFoundFault
from moto.rds.models import DBProxy, DBProxyTarget, DBProxyTargetGroup, RDSBackend
from moto.rds.responses import RDSResponse

from local.aws.errors import Invalid, Refused
from local.aws.state import ADDRESSES

_CHANGEABLE = {
    "Auth": "auth",
    "RequireTLS": "require_tls",
    "IdleClientTimeout": "idle_client_timeout",
    "DebugLogging": "debug_logging",
    "RoleArn": "role_arn",
    "SecurityGroups": "vpc_security_group_ids",
}
"""Members of ModifyDBProxy and where moto keeps them."""


PREFIX = "proxy-"
"""Start of the names that proxies' addresses are taken under."""


def address_owner(name: str, region: str) -> str:
    """Under which name a proxy's address is taken."""
    return f"{PREFIX}{region}-{name}"


class Target(DBProxyTarget):
    """An instance behind a proxy.

    Attributes:
        health: `REGISTERING` until its server listens on the proxy's address.
    """

    def __init__(self, backend: RDSBackend, identifier: str, port: int) -> None:
        super().__init__(backend, identifier, None, "RDS_INSTANCE")
        self.port = port
        self.role = "READ_WRITE"  # type: ignore[assignment]  # moto has none
        self.health = "REGISTERING"

    @property
    def target_health(self) -> dict[str, str]:
        return {"State": self.health}


class Proxy(DBProxy):
    """A proxy with an address."""

    def __init__(self, backend: RDSBackend, name: str, *declared: Any) -> None:
        super().__init__(backend, name, *declared)
        self.endpoint = ADDRESSES.allocate(address_owner(name, self.region))

    @property
    def pool(self) -> DBProxyTargetGroup:
        """Its only target group."""
        return self.proxy_target_groups["default"]

    @property
    def targets(self) -> list[Target]:
        """What it is in front of: nothing, or one instance."""
        return cast(list[Target], self.pool.targets)


class Proxies(RDSBackend):
    """The part of RDS that keeps proxies."""

    def proxy(self, name: str) -> Proxy:
        """The proxy of this name.

        Raises:
            DBProxyNotFoundFault: there is none.
        """
        if name not in self.db_proxies:
            raise DBProxyNotFoundFault(name)
        return cast(Proxy, self.db_proxies[name])

    def proxies_of(self, identifier: str) -> list[Proxy]:
        """The proxies in front of an instance, in the order of their names."""
        found = [self.proxy(name) for name in sorted(self.db_proxies)]
        return [proxy for proxy in found if any(target.rds_resource_id == identifier for target in proxy.targets)]

    def settle_proxies(self, is_reached: Callable[[str, str], bool]) -> None:
        """Tell of each target whether it can be reached through its proxy.

        Args:
            is_reached: Given the name that the proxy's address is taken under, and the instance's identifier.
        """
        for name in self.db_proxies:
            for target in self.proxy(name).targets:
                reached = is_reached(address_owner(name, self.region_name), target.rds_resource_id)
                target.health = "AVAILABLE" if reached else "REGISTERING"

    def create_db_proxy(
        self, db_proxy_name: str, engine_family: str, auth: list[dict[str, str]], *declared: Any, **more: Any
    ) -> Proxy:
        if engine_family != "POSTGRESQL":
            raise Refused(f"RDS Proxy for {engine_family!r}", "It runs PostgreSQL; write engineFamily: POSTGRESQL.")
        _check_auth(auth)
        made = super().create_db_proxy(db_proxy_name, engine_family, auth, *declared, **more)
        proxy = Proxy(
            self,
            db_proxy_name,
            engine_family,
            auth,
            made.role_arn,
            made.vpc_subnet_ids,
            made.vpc_security_group_ids,
            made.require_tls,
            made.idle_client_timeout,
            made.debug_logging,
            made.tags,
        )
        self.db_proxies[db_proxy_name] = proxy
        return proxy

    def register_db_proxy_targets(
        self,
        db_proxy_name: str,
        target_group_name: str,
        db_cluster_identifiers: list[str],
        db_instance_identifiers: list[str],
    ) -> list[DBProxyTarget]:
        proxy = self.proxy(db_proxy_name)
        if db_cluster_identifiers:
            raise Refused("a database cluster behind RDS Proxy")
        [identifier] = db_instance_identifiers
        if identifier not in self.databases:
            raise DBInstanceNotFoundError(identifier)
        instance = self.databases[identifier]
        if instance.is_replica:
            raise Invalid("InvalidDBInstanceState", f"{identifier} is a read replica: RDS Proxy serves the writer.")
        if proxy.targets:
            raise Invalid("DBProxyTargetAlreadyRegisteredFault", f"{db_proxy_name} has a target already.")
        target = Target(self, identifier, int(instance.port or 5432))
        proxy.pool.targets.append(target)
        return [target]

    def deregister_db_proxy_targets(
        self,
        db_proxy_name: str,
        target_group_name: str,
        db_cluster_identifiers: list[str],
        db_instance_identifiers: list[str],
    ) -> None:
        proxy = self.proxy(db_proxy_name)
        known = {target.rds_resource_id for target in proxy.targets}
        if not known & {*db_instance_identifiers}:
            raise Invalid("DBProxyTargetNotFoundFault", f"{db_proxy_name} has no such target.")
        super().deregister_db_proxy_targets(
            db_proxy_name, target_group_name, db_cluster_identifiers, db_instance_identifiers
        )

    def delete_db_proxy(self, proxy_name: str) -> DBProxy:
        self.proxy(proxy_name)
        return super().delete_db_proxy(proxy_name)

    def describe_db_proxy_targets(self, proxy_name: str) -> list[DBProxyTarget]:
        self.proxy(proxy_name)
        return super().describe_db_proxy_targets(proxy_name)

    def describe_db_proxy_target_groups(self, proxy_name: str) -> list[DBProxyTargetGroup]:
        self.proxy(proxy_name)
        return super().describe_db_proxy_target_groups(proxy_name)

    def modify_db_proxy_target_group(self, proxy_name: str, config: dict[str, Any]) -> DBProxyTargetGroup:
        self.proxy(proxy_name)
        return super().modify_db_proxy_target_group(proxy_name, config)

    def modify_db_proxy(self, proxy_name: str, changes: dict[str, Any]) -> Proxy:
        """Change what is given."""
        proxy = self.proxy(proxy_name)
        if changes.get("NewDBProxyName"):
            raise Refused("renaming a proxy")
        _check_auth(changes.get("Auth") or [])
        for member, attribute in _CHANGEABLE.items():
            if changes.get(member) is not None:
                setattr(proxy, attribute, changes[member])
        return proxy


def _check_auth(auth: list[dict[str, str]]) -> None:
    for item in auth:
        if item.get("IAMAuth", "DISABLED") != "DISABLED":
            raise Refused("IAM tokens instead of passwords", "Write iamAuth: DISABLED.")


class ProxyResponses(RDSResponse):
    """The proxies' operations that moto does not answer."""

    def modify_db_proxy(self) -> ActionResult:
        backend = self.backend
        assert isinstance(backend, Proxies)
        # moto's parameters know the API's names; as a plain dictionary they would have others.
        changes = {member: self.params.get(member) for member in ("NewDBProxyName", *_CHANGEABLE)}
        return ActionResult({"DBProxy": backend.modify_db_proxy(self.params["DBProxyName"], changes)})
