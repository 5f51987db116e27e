"""The namespace of a stack's workloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.kubernetes import KubernetesObject
from components.options import child
from components.pods import CERTIFICATES_FILE

CERTIFICATES = "trusted-certificates"
"""Name of the ConfigMap with further certificate authorities."""

STORE_PORTS = (5432, 6379)
_DNS_NAMESPACE = "kube-system"
_NODE_LOCAL_DNS = "169.254.20.10/32"
_LINK_LOCAL = "169.254.0.0/16"
"""Where a node's own credentials are to be had: no pod has business there."""


@dataclass(frozen=True, kw_only=True)
class EgressRule:
    """Somewhere else that pods may connect to.

    Attributes:
        cidr: Address range.
        ports: TCP ports.
    """

    cidr: str
    ports: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class WorkloadNamespaceArgs:
    """A namespace.

    Attributes:
        identifier: Its name.
        trusted_certificates: PEM text of certificate authorities that pods trust beside the public ones, if any.
        store_cidrs: Address ranges that the data stores are in.
        egress: Where else pods may connect to.
        labels: On the namespace.
    """

    identifier: str
    trusted_certificates: str | None = None
    store_cidrs: Sequence[str] = ()
    egress: Sequence[EgressRule] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


class WorkloadNamespace(pulumi.ComponentResource):
    """A namespace in which only pods fit for PodSecurity `restricted` start, nothing is reachable from outside unless
    allowed, and pods reach only what they need: each other, names, the data stores, and HTTPS.

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
                "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
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
                    "policyTypes": ["Ingress", "Egress"],
                    "ingress": [{"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": "http"}]}],
                    "egress": egress_rules(args.store_cidrs, args.egress),
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


def egress_rules(store_cidrs: Sequence[str], others: Sequence[EgressRule]) -> list[dict[str, Any]]:
    """What every pod needs: a policy's rules for what it may connect to."""
    dns = [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": _DNS_NAMESPACE}}},
        {"ipBlock": {"cidr": _NODE_LOCAL_DNS}},
    ]
    rules: list[dict[str, Any]] = [
        {"to": [{"podSelector": {}}]},
        {"to": dns, "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]},
        {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": [_LINK_LOCAL]}}], "ports": _tcp([443])},
    ]
    if store_cidrs:
        rules.append({"to": [{"ipBlock": {"cidr": cidr}} for cidr in store_cidrs], "ports": _tcp(STORE_PORTS)})
    return rules + [{"to": [{"ipBlock": {"cidr": rule.cidr}}], "ports": _tcp(rule.ports)} for rule in others]


def _tcp(ports: Sequence[int]) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": port} for port in ports]
