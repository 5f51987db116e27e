"""Calls to the AWS endpoint: clients, errors, and the guard that nothing leaves this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import Shape, StructureShape

from local.plugins.aws.configuration import Settings
from local.plugins.aws.declaration import Status, Values
from local.plugins.aws.query import search
from local.plugins.provider import Log, ProviderError


class ApiError(ProviderError):
    """AWS said no.

    Attributes:
        code: AWS's error code.
        answered: False when the call may or may not have been carried out (no answer, or an internal error).
    """

    def __init__(self, operation: str, code: str, message: str, answered: bool = True) -> None:
        super().__init__(f"{operation}: {message} ({code})" if code else f"{operation}: {message}")
        self.code = code
        self.answered = answered


class Cancelled(ProviderError):
    """The user interrupted, or the engine has gone."""


class Stop(Protocol):
    """What is asked of a cancellation event."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float | None = None) -> bool: ...


class Clients:
    """botocore clients by service and region, made when first needed and shared by all threads.

    Raises (on use):
        ProviderError: the configuration names no endpoint for the service.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._session = botocore.session.Session()
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._allowed = {urlsplit(url).netloc for url in settings.endpoints.values()}

    def get(self, service: str, region: str) -> Any:
        """The client of a service in a region."""
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._make(service, region)
            return self._clients[key]

    def partition(self, region: str) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return str(self._session.get_partition_for_region(region))

    def dns_suffix(self, region: str) -> str:
        """Domain of the partition's public endpoints."""
        return "amazonaws.com.cn" if self.partition(region) == "aws-cn" else "amazonaws.com"

    def _make(self, service: str, region: str) -> Any:
        url = self.settings.endpoints.get(service)
        if url is None:
            raise ProviderError(
                f"aws:endpoints names no endpoint for {service}: add `{service}: URL` to it. The aws stand-in talks "
                "only to endpoints on this machine that the configuration names."
            )
        client = self._session.create_client(
            service,
            region_name=region,
            endpoint_url=url,
            aws_access_key_id=self.settings.access_key,
            aws_secret_access_key=self.settings.secret_key,
            aws_session_token=self.settings.token,
            config=Config(
                proxies={},  # A proxy of the environment would be another machine.
                retries={"mode": "standard", "max_attempts": min(self.settings.max_retries, 5)},
                connect_timeout=5,
                read_timeout=120,
                max_pool_connections=32,
                s3={"addressing_style": "path" if self.settings.path_style else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        client.meta.events.register("before-send", self._guard)
        return client

    def _guard(self, request: Any, **_: Any) -> None:
        """Last look at every request: redirects and virtual-host buckets could name another host."""
        host = urlsplit(request.url).netloc
        if host not in self._allowed:
            raise ProviderError(
                f"refused a request to {host}: it is not an endpoint of aws:endpoints. For S3 set aws:s3UsePathStyle "
                "to true."
            )


@dataclass(frozen=True)
class Api:
    """One service in one region, for one operation of the engine.

    Attributes:
        deadline: Monotonic time at which waiting ends.
        say: Shows progress to the user.
    """

    clients: Clients
    service: str
    region: str
    say: Log
    cancelled: Stop
    deadline: float = field(default=0.0)

    @property
    def client(self) -> Any:
        return self.clients.get(self.service, self.region)

    @property
    def partition(self) -> str:
        return self.clients.partition(self.region)

    def call(self, operation: str, **request: Any) -> Values:
        """Call an operation by its API name (`CreateVpc`); members that are None are left out.

        Raises:
            ApiError: AWS refused, or could not be reached.
        """
        client = self.client
        method = getattr(client, _method(client, operation))
        try:
            answer: Values = method(**{name: value for name, value in request.items() if value is not None})
        except ClientError as error:
            raise _refusal(operation, error) from None
        except BotoCoreError as error:
            raise ApiError(operation, "", str(error), answered=False) from None
        answer.pop("ResponseMetadata", None)
        return answer

    def pages(self, operation: str, result: str, **request: Any) -> list[Any]:
        """All items (a JMESPath) of a list operation, over all its pages."""
        client = self.client
        method = _method(client, operation)
        if not client.can_paginate(method):
            return list(search(result, self.call(operation, **request)) or [])
        found: list[Any] = []
        try:
            for page in client.get_paginator(method).paginate(**request):
                found.extend(search(result, page) or [])
        except ClientError as error:
            raise _refusal(operation, error) from None
        except BotoCoreError as error:
            raise ApiError(operation, "", str(error), answered=False) from None
        return found

    def maybe(self, gone: Sequence[str], operation: str, **request: Any) -> Values | None:
        """Call an operation; None for error codes that mean that there is nothing."""
        try:
            return self.call(operation, **request)
        except ApiError as error:
            if error.code in gone:
                return None
            raise

    def pause(self, seconds: float) -> None:
        """Wait a little.

        Raises:
            Cancelled: the user interrupted meanwhile.
        """
        if self.cancelled.wait(seconds):
            raise Cancelled("interrupted while waiting")

    @property
    def expired(self) -> bool:
        return time.monotonic() >= self.deadline

    def input_shape(self, operation: str) -> StructureShape:
        """botocore's model of an operation's request."""
        return input_shape(self.client.meta.service_model, operation)


def input_shape(model: Any, operation: str) -> StructureShape:
    """The request of an operation; an operation without members has an empty structure."""
    shape = model.operation_model(operation).input_shape
    if not isinstance(shape, StructureShape):
        raise ProviderError(f"{operation} takes no members")
    return shape


def descend(shape: Shape, path: str) -> Shape:
    """The shape at a dotted path of structure members."""
    for member in path.split(".") if path else ():
        shape = shape.members[member]  # type: ignore[attr-defined]
    return shape


def _method(client: Any, operation: str) -> str:
    for method, name in client.meta.method_to_api_mapping.items():
        if name == operation:
            return str(method)
    raise ProviderError(f"{client.meta.service_model.service_name} has no operation {operation}")


def _refusal(operation: str, error: ClientError) -> ApiError:
    details: Mapping[str, Any] = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return ApiError(
        operation,
        str(details.get("Code", "")),
        str(details.get("Message") or "the endpoint gave no reason"),
        answered=status < 500,
    )


def status_of(status: Status, description: Values) -> str:
    """The status named in a description, as text."""
    return str(search(status.path, description) or "")
