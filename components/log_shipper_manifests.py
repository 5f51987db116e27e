"""Fluent Bit on every node, as plain manifests: it reads the logs of one namespace's pods and sends them to one group.

Not run on the local platform, where no image of it can be had: the form of its configuration is that of the Fluent Bit
manual (YAML configuration, inputs/tail, filters/parser, outputs/cloudwatch), version 3 or later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

NAME = "log-shipper"
PORT = 2020
_LOGS = "/var/log/pods"
_CONFIG = "/etc/groundwork/config"
_CONFIG_FILE = "fluent-bit.yaml"
_IDENTITY = "/var/run/secrets/groundwork/identity"
_AUDIENCE = "sts.amazonaws.com"
_TOKEN_SECONDS = 3600
_SCRATCH = "64Mi"
_GRACE_SECONDS = 30
_REASON = "reads the container logs that only the node itself has, and keeps nothing on it"


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """Who answers for reading the nodes' own files, and until when (`policies`: SR-VOLUME, SR-KIND).

    Attributes:
        owner: A person or team.
        expires: Last day, YYYY-MM-DD.
    """

    owner: str
    expires: str

    @property
    def annotations(self) -> dict[str, str]:
        """What tells the policies."""
        text = f"reason: {_REASON}; owner: {self.owner}; expires: {self.expires}"
        return {f"groundwork/exempt.{rule}": text for rule in ("SR-VOLUME", "SR-KIND")}


def configuration(namespace: str, region: str, group: str) -> str:
    """Fluent Bit's configuration; JSON, which is YAML too.

    Args:
        namespace: Whose pods' logs are read; those of others are not even opened.
        region: Of the log group.
        group: Its name.
    """
    return json.dumps(
        {
            "service": {
                "flush": 5,
                "grace": _GRACE_SECONDS - 5,
                "log_level": "warn",
                "http_server": True,
                "http_listen": "0.0.0.0",
                "http_port": PORT,
                "health_check": True,
            },
            "parsers": [{"name": "line", "format": "json"}],
            "pipeline": {
                "inputs": [
                    {
                        "name": "tail",
                        # <namespace>_<pod>_<uid>/<container>/<restarts>.log; no namespace has an underscore.
                        "path": f"{_LOGS}/{namespace}_*/*/*.log",
                        "tag_regex": "/[^_/]+_(?<pod>[^_/]+)_[^/]+/(?<container>[^/]+)/[^/]+$",
                        "tag": "<pod>.<container>",
                        # The kubelet splits long lines.
                        "multiline.parser": "cri",
                        # Positions outlive a restart of the container, not the pod: then lines may be sent twice, and
                        # none is lost.
                        "db": "/tmp/positions.db",
                        "read_from_head": True,
                        "refresh_interval": 5,
                        "rotate_wait": 30,
                        "mem_buf_limit": "32MB",
                        "skip_long_lines": True,
                    }
                ],
                "filters": [
                    # A line of JSON becomes the event's own fields; any other stays a text under `log`.
                    {"name": "parser", "match": "*", "key_name": "log", "parser": "line", "reserve_data": True}
                ],
                "outputs": [
                    {
                        "name": "cloudwatch_logs",
                        "match": "*",
                        "region": region,
                        "log_group_name": group,
                        "log_stream_prefix": "pods/",
                        "auto_create_group": False,
                        "retry_limit": "no_limits",
                    }
                ],
            },
        },
        indent=2,
        sort_keys=True,
    )


def daemon_set_manifest(
    metadata: Mapping[str, Any],
    image: pulumi.Input[str],
    region: str,
    role_arn: pulumi.Input[str],
    checksum: str,
    exemption: Exemption,
) -> dict[str, Any]:
    """One pod on every node, with no rights but to read pods' logs and to send them.

    Args:
        metadata: Of all its objects.
        image: Reference of the image.
        region: Of the log group.
        role_arn: IAM role of its identity.
        checksum: Of its configuration: another one replaces the pods.
        exemption: Who answers for it.
    """
    selected = {"app.kubernetes.io/name": NAME}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {**metadata, "annotations": exemption.annotations},
        "spec": {
            "selector": {"matchLabels": selected},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}},
            "template": {
                "metadata": {
                    "labels": metadata["labels"],
                    "annotations": {"groundwork.dev/config-checksum": checksum},
                },
                "spec": {
                    "serviceAccountName": NAME,
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": _GRACE_SECONDS,
                    # Pods log wherever they run, on tainted nodes too.
                    "tolerations": [{"operator": "Exists"}],
                    "securityContext": {
                        # Container logs belong to root, and nobody else may read them.
                        "runAsUser": 0,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [_container(image, region, role_arn)],
                    "volumes": [
                        {"name": "logs", "hostPath": {"path": _LOGS, "type": "Directory"}},
                        {"name": "config", "configMap": {"name": NAME}},
                        {"name": "scratch", "emptyDir": {"sizeLimit": _SCRATCH}},
                        {"name": "identity", "projected": {"sources": [{"serviceAccountToken": _token()}]}},
                    ],
                },
            },
        },
    }


def _token() -> dict[str, Any]:
    return {"audience": _AUDIENCE, "expirationSeconds": _TOKEN_SECONDS, "path": "token"}


def _container(image: pulumi.Input[str], region: str, role_arn: pulumi.Input[str]) -> dict[str, Any]:
    return {
        "name": "fluent-bit",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/fluent-bit/bin/fluent-bit", "--config", f"{_CONFIG}/{_CONFIG_FILE}"],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "env": [
            {"name": "AWS_REGION", "value": region},
            {"name": "AWS_ROLE_ARN", "value": role_arn},
            {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": f"{_IDENTITY}/token"},
        ],
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"memory": "128Mi", "ephemeral-storage": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "livenessProbe": _probe("/", failures=3),
        # Unhealthy while sending fails again and again.
        "readinessProbe": _probe("/api/v1/health", failures=2),
        "volumeMounts": [
            {"name": "logs", "mountPath": _LOGS, "readOnly": True},
            {"name": "config", "mountPath": _CONFIG, "readOnly": True},
            {"name": "scratch", "mountPath": "/tmp"},
            {"name": "identity", "mountPath": _IDENTITY, "readOnly": True},
        ],
    }


def _probe(path: str, *, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "http", "scheme": "HTTP"},
        "periodSeconds": 10,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
        "successThreshold": 1,
    }


def config_map_manifest(metadata: Mapping[str, Any], content: str) -> dict[str, Any]:
    """The configuration, as the pods mount it."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": dict(metadata), "data": {_CONFIG_FILE: content}}
