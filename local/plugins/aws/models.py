"""botocore's service models, loaded once and without a client."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader
from botocore.model import ServiceModel

_LOADER = Loader()
"""One for all services: each looks through the folders of all of them before it reads the first."""


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service: operations, shapes and their constraints."""
    return ServiceModel(_LOADER.load_service_model(service, "service-2"), service_name=service)
