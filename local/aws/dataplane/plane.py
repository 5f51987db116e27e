"""The data plane as a whole: drivers, reconciler, and what has to be known of the servers after a crash."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping

from local.aws.dataplane.clean import addresses
from local.aws.dataplane.context import Context, NotReady
from local.aws.dataplane.desired import EdgeSite, PostgresServer, PostgresSnapshot, desired
from local.aws.dataplane.edge_driver import EdgeDriver
from local.aws.dataplane.endings import Endings
from local.aws.dataplane.places import places
from local.aws.dataplane.pooler_desired import Pooler
from local.aws.dataplane.pooler_driver import PoolerDriver
from local.aws.dataplane.pooler_health import LOOK_SECONDS
from local.aws.dataplane.pooler_report import report_proxies
from local.aws.dataplane.postgres_driver import PostgresDriver
from local.aws.dataplane.postgres_snapshots import SnapshotDriver
from local.aws.dataplane.reconciler import Actual, Driver, Reconciler, Remembered
from local.aws.dataplane.redis_cluster_desired import ClusterNode, RedisCluster
from local.aws.dataplane.redis_cluster_driver import RedisClusterDriver
from local.aws.dataplane.redis_cluster_node_driver import ClusterNodeDriver
from local.aws.dataplane.redis_cluster_view import Views
from local.aws.dataplane.redis_cluster_watch import ClusterWatch
from local.aws.dataplane.redis_desired import RedisEndpoint, RedisSentinel, RedisServer, RedisSnapshot
from local.aws.dataplane.redis_driver import RedisDriver
from local.aws.dataplane.redis_endpoint_driver import RedisEndpointDriver
from local.aws.dataplane.redis_report import report_snapshots
from local.aws.dataplane.redis_sentinel_driver import RedisSentinelDriver
from local.aws.dataplane.redis_sentinels import Sentinels
from local.aws.dataplane.redis_snapshot_driver import RedisSnapshotDriver
from local.aws.dataplane.redis_watch import PrimaryWatch
from local.aws.dataplane.report import report
from local.aws.dataplane.status_lines import status_lines
from local.aws.memory.keeper import Keeper
from local.aws.monitoring.monitoring import Monitoring
from local.aws.periodic import Periodic
from local.aws.resources import SERVICES
from local.aws.state import ADDRESSES, LOCK


class DataPlane:
    """Every server of the endpoint.

    Args:
        wake: Set by whoever declares something; has the reconciler look at once.
        keeper: Has on disk which servers there are, and what the API says of them.
        on_change: Called when what is told of the servers has changed: failures on purpose may concern new ones.
    """

    def __init__(
        self, context: Context, wake: threading.Event, keeper: Keeper, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._on_change = on_change
        self._context = context
        self._keeper = keeper
        self._postgres = PostgresDriver(context)
        sentinels = Sentinels(context)
        views = Views(context)
        clusters = RedisClusterDriver(context, views)
        self._poolers = PoolerDriver(context, wake)
        self._watches = (
            Periodic("redis-primaries", PrimaryWatch(sentinels.told, wake).look),
            Periodic("redis-clusters", ClusterWatch(context, views, clusters.judge, wake).look),
            Periodic("rds-proxies", self._poolers.look, LOOK_SECONDS),
            Periodic("postgres-writers", self._see_writers),
        )
        self._endings = Endings(wake)
        self._wake = wake
        self._snapshots = RedisSnapshotDriver(context)
        drivers: dict[type, Driver] = {
            RedisServer: RedisDriver(context, sentinels),
            RedisEndpoint: RedisEndpointDriver(context),
            RedisSentinel: RedisSentinelDriver(context, sentinels),
            RedisSnapshot: self._snapshots,
            ClusterNode: ClusterNodeDriver(context),
            RedisCluster: clusters,
            PostgresServer: self._postgres,
            PostgresSnapshot: SnapshotDriver(context),
            Pooler: self._poolers,
            EdgeSite: EdgeDriver(context),
        }
        self._reconciler = Reconciler(drivers, desired, self._report, wake, self._remember, keeper.servers)
        self._monitoring = Monitoring(context, keeper.keep_later)
        self._told = ""
        self._has_changed = False

    def start(self) -> None:
        """Follow what is declared. Servers that run from before are taken over, or removed if nobody wants them."""
        for address in set(addresses(self._context.plan)) - set(ADDRESSES.taken.values()):
            self._context.remove_address(address)
        threading.Thread(target=self._warm_up, name="postgres-template", daemon=True).start()
        self._endings.start()
        self._reconciler.start()
        for watch in self._watches:
            watch.start()
        self._monitoring.start()

    def stop(self) -> None:
        """Look after the servers no more; they run on."""
        self._monitoring.stop()
        for watch in self._watches:
            watch.stop()
        self._reconciler.stop()
        self._endings.stop()

    def _warm_up(self) -> None:
        # Whoever needs it first tries again and reports the reason.
        with contextlib.suppress(NotReady):
            self._postgres.prepare()

    def _remember(self, known: dict[str, Remembered]) -> None:
        with LOCK:
            self._keeper.keep_servers(known)

    def _see_writers(self) -> None:
        if self._postgres.observe():
            self._wake.set()

    def _report(self, known: Mapping[str, Actual]) -> None:
        self._endings.follow(self._context.processes.all())
        self._postgres.observe()
        with LOCK:
            report_snapshots(known, self._snapshots.size)
            report_proxies(known, self._poolers)
            report(known, self._postgres, self._context.remove_address)
        told = json.dumps(status_lines(known, places(), self._postgres.writer))
        if told != self._told:
            partial = self._context.layout.status.with_suffix(".partial")
            partial.write_text(told)
            partial.rename(self._context.layout.status)
            self._told = told
            self._has_changed = True
        with LOCK:
            self._keeper.keep(SERVICES)
        if self._has_changed:
            self._on_change()
            self._has_changed = False
