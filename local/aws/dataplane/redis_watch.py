"""Tells the API who the Sentinels made the primary."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from local.aws import resources
from local.aws.dataplane.redis_desired import is_watched, watch_name
from local.aws.dataplane.redis_sentinels import Silent, Told
from local.aws.extensions.elasticache_groups import Group
from local.aws.state import LOCK

_log = logging.getLogger("local.aws")


class PrimaryWatch:
    """Asks the Sentinels and brings the API's models up to date.

    Args:
        told: What the Sentinels say of groups with TLS, or of those without.
        wake: Set when something was found out.
    """

    def __init__(self, told: Callable[[bool], dict[str, Told]], wake: threading.Event) -> None:
        self._told = told
        self._wake = wake

    def look(self) -> None:
        """Ask once."""
        with LOCK:
            transports = {group.tls for group in _watched()}
        for tls in transports:
            try:
                told = self._told(tls)
            except Silent:
                continue
            with LOCK:
                if follow(_watched(), told):
                    self._wake.set()


def follow(groups: Iterable[Group], told: dict[str, Told]) -> list[Group]:
    """Note which groups have another primary than the API knows of; returns those."""
    changed = []
    for group in groups:
        said = told.get(watch_name(group))
        node = next((node for node in group.nodes if said is not None and node.address == said.primary), None)
        if node is not None and node is not group.primary:
            _log.info("%s: %s has become the primary", group.identifier, node.cluster_id)
            group.fail_over(node)
            changed.append(group)
    return changed


def _watched() -> list[Group]:
    return [
        group
        for elasticache in resources.elasticache()
        for group in elasticache.groups.values()
        if not group.leaves and is_watched(group)
    ]
