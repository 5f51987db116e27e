"""A namespace that denies what is not allowed, with a partner's network that its pods may call."""

import pulumi

from components.namespace import EgressRule, WorkloadNamespace, WorkloadNamespaceArgs

namespace = WorkloadNamespace(
    "namespace",
    WorkloadNamespaceArgs(
        identifier="example",
        store_cidrs=["10.60.0.0/16"],
        egress=[EgressRule(cidr="203.0.113.0/24", ports=[443])],
    ),
)
pulumi.export("namespace", namespace.name)
