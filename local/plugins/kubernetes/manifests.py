"""From what a program gives to a whole manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from local.plugins.kubernetes import objects, wait_for
from local.plugins.kubernetes.kinds import Kind
from local.plugins.provider import UNKNOWN, CheckFailure, CheckRequest, ProviderError, copied

Object = dict[str, Any]


def completed(kind: Kind, request: CheckRequest, namespace: str | None) -> tuple[Object, list[CheckFailure]]:
    """The manifest with kind, name and namespace filled in, and what is plainly wrong with it.

    Args:
        namespace: The default; None for a kind without namespaces.
    """
    inputs = copied({key: value for key, value in request.inputs.items() if not key.startswith("__")})
    failures = _stated(inputs, "apiVersion", kind.api_version) + _stated(inputs, "kind", kind.kind)
    meta = inputs.setdefault("metadata", {})
    if meta is UNKNOWN:
        return inputs, failures
    if not isinstance(meta, dict):
        return inputs, [*failures, CheckFailure("metadata", "must be a map")]
    if meta.get("generateName"):
        failures.append(
            CheckFailure(
                "metadata.generateName",
                "not supported by the kubernetes stand-in: leave it out, and a name is made from the resource's",
            )
        )
    if not meta.get("name"):
        _name(meta, request)
    if namespace is None and meta.get("namespace"):
        failures.append(CheckFailure("metadata.namespace", f"a {kind.kind} has no namespace: leave it out"))
    elif namespace is not None and not meta.get("namespace"):
        meta["namespace"] = namespace
    failures += _timeout(inputs) + _wait_for(inputs)
    return inputs, failures


def _stated(inputs: Object, field: str, expected: str) -> list[CheckFailure]:
    given = inputs.setdefault(field, expected)
    if given is UNKNOWN or given == expected:
        return []
    return [CheckFailure(field, f"{given!r} does not fit the resource's type, which is {expected!r}")]


def _name(meta: Object, request: CheckRequest) -> None:
    old = objects.metadata(request.old_inputs)
    annotations = meta.setdefault("annotations", {})
    if isinstance(annotations, dict):
        annotations[objects.AUTONAMED] = "true"
    if objects.annotation(request.old_inputs, objects.AUTONAMED) == "true" and old.get("name"):
        meta["name"] = old["name"]
    else:
        meta["name"] = objects.generated_name(request.name, request.random_seed)


def _timeout(inputs: Mapping[str, Any]) -> list[CheckFailure]:
    text = objects.annotation(inputs, objects.TIMEOUT)
    if text is None or text.isdecimal():
        return []
    return [CheckFailure(f'metadata.annotations["{objects.TIMEOUT}"]', f"{text!r} is not a number of seconds")]


def _wait_for(inputs: Mapping[str, Any]) -> list[CheckFailure]:
    expression = objects.annotation(inputs, objects.WAIT_FOR)
    if expression is None:
        return []
    try:
        wait_for.parse(expression)
    except ValueError as error:
        return [CheckFailure(f'metadata.annotations["{objects.WAIT_FOR}"]', str(error))]
    return []


def decoded(text: str, namespace: str | None) -> list[Object]:
    """The objects of a YAML text, lists taken apart."""
    try:
        documents = [each for each in yaml.safe_load_all(text) if each]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise ProviderError(f"the manifest is not YAML{line}: {getattr(error, 'problem', None) or error}") from None
    found: list[Object] = []
    for document in documents:
        if not isinstance(document, dict):
            raise ProviderError("the manifest holds something that is not an object")
        found += (
            document["items"] if str(document.get("kind", "")).endswith("List") and "items" in document else [document]
        )
    for each in found:
        kind = Kind(*_split(str(each.get("apiVersion", "v1"))), str(each.get("kind", "")))
        if namespace and not kind.known_cluster_scoped:
            each.setdefault("metadata", {}).setdefault("namespace", namespace)
    return found


def _split(api_version: str) -> tuple[str, str]:
    group, _, version = api_version.rpartition("/")
    return group, version
