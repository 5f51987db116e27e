"""The cluster's own objects: what the API server needs to reach kubelets, and CoreDNS."""

from __future__ import annotations

from typing import Any

from local.cluster.images import COREDNS_REFERENCE
from local.network.plan import Plan

NAMESPACE = "kube-system"
DNS = "coredns"
_LABELS = {"k8s-app": "kube-dns"}
_PORT, _HEALTH_PORT, _READY_PORT = 1053, 8080, 8181

# No `forward`: the platform has no way out, so a name from outside the cluster has no answer here.
COREFILE = f"""\
.:{_PORT} {{
    errors
    health :{_HEALTH_PORT} {{
        lameduck 5s
    }}
    ready :{_READY_PORT}
    kubernetes cluster.local in-addr.arpa {{
        pods verified
        ttl 5
    }}
    cache 5 {{
        disable success cluster.local
        disable denial cluster.local
    }}
    loadbalance
}}
"""


def objects(plan: Plan, image: str) -> list[dict[str, Any]]:
    """All of them, in the order in which to apply them.

    Args:
        plan: For the address of the DNS Service.
        image: Identity of the CoreDNS image; a new one rolls the pods.
    """
    return [
        _binding("groundwork:kubelet-client", "system:kubelet-api-admin", "kube-apiserver-kubelet-client"),
        _service_account(),
        _role(),
        _role_binding(),
        _config(),
        _service(plan),
        _disruption_budget(),
        _deployment(image),
    ]


def _binding(name: str, role: str, user: str) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }


def _metadata() -> dict[str, Any]:
    return {"name": DNS, "namespace": NAMESPACE, "labels": _LABELS}


def _service_account() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata()}


def _role() -> dict[str, Any]:
    read = ["list", "watch"]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "system:coredns"},
        "rules": [
            {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": read},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read},
        ],
    }


def _role_binding() -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "system:coredns"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"},
        "subjects": [{"kind": "ServiceAccount", "name": DNS, "namespace": NAMESPACE}],
    }


def _config() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(), "data": {"Corefile": COREFILE}}


def _service(plan: Plan) -> dict[str, Any]:
    ports = [
        {"name": f"dns-{protocol.lower()}", "port": 53, "targetPort": _PORT, "protocol": protocol}
        for protocol in ("UDP", "TCP")
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**_metadata(), "name": "kube-dns"},
        "spec": {"clusterIP": plan.cluster_dns, "selector": _LABELS, "ports": ports},
    }


def _disruption_budget() -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": _LABELS}},
    }


def _deployment(image: str) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(),
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": _LABELS},
            "template": {
                "metadata": {"labels": _LABELS, "annotations": {"groundwork.local/image": image}},
                "spec": {
                    "priorityClassName": "system-cluster-critical",
                    "serviceAccountName": DNS,
                    "dnsPolicy": "Default",
                    "topologySpreadConstraints": [
                        {
                            "maxSkew": 1,
                            "topologyKey": "topology.kubernetes.io/zone",
                            "whenUnsatisfiable": "ScheduleAnyway",
                            "labelSelector": {"matchLabels": _LABELS},
                        }
                    ],
                    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                    "containers": [_container()],
                    "volumes": [{"name": "config", "configMap": {"name": DNS}}],
                },
            },
        },
    }


def _container() -> dict[str, Any]:
    return {
        "name": DNS,
        "image": COREDNS_REFERENCE,
        "imagePullPolicy": "Never",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [{"name": f"dns-{name}", "containerPort": _PORT, "protocol": name.upper()} for name in ("udp", "tcp")],
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
        "livenessProbe": {"httpGet": {"path": "/health", "port": _HEALTH_PORT}, "periodSeconds": 30},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": _READY_PORT}, "periodSeconds": 5},
        "startupProbe": {
            "httpGet": {"path": "/ready", "port": _READY_PORT},
            "periodSeconds": 1,
            "failureThreshold": 60,
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
