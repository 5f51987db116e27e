"""Resources from what Pulumi writes: exported stacks, the state files of a file backend, and previews as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from policies.declared import filled
from policies.marks import SECRET, SIGNATURE, UNKNOWN_TEXT
from policies.model import UNKNOWN, Origin, Resource

# How the engine marks values that are more than JSON: sdk/go/common/resource/sig, and the plugin package's unknowns.
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN_VALUES: Final = frozenset(
    {
        UNKNOWN_TEXT, "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421", "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58", "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", "[secret]",
    }
)  # fmt: skip
_GONE: Final = frozenset({"delete", "delete-replaced", "discard", "discard-replaced", "read-discard"})


@dataclass(frozen=True)
class Stack:
    """What a file says of one stack.

    Attributes:
        inputs: Each resource as it was declared.
        outputs: Each resource as it is, as far as that is known; as it was declared where it is not, and of Kubernetes
            objects what was declared.
        left_out: How many unchanged resources a preview does not show.
    """

    inputs: tuple[Resource, ...]
    outputs: tuple[Resource, ...]
    left_out: int = 0


def read(document: Any, origin: Origin) -> Stack | None:
    """The resources of a state or a preview; `None` for any other document."""
    if not isinstance(document, Mapping):
        return None
    checkpoint = document.get("checkpoint")
    deployment = checkpoint.get("latest") if isinstance(checkpoint, Mapping) else document.get("deployment")
    if isinstance(deployment, Mapping):
        return _stack([one for one in _rows(deployment.get("resources")) if not one.get("delete")], origin)
    if "changeSummary" in document or ("steps" in document and "config" in document):
        return _preview(document, origin)
    return None


def _preview(document: Mapping[str, Any], origin: Origin) -> Stack:
    steps = _rows(document.get("steps"))
    states = [step["newState"] for step in steps if step.get("op") not in _GONE and _is_state(step.get("newState"))]
    summary = document.get("changeSummary")
    same = summary.get("same", 0) if isinstance(summary, Mapping) else 0
    shown = sum(1 for step in steps if step.get("op") == "same")
    # A replacement has two steps with one new state.
    return replace(_stack(list({one["urn"]: one for one in states}.values()), origin), left_out=max(0, same - shown))


def _stack(states: Sequence[Mapping[str, Any]], origin: Origin) -> Stack:
    valid = [one for one in states if _is_state(one)]
    declared = tuple(_resource(one, one.get("inputs"), origin) for one in valid)
    known = tuple(_resource(one, one.get("outputs") or one.get("inputs"), origin) for one in valid)
    return Stack(declared, tuple(map(filled, declared, known)))


def _is_state(state: Any) -> bool:
    return isinstance(state, Mapping) and isinstance(state.get("urn"), str) and isinstance(state.get("type"), str)


def _rows(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _resource(state: Mapping[str, Any], properties: Any, origin: Origin) -> Resource:
    urn = str(state["urn"])
    sources = state.get("propertyDependencies")
    return Resource(
        type=str(state["type"]),
        name=urn.rpartition("::")[2],
        urn=urn,
        properties=_plain(properties) if isinstance(properties, Mapping) else {},
        property_dependencies={
            str(key): tuple(str(urn) for urn in urns or ()) for key, urns in sources.items() if isinstance(urns, list)
        }
        if isinstance(sources, Mapping)
        else {},
        origin=origin,
    )


def _plain(value: Any) -> Any:
    """Plain data, with `UNKNOWN` for what is encrypted, redacted, or not made yet.

    A secret in the clear, as `--show-secrets` exports it, is unknown too: no message may repeat it.
    """
    if isinstance(value, dict):
        signature = value.get(SIGNATURE)
        if signature == SECRET:
            return UNKNOWN
        if signature == _OUTPUT:
            return UNKNOWN if value.get("secret") or "value" not in value else _plain(value["value"])
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    if isinstance(value, str) and value in _UNKNOWN_VALUES:
        return UNKNOWN
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
