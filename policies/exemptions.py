"""Exemptions: a resource may break a rule for a stated reason, under a named owner, until a date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Final

from policies.model import UNKNOWN, Resource

ANNOTATION: Final = "groundwork/exempt."
_FIELDS: Final = ("reason", "owner", "expires")

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    "exemptions": {
        "type": "array",
        "default": [],
        "description": "Resources that may break the rule for now.",
        "items": {
            "type": "object",
            "required": ["resource", *_FIELDS],
            "properties": {
                "resource": {"type": "string", "description": "URN or logical name; * stands for anything."},
                "reason": {"type": "string"},
                "owner": {"type": "string"},
                "expires": {"type": "string", "description": "Last day, YYYY-MM-DD."},
            },
        },
    }
}


@dataclass(frozen=True)
class Exemption:
    """One exemption of one resource.

    Attributes:
        reason: Why the rule may be broken here.
        owner: Who answers for it.
        expires: Last day on which it holds.
        fault: What makes it void; empty when it holds.
    """

    reason: str
    owner: str
    expires: str
    fault: str

    @property
    def note(self) -> str:
        """What a run's output says about it."""
        if self.fault:
            return f"The exemption does not hold: {self.fault}."
        return f"Exempt until {self.expires}, owner {self.owner}: {self.reason}."


def exemption_for(resource: Resource, rule: str, settings: Mapping[str, Any], today: date) -> Exemption | None:
    """The exemption of a resource from a rule, by annotation or by the policy's configuration; `None` without."""
    for given in _annotated(resource, rule):
        return _read(given, today)
    configured = settings.get("exemptions", [])
    if isinstance(configured, Sequence) and not isinstance(configured, str):
        for row in configured:
            if isinstance(row, Mapping) and _names(str(row.get("resource", "")), resource):
                return _read({key: str(row.get(key, "")).strip() for key in _FIELDS}, today)
    return None


def read_exemption(text: str, today: date) -> Exemption:
    """An exemption written as `reason: …; owner: …; expires: YYYY-MM-DD`."""
    return _read(read_fields(text), today)


def _names(pattern: str, resource: Resource) -> bool:
    return bool(pattern) and (fnmatchcase(resource.name, pattern) or fnmatchcase(resource.urn, pattern))


def _annotated(resource: Resource, rule: str) -> Iterator[dict[str, str]]:
    metadata = resource.properties.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    text = annotations.get(ANNOTATION + rule) if isinstance(annotations, Mapping) else None
    if text is not None and text is not UNKNOWN:
        yield read_fields(str(text))


def read_fields(text: str) -> dict[str, str]:
    """Read an annotation such as `reason: …; owner: …; expires: YYYY-MM-DD`."""
    fields: dict[str, str] = {}
    for part in text.split(";"):
        key, _, value = part.partition(":")
        fields[key.strip()] = value.strip()
    return fields


def _read(given: Mapping[str, str], today: date) -> Exemption:
    reason, owner, expires = (given.get(key, "") for key in _FIELDS)
    return Exemption(reason, owner, expires, _fault(reason, owner, expires, today))


def _fault(reason: str, owner: str, expires: str, today: date) -> str:
    missing = [key for key, value in zip(_FIELDS, (reason, owner, expires), strict=True) if not value]
    if missing:
        return f"it names no {' and no '.join(missing)}"
    try:
        last = date.fromisoformat(expires)
    except ValueError:
        return f'"{expires}" is no date (YYYY-MM-DD)'
    return f"it expired on {expires}" if last < today else ""
