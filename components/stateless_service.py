"""A stateless service: any instance serves any request, any instance may go at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import rules
from components.autoscaling import ReplicaRangeArgs, Scaling
from components.cluster import ClusterFeatures
from components.errors import Refusal, refuse
from components.kubernetes import KubernetesObject
from components.options import child
from components.pods import (
    ContainerResources,
    Pod,
    Role,
    SecretVariable,
    grace_seconds,
    labels,
    selector,
)
from components.workload import make_workload
from components.workload_identity import BucketGrant, Identity, TokenIssuer, make_identity

SERVICE_PORT = 80


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What all workloads of a stack have in common.

    Attributes:
        system: The application that they are a part of.
        prefix: Start of physical names in AWS.
        namespace: Where they run.
        issuer: The cluster's token issuer.
        certificates: Name of the ConfigMap with further certificate authorities, or none.
        variables: Plain environment of every pod.
        secrets: Environment of every pod, from Secrets.
        checksum: Changes whenever one of those secrets does.
        cluster: What the cluster has.
        tags: On what is made in AWS.
    """

    system: str
    prefix: str
    namespace: pulumi.Input[str]
    issuer: TokenIssuer
    certificates: pulumi.Input[str] | None = None
    variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Sequence[SecretVariable] = ()
    checksum: pulumi.Input[str] = ""
    cluster: ClusterFeatures = field(default_factory=ClusterFeatures)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StatelessServiceArgs:
    """A service.

    Attributes:
        identifier: Name of the Deployment, the Service and the rest.
        image: Reference of the image.
        surroundings: What it shares with the others.
        command: Executable and first arguments; the role is appended.
        role: What the image is started as.
        port: Where the container listens, 1024 or more.
        replicas: How many instances the autoscaler may run.
        cpu_target_percent: CPU use, in percent of the request, that the autoscaler aims at.
        resources: Requests and limits.
        drain_seconds: Seconds from SIGTERM in which requests under way are finished.
        startup_seconds: Seconds that a start may take.
        variables: Further plain environment.
        secrets: Further environment from Secrets.
        checksum: Changes whenever one of those secrets does.
        grants: Buckets that it may use.
        exposed: Pods of other namespaces may call it.
    """

    identifier: str
    image: pulumi.Input[str]
    surroundings: Surroundings
    command: Sequence[str] = ("node", "/app/src/main.js")
    role: Role = "api"
    port: int = 8080
    replicas: ReplicaRangeArgs = field(default_factory=ReplicaRangeArgs)
    cpu_target_percent: int = 70
    resources: ContainerResources = field(default_factory=ContainerResources)
    drain_seconds: int = 25
    startup_seconds: int = 120
    variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Sequence[SecretVariable] = ()
    checksum: pulumi.Input[str] = ""
    grants: Sequence[BucketGrant] = ()
    exposed: bool = False


class StatelessService(pulumi.ComponentResource):
    """Deployment, Service, autoscaler, disruption budget, service account and role; a network policy if exposed.

    Attributes:
        outputs: Where to find it, as stack outputs.
        registered: Its resources.
    """

    outputs: Mapping[str, pulumi.Input[object]]
    registered: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: StatelessServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:StatelessService", name, None, opts)
        refuse(f"StatelessService {name!r}", _refusals(args))
        shared = args.surroundings
        identity = make_identity(
            self,
            name,
            Identity(
                account=args.identifier,
                role=f"{shared.prefix}-{args.identifier}",
                namespace=shared.namespace,
                labels=labels(args.identifier, shared.system),
                issuer=shared.issuer,
                grants=args.grants,
                tags=shared.tags,
            ),
        )
        pod = Pod(
            name=args.identifier,
            system=shared.system,
            role=args.role,
            service=args.identifier,
            image=args.image,
            command=args.command,
            port=args.port,
            variables={**shared.variables, **args.variables},
            secrets=[*shared.secrets, *args.secrets],
            role_arn=identity.role_arn,
            resources=args.resources,
            drain_seconds=args.drain_seconds,
            serves=True,
            startup_seconds=args.startup_seconds,
            certificates=shared.certificates,
            checksum=pulumi.Output.concat(shared.checksum, args.checksum),
        )
        workload = make_workload(
            self,
            name,
            shared.namespace,
            pod,
            Scaling(replicas=args.replicas, cpu_target_percent=args.cpu_target_percent),
            identity.resources,
        )
        # A Service is ready when a pod of it is: waiting for that before the pods are on their way would block both.
        service = KubernetesObject(f"{name}-service", service_manifest(args), child(self, depends_on=[workload[0]]))
        self.registered = (*identity.resources, *workload, service)
        if args.exposed:
            # Inside the namespace everything is allowed by its own policies; only this needs one of the service's.
            policy = KubernetesObject(f"{name}-network-policy", network_policy_manifest(args), child(self))
            self.registered = (*self.registered, policy)
        self.outputs = {
            "namespace": shared.namespace,
            "deployment": args.identifier,
            "service": args.identifier,
            "port": SERVICE_PORT,
            "targetPort": args.port,
            "selector": selector(args.identifier),
            "minReplicas": args.replicas.min,
            "livePath": "/health/live",
            "readyPath": "/health/ready",
        }
        self.register_outputs(dict(self.outputs))


def service_manifest(args: StatelessServiceArgs) -> dict[str, Any]:
    """A Service without affinity: each connection may go to each instance."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(args),
        "spec": {
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "selector": selector(args.identifier),
            "ports": [{"name": "http", "port": SERVICE_PORT, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def network_policy_manifest(args: StatelessServiceArgs) -> dict[str, Any]:
    """Lets the pods of all namespaces in, on the service's port only."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(args),
        "spec": {
            "podSelector": {"matchLabels": selector(args.identifier)},
            "policyTypes": ["Ingress"],
            "ingress": [
                {"from": [{"namespaceSelector": {}}], "ports": [{"protocol": "TCP", "port": "http"}]},
            ],
        },
    }


def _metadata(args: StatelessServiceArgs) -> dict[str, Any]:
    shared = args.surroundings
    return {
        "name": args.identifier,
        "namespace": shared.namespace,
        "labels": labels(args.identifier, shared.system),
    }


def _refusals(args: StatelessServiceArgs) -> list[Refusal]:
    return [
        *rules.replica_range(args.replicas),
        *rules.resources(args.resources),
        *rules.grace(grace_seconds(args.drain_seconds), "drain_seconds"),
    ]
