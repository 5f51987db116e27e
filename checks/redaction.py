"""Keeps secrets out of results: whatever was read as one is blotted out of every text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

_BLOT: Final = "[secret]"


class Redactor:
    """Remembers secrets and removes them from data."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def remember(self, secret: str) -> str:
        """Take note of a secret; returns it."""
        if secret:
            self._known |= {secret, quote(secret, safe="")}
        return secret

    def clean(self, value: Any) -> Any:
        """The same data with every known secret blotted out, in keys as well."""
        if isinstance(value, str):
            for secret in sorted(self._known, key=len, reverse=True):
                value = value.replace(secret, _BLOT)
            return value
        if isinstance(value, Mapping):
            return {self.clean(str(key)): self.clean(child) for key, child in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, bytes):
            return [self.clean(child) for child in value]
        return value
