"""Judging files: Kubernetes manifests, Helm's output, Pulumi's state files and previews."""

from policies.scan.chunks import Problem
from policies.scan.run import Report, Result, scan

__all__ = ["Problem", "Report", "Result", "scan"]
