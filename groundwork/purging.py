"""`groundwork cdn purge`: takes paths out of the distribution's caches."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from groundwork.engine import Engine
from groundwork.errors import UserError

_PAUSE = 1.0
_MOST_PATHS = 3000
_MOST_WILDCARDS = 15
"""What CloudFront has in progress at a time (quotas of invalidations)."""


def purge(engine: Engine, paths: Sequence[str], *, within: float, say: Callable[[str], None]) -> str:
    """Purge the paths from the stack's distribution and wait until no edge location has them any more.

    Args:
        engine: The stack's engine; its outputs name the distribution.
        paths: Paths such as `/index.html` or `/pages/*`.
        within: Seconds to wait for the purge to end.
        say: Told of what happens.

    Returns:
        The purge's ID.

    Raises:
        UserError: a path is none, the stack has no distribution, AWS refuses, or the time is up.
    """
    checked = checked_paths(paths)
    distribution = distribution_of(engine.outputs(), engine.stack.stack)
    # The AWS library reads its credentials from the environment, as the engine's plugins do.
    os.environ.update(engine.environment)
    client = boto3.client(
        "cloudfront", region_name=engine.stack.region or "us-east-1", endpoint_url=engine.stack.endpoint
    )
    try:
        return _purge(client, distribution, checked, within, say)
    except (ClientError, BotoCoreError) as error:
        raise UserError(f"CloudFront does not purge {distribution}: {error}") from None


def checked_paths(paths: Sequence[str]) -> list[str]:
    """The paths, each once.

    Raises:
        UserError: CloudFront would refuse them; the message names the path and the cure.
    """
    found = list(dict.fromkeys(paths))
    for path in found:
        if not path.startswith("/"):
            raise UserError(f"{path!r} is no path: it has to start with a slash, for example /{path}")
        if "*" in path[:-1]:
            raise UserError(f"{path!r}: a * stands for the rest of a path and only at its end, for example /pages/*")
    if len(found) > _MOST_PATHS:
        raise UserError(f"{len(found)} paths are more than the {_MOST_PATHS} that CloudFront purges at a time: use /*")
    wildcards = [path for path in found if path.endswith("*")]
    if len(wildcards) > _MOST_WILDCARDS:
        raise UserError(f"{len(wildcards)} paths with a * are more than the {_MOST_WILDCARDS} that CloudFront takes")
    return found


def distribution_of(outputs: dict[str, Any], stack: str) -> str:
    """The distribution that a stack's outputs name.

    Raises:
        UserError: they name none.
    """
    cdn = outputs.get("cdn")
    found = cdn.get("distributionId") if isinstance(cdn, dict) else None
    if not isinstance(found, str):
        raise UserError(f"stack {stack!r} has no output cdn.distributionId: bring it up with `groundwork up {stack}`")
    return found


def _purge(client: Any, distribution: str, paths: list[str], within: float, say: Callable[[str], None]) -> str:
    batch = {"Paths": {"Quantity": len(paths), "Items": paths}, "CallerReference": uuid.uuid4().hex}
    made = client.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)["Invalidation"]
    deadline = time.monotonic() + within
    while made["Status"] != "Completed":
        if time.monotonic() > deadline:
            raise UserError(
                f"purge {made['Id']} of {distribution} is still {made['Status']} after {within:g} s: it goes on; "
                "wait longer with --within"
            )
        say(f"{made['Id']}: {made['Status']}")
        time.sleep(_PAUSE)
        made = client.get_invalidation(DistributionId=distribution, Id=made["Id"])["Invalidation"]
    return str(made["Id"])
