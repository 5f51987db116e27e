"""From Pulumi's type tokens to Kubernetes kinds, and what is known of kinds without asking a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from local.plugins.provider import ProviderError


@dataclass(frozen=True)
class Kind:
    """A kind in a version of an API group; the core group is ""."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """As manifests write it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        """Where the API server has this group and version."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def known_cluster_scoped(self) -> bool:
        """Whether it is a built-in kind without a namespace."""
        return (self.group, self.kind) in _CLUSTER_SCOPED

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind}"


_CLUSTER_SCOPED: Final = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
    }
)

# The SDK's modules for groups whose full name it leaves out.
_LONG_GROUPS: Final = {
    "admissionregistration": "admissionregistration.k8s.io",
    "apiextensions": "apiextensions.k8s.io",
    "apiregistration": "apiregistration.k8s.io",
    "certificates": "certificates.k8s.io",
    "coordination": "coordination.k8s.io",
    "core": "",
    "discovery": "discovery.k8s.io",
    "events": "events.k8s.io",
    "flowcontrol": "flowcontrol.apiserver.k8s.io",
    "networking": "networking.k8s.io",
    "node": "node.k8s.io",
    "rbac": "rbac.authorization.k8s.io",
    "resource": "resource.k8s.io",
    "scheduling": "scheduling.k8s.io",
    "storage": "storage.k8s.io",
    "storagemigration": "storagemigration.k8s.io",
}


def kind_of(token: str) -> Kind:
    """The kind that a resource's type token stands for.

    Raises:
        ProviderError: this stand-in does not manage such resources.
    """
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    if package != "kubernetes" or not module or not name:
        raise ProviderError(f"{token!r} is no type of the kubernetes provider")
    if module.split("/")[0] in ("helm.sh", "helm", "kustomize", "yaml"):
        raise ProviderError(
            f"{token}: not supported by the kubernetes stand-in. Declare the objects themselves, or install the "
            "official kubernetes plugin"
        )
    if name.endswith("Patch") or name.endswith("List"):
        raise ProviderError(
            f"{token}: patches and lists are not supported by the kubernetes stand-in. Declare each object once, "
            "or install the official kubernetes plugin"
        )
    group, slash, version = module.rpartition("/")
    if not slash:
        raise ProviderError(f"{token}: no API version in {module!r}")
    return Kind(_LONG_GROUPS.get(group, group), version, name)
