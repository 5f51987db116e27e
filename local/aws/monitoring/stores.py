"""The regions' data points, one store for each."""

from __future__ import annotations

import threading
import time

from local.aws.monitoring.store import MetricStore

BEGAN = time.time()
"""Since when this process can know of data points."""

_stores: dict[str, MetricStore] = {}
_lock = threading.Lock()


def of(region: str) -> MetricStore:
    """The region's store."""
    with _lock:
        return _stores.setdefault(region, MetricStore(BEGAN))


def sweep(now: float) -> None:
    """Drop what is too old everywhere."""
    with _lock:
        stores = list(_stores.values())
    for store in stores:
        store.forget(now)
