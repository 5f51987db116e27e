"""The namespace of a stack's workloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components.kubernetes import KubernetesObject
from components.options import child
from components.pods import CERTIFICATES_FILE

CERTIFICATES = "trusted-certificates"
"""Name of the ConfigMap with further certificate authorities."""


@dataclass(frozen=True, kw_only=True)
class WorkloadNamespaceArgs:
    """A namespace.

    Attributes:
        identifier: Its name.
        trusted_certificates: PEM text of certificate authorities that pods trust beside the public ones, if any.
        labels: On the namespace.
    """

    identifier: str
    trusted_certificates: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


class WorkloadNamespace(pulumi.ComponentResource):
    """A namespace in which only pods fit for PodSecurity `restricted` start and nothing is reachable from
    outside unless allowed.

    Attributes:
        name: Of the namespace.
        certificates: Name of the ConfigMap with further certificate authorities, or none.
    """

    name: pulumi.Output[str]
    certificates: pulumi.Output[str] | None

    def __init__(self, name: str, args: WorkloadNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:WorkloadNamespace", name, None, opts)
        modes = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
        namespace = KubernetesObject(
            f"{name}-namespace",
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": args.identifier, "labels": {**args.labels, **modes}},
            },
            child(self),
        )
        # The object's own name, not the argument: whoever uses it waits for the namespace.
        self.name = namespace.metadata["name"]
        KubernetesObject(
            f"{name}-default-deny",
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": "default-deny", "namespace": self.name, "labels": dict(args.labels)},
                "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
            },
            child(self),
        )
        # One policy for all: a policy for each service would say the same, and cost as many objects.
        KubernetesObject(
            f"{name}-inside",
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": "inside", "namespace": self.name, "labels": dict(args.labels)},
                "spec": {
                    "podSelector": {},
                    "policyTypes": ["Ingress"],
                    "ingress": [{"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": "http"}]}],
                },
            },
            child(self),
        )
        self.certificates = None
        if args.trusted_certificates is not None:
            trusted = KubernetesObject(
                f"{name}-trusted-certificates",
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": CERTIFICATES, "namespace": self.name, "labels": dict(args.labels)},
                    "data": {CERTIFICATES_FILE: args.trusted_certificates},
                },
                child(self),
            )
            self.certificates = trusted.metadata["name"]
        self.register_outputs({"name": self.name})
