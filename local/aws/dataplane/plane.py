"""The data plane as a whole: drivers, reconciler, and a clean slate at both ends."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Mapping

from local.aws.dataplane.clean import clean
from local.aws.dataplane.context import Context, NotReady
from local.aws.dataplane.desired import EdgeSite, PostgresServer, RedisServer, desired
from local.aws.dataplane.edge_driver import EdgeDriver
from local.aws.dataplane.postgres_driver import PostgresDriver
from local.aws.dataplane.reconciler import Actual, Driver, Reconciler
from local.aws.dataplane.redis_driver import RedisDriver
from local.aws.dataplane.report import report
from local.aws.monitoring.monitoring import Monitoring


class DataPlane:
    """Every server of the endpoint.

    Args:
        wake: Set by whoever declares something; has the reconciler look at once.
    """

    def __init__(self, context: Context, wake: threading.Event) -> None:
        self._context = context
        self._postgres = PostgresDriver(context)
        drivers: dict[type, Driver] = {
            RedisServer: RedisDriver(context),
            PostgresServer: self._postgres,
            EdgeSite: EdgeDriver(context),
        }
        self._reconciler = Reconciler(drivers, desired, self._report, wake)
        self._monitoring = Monitoring(context)
        self._told = ""

    def start(self) -> None:
        """Follow what is declared; nothing may be running yet."""
        threading.Thread(target=self._warm_up, name="postgres-template", daemon=True).start()
        self._reconciler.start()
        self._monitoring.start()

    def stop(self) -> None:
        """End every server and remove their data and addresses."""
        self._monitoring.stop()
        self._reconciler.stop()
        clean(self._context.layout, self._context.plan)

    def _warm_up(self) -> None:
        # Whoever needs it first tries again and reports the reason.
        with contextlib.suppress(NotReady):
            self._postgres.prepare()

    def _report(self, known: Mapping[str, Actual]) -> None:
        report(known, self._postgres.needs_restart)
        told = json.dumps([_line(name, actual) for name, actual in sorted(known.items())])
        if told != self._told:
            partial = self._context.layout.status.with_suffix(".partial")
            partial.write_text(told)
            partial.rename(self._context.layout.status)
            self._told = told


def _line(name: str, actual: Actual) -> dict[str, object]:
    state = "leaving" if actual.leaving else "ready" if actual.applied == actual.latest else "starting"
    return {
        "name": name,
        "kind": {RedisServer: "redis", PostgresServer: "postgres", EdgeSite: "cdn"}[type(actual.latest)],
        "address": actual.latest.address,
        "state": state,
        "problem": actual.problem,
        "since": actual.since,
    }
