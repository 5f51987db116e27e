"""Which combinations of a web ACL's knobs make no sense, for arguments and settings alike."""

from __future__ import annotations

from collections.abc import Iterator

from components.errors import Refusal


def edge(rate_limit: int, emergency_rate_limit: int) -> Iterator[Refusal]:
    """Rules of a web ACL."""
    if emergency_rate_limit >= rate_limit:
        yield Refusal(
            "emergency_rate_limit",
            emergency_rate_limit,
            f"an emergency has to let less through than rate_limit ({rate_limit}): write less",
        )
