"""How the platform itself gets at Redis servers and Sentinels: certificates for them, clients to them."""

from __future__ import annotations

from collections.abc import Sequence

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.aws.dataplane.context import Context
from local.aws.dataplane.files import own_folder, write_private
from local.aws.dataplane.redis_config import CONTROL_USER, Credentials

USER = "redis"


def credentials(
    context: Context, name: str, tls: bool, addresses: Sequence[str], *, for_peers: bool = False
) -> Credentials:
    """What a server presents and lets the platform in by; its certificate, with TLS, is valid for these addresses.

    Args:
        for_peers: It presents it to other servers too, when it connects to them.
    """
    if not tls:
        return Credentials(context.control_password, None, None, context.authority.root)
    folder = context.folder(name) / "tls"
    issued = context.authority.issue(folder, name, addresses, [f"{name}.groundwork.local"], USER, for_peers=for_peers)
    own_folder(folder, USER)
    root = folder / "ca.pem"
    write_private(root, context.authority.root.read_text(), USER)
    return Credentials(context.control_password, issued.certificate, issued.key, root)


def connect(context: Context, address: str, port: int, tls: bool, seconds: float = 3) -> redis.Redis:
    """A client that may do everything.

    Args:
        seconds: After which an answer, or a connection, is not waited for any longer.
    """
    return redis.Redis(
        host=address,
        port=port,
        username=CONTROL_USER,
        password=context.control_password,
        ssl=tls,
        ssl_ca_certs=str(context.authority.root) if tls else None,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        decode_responses=True,
        # Whoever asks decides whether to ask again: where servers die, some of them never answer.
        retry=Retry(NoBackoff(), 0),
    )
