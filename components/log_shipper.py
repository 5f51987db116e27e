"""Ships pods' logs where the cluster has no collector of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import aws, observability_rules, service_rules
from components.errors import refuse
from components.iam import policy_document
from components.kubernetes import KubernetesObject
from components.log_shipper_manifests import (
    NAME,
    Exemption,
    config_map_manifest,
    configuration,
    daemon_set_manifest,
)
from components.namespace import egress_rules
from components.options import child
from components.pod_logs import PodLogs
from components.workload_identity import TokenIssuer, assumable_by


@dataclass(frozen=True, kw_only=True)
class LogShipperArgs:
    """A collector of one namespace's logs.

    Attributes:
        identifier: Start of names in AWS, for example `aiponge-prod`.
        namespace: Whose pods' logs are shipped; its own is `<namespace>-logs`.
        system: The application.
        image: Reference of a Fluent Bit image, by digest.
        region: Of the log group.
        logs: Where they go.
        issuer: The cluster's token issuer.
        exemption: Who answers for reading the nodes' own files.
        allow_image_tag: Whether the image may be named by a tag.
        tags: On what is made in AWS.
    """

    identifier: str
    namespace: str
    system: str
    image: str
    region: str
    logs: PodLogs
    issuer: TokenIssuer
    exemption: Exemption
    allow_image_tag: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


class LogShipper(pulumi.ComponentResource):
    """Fluent Bit as a DaemonSet in a namespace of its own, since the workloads' refuses what it needs: the nodes' own
    log files. It can read those and nothing else of a node, knows nothing of the cluster's API, and its role can write
    to one log group.

    Raises:
        Refused: an image by tag, or nobody who answers for it.
    """

    def __init__(self, name: str, args: LogShipperArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:LogShipper", name, None, opts)
        refuse(
            f"LogShipper {name!r}",
            [
                *service_rules.image(args.image, allow_tag=args.allow_image_tag),
                *observability_rules.exemption(args.exemption),
            ],
        )
        labels = {
            "app.kubernetes.io/name": NAME,
            "app.kubernetes.io/part-of": args.system,
            "app.kubernetes.io/managed-by": "groundwork",
        }
        # PodSecurity knows no level between: files of the node are `privileged`, however little is done with them.
        modes = {f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("enforce", "warn", "audit")}
        own = f"{args.namespace}-logs"
        namespace = KubernetesObject(
            f"{name}-namespace",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": own, "labels": {**labels, **modes}}},
            child(self),
        )
        metadata = {"name": NAME, "namespace": namespace.metadata["name"], "labels": labels}
        KubernetesObject(f"{name}-policy", _policy(metadata), child(self))
        account = KubernetesObject(
            f"{name}-account",
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": metadata,
                "automountServiceAccountToken": False,
            },
            child(self),
        )
        role, policy = self._identity(name, args, own)
        content = configuration(args.namespace, args.region, args.logs.name)
        config = KubernetesObject(f"{name}-config", config_map_manifest(metadata, content), child(self))
        checksum = hashlib.sha256(content.encode()).hexdigest()[:16]
        KubernetesObject(
            f"{name}-pods",
            daemon_set_manifest(metadata, args.image, args.region, role.arn, checksum, args.exemption),
            child(self, depends_on=[account, policy, config]),
        )
        self.register_outputs({})

    def _identity(self, name: str, args: LogShipperArgs, own: str) -> tuple[aws.Role, aws.RolePolicy]:
        role = aws.Role(
            f"{name}-role",
            name=f"{args.identifier}-{NAME}",
            description=f"Writes the logs of {args.namespace}'s pods",
            assume_role_policy=pulumi.Output.from_input(args.issuer.provider_arn).apply(
                lambda provider: policy_document(assumable_by(args.issuer.url, provider, own, NAME))
            ),
            max_session_duration=3600,
            tags=dict(args.tags),
            opts=child(self),
        )
        policy = aws.RolePolicy(
            f"{name}-role-policy", name="logs", role=role.id, policy=write_policy(args.logs.arn), opts=child(self)
        )
        return role, policy


def write_policy(group: str) -> str:
    """What writing to a group takes: new streams in it, and events in those. It cannot read, delete or configure."""
    return policy_document(
        # A group's streams are named after pods that do not exist yet.
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{group}:*"}
    )


def _policy(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody calls it; it calls names and HTTPS."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": dict(metadata),
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": egress_rules((), ())},
    }
