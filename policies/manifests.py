"""Resources from plain Kubernetes manifests, for judging what no Pulumi program declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.model import Origin, Resource


class NotAManifest(ValueError):
    """Raised for a document that is no Kubernetes object."""


def resource_from_manifest(document: Mapping[str, Any], origin: Origin | None = None) -> Resource:
    """The resource that a manifest declares.

    Args:
        document: The object as plain data.
        origin: Where it was read from.

    Raises:
        NotAManifest: when `apiVersion` or `kind` is missing.
    """
    version, kind = document.get("apiVersion"), document.get("kind")
    if not isinstance(version, str) or not isinstance(kind, str) or not version or not kind:
        raise NotAManifest("is no Kubernetes object: it has no apiVersion and kind")
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    name, namespace = str(metadata.get("name", "")), str(metadata.get("namespace", ""))
    token = f"kubernetes:{version if '/' in version else 'core/' + version}:{kind}"
    return Resource(token, name, f"{token}::{namespace}/{name}", document, origin=origin)
