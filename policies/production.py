"""Which resources a rule for production speaks of: by the policy's configuration, else by the resource's own tag.

What says nothing counts as production: a forgotten tag must not switch a rule off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from policies.model import UNKNOWN, Resource

PRODUCTION: Final = "production"

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    "environment": {
        "type": "string",
        "enum": ["", PRODUCTION, "development"],
        "default": "",
        "description": "What every resource counts as, whatever its tags say; empty: what its tags say.",
    },
    "environmentTags": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["environment", "env", "stage"],
        "description": "Keys of the tag that names a resource's environment, in any case.",
    },
    "notProduction": {
        "type": "array",
        "items": {"type": "string"},
        "default": [
            *("development", "dev", "local", "test", "testing", "ci", "qa", "sandbox", "preview", "review"),
            *("ephemeral", "staging", "stage", "uat", "acceptance"),
        ],
        "description": "Environments that the rule says nothing about; every other one is production.",
    },
}
"""Settings of every rule that is about production only."""


def is_production(resource: Resource, settings: Mapping[str, Any]) -> bool:
    """Whether a rule for production judges the resource.

    Args:
        resource: Its `tags`, or `tagsAll` with the provider's default ones, are read. Without such a tag, and while
            its value is unknown, the resource counts as production.
        settings: The rule's, with the keys of `SCHEMA`.
    """
    if settings["environment"]:
        return bool(settings["environment"] == PRODUCTION)
    keys = {str(key).lower() for key in settings["environmentTags"]}
    others = {str(word).lower() for word in settings["notProduction"]}
    for name, value in _tags(resource).items():
        if str(name).lower() in keys and value is not UNKNOWN:
            return str(value).strip().lower() not in others
    return True


def _tags(resource: Resource) -> dict[Any, Any]:
    given = [resource.properties.get(key) for key in ("tagsAll", "tags")]
    return {key: value for tags in given if isinstance(tags, Mapping) for key, value in tags.items()}
