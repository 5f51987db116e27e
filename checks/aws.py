"""What checks ask of AWS: secrets and objects. boto3 blocks, so its calls run in threads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import boto3
from botocore.config import Config

from checks.redaction import Redactor

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

# Two tries end before a check's deadline does.
_CONFIG = Config(connect_timeout=4, read_timeout=5, retries={"total_max_attempts": 2}, s3={"addressing_style": "path"})


class SecretError(Exception):
    """Raised when a secret is not there or lacks a field."""


class Aws(Protocol):
    """AWS as checks see it."""

    async def secret(self, arn: str, *fields: str) -> tuple[str, ...]:
        """Fields of a secret whose value is a JSON object."""

    async def s3(self, region: str, call: Callable[[S3Client], T]) -> T:
        """Run something with an S3 client, in a thread."""


class BotoAws:
    """AWS through boto3, with the environment's credentials."""

    def __init__(self, redactor: Redactor, region: str | None = None, endpoint: str | None = None) -> None:
        """Reach AWS.

        Args:
            redactor: Told of every secret that is read.
            region: Region of the secrets; `None` for the environment's.
            endpoint: Address of another AWS endpoint; `None` for the environment's (AWS_ENDPOINT_URL) or AWS itself.
        """
        self._redactor = redactor
        self._region = region
        self._endpoint = endpoint
        self._session = boto3.session.Session(region_name=region)
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._clients_lock = asyncio.Lock()
        self._values: dict[str, str] = {}

    async def prepare(self, regions: Iterable[str]) -> None:
        """Make the clients now rather than with the first call, because that takes long."""
        await self._client("secretsmanager", self._region)
        for region in sorted(regions):
            await self._client("s3", region)

    async def secret(self, arn: str, *fields: str) -> tuple[str, ...]:
        """Fields of a secret whose value is a JSON object.

        Raises:
            SecretError: when the value is no JSON object or lacks a field.
        """
        if arn not in self._values:
            client = await self._client("secretsmanager", self._region)
            answer = await asyncio.to_thread(client.get_secret_value, SecretId=arn)
            self._values[arn] = answer.get("SecretString", "")
        try:
            value = json.loads(self._values[arn])
        except ValueError:
            raise SecretError(f"secret {arn} is no JSON object") from None
        missing = [field for field in fields if not isinstance(value, dict) or not isinstance(value.get(field), str)]
        if missing:
            raise SecretError(f"secret {arn} has no {' and no '.join(missing)}")
        return tuple(value[field] if field == "username" else self._redactor.remember(value[field]) for field in fields)

    async def s3(self, region: str, call: Callable[[S3Client], T]) -> T:
        """Run something with an S3 client, in a thread."""
        return await asyncio.to_thread(call, await self._client("s3", region))

    async def _client(self, service: str, region: str | None) -> Any:
        key = (service, region)
        # Making clients is not thread-safe, using them is.
        async with self._clients_lock:
            if key not in self._clients:
                make: Any = self._session.client
                self._clients[key] = await asyncio.to_thread(
                    make, service, region_name=region, endpoint_url=self._endpoint, config=_CONFIG
                )
        return self._clients[key]
