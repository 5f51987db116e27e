"""A stateless service: any instance serves any request, any instance may go at any time."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi

from components import rules, service_rules
from components.autoscaling import ReplicaRangeArgs, Scaling
from components.cluster import ClusterFeatures
from components.errors import Refusal, refuse
from components.exposure import (
    Backend,
    Exposure,
    client_sources,
    exposure_manifest,
    namespace_source,
    policy_manifest,
)
from components.kubernetes import KubernetesObject
from components.options import child
from components.pod_options import ConfigFiles, Probes, Rollout
from components.pods import ContainerResources, Pod, Role, SecretVariable, cluster_service, labels, selector
from components.secrets import ExternalDelivery
from components.service_rules import METRICS_PORT, METRICS_PORT_NAME, CanaryArgs
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
        external: How an operator brings Secrets to the cluster; without one they are written there.
        allow_image_tag: Whether an image may be named by a tag, which can be moved to other code.
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
    external: ExternalDelivery | None = None
    allow_image_tag: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StatelessServiceArgs:
    """A service.

    Attributes:
        identifier: Name of the Deployment, the Service and the rest.
        image: Reference of the image, by digest unless the surroundings allow tags.
        surroundings: What it shares with the others.
        command: Executable and first arguments.
        arguments: Further arguments; by default the role.
        role: What the image is started as.
        port: Where the container listens, 1024 or more.
        ports: Further ports, by name; the Service has them under the same numbers.
        replicas: How many instances the autoscaler may run.
        cpu_target_percent: CPU use, in percent of the request, that the autoscaler aims at; none: it does not count.
        memory_target_percent: The same for memory; none: it does not count.
        requests_per_second: Requests that one instance is to get; needs a cluster with metrics.
        metrics: Whether it tells its metrics on a port of its own, which scaling on requests needs in any case.
        resources: Requests and limits.
        scratch_size: Of the only writable place, `/tmp`.
        drain_seconds: Seconds from SIGTERM in which requests under way are finished.
        stream_seconds: Part of them over which long-lived connections (server-sent events, WebSockets) are asked to go
            elsewhere; 0: there are none.
        deregistration_seconds: Seconds before SIGTERM until nobody sends requests any more; by default 5, and 15 if it
            is exposed.
        startup_seconds: Seconds that a start may take.
        probes: How a pod is asked for its health.
        rollout: The steps in which a change replaces pods.
        canary: Another image for a share of the requests.
        config: Configuration files that are no secret.
        variables: Further plain environment.
        secrets: Further environment from Secrets.
        checksum: Changes whenever one of those secrets does.
        grants: Buckets that it may use.
        exposed: Pods of other namespaces may call it.
        expose: Where clients outside the cluster find it.
    """

    identifier: str
    image: pulumi.Input[str]
    surroundings: Surroundings
    command: Sequence[str] = ("node", "/app/src/main.js")
    arguments: Sequence[str] | None = None
    role: Role = "api"
    port: int = 8080
    ports: Mapping[str, int] = field(default_factory=dict)
    replicas: ReplicaRangeArgs = field(default_factory=ReplicaRangeArgs)
    cpu_target_percent: int | None = 70
    memory_target_percent: int | None = None
    requests_per_second: int | None = None
    metrics: bool = False
    resources: ContainerResources = field(default_factory=ContainerResources)
    scratch_size: str = "64Mi"
    drain_seconds: int = 25
    stream_seconds: int = 0
    deregistration_seconds: int | None = None
    startup_seconds: int = 120
    probes: Probes = field(default_factory=Probes)
    rollout: Rollout = field(default_factory=Rollout)
    canary: CanaryArgs | None = None
    config: ConfigFiles | None = None
    variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Sequence[SecretVariable] = ()
    checksum: pulumi.Input[str] = ""
    grants: Sequence[BucketGrant] = ()
    exposed: bool = False
    expose: Exposure | None = None


class StatelessService(pulumi.ComponentResource):
    """Deployment, Service, autoscaler, disruption budget, service account and role; where asked for, configuration
    files, a canary, a route from outside, and network policies for those who call.

    Requirements: P0-SCALE, SR-VOLUME, SR-AFFINITY, SR-PDB, SR-REPLICAS, SR-PROBES, SR-SHUTDOWN.

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
        config = self._config(name, args)
        pod = _pod(args, identity.role_arn, config)
        workload = make_workload(self, name, shared.namespace, pod, _scaling(args, args.replicas), identity.resources)
        # A Service is ready when a pod of it is: waiting for that before the pods are on their way would block both.
        service = KubernetesObject(
            f"{name}-service", service_manifest(args, args.identifier), child(self, depends_on=[workload[0]])
        )
        self.registered = (*identity.resources, *workload, service)
        backends = [Backend(args.identifier, SERVICE_PORT, 100 - (args.canary.weight if args.canary else 0))]
        if args.canary is not None:
            backends.append(self._canary(name, args, args.canary, pod, identity.resources))
        if args.expose is not None:
            manifest = exposure_manifest(
                args.expose, _metadata(args), shared.cluster, backends, streams=args.stream_seconds > 0
            )
            self.registered = (*self.registered, KubernetesObject(f"{name}-route", manifest, child(self)))
        self._policies(name, args)
        self.outputs = {
            "namespace": shared.namespace,
            "deployment": args.identifier,
            "service": args.identifier,
            "port": SERVICE_PORT,
            "targetPort": args.port,
            "selector": selector(args.identifier),
            "minReplicas": args.replicas.min,
            "livePath": args.probes.live_path,
            "readyPath": args.probes.ready_path,
            "hosts": list(args.expose.hosts) if args.expose else [],
        }
        self.register_outputs(dict(self.outputs))

    def _config(self, name: str, args: StatelessServiceArgs) -> pulumi.Input[str] | None:
        if args.config is None:
            return None
        made = KubernetesObject(
            f"{name}-config",
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {**_metadata(args), "name": f"{args.identifier}-config"},
                "data": dict(args.config.files),
            },
            child(self),
        )
        config: pulumi.Output[str] = made.metadata["name"]
        return config

    def _canary(
        self,
        name: str,
        args: StatelessServiceArgs,
        canary: CanaryArgs,
        pod: Pod,
        needs: Sequence[pulumi.Resource],
    ) -> Backend:
        """A workload of its own, so that the autoscaler and the budget of each see only their own pods."""
        identifier = f"{args.identifier}-canary"
        other = replace(pod, name=identifier, account=args.identifier, image=canary.image)
        most = max(2, math.ceil(args.replicas.max * canary.weight / 100))
        scaling = _scaling(args, ReplicaRangeArgs(min=2, max=most))
        workload = make_workload(self, f"{name}-canary", args.surroundings.namespace, other, scaling, needs)
        service = KubernetesObject(
            f"{name}-canary-service", service_manifest(args, identifier), child(self, depends_on=[workload[0]])
        )
        self.registered = (*self.registered, *workload, service)
        return Backend(identifier, SERVICE_PORT, canary.weight)

    def _policies(self, name: str, args: StatelessServiceArgs) -> None:
        """Inside the namespace everything is allowed by its own policies; only callers from elsewhere need these."""
        callers: list[dict[str, Any]] = [{"namespaceSelector": {}}] if args.exposed else []
        if args.expose is not None and not args.exposed:
            callers = client_sources(args.surroundings.cluster)
        identifiers = {"": args.identifier, **({"-canary": f"{args.identifier}-canary"} if args.canary else {})}
        for suffix, identifier in identifiers.items():
            metadata = {**_metadata(args), "name": identifier}
            if callers:
                policy = policy_manifest(identifier, metadata, callers, "http")
                made = KubernetesObject(f"{name}{suffix}-network-policy", policy, child(self))
                self.registered = (*self.registered, made)
            # An empty list of sources would let everybody in.
            if METRICS_PORT_NAME in _ports(args) and args.surroundings.cluster.metrics_readers:
                sources = [namespace_source(reader) for reader in args.surroundings.cluster.metrics_readers]
                metadata = {**metadata, "name": f"{identifier}-metrics"}
                policy = policy_manifest(identifier, metadata, sources, METRICS_PORT_NAME)
                made = KubernetesObject(f"{name}{suffix}-metrics-policy", policy, child(self))
                self.registered = (*self.registered, made)


def service_manifest(args: StatelessServiceArgs, identifier: str) -> dict[str, Any]:
    """A Service without affinity: each connection may go to each instance."""
    ports: list[dict[str, Any]] = [{"name": "http", "port": SERVICE_PORT, "targetPort": "http"}]
    ports += [{"name": name, "port": port, "targetPort": name} for name, port in _ports(args).items()]
    return cluster_service(identifier, {**_metadata(args), "name": identifier}, ports)


def _ports(args: StatelessServiceArgs) -> dict[str, int]:
    """The further ports: what scales on requests has to tell how many there are."""
    if args.requests_per_second is None and not args.metrics:
        return dict(args.ports)
    return {METRICS_PORT_NAME: METRICS_PORT, **args.ports}


def _pod(args: StatelessServiceArgs, role_arn: pulumi.Input[str] | None, config: pulumi.Input[str] | None) -> Pod:
    shared, ports = args.surroundings, _ports(args)
    variables = {**shared.variables, **args.variables}
    if METRICS_PORT_NAME in ports:
        variables["METRICS_PORT"] = str(ports[METRICS_PORT_NAME])
    annotations = {}
    if args.config is not None and args.config.reload == "restart":
        annotations["groundwork.dev/config-checksum"] = _checksum(args.config)
    return Pod(
        name=args.identifier,
        system=shared.system,
        role=args.role,
        service=args.identifier,
        image=args.image,
        command=args.command,
        arguments=args.arguments,
        port=args.port,
        ports=ports,
        variables=variables,
        secrets=[*shared.secrets, *args.secrets],
        role_arn=role_arn,
        resources=args.resources,
        drain_seconds=args.drain_seconds,
        stream_seconds=args.stream_seconds,
        deregistration_seconds=_deregistration(args),
        serves=True,
        startup_seconds=args.startup_seconds,
        probes=args.probes,
        rollout=args.rollout,
        certificates=shared.certificates,
        config=config,
        scratch_size=args.scratch_size,
        checksum=pulumi.Output.concat(shared.checksum, args.checksum),
        annotations=annotations,
    )


def _checksum(config: ConfigFiles) -> str:
    text = json.dumps(dict(config.files), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _scaling(args: StatelessServiceArgs, replicas: ReplicaRangeArgs) -> Scaling:
    return Scaling(
        replicas=replicas,
        cpu_target_percent=args.cpu_target_percent,
        memory_target_percent=args.memory_target_percent,
        requests_per_second=args.requests_per_second,
    )


def _deregistration(args: StatelessServiceArgs) -> int:
    return service_rules.deregistration(args.deregistration_seconds, exposed=args.expose is not None)


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
        *service_rules.refusals(
            service_rules.ServiceKnobs(
                image=args.image,
                allow_image_tag=args.surroundings.allow_image_tag,
                least_replicas=args.replicas.min,
                port=args.port,
                ports=_ports(args),
                drain_seconds=args.drain_seconds,
                stream_seconds=args.stream_seconds,
                deregistration_seconds=_deregistration(args),
                startup_seconds=args.startup_seconds,
                cluster=args.surroundings.cluster,
                cpu_target_percent=args.cpu_target_percent,
                memory_target_percent=args.memory_target_percent,
                requests_per_second=args.requests_per_second,
                probes=args.probes,
                rollout=args.rollout,
                config=args.config,
                expose=args.expose,
                canary=args.canary,
                arguments=[*args.command, *(args.arguments or ())],
                scratch_size=args.scratch_size,
            )
        ),
    ]
