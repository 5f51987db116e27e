"""Reads a request's body before anybody else waits for it."""

from __future__ import annotations

import io
from typing import Any


def read_body(environ: dict[str, Any]) -> bytes:
    """The request's body, which stays readable for the application.

    A slow upload is waited for here, where it holds nobody up.
    """
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH")
    # A body in chunks ends by itself; any other has to be counted.
    size = -1 if environ.get("wsgi.input_terminated") else int(length or 0)
    body = stream.read(size)
    environ["wsgi.input"] = io.BytesIO(body)
    return bytes(body)
