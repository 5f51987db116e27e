"""Which changes of a manifest need a new object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from local.plugins.kubernetes.client import ApiError
from local.plugins.kubernetes.kinds import Kind
from local.plugins.kubernetes.objects import AUTONAMED, annotation, metadata
from local.plugins.provider import ChangeKind, DiffResult, differences

_ALWAYS: Final = (r"apiVersion", r"kind", r"metadata\.name", r"metadata\.namespace")

# What the API's own validation refuses to change (k8s.io/kubernetes, pkg/apis/*/validation), and what the official
# provider replaces besides. Patterns match a property path or a beginning of one.
_REPLACING: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("", "ConfigMap"): (r"data", r"binaryData", r"immutable"),
    ("", "PersistentVolumeClaim"): (r"spec(?!\.resources)(?!\.volumeAttributesClassName)",),
    ("", "Pod"): (r"spec(?!\.(containers|initContainers)\[\d+\]\.image$)(?!\.activeDeadlineSeconds)(?!\.tolerations)",),
    ("", "Secret"): (r"data", r"stringData", r"type", r"immutable"),
    ("", "Service"): (r"spec\.clusterIP", r"spec\.clusterIPs", r"spec\.type"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (r"spec\.group", r"spec\.scope", r"spec\.names\.plural"),
    ("apps", "DaemonSet"): (r"spec\.selector",),
    ("apps", "Deployment"): (r"spec\.selector",),
    ("apps", "ReplicaSet"): (r"spec\.selector",),
    ("apps", "StatefulSet"): (r"spec\.(selector|serviceName|volumeClaimTemplates|podManagementPolicy)",),
    ("batch", "Job"): (
        r"spec\.(selector|template|completions|completionMode|manualSelector|podFailurePolicy|successPolicy)",
        r"spec\.(backoffLimitPerIndex|managedBy)",
    ),
    ("networking.k8s.io", "IngressClass"): (r"spec\.controller",),
    ("node.k8s.io", "RuntimeClass"): (r"handler",),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (r"roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): (r"roleRef",),
    ("scheduling.k8s.io", "PriorityClass"): (r"value", r"preemptionPolicy"),
    ("storage.k8s.io", "StorageClass"): (r"parameters", r"provisioner", r"reclaimPolicy", r"volumeBindingMode"),
}
_CONTENTS: Final = (r"data", r"binaryData", r"stringData")
_IMMUTABLE: Final = re.compile(r"immutable|may not be changed|may not change|cannot be changed|are forbidden")


def diff(
    kind: Kind,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    mutable: bool = False,
) -> DiffResult:
    """Compare two manifests.

    Args:
        mutable: Whether the contents of ConfigMaps or Secrets (whichever this is) are changed in place.
    """
    changes = dict(differences(_plain(old), _plain(new)))
    patterns = (*_ALWAYS, *_REPLACING.get((kind.group, kind.kind), ()))
    if mutable and old.get("immutable") is not True:
        patterns = tuple(pattern for pattern in patterns if pattern not in _CONTENTS)
    if kind.kind in ("ConfigMap", "Secret") and old.get("immutable") is not True:
        # Only taking immutability back needs a new object.
        patterns = tuple(pattern for pattern in patterns if pattern != "immutable")
    matcher = re.compile("|".join(rf"(?:{pattern}(?![A-Za-z]))" for pattern in patterns))
    return _result({path: change.replacing() if matcher.match(path) else change for path, change in changes.items()},
                   old, new)  # fmt: skip


def refused(error: ApiError, result: DiffResult, old: Mapping[str, Any], new: Mapping[str, Any]) -> DiffResult:
    """The comparison after the server has said which of the changes it will not take.

    Changes are left as they were when the server's objection is another one: the update itself will report it.
    """
    fields = [cause.field for cause in error.causes if _IMMUTABLE.search(cause.message)]
    if not fields:
        return result
    changes = dict(result.changes)
    for field in fields:
        below = [path for path in changes if path == field or path.startswith((f"{field}.", f"{field}["))]
        above = [path for path in changes if field.startswith((f"{path}.", f"{path}["))]
        for path in below or above:
            changes[path] = changes[path].replacing()
        if not below and not above:
            changes[field] = ChangeKind.UPDATE_REPLACE
    return _result(changes, old, new)


def _result(changes: dict[str, ChangeKind], old: Mapping[str, Any], new: Mapping[str, Any]) -> DiffResult:
    replaces = any(change.replaces for change in changes.values())
    same_place = all(metadata(old).get(key) == metadata(new).get(key) for key in ("name", "namespace"))
    # A generated name changes with the replacement, so that the new object can stand beside the old one.
    return DiffResult(changes, delete_before_replace=replaces and same_place and annotation(new, AUTONAMED) != "true")


def _plain(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in manifest.items() if not key.startswith("__")}
