"""The local AWS endpoint without servers behind it, and programs that run against it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import botocore.session
import pytest
from botocore.config import Config
from werkzeug.serving import make_server

import local.aws

REGION = "eu-west-1"
SERVICES = ("cloudfront", "ec2", "elasticache", "iam", "kms", "rds", "s3", "secretsmanager", "sts")


@dataclass
class Endpoint:
    """An endpoint on loopback.

    Attributes:
        url: Where it answers.
        held: Operations whose answer is kept back once they have been carried out, as if the caller's machine had
            died just then.
        reached: Set when a held operation has been carried out.
        counted: How often each operation was called.
    """

    url: str = ""
    held: set[str] = field(default_factory=set)
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    counted: dict[str, int] = field(default_factory=dict)

    def client(self, service: str, region: str = REGION) -> Any:
        """A client that bypasses Pulumi."""
        return botocore.session.Session().create_client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )

    def hold(self, operation: str) -> None:
        """Keep back the answers of an operation from now on."""
        self.reached.clear()
        self.released.clear()
        self.held.add(operation)

    def release(self) -> None:
        """Let all answers through again."""
        self.held.clear()
        self.released.set()

    def wsgi(self, application: Any) -> Any:
        """The application with operations counted and held."""

        def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            operation = _operation(environ)
            self.counted[operation] = self.counted.get(operation, 0) + 1
            answer = list(application(environ, start_response))
            if operation in self.held:
                self.reached.set()
                self.released.wait(60)
            return answer

        return serve


def _operation(environ: dict[str, Any]) -> str:
    """The API's name of a request's operation; method and path for the services that have no such name in it."""
    import io

    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return target.rpartition(".")[2]
    if environ["REQUEST_METHOD"] == "POST" and "form" in environ.get("CONTENT_TYPE", ""):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return parse_qs(body.decode()).get("Action", [""])[0]
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[Endpoint, Any]]:
    """One endpoint for all tests of a run."""
    endpoint = Endpoint()
    application = endpoint.wsgi(local.aws.application())
    made = make_server("127.0.0.1", 0, application, threaded=True)
    made.log_startup = lambda: None  # type: ignore[method-assign]
    endpoint.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield endpoint, made
    made.shutdown()
    thread.join()


@pytest.fixture
def endpoint(server: tuple[Endpoint, Any]) -> Iterator[Endpoint]:
    """An empty endpoint."""
    from moto.moto_api._internal import moto_api_backend

    moto_api_backend.reset()  # type: ignore[attr-defined]
    found = server[0]
    found.counted.clear()
    yield found
    found.release()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin's cache, shared by the tests of a run."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def aws(project: Any, endpoint: Endpoint, cache: Path) -> Any:
    """A project whose aws provider talks to the endpoint."""
    project.environment["GROUNDWORK_CACHE"] = str(cache)
    configure(project, endpoint.url)
    return project


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
        "aws:endpoints": json.dumps([{service: url for service in SERVICES}]),
        **more,
    }
    lines = ["config:"] + [f"  {key}: {json.dumps(value)}" for key, value in settings.items()]
    file = project.folder / f"Pulumi.{project.stack}.yaml"
    salt = (
        [line for line in file.read_text().splitlines() if line.startswith("encryptionsalt")] if file.exists() else []
    )
    file.write_text("\n".join([*salt, *lines]) + "\n")
