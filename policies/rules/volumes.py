"""SR-VOLUME: no state on a node. Volumes are bounded scratch space, configuration, or shared over the network."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from policies.index import Objects, index_of
from policies.kubernetes import KubernetesObject, objects, of_kinds, pod_kinds
from policies.model import Resource, Verdict, undetermined
from policies.node import Node, Undetermined, guard
from policies.quantities import quantity

STORE_ELSEWHERE: Final = "keep the data in object storage, Redis or the database, and drop the volume"

# Sources that carry configuration or identity, or that many nodes can reach at once.
_STATELESS_SOURCES: Final = frozenset({"configMap", "secret", "downwardAPI", "projected", "image"})
_SHARED_SOURCES: Final = frozenset({"nfs", "cephfs", "glusterfs", "azureFile", "quobyte"})
# Disks that one node at a time can attach.
_DISK_SOURCES: Final = frozenset(
    {
        "awsElasticBlockStore", "azureDisk", "cinder", "fc", "flocker", "gcePersistentDisk", "iscsi",
        "photonPersistentDisk", "portworxVolume", "rbd", "scaleIO", "storageos", "vsphereVolume",
    }
)  # fmt: skip

# Provisioners and drivers that put a volume on one node's own disk.
_LOCAL_PROVISIONERS: Final = frozenset(
    {
        "kubernetes.io/no-provisioner", "kubernetes.io/host-path", "rancher.io/local-path", "microk8s.io/hostpath",
        "k8s.io/minikube-hostpath", "docker.io/hostpath", "hostpath.csi.k8s.io", "local.csi.openebs.io",
        "openebs.io/local", "zfs.csi.openebs.io", "topolvm.io", "topolvm.cybozu.com", "lvm.csi.metal-stack.io",
        "directpv-min-io", "local.csi.aws.com",
    }
)  # fmt: skip
_LOCAL_CLASSES: Final = frozenset({"local-path", "local-storage", "hostpath", "openebs-hostpath", "microk8s-hostpath"})
# Inline drivers that hand in secrets or identity, or mount something shared.
_STATELESS_DRIVERS: Final = frozenset(
    {
        "secrets-store.csi.k8s.io", "csi.cert-manager.io", "spiffe.csi.cert-manager.io", "csi.spiffe.io",
        "secrets-store-gke.csi.k8s.io", "efs.csi.aws.com", "s3.csi.aws.com", "nfs.csi.k8s.io", "smb.csi.k8s.io",
        "file.csi.azure.com", "gcsfuse.csi.storage.gke.io", "filestore.csi.storage.gke.io",
    }
)  # fmt: skip
_SHARED_MODES: Final = frozenset({"ReadWriteMany", "ReadOnlyMany"})

APPLIES: Final = of_kinds(
    {*pod_kinds(), ("", "PersistentVolume"), ("", "PersistentVolumeClaim"), ("storage.k8s.io", "StorageClass")},
    {"aws:ecs/taskDefinition:TaskDefinition"},
)

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    "maxScratch": {
        "type": "string",
        "default": "10Gi",
        "description": "Largest size limit of a scratch volume (Kubernetes quantity).",
    },
    "scratchPaths": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["/tmp", "/var/tmp", "/run", "/var/run", "/var/cache", "/dev/shm"],
        "description": "Folders at or under which scratch volumes may be mounted.",
    },
    "statelessDrivers": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "Further CSI drivers whose inline volumes hold no state of the pod.",
    },
}


def no_local_volumes(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge the volumes of one resource: pods, claims, persistent volumes, storage classes, ECS tasks."""
    if resource.type == "aws:ecs/taskDefinition:TaskDefinition":
        yield from guard(resource, _task_definition(resource))
    for one in objects(resource):
        yield from guard(resource, _object(one, settings))


def claims_are_judged(resources: Sequence[Resource], _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Say which claims pods mount that the stack does not declare, so that nothing judged them."""
    everything = index_of(resources).objects
    claims = frozenset(one.resource.urn for one in everything.of_kind("", "PersistentVolumeClaim"))
    for one in everything:
        for volume in _readable_volumes(one):
            yield from guard(one.resource, _undeclared_claim(one, volume, claims, everything))


def _readable_volumes(one: KubernetesObject) -> list[Node]:
    """The volumes of an object's pods; none where they are unknown, which `no_local_volumes` reports."""
    try:
        return [] if one.pod_spec is None else list(one.pod_spec["volumes"].elements())
    except Undetermined:
        return []


def _object(one: KubernetesObject, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    if one.group == "" and one.kind == "PersistentVolume":
        yield from _persistent_volume(one)
    elif one.group == "" and one.kind == "PersistentVolumeClaim":
        yield from _claim(one.resource, one.node["spec"], STORE_ELSEWHERE)
    elif one.group == "storage.k8s.io" and one.kind == "StorageClass":
        yield from _storage_class(one)
    elif one.kind == "StatefulSet":
        for template in one.node.at("spec", "volumeClaimTemplates").elements():
            yield Verdict(
                one.resource,
                template.path,
                template.at("metadata", "name").text or None,
                "gives every replica a volume of its own, so a replica cannot be replaced by any other",
                STORE_ELSEWHERE,
            )
    spec = one.pod_spec
    if spec is not None:
        for volume in spec["volumes"].elements():
            yield from guard(one.resource, _volume(one.resource, spec, volume, settings))


def _volume(resource: Resource, spec: Node, volume: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    sources = {key: node for key, node in volume.entries() if key != "name" and (node.unknown or node.present)}
    if not sources:
        # The API server gives a volume without a source an emptyDir without a limit.
        yield from _scratch_limit(resource, volume["emptyDir"], volume["emptyDir"]["sizeLimit"], settings)
    for key, source in sources.items():
        if key == "hostPath":
            yield Verdict(
                resource,
                source["path"].path,
                source["path"].text,
                "mounts a folder of the node, which no other node has",
                STORE_ELSEWHERE,
            )
        elif key == "emptyDir":
            yield from _scratch_limit(resource, source, source["sizeLimit"], settings)
            yield from _scratch_mounts(resource, spec, volume, settings)
        elif key == "ephemeral":
            request = source.at("volumeClaimTemplate", "spec", "resources", "requests", "storage")
            yield from _scratch_limit(resource, source, request, settings)
            yield from _scratch_mounts(resource, spec, volume, settings)
        elif key == "csi":
            yield from _inline_csi(resource, source, settings)
        elif key == "gitRepo":
            yield Verdict(
                resource,
                source.path,
                source["repository"].text,
                "clones into a folder of the node without a size limit",
                "put the content into the image or a ConfigMap",
            )
        elif key in _DISK_SOURCES or key == "flexVolume":
            if not source["readOnly"].truthy:
                yield Verdict(resource, source.path, None, "attaches a disk to one node at a time", STORE_ELSEWHERE)
        elif key not in _STATELESS_SOURCES | _SHARED_SOURCES | {"persistentVolumeClaim"}:
            yield undetermined(resource, source.path, f"{key} is no volume source that this rule knows")


def _scratch_limit(resource: Resource, source: Node, limit: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    most = str(settings["maxScratch"])
    cure = f"set {limit.path} to what the scratch space needs, {most} at most"
    if not limit.present:
        yield Verdict(resource, limit.path, None, "is not set, so the volume may fill the node's disk", cure)
        return
    size, bound = quantity(limit.value), quantity(most)
    if size is None or size <= Decimal(0):
        yield Verdict(resource, limit.path, limit.value, "is no size limit", cure)
    elif bound is not None and size > bound:
        yield Verdict(resource, limit.path, limit.value, f"is more than scratch space may take ({most})", cure)


def _scratch_mounts(resource: Resource, spec: Node, volume: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    name = volume["name"].text
    allowed = [str(path) for path in settings["scratchPaths"]]
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec[field].elements():
            for mount in container["volumeMounts"].elements():
                if mount["name"].text == name and not _is_under(mount["mountPath"].text, allowed):
                    yield Verdict(
                        resource,
                        mount["mountPath"].path,
                        mount["mountPath"].text,
                        f'mounts the node-local volume "{name}" where data that must last is kept',
                        f"mount it under {' or '.join(allowed)}, or {STORE_ELSEWHERE}",
                    )


def _is_under(path: str, allowed: Sequence[str]) -> bool:
    # normpath keeps two leading slashes, which POSIX lets mean something else.
    real = posixpath.normpath("/" + path.lstrip("/"))
    folders = (posixpath.normpath(folder) for folder in allowed)
    return any(real == folder or real.startswith(folder.rstrip("/") + "/") for folder in folders)


def _inline_csi(resource: Resource, source: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    driver = source["driver"].text
    known = _STATELESS_DRIVERS | set(settings["statelessDrivers"])
    if driver in known or source["readOnly"].truthy:
        return
    yield Verdict(
        resource,
        source["driver"].path,
        driver,
        "is an inline volume that lives and dies on the pod's node",
        f"{STORE_ELSEWHERE}; a driver that holds no state of the pod can be listed in statelessDrivers",
    )


def _claim(resource: Resource, spec: Node, cure: str) -> Iterator[Verdict]:
    storage_class = spec["storageClassName"]
    if not storage_class.unknown and storage_class.text in _LOCAL_CLASSES:
        yield Verdict(resource, storage_class.path, storage_class.text, "keeps the data on one node's disk", cure)
    modes = spec["accessModes"]
    given = [mode.text for mode in modes.elements()]
    if not given or not set(given) <= _SHARED_MODES:
        yield Verdict(
            resource,
            modes.path,
            given or None,
            "binds the claim to one node at a time" if given else "is not set",
            f"use ReadWriteMany or ReadOnlyMany on network storage, or {cure}",
        )
    yield from guard(resource, _require_known(storage_class))


def _require_known(node: Node) -> Iterator[Verdict]:
    node.known()
    yield from ()


def _persistent_volume(one: KubernetesObject) -> Iterator[Verdict]:
    spec = one.node["spec"]
    for key in ("local", "hostPath"):
        source = spec[key]
        if source.present:
            yield Verdict(
                one.resource,
                source["path"].path,
                source["path"].text,
                "is a folder of one node",
                STORE_ELSEWHERE,
            )
    driver = spec.at("csi", "driver")
    if driver.text in _LOCAL_PROVISIONERS:
        yield Verdict(one.resource, driver.path, driver.text, "keeps the data on one node's disk", STORE_ELSEWHERE)
    for term in spec.at("nodeAffinity", "required", "nodeSelectorTerms").elements():
        for field in ("matchExpressions", "matchFields"):
            for expression in term[field].elements():
                label = expression["key"]
                if label.text in {"kubernetes.io/hostname", "metadata.name"}:
                    yield Verdict(one.resource, label.path, label.text, "ties the volume to one node", STORE_ELSEWHERE)


def _storage_class(one: KubernetesObject) -> Iterator[Verdict]:
    provisioner = one.node["provisioner"]
    if provisioner.text in _LOCAL_PROVISIONERS:
        yield Verdict(
            one.resource,
            provisioner.path,
            provisioner.text,
            "makes volumes on one node's disk",
            "use a provisioner of network storage that can serve ReadWriteMany",
        )


def _undeclared_claim(
    one: KubernetesObject, volume: Node, claims: frozenset[str], everything: Objects
) -> Iterator[Verdict]:
    source = volume["persistentVolumeClaim"]
    if not source.present or any(not claims.isdisjoint(urns) for urns in one.resource.property_dependencies.values()):
        return
    claim = source["claimName"]
    candidates = everything.named("", "PersistentVolumeClaim", one.namespace, claim.text)
    if not any(other.name == claim.text and other.namespace == one.namespace for other in candidates):
        yield undetermined(
            one.resource, claim.path, f'the claim "{claim.text}" is not declared in this stack; judge it where it is'
        )


def _task_definition(resource: Resource) -> Iterator[Verdict]:
    for volume in Node(resource.properties)["volumes"].elements():
        host = volume["hostPath"]
        if host.present:
            yield Verdict(resource, host.path, host.text, "mounts a folder of the container instance", STORE_ELSEWHERE)
        scope = volume.at("dockerVolumeConfiguration", "scope")
        if scope.text == "shared":
            yield Verdict(resource, scope.path, scope.text, "outlives the task on one instance", STORE_ELSEWHERE)
