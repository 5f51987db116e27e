"""Runs what is behind a replication group's endpoints: HAProxy, which asks every server for its role."""

from __future__ import annotations

from local.aws.dataplane.context import Context, wait_until
from local.aws.dataplane.haproxy import Check, HAProxy, Listener, Member, Pool, Proxy
from local.aws.dataplane.redis_config import CHECK_USER, own_password
from local.aws.dataplane.redis_desired import RedisEndpoint

# In this order in the answer to INFO, with lines of other fields in between.
_IN_STEP = r"rstring role:slave[^*]*master_link_status:up[^*]*master_sync_in_progress:0"
_PRIMARY = "string role:master"


def proxy(endpoint: RedisEndpoint, password: str) -> Proxy:
    """The primary endpoint leads to whoever says that it is the primary, the reader endpoint to replicas in step.

    One HAProxy for each group: a listener cannot be added to one that runs, so with one for all of them a new group
    would cut every other group's sessions.

    Args:
        password: Of the user that asks.
    """

    def check(expected: str) -> Check:
        # The server closes when it has answered: an answer that does not match is known at once, not after a timeout.
        ask = rf'tcp-check send "AUTH {CHECK_USER} {password}\r\nINFO replication\r\nQUIT\r\n"'
        return Check(("option tcp-check", ask, f"tcp-check expect {expected}"), tls=endpoint.tls)

    def pool(name: str, servers: tuple[str, ...], expected: str) -> Pool:
        members = tuple(Member(server, endpoint.servers[server], endpoint.port) for server in servers)
        return Pool(name, members, check(expected))

    leading = _IN_STEP if endpoint.replicates else _PRIMARY
    # In a secondary of a global datastore all are replicas; the one that the others replicate is not for reading here.
    following = [name for name in endpoint.servers if not (endpoint.replicates and name in endpoint.primaries)]
    return Proxy(
        name=endpoint.name,
        listeners=(
            Listener("primary-endpoint", endpoint.address, endpoint.port, ("primary",)),
            Listener("reader-endpoint", endpoint.reader, endpoint.port, ("replicas", "primary")),
        ),
        pools=(pool("primary", endpoint.primaries, leading), pool("replicas", tuple(following), _IN_STEP)),
    )


class RedisEndpointDriver:
    """One group's endpoints."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._haproxy = HAProxy(context)

    def ensure(self, endpoint: RedisEndpoint) -> None:
        """Bring the endpoints to what is declared; returns when clients can write through the primary one.

        Raises:
            NotReady: they are not there yet.
        """
        for address in (endpoint.address, endpoint.reader):
            self._context.add_address(address)
        password = own_password(self._context.control_password, CHECK_USER, endpoint.group)
        self._haproxy.ensure(proxy(endpoint, password))
        wait_until(lambda: bool(self._haproxy.serving(endpoint.name)["primary"]), 5, f"{endpoint.name} has a primary")

    def is_alive(self, endpoint: RedisEndpoint) -> bool:
        """Whether HAProxy runs."""
        return self._haproxy.is_alive(endpoint.name)

    def remove(self, endpoint: RedisEndpoint) -> None:
        """End HAProxy and take the addresses away."""
        self._haproxy.remove(endpoint.name)
        for address in (endpoint.address, endpoint.reader):
            self._context.remove_address(address)
