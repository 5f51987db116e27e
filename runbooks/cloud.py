"""AWS as runbooks use it: any operation by name, and never one that was not declared."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Final, Protocol

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from runbooks.errors import RunbookError

_READS: Final = ("Describe", "Get", "Head", "List")
# A change is tried once: whether one without an answer was made is found out by looking, not by making it again.
_TRIES: Final = {True: 3, False: 1}


class Cloud(Protocol):
    """AWS's APIs."""

    async def ask(
        self, service: str, operation: str, region: str | None = None, /, **parameters: Any
    ) -> dict[str, Any]:
        """Perform an operation, for example `ask("rds", "DescribeDBInstances", DBInstanceIdentifier="a")`.

        Args:
            region: Where; `None`: in the stack's region.
        """


class BotoCloud:
    """AWS through boto3, with the environment's credentials."""

    def __init__(self, region: str | None, endpoint: str | None = None) -> None:
        """Reach AWS.

        Args:
            region: Of the stack; `None` for the environment's.
            endpoint: Another endpoint; `None` for the environment's (AWS_ENDPOINT_URL) or AWS itself.

        Raises:
            RunbookError: neither the stack nor the environment names a region.
        """
        self._session = boto3.session.Session(region_name=region)
        if self._session.region_name is None:
            raise RunbookError("no AWS region: the stack file should name one (aws:region), or AWS_DEFAULT_REGION")
        self.region: str = self._session.region_name
        self._endpoint = endpoint
        self._clients: dict[tuple[str, str, bool], Any] = {}
        self._making = asyncio.Lock()

    async def ask(
        self, service: str, operation: str, region: str | None = None, /, **parameters: Any
    ) -> dict[str, Any]:
        """Perform an operation in a thread, since boto3 blocks."""
        client = await self._client(service, region or self.region, operation.startswith(_READS))
        answer: dict[str, Any] = await asyncio.to_thread(getattr(client, xform_name(operation)), **parameters)
        return answer

    async def _client(self, service: str, region: str, reads: bool) -> Any:
        key = (service, region, reads)
        # Making clients is not thread-safe, using them is.
        async with self._making:
            if key not in self._clients:
                make: Any = self._session.client
                config = Config(
                    connect_timeout=4,
                    read_timeout=20,
                    retries={"total_max_attempts": _TRIES[reads]},
                    s3={"addressing_style": "path"},
                )
                self._clients[key] = await asyncio.to_thread(
                    make, service, region_name=region, endpoint_url=self._endpoint, config=config
                )
        return self._clients[key]


class Undeclared(RunbookError):
    """A step asks for what its runbook has not declared, and what the printed policy would not allow."""


class DeclaredCloud:
    """AWS, as far as a runbook has declared what it asks."""

    def __init__(self, inner: Cloud, operations: Collection[tuple[str, str]]) -> None:
        """Pass on these operations only, each a service and a name."""
        self._inner = inner
        self._operations = frozenset(operations)

    async def ask(
        self, service: str, operation: str, region: str | None = None, /, **parameters: Any
    ) -> dict[str, Any]:
        """Perform an operation that was declared.

        Raises:
            Undeclared: it was not.
        """
        if (service, operation) not in self._operations:
            raise Undeclared(f"{service} {operation} is not among the calls that the runbook declares")
        return await self._inner.ask(service, operation, region, **parameters)


def code_of(error: ClientError) -> str:
    """AWS's own name for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))
