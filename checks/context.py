"""What checks work with: the stack's outputs, the cluster, AWS, and whose certificates to trust."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import certifi

from checks.aws import Aws, BotoAws
from checks.cluster import Cluster, KubernetesCluster
from checks.outputs import StackOutputs
from checks.redaction import Redactor


class ContextError(Exception):
    """Raised when what the settings name is not there, so that no check could run."""


@dataclass(frozen=True)
class Settings:
    """How to reach what the outputs name.

    Attributes:
        kubeconfig: Kubeconfig file; `None` for KUBECONFIG or the usual place.
        kube_context: Context in it; `None` for the current one.
        region: AWS region; `None` for the environment's.
        endpoint: Another AWS endpoint; `None` for the environment's AWS_ENDPOINT_URL or AWS itself.
        deadline: Seconds that each check may take, unless it names more itself.
        concurrency: How many checks run at once.
    """

    kubeconfig: Path | None = None
    kube_context: str | None = None
    region: str | None = None
    endpoint: str | None = None
    deadline: float = 20.0
    concurrency: int = 12


@dataclass(frozen=True)
class Context:
    """What a check function is given.

    Attributes:
        outputs: The stack's outputs.
        cluster: The Kubernetes cluster.
        aws: AWS.
        authorities: PEM file of all certificate authorities to trust: the public ones and the stack's own.
        tls: Settings that verify certificate and host name against them; made once, because that takes long.
        redactor: Removes secrets from results.
    """

    outputs: StackOutputs
    cluster: Cluster
    aws: Aws
    authorities: Path
    tls: ssl.SSLContext
    redactor: Redactor


@asynccontextmanager
async def open_context(outputs: StackOutputs, settings: Settings) -> AsyncIterator[Context]:
    """A context for the checks of one stack; its temporary files are removed at the end.

    Raises:
        ContextError: when the kubeconfig is not there.
    """
    if settings.kubeconfig is not None and not settings.kubeconfig.is_file():
        raise ContextError(f"there is no kubeconfig at {settings.kubeconfig}: name the one of the stack's cluster")
    redactor = Redactor()
    with tempfile.TemporaryDirectory(prefix="groundwork-check-") as folder:
        authorities = Path(folder) / "authorities.pem"
        own = outputs.trusted_certificates or ""
        authorities.write_text(f"{Path(certifi.where()).read_text()}\n{own}\n")  # noqa: ASYNC240 - once, small, local
        cluster = KubernetesCluster(settings.kubeconfig, settings.kube_context)
        aws = BotoAws(redactor, settings.region, settings.endpoint)
        # What all checks share is made before the first deadline runs.
        # What cannot be made is reported by the checks that need it, and the others run.
        regions = {bucket.region for bucket in outputs.buckets.values()}
        await asyncio.gather(cluster.connect(), aws.prepare(regions), return_exceptions=True)
        yield Context(
            outputs=outputs,
            cluster=cluster,
            aws=aws,
            authorities=authorities,
            tls=ssl.create_default_context(cafile=str(authorities)),
            redactor=redactor,
        )
