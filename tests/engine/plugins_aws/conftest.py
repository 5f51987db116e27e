"""The local AWS endpoint without servers behind it, and programs that run against it."""

from __future__ import annotations

import fnmatch
import io
import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import botocore.session
import pytest
from botocore.config import Config

import local.aws
from tests.engine.attached import Attached
from tests.fixtures.aws import on_loopback

REGION = "eu-west-1"
SERVICES = (
    *("acm", "backup", "cloudfront", "cloudwatch", "ec2", "elasticache", "iam", "kms", "logs", "rds", "route53", "s3"),
    *("scheduler", "secretsmanager", "sns", "stepfunctions", "sts", "wafv2"),
)


@dataclass
class Endpoint:
    """An endpoint on loopback.

    Attributes:
        url: Where it answers.
        calls: Every operation that was carried out, in order.
    """

    url: str = ""
    calls: list[str] = field(default_factory=list)
    _patterns: set[str] = field(default_factory=set)
    _reached: set[str] = field(default_factory=set)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _session: Any = field(default_factory=botocore.session.Session)
    _news: threading.Condition = field(default_factory=threading.Condition)

    def client(self, service: str, region: str = REGION) -> Any:
        """A client that bypasses Pulumi; made once."""
        made = self._clients.get((service, region))
        if made is None:
            made = self._clients[service, region] = self._session.create_client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(proxies={}, s3={"addressing_style": "path"}),
            )
        return made

    def hold(self, *patterns: str) -> None:
        """Keep back the answers of operations: they are carried out, but the caller does not hear of it."""
        with self._news:
            self._patterns = set(patterns)
            self._reached.clear()

    def wait_until_held(self, seconds: float = 120) -> None:
        """Return once each of the patterns has held an answer back."""
        with self._news:
            held = self._news.wait_for(lambda: self._reached >= self._patterns, seconds)
            assert held, f"never called: {self._patterns - self._reached}; called: {self.calls}"

    def release(self) -> None:
        """Let all answers through again."""
        with self._news:
            self._patterns = set()
            self._news.notify_all()

    def count(self, pattern: str) -> int:
        """How often operations of this pattern were carried out."""
        return sum(fnmatch.fnmatchcase(call, pattern) for call in self.calls)

    def wsgi(self, application: Any) -> Any:
        """The application with operations recorded and held."""

        def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            operation = _operation(environ)
            answer = list(application(environ, start_response))
            with self._news:
                self.calls.append(operation)
                for pattern in self._patterns:
                    if fnmatch.fnmatchcase(operation, pattern):
                        self._reached.add(pattern)
                        self._news.notify_all()
                        self._news.wait_for(lambda: not self._patterns, 120)
                        break
            return answer

        return serve


def _operation(environ: dict[str, Any]) -> str:
    """The API's name of a request's operation; method, path and query for services that have no such name in it."""
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return target.rpartition(".")[2]
    if environ["REQUEST_METHOD"] == "POST" and "form" in environ.get("CONTENT_TYPE", ""):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return parse_qs(body.decode()).get("Action", [""])[0]
    query = environ.get("QUERY_STRING", "")
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}" + (f"?{query}" if query else "")


@pytest.fixture(scope="session")
def server() -> Iterator[Endpoint]:
    """One endpoint for all tests of a run."""
    endpoint = Endpoint()
    with on_loopback(endpoint.wsgi(local.aws.without_servers())) as endpoint.url:
        yield endpoint


@pytest.fixture
def endpoint(server: Endpoint) -> Iterator[Endpoint]:
    """An empty endpoint."""
    from moto.moto_api._internal import moto_api_backend

    moto_api_backend.reset()  # type: ignore[attr-defined]
    server.calls.clear()
    yield server
    server.release()


@pytest.fixture
def aws(project: Any, endpoint: Endpoint) -> Any:
    """A project whose aws provider talks to the endpoint."""
    configure(project, endpoint.url)
    return project


@pytest.fixture
def lasting(aws: Any) -> Any:
    """The same with plugins that last for all runs of a test whose subject is what AWS is asked for."""
    aws.plugins = Attached(aws.folder, ("aws",))
    return aws


def configure(project: Any, url: str, **more: str) -> None:
    """Write a stack's aws configuration."""
    settings = {
        "aws:region": REGION,
        "aws:accessKey": "test",
        "aws:secretKey": "test",
        "aws:skipCredentialsValidation": "true",
        "aws:skipRequestingAccountId": "true",
        "aws:skipMetadataApiCheck": "true",
        "aws:s3UsePathStyle": "true",
        "aws:endpoints": json.dumps([dict.fromkeys(SERVICES, url)]),
        **more,
    }
    lines = ["config:"] + [f"  {key}: {json.dumps(value)}" for key, value in settings.items()]
    file = project.folder / f"Pulumi.{project.stack}.yaml"
    salt = (
        [line for line in file.read_text().splitlines() if line.startswith("encryptionsalt")] if file.exists() else []
    )
    file.write_text("\n".join([*salt, *lines]) + "\n")
