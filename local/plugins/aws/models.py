"""botocore's service models, loaded once and without a client."""

from __future__ import annotations

from functools import cache

import botocore.session
from botocore.model import ServiceModel


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service: operations, shapes and their constraints."""
    model: ServiceModel = botocore.session.Session().get_service_model(service)
    return model
