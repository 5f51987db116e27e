"""`groundwork cdn purge`: what it asks of CloudFront, and what users are told when it cannot be done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from groundwork import cli, purging
from groundwork.engine import Engine
from groundwork.errors import UserError
from groundwork.project import StackFile

pytestmark = pytest.mark.unit


class _CloudFront:
    """Needs a few looks until a purge is done."""

    def __init__(self, looks: int = 2) -> None:
        self.looks = looks
        self.asked: list[dict[str, Any]] = []

    def create_invalidation(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        return {"Invalidation": {"Id": "I1", "Status": "InProgress"}}

    def get_invalidation(self, **request: Any) -> dict[str, Any]:
        assert request == {"DistributionId": "E1", "Id": "I1"}
        self.looks -= 1
        return {"Invalidation": {"Id": "I1", "Status": "InProgress" if self.looks else "Completed"}}


class _Refusing(_CloudFront):
    def create_invalidation(self, **request: Any) -> dict[str, Any]:
        error = {"Error": {"Code": "AccessDenied", "Message": "not allowed"}}
        raise ClientError(error, "CreateInvalidation")  # type: ignore[arg-type]


def _engine(monkeypatch: pytest.MonkeyPatch, client: Any, outputs: dict[str, Any] | None = None) -> Engine:
    engine = Engine(StackFile("shop", Path("Pulumi.shop.yaml"), {}), Path("pulumi"), {})
    told = outputs if outputs is not None else {"cdn": {"distributionId": "E1"}}
    monkeypatch.setattr(Engine, "outputs", lambda self: told)
    monkeypatch.setattr(boto3, "client", lambda *_arguments, **_more: client)
    monkeypatch.setattr(purging, "_PAUSE", 0.0)
    return engine


def test_it_asks_for_the_paths_once_each_and_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """RB-CDN."""
    client, said = _CloudFront(), list[str]()
    engine = _engine(monkeypatch, client)
    done = purging.purge(engine, ["/index.html", "/pages/*", "/index.html"], within=60, say=said.append)
    assert done == "I1"
    [asked] = client.asked
    assert asked["DistributionId"] == "E1"
    assert asked["InvalidationBatch"]["Paths"] == {"Quantity": 2, "Items": ["/index.html", "/pages/*"]}
    assert said == ["I1: InProgress", "I1: InProgress"]


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["index.html"], "for example /index.html"),
        (["/a*/b"], "only at its end"),
        ([f"/{number}/*" for number in range(16)], "more than the 15"),
        ([f"/{number}" for number in range(3001)], "use /*"),
    ],
)
def test_what_cloudfront_would_refuse_is_told_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, paths: list[str], words: str
) -> None:
    """RB-CDN."""
    client = _CloudFront()
    with pytest.raises(UserError) as raised:
        purging.purge(_engine(monkeypatch, client), paths, within=1, say=lambda _: None)
    assert words in str(raised.value)
    assert client.asked == []


def test_a_stack_without_distribution_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"no output cdn\.distributionId"):
        purging.purge(_engine(monkeypatch, _CloudFront(), {"redis": {}}), ["/a"], within=1, say=lambda _: None)


def test_a_refusal_of_aws_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="CloudFront does not purge E1") as raised:
        purging.purge(_engine(monkeypatch, _Refusing()), ["/a"], within=1, say=lambda _: None)
    assert "not allowed" in str(raised.value)


def test_a_purge_that_takes_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="still InProgress after 0 s"):
        purging.purge(_engine(monkeypatch, _CloudFront(looks=1000)), ["/a"], within=0, say=lambda _: None)


def test_the_command_names_an_unknown_stack() -> None:
    answer = CliRunner().invoke(cli.app, ["cdn", "purge", "no-such-stack", "/a"])
    assert isinstance(answer.exception, UserError)
    assert "there is no stack 'no-such-stack'" in str(answer.exception)
