"""What a program declares of an object, apart from what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from policies.model import UNKNOWN, Resource

_KUBERNETES: Final = "kubernetes:"


class Declared:
    """What the program declares of Kubernetes objects, for policies between resources.

    Those are asked at the end of an update, and are shown what the API server made of each object: with its defaults,
    and with what others have written since, such as the number of pods that an autoscaler wants.
    """

    def __init__(self) -> None:
        self._declared: dict[str, Resource] = {}

    def note(self, resource: Resource) -> None:
        """Keep what the program declares, of which the engine asks before anything is made."""
        if resource.type.startswith(_KUBERNETES):
            self._declared[resource.urn] = resource

    def of(self, made: Resource) -> Resource:
        """The resource as declared, with what was not known then; as it was made, where nobody asked of it before."""
        known = self._declared.get(made.urn)
        if known is None:
            return made
        return filled(known, made)


def filled(declared: Resource, made: Resource) -> Resource:
    """A Kubernetes object as declared, with what was not known then; any other resource as it was made."""
    if not made.type.startswith(_KUBERNETES):
        return made
    properties = _filled(declared.properties, made.properties)
    return replace(made, properties=properties, secrets=made.secrets | declared.secrets)


def _filled(declared: Any, made: Any) -> Any:
    """What was declared, with what was made of it in the place of what is `UNKNOWN`."""
    if declared is UNKNOWN:
        return made
    if isinstance(declared, Mapping) and isinstance(made, Mapping):
        return {key: _filled(value, made.get(key, UNKNOWN)) for key, value in declared.items()}
    if isinstance(declared, list) and isinstance(made, list) and len(declared) == len(made):
        return [_filled(*both) for both in zip(declared, made, strict=True)]
    return declared
