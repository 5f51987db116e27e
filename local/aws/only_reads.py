"""Which requests change nothing, told from the request alone."""

from __future__ import annotations

import re
from typing import Any

_READING = re.compile(r"(?:BatchGet|Describe|Get|Head|List|Lookup|Query|Scan|Search|Select|Simulate|Validate|Verify)")
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")
_OF_RESOURCES = frozenset({"backup", "cloudfront", "eks", "route53", "s3", "s3bucket_path", "s3control", "scheduler"})
"""Services whose protocol says with the method what is done; the others' operations have names."""


def only_reads(environ: dict[str, Any], service: str, body: bytes) -> bool:
    """Whether the operation only reads, in doubt not.

    States that move on when they are looked at do so here too; that is no change anybody was told of before.

    Args:
        environ: The request.
        service: Whose operation it is.
        body: The request's body.
    """
    if service in _OF_RESOURCES:
        return environ["REQUEST_METHOD"] in ("GET", "HEAD", "OPTIONS")
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    found = _ACTION.search(body) or _ACTION.search(environ.get("QUERY_STRING", "").encode())
    action = target.rpartition(".")[2] or (found[1].decode() if found else "")
    return _READING.match(action) is not None
