"""Started by the Pulumi engine as `pulumi-resource-kubernetes`."""

from local.plugins.kubernetes.provider import KubernetesProvider
from local.plugins.server import serve

if __name__ == "__main__":
    serve(KubernetesProvider())
