"""How a pod of the platform looks: pure functions from plain values to the parts of a manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi

from components.pod_options import Probes, Rollout
from components.quantities import memory_bytes

Role = Literal["api", "worker", "dashboard"]

DEREGISTRATION_SECONDS = 5
"""How long a stopping pod still accepts: until every node's kube-proxy has heard of its end."""
EDGE_DEREGISTRATION_SECONDS = 15
"""The same where a Gateway's or Ingress' load balancer has to hear of it too."""
GRACE_MARGIN_SECONDS = 5
"""Between the end of draining and SIGKILL: time to close connections and exit."""

USER = 1000
CONFIG_FOLDER = "/etc/groundwork/config"
CERTIFICATES_FOLDER = "/etc/groundwork/certificates"
CERTIFICATES_FILE = "ca.pem"
_IDENTITY_FOLDER = "/var/run/secrets/groundwork/identity"
_TOKEN_SECONDS = 3600
_AUDIENCE = "sts.amazonaws.com"

RESERVED_VARIABLES = frozenset(
    {
        "SERVICE_NAME",
        "ROLE",
        "PORT",
        "POD_NAME",
        "POD_NAMESPACE",
        "NODE_NAME",
        "REDIS_URL",
        "QUEUE_REDIS_URL",
        "DATABASE_URL",
        "DATABASE_READER_URLS",
        "UPLOADS_BUCKET",
        "ASSETS_BUCKET",
        "CDN_URL",
        "AWS_REGION",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "QUEUES",
        "QUEUE_CONCURRENCY",
        "QUEUE_OPTIONS",
        "QUEUE_PREFIX",
        "QUEUE_SCHEDULES",
        "JOB_LOCK_SECONDS",
        "JOB_MAX_SECONDS",
        "JOB_MAX_STALLED",
        "DASHBOARD_USERNAME",
        "DASHBOARD_PASSWORD",
        "DASHBOARD_PASSWORD_PREVIOUS",
        "MEMORY_FALLBACK",
        "SHUTDOWN_DRAIN_SECONDS",
        "SHUTDOWN_STREAM_SECONDS",
        "CONFIG_DIR",
        "METRICS_PORT",
        "LOG_REQUESTS",
        "NODE_EXTRA_CA_CERTS",
    }
)
"""Variables that the platform sets itself."""

_FIELDS = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace", "NODE_NAME": "spec.nodeName"}


@dataclass(frozen=True)
class SecretVariable:
    """A variable read from a Secret of the namespace.

    Attributes:
        name: The variable.
        secret: The Secret's name.
        key: The key in it.
    """

    name: str
    secret: pulumi.Input[str]
    key: str


@dataclass(frozen=True, kw_only=True)
class ContainerResources:
    """What a container asks for and may use; no CPU limit, since throttling costs latency and protects nobody.

    Attributes:
        cpu_request: Cores that it is sure of, for example `100m` or `0.5`.
        memory_request: Memory that it is sure of, for example `256Mi`.
        memory_limit: Memory at which it is ended, not below the request.
    """

    cpu_request: str = "100m"
    memory_request: str = "256Mi"
    memory_limit: str = "512Mi"


@dataclass(frozen=True, kw_only=True)
class Pod:
    """One kind of pod.

    Attributes:
        name: Of the Deployment; the selector's label.
        system: Of which application it is a part.
        role: The argument that the image is started with.
        service: Told to the process as `SERVICE_NAME`.
        image: Reference of the image.
        command: Executable and first arguments.
        arguments: Further arguments; by default the role.
        port: Where it answers probes, and requests if it is a service.
        variables: Plain environment.
        secrets: Environment from Secrets.
        role_arn: IAM role of the workload identity; without one the pod has no AWS credentials.
        resources: Requests and limits.
        drain_seconds: From SIGTERM to exit, at most.
        serves: Whether a Service sends requests, so that stopping has to wait until it no longer does.
        startup_seconds: How long a start may take.
        certificates: Name of a ConfigMap with further certificate authorities, or none.
        checksum: Changes whenever an injected secret does, so that the pods are replaced.
        account: Name of the service account; by default the pod's own.
        ports: Further ports of the container, by name.
        deregistration_seconds: How long a stopping pod still accepts before it drains.
        stream_seconds: Part of the drain time over which long-lived connections are asked to go elsewhere.
        probes: How it is asked for its health.
        rollout: The steps in which a change replaces pods.
        config: Name of the ConfigMap with configuration files, or none.
        scratch_size: Of the only place that is writable, in memory units.
        annotations: On the pods.
    """

    name: str
    system: str
    role: Role
    service: str
    image: pulumi.Input[str]
    command: Sequence[str]
    port: int
    variables: Mapping[str, pulumi.Input[str]]
    secrets: Sequence[SecretVariable]
    role_arn: pulumi.Input[str] | None
    resources: ContainerResources
    drain_seconds: int
    serves: bool
    startup_seconds: int
    certificates: pulumi.Input[str] | None
    checksum: pulumi.Input[str]
    arguments: Sequence[str] | None = None
    account: str | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    deregistration_seconds: int = DEREGISTRATION_SECONDS
    stream_seconds: int = 0
    probes: Probes = field(default_factory=Probes)
    rollout: Rollout = field(default_factory=Rollout)
    config: pulumi.Input[str] | None = None
    scratch_size: str = "64Mi"
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


def grace_seconds(drain_seconds: int, deregistration_seconds: int = DEREGISTRATION_SECONDS) -> int:
    """`terminationGracePeriodSeconds` of a pod that serves: deregistration, then draining, then a margin."""
    return deregistration_seconds + drain_seconds + GRACE_MARGIN_SECONDS


def worker_grace_seconds(longest_job_seconds: int) -> int:
    """`terminationGracePeriodSeconds` of a worker: the job at hand is finished, nothing has to be deregistered."""
    return longest_job_seconds + GRACE_MARGIN_SECONDS


def labels(name: str, system: str) -> dict[str, str]:
    """Labels of all objects of one workload."""
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": system,
        "app.kubernetes.io/managed-by": "groundwork",
    }


def selector(name: str) -> dict[str, str]:
    """The labels that select a workload's pods: never changed, since a Deployment's selector cannot be."""
    return {"app.kubernetes.io/name": name}


def cluster_service(name: str, metadata: Mapping[str, Any], ports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A Service without affinity: each connection may go to each of a workload's pods."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": dict(metadata),
        "spec": {
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "selector": selector(name),
            "ports": [{**port, "protocol": "TCP"} for port in ports],
        },
    }


def template(pod: Pod) -> dict[str, Any]:
    """The pod template of a Deployment, fit for PodSecurity `restricted`."""
    identity = pod.role_arn is not None
    volumes, mounts = _volumes(pod, identity)
    spec: dict[str, Any] = {
        "serviceAccountName": pod.account or pod.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": (
            grace_seconds(pod.drain_seconds, pod.deregistration_seconds)
            if pod.serves
            else worker_grace_seconds(pod.drain_seconds)
        ),
        "securityContext": pod_security(),
        "topologySpreadConstraints": spread(pod.name),
        "containers": [_container(pod, mounts)],
        "volumes": volumes,
    }
    return {
        "metadata": {
            "labels": labels(pod.name, pod.system),
            "annotations": {"groundwork.dev/secrets-checksum": pod.checksum, **pod.annotations},
        },
        "spec": spec,
    }


def pod_security() -> dict[str, Any]:
    """A pod's security context, as PodSecurity `restricted` asks for."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """A container's: no privileges, and nothing of the image can be overwritten."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def spread(name: str) -> list[dict[str, Any]]:
    """Over zones strictly, over hosts where possible; each revision by itself: rollouts keep the balance."""
    common = {"maxSkew": 1, "labelSelector": {"matchLabels": selector(name)}, "matchLabelKeys": ["pod-template-hash"]}
    return [
        # A drained node's zone does not count: its pods may go to the other zones.
        {
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "nodeTaintsPolicy": "Honor",
            **common,
        },
        {"topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway", **common},
    ]


def _container(pod: Pod, mounts: list[dict[str, Any]]) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "app",
        "image": pod.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [*pod.command, *([pod.role] if pod.arguments is None else pod.arguments)],
        "ports": [
            {"name": name, "containerPort": port, "protocol": "TCP"}
            for name, port in {"http": pod.port, **pod.ports}.items()
        ],
        "env": _environment(pod),
        "resources": {
            "requests": {"cpu": pod.resources.cpu_request, "memory": pod.resources.memory_request},
            "limits": {"memory": pod.resources.memory_limit, "ephemeral-storage": _ephemeral_limit(pod.scratch_size)},
        },
        "securityContext": container_security(),
        **_probes(pod.probes, pod.startup_seconds),
        "volumeMounts": mounts,
    }
    if pod.serves:
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": pod.deregistration_seconds}}}
    return container


def _ephemeral_limit(scratch_size: str) -> str:
    """Scratch space and what is logged until it is collected."""
    return f"{memory_bytes(scratch_size) // 2**20 + 192}Mi"


def _probes(probes: Probes, startup_seconds: int) -> dict[str, Any]:
    tries = max(1, startup_seconds // probes.startup_period_seconds)
    live, ready = probes.live_period_seconds, probes.ready_period_seconds
    wait, step = probes.timeout_seconds, probes.startup_period_seconds
    return {
        # An answer later than the next question would stretch the time that a start may take.
        "startupProbe": _probe(probes.live_path, period=step, timeout=min(wait, step), failures=tries),
        "livenessProbe": _probe(probes.live_path, period=live, timeout=wait, failures=probes.live_failures),
        "readinessProbe": _probe(probes.ready_path, period=ready, timeout=wait, failures=probes.ready_failures),
    }


def _probe(path: str, *, period: int, timeout: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "http", "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": timeout,
        "failureThreshold": failures,
        "successThreshold": 1,
    }


def _environment(pod: Pod) -> list[dict[str, Any]]:
    plain: dict[str, pulumi.Input[str]] = {
        "SERVICE_NAME": pod.service,
        "ROLE": pod.role,
        "PORT": str(pod.port),
        "SHUTDOWN_DRAIN_SECONDS": str(pod.drain_seconds),
        "MEMORY_FALLBACK": "false",
    }
    if pod.role_arn is not None:
        plain |= {"AWS_ROLE_ARN": pod.role_arn, "AWS_WEB_IDENTITY_TOKEN_FILE": f"{_IDENTITY_FOLDER}/token"}
    if pod.stream_seconds:
        plain["SHUTDOWN_STREAM_SECONDS"] = str(pod.stream_seconds)
    if pod.config is not None:
        plain["CONFIG_DIR"] = CONFIG_FOLDER
    if pod.certificates is not None:
        plain["NODE_EXTRA_CA_CERTS"] = f"{CERTIFICATES_FOLDER}/{CERTIFICATES_FILE}"
    plain |= pod.variables
    return [
        *({"name": name, "value": plain[name]} for name in sorted(plain)),
        *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in _FIELDS.items()),
        *(
            {"name": item.name, "valueFrom": {"secretKeyRef": {"name": item.secret, "key": item.key}}}
            for item in sorted(pod.secrets, key=lambda item: item.name)
        ),
    ]


def _volumes(pod: Pod, identity: bool) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    volumes: list[dict[str, Any]] = [{"name": "scratch", "emptyDir": {"sizeLimit": pod.scratch_size}}]
    mounts: list[dict[str, Any]] = [{"name": "scratch", "mountPath": "/tmp"}]
    if identity:
        token = {"audience": _AUDIENCE, "expirationSeconds": _TOKEN_SECONDS, "path": "token"}
        volumes.append({"name": "identity", "projected": {"sources": [{"serviceAccountToken": token}]}})
        mounts.append({"name": "identity", "mountPath": _IDENTITY_FOLDER, "readOnly": True})
    if pod.certificates is not None:
        volumes.append({"name": "certificates", "configMap": {"name": pod.certificates}})
        mounts.append({"name": "certificates", "mountPath": CERTIFICATES_FOLDER, "readOnly": True})
    if pod.config is not None:
        volumes.append({"name": "config", "configMap": {"name": pod.config}})
        # The folder, not single files of it: those would never be brought up to date.
        mounts.append({"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": True})
    return volumes, mounts
