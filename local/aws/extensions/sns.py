"""SNS: messages for queues go to the queues of this endpoint, all others into the local inbox. None leaves the machine.

moto would post to the URLs of http subscriptions and start functions in containers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from moto.sns import urls as moto_urls
from moto.sns.models import SNSBackend, Subscription

from local.aws.extensions.routing import urls
from local.aws.monitoring.inbox import Message, append
from local.aws.state import CURRENT

_deliver_to_queue = Subscription.publish

MOST_KEPT = 10
"""Messages that moto keeps of each topic; nobody asks the API for them, and they would fill the memory."""


class SNS(SNSBackend):
    """The region's SNS."""

    @property
    def _url_module(self) -> Any:
        return urls(moto_urls)

    def publish(
        self,
        message: str,
        arn: str | None,
        phone_number: str | None = None,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> str:
        identifier = super().publish(
            message, arn, phone_number, subject, message_attributes, group_id, deduplication_id, message_structure
        )
        if phone_number:
            keep("", "sms", phone_number, subject, message)
        self._forget()
        return identifier

    def _forget(self) -> None:
        for topic in self.topics.values():
            del topic.sent_notifications[:-MOST_KEPT]
        for kept in (self.sms_messages, self.sms_message_objects, self._message_public_keys):
            for key in list(kept)[:-MOST_KEPT]:
                del kept[key]


def deliver(
    self: Subscription,
    message: str,
    message_id: str,
    subject: str | None = None,
    message_attributes: dict[str, Any] | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
    message_structure: str | None = None,
) -> None:
    """Instead of moto's `Subscription.publish`: a message reaches a subscription."""
    if self.protocol == "sqs":
        _deliver_to_queue(
            self, message, message_id, subject, message_attributes, group_id, deduplication_id, message_structure
        )
        return
    matcher = self._filter_policy_matcher
    if matcher is not None and not matcher.matches(message_attributes, message):
        return
    own = self._parse_message_structure(message, self.protocol) if message_structure == "json" else message
    keep(self.topic.arn, self.protocol, self.endpoint, subject, own)


def keep(topic: str, protocol: str, endpoint: str, subject: str | None, message: str) -> None:
    """Put a message into the inbox; without one (in tests of API clients) it ends here."""
    if CURRENT.inbox is not None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        append(CURRENT.inbox, Message(now, topic, protocol, endpoint, subject or "", message))


def signing_key(_subscription: Subscription) -> rsa.RSAPrivateKey:
    """Instead of moto's key for each subscription: one, since making it takes the time of a hundred messages."""
    return _signing_key()


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
