"""What of the local cluster runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local.cluster import anchor, control_plane, nodes
from local.cluster.api import Api, is_ready
from local.cluster.errors import ClusterError
from local.cluster.layout import Layout
from local.network.plan import PLAN, Plan
from local.paths import Paths

CONTROL_PLANE = (
    control_plane.ETCD,
    control_plane.API_SERVER,
    control_plane.CONTROLLER_MANAGER,
    control_plane.SCHEDULER,
    control_plane.HUB_PROXY,
)


@dataclass(frozen=True)
class ComponentStatus:
    """One process of the cluster.

    Attributes:
        pid: None when it does not run.
        since: When it was started, seconds since the epoch; None when it does not run.
    """

    name: str
    pid: int | None
    since: float | None
    log: Path


@dataclass(frozen=True)
class NodeStatus:
    """One node, as the API server sees it."""

    name: str
    zone: str
    ready: bool


@dataclass(frozen=True)
class ClusterStatus:
    """The cluster as a whole.

    Attributes:
        external: The user's own kubeconfig, when it is that cluster which is used; nothing else is filled in then.
        problem: Why the nodes are not known.
    """

    kubeconfig: Path
    server: str
    external: Path | None
    nodes: tuple[NodeStatus, ...]
    components: tuple[ComponentStatus, ...]
    problem: str | None

    @property
    def healthy(self) -> bool:
        """Whether every component runs and every node is ready."""
        return bool(self.nodes) and all(node.ready for node in self.nodes) and all(c.pid for c in self.components)


def status(paths: Paths, plan: Plan = PLAN) -> ClusterStatus | None:
    """The state of the cluster; None when there is none. Changes nothing."""
    layout = Layout.of(paths, plan)
    if layout.external_mark.exists():
        theirs = Path(layout.external_mark.read_text().strip())
        return ClusterStatus(layout.kubeconfig, "", theirs, (), (), None)
    if not layout.tools_record.exists():
        return None
    found, problem = _nodes(layout)
    return ClusterStatus(layout.kubeconfig, layout.server, None, found, _components(layout), problem)


def _components(layout: Layout) -> tuple[ComponentStatus, ...]:
    names = [
        *CONTROL_PLANE,
        *(node.process(part) for node in layout.nodes for part in (anchor.ANCHOR, *nodes.COMPONENTS)),
    ]
    return tuple(_component(layout, name) for name in names)


def _component(layout: Layout, name: str) -> ComponentStatus:
    running = layout.processes.running(name)
    log = layout.logs / f"{name}.log"
    if running is None:
        return ComponentStatus(name, None, None, log)
    return ComponentStatus(name, running.pid, running.since, log)


def _nodes(layout: Layout) -> tuple[tuple[NodeStatus, ...], str | None]:
    try:
        with Api(layout) as api:
            items = api.get("/api/v1/nodes")["items"]
    except (ClusterError, OSError) as problem:
        return (), str(problem)
    return tuple(
        NodeStatus(
            item["metadata"]["name"],
            item["metadata"]["labels"].get("topology.kubernetes.io/zone", ""),
            is_ready(item),
        )
        for item in items
    ), None
