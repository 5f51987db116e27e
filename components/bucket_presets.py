"""What follows from a bucket's purpose, and the life cycle that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.rules import Purpose
from components.storage_rules import Inventory

_INCOMPLETE_UPLOAD_DAYS = 7


@dataclass(frozen=True)
class Preset:
    """What follows from a bucket's purpose.

    Attributes:
        noncurrent_days: Days that overwritten and deleted objects can be recovered.
        expire_days: Days after which objects are deleted; 0 is never.
        infrequent_after_days: Days after which objects move to STANDARD_IA; 0 is never.
        archive_after_days: Days after which objects move to GLACIER; 0 is never.
        lock_days: Days in which no version can be deleted; 0 is no lock.
        inventory: How often S3 lists all objects, where there is a bucket for the lists.
    """

    noncurrent_days: int
    expire_days: int = 0
    infrequent_after_days: int = 0
    archive_after_days: int = 0
    lock_days: int = 0
    inventory: Inventory = "off"


PRESETS: Mapping[Purpose, Preset] = {
    "uploads": Preset(noncurrent_days=30, inventory="weekly"),
    "assets": Preset(noncurrent_days=90),
    "logs": Preset(noncurrent_days=7, expire_days=400, infrequent_after_days=30),
    "backups": Preset(noncurrent_days=90, infrequent_after_days=30, lock_days=30, inventory="weekly"),
}


def lifecycle_rules(preset: Preset) -> list[Any]:
    """The life cycle of a bucket's objects: one resource, since a second one would overwrite the first."""
    rules: list[Any] = [
        {
            "id": "housekeeping",
            "status": "Enabled",
            "abort_incomplete_multipart_upload": {"days_after_initiation": _INCOMPLETE_UPLOAD_DAYS},
            "noncurrent_version_expiration": {"noncurrent_days": preset.noncurrent_days},
        }
    ]
    transitions = [
        {"days": days, "storage_class": storage_class}
        for days, storage_class in (
            (preset.infrequent_after_days, "STANDARD_IA"),
            (preset.archive_after_days, "GLACIER"),
        )
        if days
    ]
    if transitions:
        rules.append({"id": "cheaper-storage", "status": "Enabled", "transitions": transitions})
    if preset.expire_days:
        rules.append({"id": "expiry", "status": "Enabled", "expiration": {"days": preset.expire_days}})
    return rules
