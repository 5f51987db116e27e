"""The local Kubernetes cluster."""
