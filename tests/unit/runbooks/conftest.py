"""Journals of these tests need not outlive a power cut: syncing thousands of them would take most of the time."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def no_sync() -> Iterator[None]:
    """Nothing is forced to the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _file: None)
        yield
