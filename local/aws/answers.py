"""Errors in the forms that AWS's protocols have."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response


def xml_error(status: int, code: str, message: str) -> Response:
    """S3's form: a bare `Error` element."""
    body = (
        f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    )
    return Response(body, status, content_type="application/xml")


def error_for(environ: dict[str, Any], service: str, status: int, code: str, message: str) -> Response:
    """An error in the form that the caller's protocol has: JSON, EC2's, S3's or the query protocol's."""
    content_type = environ.get("CONTENT_TYPE", "")
    if environ.get("HTTP_X_AMZ_TARGET") or "json" in content_type:
        body = json.dumps({"__type": code, "message": message})
        return Response(body, status, {"x-amzn-errortype": code}, content_type=content_type or "application/json")
    inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if service in ("s3", "s3bucket_path"):
        return xml_error(status, code, message)
    if service == "ec2":
        body = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>-</RequestID></Response>"
    else:
        body = f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error><RequestId>-</RequestId></ErrorResponse>"
    return Response(body, status, content_type="text/xml")
