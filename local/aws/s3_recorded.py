"""S3's replication and inventory configurations: kept as they were sent.

moto takes both and answers with less than it was given (fixed replication filters, no versions in inventories), so
that a program would see drift for ever. What is kept here is answered back word for word. Replication is done by what
`s3_replicator` reads of it; nothing is listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree

from moto.s3.models import FakeBucket
from werkzeug.wrappers import Request, Response

from local.aws.answers import xml_error

_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_ATTRIBUTE = "groundwork_recorded"
_MISSING = {
    "replication": ("ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
    "inventory": ("NoSuchConfiguration", "The specified configuration does not exist."),
}
SUBRESOURCES = frozenset(_MISSING)


def answer(
    bucket: FakeBucket, environ: dict[str, Any], start_response: Any, known: dict[str, FakeBucket]
) -> Iterable[bytes]:
    """Answer a request for one of `SUBRESOURCES` of a bucket.

    Args:
        bucket: Whose.
        environ: The request.
        start_response: WSGI's.
        known: All buckets of the account, by name.
    """
    request = Request(environ)
    [kind] = SUBRESOURCES & set(request.args)
    records: dict[tuple[str, str], bytes] = vars(bucket).setdefault(_ATTRIBUTE, {})
    name = (kind, request.args.get("id", ""))
    return _respond(request, kind, name, records, bucket, known)(environ, start_response)


def recorded(bucket: FakeBucket, kind: str) -> bytes | None:
    """The bucket's configuration of one of `SUBRESOURCES` that has no name, as it was sent; None if it has none."""
    records: dict[tuple[str, str], bytes] = vars(bucket).get(_ATTRIBUTE, {})
    return records.get((kind, ""))


def notification(bucket: FakeBucket, inner: Any, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """A bucket's notification configuration: moto's answer, with EventBridge, which it keeps and does not tell."""
    told = Response.from_app(inner, environ)
    configuration = bucket.notification_configuration
    if told.status_code == 200 and configuration is not None and configuration.event_bridge is not None:
        root = ElementTree.fromstring(told.get_data())
        ElementTree.SubElement(root, f"{_NAMESPACE}EventBridgeConfiguration")
        told = _xml(ElementTree.tostring(root))
    return told(environ, start_response)


def _respond(
    request: Request,
    kind: str,
    name: tuple[str, str],
    records: dict[tuple[str, str], bytes],
    bucket: FakeBucket,
    known: dict[str, FakeBucket],
) -> Response:
    match request.method:
        case "PUT":
            body = request.get_data()
            refusal = _refusal(kind, body, bucket, known)
            if refusal is None:
                records[name] = body
            return refusal or Response(status=200)
        case "DELETE":
            records.pop(name, None)
            return Response(status=204)
        case _ if kind == "inventory" and "id" not in request.args:
            listed = b"".join(_inner(body) for (held, _), body in sorted(records.items()) if held == kind)
            root = b"ListInventoryConfigurationsResult"
            return _xml(b"<" + root + b"><IsTruncated>false</IsTruncated>" + listed + b"</" + root + b">")
        case _ if name in records:
            return _xml(records[name])
    code, message = _MISSING[kind]
    return xml_error(404, code, message)


def _xml(body: bytes) -> Response:
    return Response(body, content_type="application/xml")


def _inner(body: bytes) -> bytes:
    return ElementTree.tostring(ElementTree.fromstring(body))


def _refusal(kind: str, body: bytes, bucket: FakeBucket, known: dict[str, FakeBucket]) -> Response | None:
    """What S3 refuses: targets that are not there, replication without versions on both sides."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return xml_error(400, "MalformedXML", "The XML you provided was not well-formed.")
    targets = [_bucket_of(arn) for arn in _texts(root, "Destination", "Bucket")]
    missing = [target for target in targets if target not in known]
    if missing or not targets:
        return xml_error(400, "InvalidRequest", f"Destination bucket must exist: {', '.join(missing) or 'none named'}.")
    unversioned = [each.name for each in (bucket, *(known[target] for target in targets)) if not _versioned(each)]
    if kind == "replication" and unversioned:
        message = f"Versioning must be 'Enabled' on the bucket to apply a replication configuration: {unversioned[0]}."
        return xml_error(400, "InvalidRequest", message)
    return None


def _texts(root: ElementTree.Element, above: str, tag: str) -> Iterable[str]:
    for element in root.iter():
        if element.tag.removeprefix(_NAMESPACE) == above:
            yield from (each.text or "" for each in element.iter() if each.tag.removeprefix(_NAMESPACE) == tag)


def _bucket_of(arn: str) -> str:
    return arn.rpartition(":")[2]


def _versioned(bucket: FakeBucket) -> bool:
    return bool(bucket.versioning_status == "Enabled")
