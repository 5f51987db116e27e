"""The API's resources that have servers, whatever their region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.cloudfront.models import cloudfront_backends
from moto.core.base_backend import BackendDict
from moto.elasticache.models import elasticache_backends
from moto.rds.models import rds_backends

from local.aws.extensions.cloudfront import CloudFront
from local.aws.extensions.elasticache import ElastiCache
from local.aws.extensions.rds import RDS
from local.aws.state import ACCOUNT

SERVICES: tuple[BackendDict[Any], ...] = (cloudfront_backends, elasticache_backends, rds_backends)
"""The services that have servers."""


def elasticache() -> Iterator[ElastiCache]:
    """ElastiCache of every region that was used."""
    for backend in list(elasticache_backends[ACCOUNT].values()):
        if isinstance(backend, ElastiCache):
            yield backend


def rds() -> Iterator[RDS]:
    """RDS of every region that was used."""
    for backend in list(rds_backends[ACCOUNT].values()):
        if isinstance(backend, RDS):
            yield backend


def cloudfront() -> Iterator[CloudFront]:
    """The account's CloudFront."""
    for backend in list(cloudfront_backends[ACCOUNT].values()):
        if isinstance(backend, CloudFront):
            yield backend
