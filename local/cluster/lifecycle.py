"""Bring the local cluster up and take it down again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import yaml

from local import toolchain
from local.cluster import (
    addons,
    certificates,
    cgroups,
    control_plane,
    external,
    images,
    kubeconfig,
    node_config,
    nodes,
    strays,
)
from local.cluster.api import Api, is_available, is_ready, wait_until
from local.cluster.errors import ClusterError
from local.cluster.files import remove_tree, write
from local.cluster.layout import PRIVATE_FOLDERS, Layout, NodeLayout
from local.network import namespaces
from local.network.plan import PLAN, Plan
from local.paths import Paths

Progress = Callable[[str], None]

#: Binaries that `up` needs.
TOOLS = (
    "containerd",
    "containerd-shim-runc-v2",
    "coredns",
    "ctr",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubelet",
)
#: Programs of the host that the nodes need, with the packages that have them.
HOST_PROGRAMS = {
    "ip": "iproute2",
    "runc": "runc",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "unshare": "util-linux",
}

_READY_SECONDS = 120.0
_PAUSE_SOURCE = Path(__file__).parent / "pause"
_Item = TypeVar("_Item")


def up(
    paths: Paths,
    tools: Mapping[str, Path],
    progress: Progress = lambda _: None,
    plan: Plan = PLAN,
    kubeconfig_of_user: Path | None = None,
    archives: Sequence[Path] = (),
) -> None:
    """Start what does not run of the control plane and the three nodes; return when nodes and DNS are ready.

    Safe to call again at any time, also after a crash of anything at any point.

    Args:
        paths: Where the state and the cache are.
        tools: Absolute paths of the binaries of `TOOLS`.
        progress: Told what happens, one line each.
        plan: Addresses and names.
        kubeconfig_of_user: Use the cluster that this file's current context names, and start none. Only `kubectl`
            of `tools` is needed then.
        archives: Images that every node is to have, as `load_image` takes them: loaded while the rest starts.

    Raises:
        ClusterError: something does not start; the message names it and its log. Or the user's cluster does not
            answer or is not on this machine.
        local.network.ip.NetworkError: the network cannot be made.
    """
    layout = Layout.of(paths, plan)
    if kubeconfig_of_user is not None:
        external.adopt(layout, kubeconfig_of_user, tools["kubectl"])
        progress(f"using the cluster of {kubeconfig_of_user}")
        return
    _require_programs(tools)
    layout.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    layout.root.chmod(0o700)
    external.forget(layout)
    strays.kill_unrecorded(layout, _executables(layout, tools))
    layout.save_tools(tools)
    namespaces.up(plan)
    certificates.ensure(layout)
    _make_mount_points(layout)
    _write_control_plane_files(layout)
    progress("starting etcd, the API server and containerd on three nodes")
    with ThreadPoolExecutor(max_workers=len(layout.nodes) + 1) as workers:
        own_images = workers.submit(_own_images, paths, layout, tools)
        layout.processes.start(control_plane.etcd(layout, tools))
        layout.processes.start(control_plane.api_server(layout, tools))
        runtimes = [workers.submit(nodes.start_runtime, layout, node, tools) for node in layout.nodes]
        own = own_images.result()
        for runtime in runtimes:
            runtime.result()
    _in_parallel(lambda node: _load(node, tools["ctr"], own), layout.nodes)
    with ThreadPoolExecutor(max_workers=1) as beside, Api(layout) as api:
        carried = beside.submit(_in_parallel, lambda node: _load(node, tools["ctr"], archives), layout.nodes)
        _finish(layout, tools, api, images.read_archive(own[-1]).identity, progress)
        progress("waiting for images")
        carried.result()


def down(paths: Paths, plan: Plan = PLAN) -> None:
    """End every process of the cluster and remove its control groups and files; the network stays.

    Also puts in order what a crash left. Nothing happens if there is no cluster. A cluster of the user's own is no
    longer used, and otherwise left alone.

    Raises:
        ClusterError: a process cannot be ended.
    """
    layout = Layout.of(paths, plan)
    if layout.external_mark.exists():
        external.forget(layout)
        remove_tree(layout.root)
        return
    processes = layout.processes

    def stop(name: str) -> None:
        processes.stop(name, timeout=2.0)

    controllers = (control_plane.CONTROLLER_MANAGER, control_plane.SCHEDULER, control_plane.HUB_PROXY)
    _in_parallel(stop, controllers)
    _in_parallel(lambda node: nodes.clear(layout, node), layout.nodes)
    _in_parallel(stop, (control_plane.API_SERVER, control_plane.ETCD))
    strays.kill_unrecorded(layout, _executables(layout, {}))
    for node in layout.nodes:
        cgroups.remove_empty_parents(node.cgroup)
    _remove_mount_points(layout)
    remove_tree(layout.root)


def load_image(paths: Paths, tar: Path, plan: Plan = PLAN) -> bool:
    """Load a docker-archive into every node, all at once; nodes that have the very image are left alone.

    Returns:
        Whether any node did not have it.

    Raises:
        ClusterError: there is no cluster, or the file is not such an archive.
    """
    layout = Layout.of(paths, plan)
    if layout.external_mark.exists():
        raise ClusterError(
            f"{tar.name} cannot be loaded into a cluster that is not ours: load it as that cluster's maker says "
            f"(for example `kind load image-archive {tar}`)"
        )
    ctr = layout.tool("ctr")
    content = images.read_archive(tar)
    return any(_in_parallel(lambda node: nodes.load_archive(node, ctr, tar, content), layout.nodes))


def _finish(layout: Layout, tools: Mapping[str, Path], api: Api, dns_image: str, progress: Progress) -> None:
    processes = layout.processes

    def api_answers() -> bool:
        if processes.running(control_plane.API_SERVER) is None:
            raise ClusterError(_ended(layout, control_plane.API_SERVER))
        return api.is_ready()

    wait_until(api_answers, _READY_SECONDS, lambda: _ended(layout, control_plane.API_SERVER))
    for node in layout.nodes:
        nodes.start_kubelet(layout, node, tools)
    for make in (control_plane.controller_manager, control_plane.scheduler, control_plane.hub_proxy):
        processes.start(make(layout, tools))
    api.apply(addons.objects(layout.plan, dns_image))
    kubeconfig.write_for(layout, "admin", layout.kubeconfig)
    progress("waiting for the nodes")
    wait_until(lambda: len(_ready_nodes(api)) == len(layout.nodes), _READY_SECONDS, lambda: _unready(layout, api))
    progress("waiting for DNS")
    path = f"/apis/apps/v1/namespaces/{addons.NAMESPACE}/deployments/{addons.DNS}"
    wait_until(
        lambda: is_available(api.get(path)),
        _READY_SECONDS,
        lambda: f"DNS does not become ready: see `kubectl --kubeconfig {layout.kubeconfig} -n kube-system get pods`",
    )


def _executables(layout: Layout, tools: Mapping[str, Path]) -> set[Path]:
    return {path.resolve() for path in (*layout.saved_tools().values(), *tools.values())}


def _ready_nodes(api: Api) -> set[str]:
    return {node["metadata"]["name"] for node in api.get("/api/v1/nodes")["items"] if is_ready(node)}


def _unready(layout: Layout, api: Api) -> str:
    missing = [node for node in layout.nodes if node.node.name not in _ready_nodes(api)]
    logs = ", ".join(str(node.log(nodes.KUBELET, layout.logs)) for node in missing)
    return f"not ready after {_READY_SECONDS:.0f} s: {', '.join(node.node.name for node in missing)}: see {logs}"


def _ended(layout: Layout, name: str) -> str:
    return f"{name} does not run or does not answer: see {layout.logs / name}.log"


def _require_programs(tools: Mapping[str, Path]) -> None:
    if os.geteuid() != 0:
        raise ClusterError("the local cluster needs root: it makes network namespaces and runs containers")
    absent = [name for name in TOOLS if name not in tools]
    if absent:
        raise ClusterError(f"tools are missing: {', '.join(absent)}: run `groundwork doctor`")
    for program, package in HOST_PROGRAMS.items():
        if shutil.which(program) is None:
            raise ClusterError(f"{program!r} is not installed: install the package {package}")
    plugins = ("ptp", "host-local")
    if not any(all((Path(folder) / name).exists() for name in plugins) for folder in node_config.CNI_BINARIES):
        raise ClusterError("the CNI plugins are not installed: install the package containernetworking-plugins")


def _own_images(paths: Paths, layout: Layout, tools: Mapping[str, Path]) -> list[Path]:
    """The images that the cluster itself needs: the pods' first process, and CoreDNS (the last)."""
    pause = images.build_static(toolchain.find("go", paths), _PAUSE_SOURCE, paths.cache / "cluster")
    specs = [
        images.ImageSpec(images.PAUSE_REFERENCE, {"/pause": pause}, ["/pause"]),
        images.ImageSpec(images.COREDNS_REFERENCE, {"/coredns": tools["coredns"]}, ["/coredns"]),
    ]
    archives = []
    for spec in specs:
        archive = layout.images / f"{spec.entrypoint[0].strip('/')}.tar"
        images.write_archive(spec, archive)
        archives.append(archive)
    return archives


def _load(node: NodeLayout, ctr: Path, archives: Iterable[Path]) -> None:
    for archive in archives:
        nodes.load_archive(node, ctr, archive, images.read_archive(archive))


def _write_control_plane_files(layout: Layout) -> None:
    folder = layout.control_plane
    for identity in ("controller-manager", "scheduler", "kube-proxy"):
        kubeconfig.write_for(layout, identity, folder / f"{identity}.kubeconfig")
    write(folder / "scheduler.yaml", _yaml(control_plane.scheduler_config(layout)))
    # The hub is no node of the cluster, and kube-proxy waits half a minute for a node that does not exist.
    first = layout.plan.nodes[0].name
    proxy = control_plane.proxy_config(layout, folder / "kube-proxy.kubeconfig", first, layout.plan.hub_address)
    write(folder / "kube-proxy.yaml", _yaml(proxy))


def _make_mount_points(layout: Layout) -> None:
    """The folders that nodes mount their own on must exist on the host; those that we make we remember."""
    made = _created(layout)
    for folder in map(Path, PRIVATE_FOLDERS):
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        # Whoever is the last to use a folder that exists for this only, removes it.
        shared = [folder] if not missing and not any(folder.iterdir()) and strays.mounted_elsewhere(str(folder)) else []
        made.extend(str(path) for path in (*reversed(missing), *shared) if str(path) not in made)
    # Remembered first: a crash in between must not leave a folder that nobody owns.
    write(layout.created_folders, json.dumps(made))
    for path in made:
        Path(path).mkdir(exist_ok=True)


def _remove_mount_points(layout: Layout) -> None:
    for path in map(Path, reversed(_created(layout))):
        # Removing a folder would also unmount what another cluster of ours has mounted on it.
        if path.is_dir() and not any(path.iterdir()) and not strays.mounted_elsewhere(str(path)):
            path.rmdir()


def _created(layout: Layout) -> list[str]:
    if not layout.created_folders.exists():
        return []
    return [str(path) for path in json.loads(layout.created_folders.read_text())]


def _in_parallel(action: Callable[[_Item], Any], items: Iterable[_Item]) -> list[Any]:
    todo = list(items)
    if not todo:
        return []
    with ThreadPoolExecutor(max_workers=len(todo)) as workers:
        return list(workers.map(action, todo))


def _yaml(content: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(content), sort_keys=False)
