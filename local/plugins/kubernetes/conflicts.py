"""Fields that somebody else owns: what the server says of it, in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from local.plugins.kubernetes.client import ApiError
from local.plugins.kubernetes.kinds import Kind
from local.plugins.kubernetes.objects import PATCH_FORCE

_REASON: Final = "FieldManagerConflict"
_OWNER: Final = re.compile(r'conflict with "(?P<owner>[^"]+)"')


def is_conflict(error: ApiError) -> bool:
    """Whether the server refused an apply because of who owns a field."""
    return error.code == 409 and any(cause.reason == _REASON for cause in error.causes)


def explained(error: ApiError, kind: Kind, body: Mapping[str, Any]) -> str:
    """Which field belongs to whom, and what to do about it."""
    owned = []
    for cause in error.causes:
        if cause.reason == _REASON:
            owner = _OWNER.search(cause.message)
            owned.append(f"{cause.field} is owned by {owner['owner'] if owner else cause.message}")
    return (
        f"{kind.kind} {body['metadata']['name']}: {'; '.join(owned)}. Leave the field to its owner (take it out of "
        f"the program, or list it in the resource option ignore_changes), or take it over with the annotation "
        f'{PATCH_FORCE}: "true"'
    )
