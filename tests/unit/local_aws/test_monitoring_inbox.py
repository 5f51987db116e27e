"""Messages stay on this machine, in a file that only its owner reads (P0-OBS)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from groundwork.cli import app
from local.aws.layout import Layout
from local.aws.monitoring.inbox import Message, append, read
from local.aws.state import CURRENT
from local.paths import Paths

pytestmark = pytest.mark.unit

Client = Callable[..., Any]


def _message(number: int, text: str = "text") -> Message:
    return Message("2026-11-22T18:00:00.000Z", "arn:t", "email", "a@example.com", f"subject {number}", text)


def test_messages_are_kept_in_their_order_and_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "inbox.jsonl"
    assert read(path) == []
    for number in range(3):
        append(path, _message(number))
    assert [message.subject for message in read(path)] == ["subject 0", "subject 1", "subject 2"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_inbox_never_grows_beyond_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "inbox.jsonl"
    for number in range(200):
        append(path, _message(number, "x" * 100), most=5_000)
        assert path.stat().st_size <= 5_000
    kept = [int(message.subject.split()[1]) for message in read(path)]
    assert kept == list(range(kept[0], 200))
    assert len(kept) > 5
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_crash_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "inbox.jsonl"
    append(path, _message(1))
    with path.open("ab") as file:
        file.write(b'{"time": "2026')
    assert [message.subject for message in read(path)] == ["subject 1"]
    # What comes after it is read again.
    append(path, _message(2))
    append(path, _message(3))
    assert [message.subject for message in read(path)] == ["subject 1", "subject 2", "subject 3"]


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Message]]:
    path = tmp_path / "inbox.jsonl"
    monkeypatch.setattr(CURRENT, "inbox", path)
    return lambda: read(path)


def test_what_is_published_goes_into_the_inbox_or_into_a_queue_and_nowhere_else(
    client: Client, unique: str, inbox: Callable[[], list[Message]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No subscription's message leaves this machine."""

    def leaves(*_args: Any, **_more: Any) -> None:
        raise AssertionError("a request to the world outside")

    monkeypatch.setattr("moto.sns.models.requests.post", leaves)
    sns, sqs = client("sns"), client("sqs")
    topic = sns.create_topic(Name=unique)["TopicArn"]
    queue = sqs.create_queue(QueueName=unique)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    outside = {
        "email": "on-call@example.com",
        "email-json": "bot@example.com",
        "http": "http://198.51.100.1/hook",
        "https": "https://198.51.100.1/hook",
        "lambda": "arn:aws:lambda:eu-west-1:123456789012:function:tell",
        "sms": "+15005550006",
    }
    for protocol, endpoint in {**outside, "sqs": queue_arn}.items():
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    filtered = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="other@example.com")["SubscriptionArn"]
    sns.set_subscription_attributes(
        SubscriptionArn=filtered, AttributeName="FilterPolicy", AttributeValue='{"kind": ["page"]}'
    )
    text = json.dumps({"default": "to all", "sms": "short"})
    sns.publish(TopicArn=topic, Message=text, Subject="hello", MessageStructure="json")
    kept = inbox()
    assert {(message.protocol, message.endpoint) for message in kept} == set(outside.items())
    assert {message.protocol: message.message for message in kept} == {
        **dict.fromkeys(outside, "to all"),
        "sms": "short",
    }
    assert {(message.topic, message.subject) for message in kept} == {(topic, "hello")}
    [received] = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(received["Body"])["Message"] == "to all"
    sns.publish(PhoneNumber="+15005550006", Message="by itself")
    last = inbox()[-1]
    assert (last.topic, last.protocol, last.endpoint, last.message) == ("", "sms", "+15005550006", "by itself")


def test_the_command_shows_the_inbox_newest_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`groundwork local inbox`."""
    monkeypatch.setenv("GROUNDWORK_STATE", str(tmp_path))
    monkeypatch.setenv("GROUNDWORK_CACHE", str(tmp_path / "cache"))
    runner = CliRunner()
    assert "empty" in runner.invoke(app, ["local", "inbox"]).output
    path = Layout.of(Paths.from_environment()).inbox
    path.parent.mkdir(parents=True)
    append(path, _message(1, json.dumps({"AlarmName": "a", "NewStateReason": "Threshold Crossed: [5.0]"})))
    append(path, _message(2, "first line\nsecond line"))
    shown = runner.invoke(app, ["local", "inbox"]).output
    assert "Threshold Crossed: [5.0]" in shown
    assert shown.index("subject 1") < shown.index("subject 2")
    assert "second line" not in shown
    told = json.loads(runner.invoke(app, ["local", "inbox", "--json"]).output)
    assert [each["subject"] for each in told] == ["subject 1", "subject 2"]
    assert told[1]["message"] == "first line\nsecond line"
