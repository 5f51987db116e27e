"""The local inbox, shown: what the local platform would have sent by mail, telephone or web hook."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from local.aws.layout import Layout
from local.aws.monitoring.inbox import Message, read
from local.paths import Paths


def messages(paths: Paths) -> list[Message]:
    """Every message that is kept, the newest last; none if the platform never ran."""
    return read(Layout.of(paths).inbox)


def table(kept: Sequence[Message]) -> Table:
    """The messages for a person: when, to whom, about what; an alarm's reason instead of its JSON."""
    drawn = Table("time", "topic", "to", "subject", "message", title="local inbox")
    for each in kept:
        # Texts, so that nothing in a message is taken for rich's markup.
        cells = (each.time, each.topic.rpartition(":")[2], f"{each.protocol} {each.endpoint}", each.subject, gist(each))
        drawn.add_row(*(Text(cell) for cell in cells))
    return drawn


def gist(message: Message) -> str:
    """The reason of an alarm's message; the first line of any other."""
    try:
        told = json.loads(message.message)
    except ValueError:
        told = None
    if isinstance(told, dict) and "NewStateReason" in told:
        return str(told["NewStateReason"])
    return message.message.strip().partition("\n")[0][:200]
