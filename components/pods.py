"""How a pod of the platform looks: pure functions from plain values to the parts of a manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

Role = Literal["api", "worker", "dashboard"]

DEREGISTRATION_SECONDS = 5
"""How long a stopping pod still accepts: until every node's kube-proxy and load balancer has heard of its end."""
GRACE_MARGIN_SECONDS = 5
"""Between the end of draining and SIGKILL: time to close connections and exit."""

SCRATCH_LIMIT = "64Mi"
USER = 1000
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
        "MEMORY_FALLBACK",
        "SHUTDOWN_DRAIN_SECONDS",
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
    """What a container asks for and may use; no CPU limit, since throttling costs latency and protects nobody."""

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
        command: Executable and first arguments; the role is appended.
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


def grace_seconds(drain_seconds: int) -> int:
    """`terminationGracePeriodSeconds` of a pod that serves: deregistration, then draining, then a margin."""
    return DEREGISTRATION_SECONDS + drain_seconds + GRACE_MARGIN_SECONDS


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


def template(pod: Pod) -> dict[str, Any]:
    """The pod template of a Deployment, fit for PodSecurity `restricted`."""
    identity = pod.role_arn is not None
    volumes, mounts = _volumes(pod.certificates, identity)
    spec: dict[str, Any] = {
        "serviceAccountName": pod.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": (
            grace_seconds(pod.drain_seconds) if pod.serves else worker_grace_seconds(pod.drain_seconds)
        ),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": spread(pod.name),
        "containers": [_container(pod, mounts)],
        "volumes": volumes,
    }
    return {
        "metadata": {
            "labels": labels(pod.name, pod.system),
            "annotations": {"groundwork.dev/secrets-checksum": pod.checksum},
        },
        "spec": spec,
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
        "command": [*pod.command, pod.role],
        "ports": [{"name": "http", "containerPort": pod.port, "protocol": "TCP"}],
        "env": _environment(pod),
        "resources": {
            "requests": {"cpu": pod.resources.cpu_request, "memory": pod.resources.memory_request},
            "limits": {"memory": pod.resources.memory_limit, "ephemeral-storage": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": _probe("/health/live", period=2, failures=max(1, pod.startup_seconds // 2)),
        "livenessProbe": _probe("/health/live", period=10, failures=3),
        "readinessProbe": _probe("/health/ready", period=5, failures=2),
        "volumeMounts": mounts,
    }
    if pod.serves:
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": DEREGISTRATION_SECONDS}}}
    return container


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "http", "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 3,
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


def _volumes(
    certificates: pulumi.Input[str] | None, identity: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    volumes: list[dict[str, Any]] = [{"name": "scratch", "emptyDir": {"sizeLimit": SCRATCH_LIMIT}}]
    mounts: list[dict[str, Any]] = [{"name": "scratch", "mountPath": "/tmp"}]
    if identity:
        token = {"audience": _AUDIENCE, "expirationSeconds": _TOKEN_SECONDS, "path": "token"}
        volumes.append({"name": "identity", "projected": {"sources": [{"serviceAccountToken": token}]}})
        mounts.append({"name": "identity", "mountPath": _IDENTITY_FOLDER, "readOnly": True})
    if certificates is not None:
        volumes.append({"name": "certificates", "configMap": {"name": certificates}})
        mounts.append({"name": "certificates", "mountPath": CERTIFICATES_FOLDER, "readOnly": True})
    return volumes, mounts
