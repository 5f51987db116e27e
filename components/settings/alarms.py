"""Settings of the alarms."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.settings.base import Model
from components.thresholds import AlarmProfile

ADDRESS_PATTERN = r"^(?:[^@\s:/]+@[^@\s:/]+|https://\S+|arn:[a-z-]+:(?:sqs|lambda):\S+)$"


class Alarms(Model):
    """One topic for all alarms, and the thresholds at which they go off."""

    profile: AlarmProfile | None = Field(
        default=None, description="production or staging thresholds; without it, those of the environment"
    )
    notify: Annotated[tuple[Annotated[str, Field(pattern=ADDRESS_PATTERN)], ...], Field(strict=False)] = Field(
        default=(), description="e-mail addresses, https URLs, ARNs of SQS queues or Lambda functions that are told"
    )
