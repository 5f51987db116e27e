"""The endpoint's WSGI application: moto, extended, locked, and honest about what it does not do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, cast

from flask import Flask, request
from moto.backends import SERVICE_NAMES
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from local.aws import s3_replicator
from local.aws.answers import error_for
from local.aws.extensions import install
from local.aws.faults import Faults, region_of
from local.aws.layout import HEALTH_PATH
from local.aws.memory.backends import touching
from local.aws.memory.keeper import Keeper
from local.aws.only_reads import only_reads
from local.aws.request_bodies import read_body
from local.aws.s3_gate import WSGI, Gate, bucket_region, object_of, version_of
from local.aws.state import LOCK

_log = logging.getLogger("local.aws")

S3 = frozenset({"s3", "s3bucket_path"})
"""What moto calls S3, by the form of the address."""


_WITH_SERVERS = frozenset({"elasticache", "rds", "cloudfront", "wafv2"})
"""Services whose models may have moved on by being looked at."""


class Application:
    """Answers AWS's APIs of every service on one address.

    Args:
        on_change: Called after every request to a service that has servers, and after every other that may have
            changed something but an object; brings the data plane's desired state up to date.
        edge_secret: Known to the edge only; lets it read buckets on behalf of a distribution.
        identity: Answered on the health path, so that `start` knows its own endpoint from another's.
        keeper: Has every change on disk before it is acknowledged; None: what is declared ends with the process.
        on_objects: Called after every request that may have changed objects; has them replicated.
        faults: Failures on purpose that requests meet with; None: there are never any.
    """

    def __init__(
        self,
        on_change: Callable[[], None],
        edge_secret: str,
        identity: str = "",
        keeper: Keeper | None = None,
        on_objects: Callable[[], None] = s3_replicator.settle,
        faults: Faults | None = None,
    ) -> None:
        install()
        self._dispatcher = DomainDispatcherApplication(_create_app)
        self._on_change = on_change
        self._edge_secret = edge_secret
        self._identity = identity
        self._keeper = keeper
        self._on_objects = on_objects
        self._faults = faults

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == HEALTH_PATH:
            return Response(self._identity, content_type="text/plain")(environ, start_response)
        if path.startswith("/moto-api"):
            # Its reset would pull the state away from under the data plane.
            return error_for(environ, "s3", 404, "NotFound", "No such path.")(environ, start_response)
        body = read_body(environ)
        try:
            app = self._dispatcher.get_application(environ)
        except (UnknownService, KeyError, ValueError) as error:
            _log.warning("no service for %s %s: %r", environ.get("REQUEST_METHOD"), path, error)
            message = "The local platform does not support this service."
            return error_for(environ, "", 400, "UnsupportedOperation", message)(environ, start_response)
        service = str(app.service)  # type: ignore[attr-defined]
        is_s3 = service in S3
        fault = self._fault(environ, is_s3)
        if fault is not None:
            return fault(environ, start_response)
        answering: WSGI = Gate(cast(Any, app), self._edge_secret) if is_s3 else cast(Any, app)
        reads = only_reads(environ, service, body)
        if is_s3 and reads and object_of(environ)[1]:
            # Downloads change nothing and do not wait for each other.
            return answering(environ, start_response)
        answer = self._answer(answering, environ, service, reads)
        # What servers are told stands with other services too: secrets, keys, certificates, networks.
        if service in _WITH_SERVERS or not (reads or (is_s3 and object_of(environ)[1])):
            self._on_change()
        if is_s3:
            self._on_objects()
        return answer(environ, start_response)

    def _fault(self, environ: dict[str, Any], is_s3: bool) -> Response | None:
        if self._faults is None:
            return None
        # A bucket is where it is, whichever region its client asks.
        home = bucket_region(object_of(environ)[0]) if is_s3 else None
        return self._faults.meet(home or region_of(environ), is_s3)

    def _answer(self, answering: WSGI, environ: dict[str, Any], service: str, reads: bool) -> Response:
        with LOCK, touching() as touched:
            answer = Response.from_app(cast(Any, answering), environ, buffered=True)
            if service in S3 and not reads:
                s3_replicator.judge()
                s3_replicator.judge_change(*object_of(environ), *version_of(environ))
            if self._keeper is None:
                return answer
            # Also what the request changed in services that it did not ask for.
            self._keeper.keep_later()
            if reads:
                return answer
            try:
                self._keeper.keep(touched, [object_of(environ)] if service in S3 else ())
            except Exception as error:  # noqa: BLE001  # whatever it is, the change must not be acknowledged
                _log.exception("%s: a change is not on disk", service)
                message = f"The local platform could not keep this change on disk: {type(error).__name__}: {error}"
                return error_for(environ, service, 500, "InternalFailure", message)
            return answer


class UnknownService(Exception):
    """The request is for a service that moto does not have."""


def _create_app(service: SERVICE_NAMES | None) -> Flask:
    if service is None:
        raise UnknownService
    app = create_backend_app(service)
    app.debug = False
    app.config["PROPAGATE_EXCEPTIONS"] = False

    @app.errorhandler(NotImplementedError)
    def _not_implemented(error: NotImplementedError) -> Any:
        detail = str(error) or "this operation"
        return error_for(request.environ, service, 400, "UnsupportedOperation", f"The local platform: {detail}.")

    @app.errorhandler(Exception)
    def _failed(error: Exception) -> Any:
        if isinstance(error, HTTPException):
            if error.code == 404:
                return _unsupported(service)
            return error
        _log.exception("%s %s %s", service, request.method, request.path)
        message = f"The local platform failed on this request: {type(error).__name__}; its log has the details."
        return error_for(request.environ, service, 500, "InternalFailure", message)

    @app.after_request
    def _empty_is_unsupported(response: Response) -> Any:
        # moto answers an operation that it cannot route with 404 and nothing else.
        if service not in ("s3", "s3bucket_path") and response.status_code == 404 and not response.get_data():
            return _unsupported(service)
        return response

    return app


def _unsupported(service: str) -> Any:
    message = f"The local platform does not support this operation of {service}: {request.method} {request.path}."
    return error_for(request.environ, service, 400, "UnsupportedOperation", message)
