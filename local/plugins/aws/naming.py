"""Names for resources whose program gives none."""

from __future__ import annotations

import hashlib
import os

from local.plugins.aws.declaration import AutoName, Values

DIGITS = 7


def generated(rule: AutoName, resource_name: str, seed: bytes) -> str:
    """The name for a resource: its own name and seven hex digits drawn from the engine's seed.

    An empty seed (an engine that sends none) means a random name.
    """
    name = resource_name.lower() if rule.lower else resource_name
    if not rule.random:
        return f"{rule.prefix}{name}"
    digits = hashlib.sha256(seed or os.urandom(16)).hexdigest()[:DIGITS]
    room = rule.maximum - len(rule.prefix) - DIGITS - 1
    return f"{rule.prefix}{name[:room]}-{digits}"


def missing(rule: AutoName, inputs: Values) -> bool:
    """Whether the program names the resource in no way at all."""
    return not any(inputs.get(name) not in (None, "") for name in (rule.property, *rule.unless))
