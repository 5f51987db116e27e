"""Kubernetes objects, registered from plain manifests under the SDK's own type tokens: `components.lean` says why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from components.lean import package_version

Manifest = Mapping[str, Any]
"""An object the way `kubectl` reads it; values may be outputs of other resources."""

_SECRET_PROPERTIES = {"Secret": ["data", "stringData"]}


def type_token(api_version: str, kind: str) -> str:
    """`apps/v1`, `Deployment` to `kubernetes:apps/v1:Deployment`; the core group is spelled `core/v1`."""
    group = api_version if "/" in api_version else f"core/{api_version}"
    return f"kubernetes:{group}:{kind}"


class KubernetesObject(pulumi.CustomResource):
    """One object of the cluster.

    Args:
        resource_name: Pulumi's name of it.
        manifest: `apiVersion`, `kind`, `metadata` with an explicit `name`, and the rest.
        opts: From `components.options.child`.

    Attributes:
        metadata: As the cluster keeps it.
    """

    if TYPE_CHECKING:
        # The SDK sets it. It would evaluate an annotation that it finds again for each object.
        metadata: pulumi.Output[Any]

    def __init__(self, resource_name: str, manifest: Manifest, opts: pulumi.ResourceOptions | None = None) -> None:
        kind = manifest["kind"]
        defaults = pulumi.ResourceOptions(
            version=package_version("pulumi-kubernetes"), additional_secret_outputs=_SECRET_PROPERTIES.get(kind)
        )
        super().__init__(
            type_token(manifest["apiVersion"], kind),
            resource_name,
            dict(manifest),
            pulumi.ResourceOptions.merge(defaults, opts),
        )
