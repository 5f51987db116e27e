"""Asking the server, without changing anything, what it thinks of a manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from local.plugins.kubernetes import objects
from local.plugins.kubernetes.client import ApiError, Client
from local.plugins.kubernetes.forms import form
from local.plugins.kubernetes.kinds import Kind
from local.plugins.provider import CheckFailure, ProviderError

Object = dict[str, Any]

_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_INVALID: Final = 422
_STRICT: Final = re.compile(r'(?P<problem>unknown|duplicate) field "(?P<path>[^"]+)"')
# A Service that is there already holds its own addresses and ports.
_HELD: Final = "already allocated"
# A namespace that every cluster has, to judge objects whose own namespace is made in the same run.
_STAND_IN_NAMESPACE: Final = "default"


class Judge:
    """Asks one server about manifests, once for each form; safe to use from several threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._accepted: set[tuple[bool, str]] = set()
        self._missing: set[str] = set()

    def failures(self, kind: Kind, inputs: Mapping[str, Any], *, existing: bool) -> list[CheckFailure]:
        """What the server would refuse.

        With parts still unknown, only fields that do not exist are judged.
        """
        complete = objects.fully_known(inputs)
        body = objects.known_part(objects.wire(kind, inputs))
        body.setdefault("metadata", {}).setdefault("name", "unknown")
        asked = complete, form(body)
        if asked in self._accepted:
            return []
        try:
            self._validate(kind, body)
        except ApiError as error:
            redact = objects.redactor(kind, inputs)
            if error.code == _BAD_REQUEST:
                return _unknown_fields(error, redact(error.message))
            if error.code == _INVALID:
                causes = error.causes if complete else ()
                return [
                    CheckFailure(cause.field, redact(cause.message))
                    for cause in causes
                    if not (existing and _HELD in cause.message)
                ]
        except ProviderError:
            # The server does not know the kind yet, or has stopped answering: the update itself will tell.
            return []
        self._accepted.add(asked)
        return []

    def _validate(self, kind: Kind, body: Object) -> None:
        namespace = body["metadata"].get("namespace")
        if namespace not in self._missing:
            try:
                self._client.validate(kind, namespace, body)
                return
            except ApiError as error:
                if error.code != _NOT_FOUND or namespace is None:
                    raise
            self._missing.add(namespace)
        elsewhere = {**body, "metadata": {**body["metadata"], "namespace": _STAND_IN_NAMESPACE}}
        self._client.validate(kind, _STAND_IN_NAMESPACE, elsewhere)


def _unknown_fields(error: ApiError, message: str) -> list[CheckFailure]:
    found = [
        CheckFailure(match["path"], f"{match['problem']} field: {error_hint(match['problem'])}")
        for match in _STRICT.finditer(message)
    ]
    return found or [CheckFailure("", message)]


def error_hint(problem: str) -> str:
    """What to do about a field that strict validation refuses."""
    return "the API has no such field, check its spelling" if problem == "unknown" else "give it once"


def wanted(
    client: Client, kind: Kind, namespace: str | None, inputs: Mapping[str, Any], manager: str, live: Object
) -> Object:
    """What the object would be if the inputs were applied to it now: equal to the live one where nothing drifted."""
    body = objects.wire(kind, inputs)
    try:
        return client.apply(kind, namespace, body, manager=manager, force=True, dry_run=True)
    except ApiError:
        # It has drifted in a field that cannot be applied; then the inputs are taken as they were written.
        return {**live, **body}
