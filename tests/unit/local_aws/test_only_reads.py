"""Which requests are written to disk before they are answered: whatever does more than read."""

from __future__ import annotations

import io

import pytest

from local.aws.only_reads import only_reads
from local.aws.request_bodies import read_body

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("service", "environ", "body", "expected"),
    [
        ("ec2", {}, b"Action=DescribeVpcs&Version=2016-11-15", True),
        ("ec2", {}, b"Version=2016-11-15&Action=CreateVpc", False),
        ("ec2", {"QUERY_STRING": "Action=DescribeVpcs"}, b"", True),
        ("ec2", {}, b"Value=Action=DescribeVpcs&Action=CreateVpc", False),
        ("secretsmanager", {"HTTP_X_AMZ_TARGET": "secretsmanager.GetSecretValue"}, b"{}", True),
        ("secretsmanager", {"HTTP_X_AMZ_TARGET": "secretsmanager.PutSecretValue"}, b"{}", False),
        ("sqs", {"HTTP_X_AMZ_TARGET": "AmazonSQS.ReceiveMessage"}, b"{}", False),
        ("s3", {"REQUEST_METHOD": "GET"}, b"", True),
        ("s3", {"REQUEST_METHOD": "POST", "QUERY_STRING": "delete"}, b"", False),
        ("cloudfront", {"REQUEST_METHOD": "PUT"}, b"Action=DescribeVpcs", False),
        ("unheard-of", {}, b"", False),
    ],
)
def test_in_doubt_a_request_changes_something(
    service: str, environ: dict[str, str], body: bytes, expected: bool
) -> None:
    assert only_reads({"REQUEST_METHOD": "POST", **environ}, service, body) is expected


@pytest.mark.parametrize(
    "environ", [{"CONTENT_LENGTH": "4"}, {"wsgi.input_terminated": True}, {"CONTENT_LENGTH": "4", "CONTENT_TYPE": "x"}]
)
def test_a_body_can_be_read_again(environ: dict[str, object]) -> None:
    request = {**environ, "wsgi.input": io.BytesIO(b"body")}
    assert read_body(request) == b"body"
    assert request["wsgi.input"].read() == b"body"  # type: ignore[attr-defined]


def test_no_body_is_not_waited_for() -> None:
    """Behind a request without one comes the next request of the same connection."""
    connection = io.BytesIO(b"GET / HTTP/1.1")
    assert read_body({"wsgi.input": connection}) == b""
    assert connection.tell() == 0
