"""RDS Proxy: what is declared of proxies, their pools and their targets; behind each of them stands a PgBouncer."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.rds.exceptions import DBInstanceNotFoundError, DBProxyAlreadyExistsFault, DBProxyNotFoundFault
from moto.rds.models import DBProxy, DBProxyTarget, DBProxyTargetGroup, RDSBackend
from moto.rds.responses import RDSResponse

from local.aws.errors import Invalid, Refused
from local.aws.extensions.rds_proxy_limits import check_auth, check_pool, check_request
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

GROUP = "default"
"""The only target group that a proxy has."""


def proxy_owner(name: str, region: str) -> str:
    """Name of a proxy's server, under which its address is taken."""
    return f"proxy-{region}-{name}"


class Target(DBProxyTarget):
    """An instance behind a proxy.

    Attributes:
        state: `REGISTERING` until the proxy has asked it for the first time, then `AVAILABLE` or `UNAVAILABLE`.
        reason: Why it is not available, as RDS has it (`AUTH_FAILURE`, `UNREACHABLE`, …); empty if it is.
        description: The same in words.
    """

    def __init__(self, backend: RDSBackend, identifier: str, port: int) -> None:
        super().__init__(backend, identifier, None, "RDS_INSTANCE")
        self.port = port
        self.role = "READ_WRITE"  # type: ignore[assignment]  # moto has none yet
        self.state, self.reason, self.description = "REGISTERING", "", ""

    @property
    def target_health(self) -> dict[str, str]:
        told = {"State": self.state, "Reason": self.reason, "Description": self.description}
        return {name: value for name, value in told.items() if value}


class Pool(DBProxyTargetGroup):
    """A proxy's target group.

    Attributes:
        init_query: What every connection to the database begins with; empty for nothing.
    """

    init_query = ""

    @property
    def connection_pool_config(self) -> dict[str, Any]:
        config = dict(super().connection_pool_config)
        return {**config, "InitQuery": self.init_query} if self.init_query else config

    def change(self, config: Mapping[str, Any]) -> None:
        """Take what is given; the share of idle connections follows that of all connections, unless it is given.

        Raises:
            Invalid: a value is out of its range.
        """
        most = int(config.get("MaxConnectionsPercent", self.max_connections))
        followed = math.floor(most / 2) if "MaxConnectionsPercent" in config else self.max_idle_connections
        idle = int(config.get("MaxIdleConnectionsPercent", followed))
        wait = int(config.get("ConnectionBorrowTimeout", self.borrow_timeout))
        query = str(config.get("InitQuery", self.init_query))
        check_pool(most, idle, wait, query)
        self.max_connections, self.max_idle_connections, self.borrow_timeout = most, idle, wait
        self.init_query = query
        self.session_pinning_filters = config.get("SessionPinningFilters", self.session_pinning_filters)
        self.updated_date = _now()


class Proxy(DBProxy):
    """A proxy with an address: `creating` until its server answers, `modifying` until it has taken a change."""

    def __init__(self, backend: RDSBackend, name: str, *declared: Any) -> None:
        super().__init__(backend, name, *declared)
        self.endpoint = ADDRESSES.allocate(self.server)
        self.proxy_target_groups = {GROUP: Pool(backend, GROUP, name)}
        self.status = "creating"

    @property
    def server(self) -> str:
        """Name of its server."""
        return proxy_owner(self.db_proxy_name, self.region)

    @property
    def pool(self) -> Pool:
        """Its only target group."""
        return cast(Pool, self.proxy_target_groups[GROUP])

    @property
    def target(self) -> Target | None:
        """What it is in front of."""
        return cast(Target, self.pool.targets[0]) if self.pool.targets else None

    def change(self) -> None:
        """Note that its server has something to do."""
        self.updated_date = _now()
        self.status = "modifying"


class Proxies(RDSBackend):
    """The part of RDS that keeps proxies."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.proxies_leaving: dict[str, Proxy] = {}

    def proxy(self, name: str) -> Proxy:
        """The proxy of this name, also one that is being deleted.

        Raises:
            DBProxyNotFoundFault: there is none.
        """
        found = self.db_proxies.get(name) or self.proxies_leaving.get(name)
        if found is None:
            raise DBProxyNotFoundFault(name)
        return cast(Proxy, found)

    @property
    def proxies(self) -> list[Proxy]:
        """Every proxy that is to run, in the order of the names."""
        return [cast(Proxy, self.db_proxies[name]) for name in sorted(self.db_proxies)]

    def forget_proxy(self, proxy: Proxy) -> None:
        """Drop a deleted proxy, once its server is gone."""
        self.proxies_leaving.pop(proxy.db_proxy_name, None)

    def describe_db_proxies(
        self, db_proxy_name: str | None, filters: list[dict[str, Any]] | None = None
    ) -> list[DBProxy]:
        if db_proxy_name:
            return [self.proxy(db_proxy_name)]
        return [*self.proxies, *self.proxies_leaving.values()]

    def create_db_proxy(
        self, db_proxy_name: str, engine_family: str, auth: list[dict[str, str]], *declared: Any, **more: Any
    ) -> Proxy:
        if engine_family != "POSTGRESQL":
            raise Refused(f"RDS Proxy for {engine_family!r}", "It runs PostgreSQL; write engineFamily: POSTGRESQL.")
        check_auth(auth)
        if db_proxy_name in self.proxies_leaving:
            raise DBProxyAlreadyExistsFault(db_proxy_name)
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
        proxy = self._ready(db_proxy_name, target_group_name)
        if db_cluster_identifiers:
            raise Refused("a database cluster behind RDS Proxy")
        [identifier] = db_instance_identifiers
        if identifier not in self.databases:
            raise DBInstanceNotFoundError(identifier)
        instance = self.databases[identifier]
        if instance.is_replica:
            raise Invalid("InvalidDBInstanceState", f"{identifier} is a read replica: RDS Proxy serves the writer.")
        if proxy.target is not None:
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
        proxy = self._ready(db_proxy_name, target_group_name)
        if proxy.target is None or proxy.target.rds_resource_id not in db_instance_identifiers:
            raise Invalid("DBProxyTargetNotFoundFault", f"{db_proxy_name} has no such target.")
        super().deregister_db_proxy_targets(
            db_proxy_name, target_group_name, db_cluster_identifiers, db_instance_identifiers
        )

    def delete_db_proxy(self, proxy_name: str) -> DBProxy:
        proxy = self.proxy(proxy_name)
        if proxy.status == "deleting":
            raise _wrong_state(proxy)
        del self.db_proxies[proxy_name]
        self.proxies_leaving[proxy_name] = proxy
        proxy.status = "deleting"
        return proxy

    def describe_db_proxy_targets(self, proxy_name: str) -> list[DBProxyTarget]:
        return self.proxy(proxy_name).pool.targets

    def describe_db_proxy_target_groups(self, proxy_name: str) -> list[DBProxyTargetGroup]:
        return [self.proxy(proxy_name).pool]

    def modify_db_proxy_target_group(self, proxy_name: str, config: dict[str, Any]) -> DBProxyTargetGroup:
        proxy = self._ready(proxy_name)
        proxy.pool.change(config)
        proxy.change()
        return proxy.pool

    def modify_db_proxy(self, proxy_name: str, changes: dict[str, Any]) -> Proxy:
        """Change what is given."""
        proxy = self._ready(proxy_name)
        if changes.get("NewDBProxyName"):
            raise Refused("renaming a proxy")
        check_auth(changes.get("Auth") or [])
        for member, attribute in _CHANGEABLE.items():
            if changes.get(member) is not None:
                setattr(proxy, attribute, changes[member])
        proxy.change()
        return proxy

    def _ready(self, name: str, group: str | None = None) -> Proxy:
        """The proxy, if it can be changed now."""
        proxy = self.proxy(name)
        if group not in (None, GROUP):
            raise Invalid("DBProxyTargetGroupNotFoundFault", f"{name} has no target group {group}.")
        if proxy.status not in ("available", "modifying"):
            raise _wrong_state(proxy)
        return proxy


def _wrong_state(proxy: Proxy) -> Invalid:
    return Invalid("InvalidDBProxyStateFault", f"DB proxy {proxy.db_proxy_name} is {proxy.status}.")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class ProxyResponses(RDSResponse):
    """The proxies' operations that moto does not answer, or of whose parameters it drops some."""

    def create_db_proxy(self) -> ActionResult:
        check_request(self.params)
        return super().create_db_proxy()

    def modify_db_proxy(self) -> ActionResult:
        backend = self.backend
        assert isinstance(backend, Proxies)
        check_request(self.params)
        # moto's parameters know the API's names; as a plain dictionary they would have others.
        changes = {member: self.params.get(member) for member in ("NewDBProxyName", *_CHANGEABLE)}
        return ActionResult({"DBProxy": backend.modify_db_proxy(self.params["DBProxyName"], changes)})

    def modify_db_proxy_target_group(self) -> ActionResult:
        if self.params.get("NewName"):
            raise Refused("renaming a target group")
        if self.params.get("TargetGroupName") != GROUP:
            raise Invalid("DBProxyTargetGroupNotFoundFault", f"There is no {self.params.get('TargetGroupName')}.")
        return super().modify_db_proxy_target_group()
