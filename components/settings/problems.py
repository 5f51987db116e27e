"""Bad settings in words: which file, which key, what it is, what would be right."""

from __future__ import annotations

import difflib
import json
import re
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from components.settings.shape import inner, plain

NAMESPACE = "groundwork"

_LONGEST_VALUE = 80
_SECRET_WORDS = re.compile(r"secret|password|passwd|token|credential|private|api_?key|access_?key", re.IGNORECASE)
_KINDS = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "a text (in quotes where it looks like a number)",
    "tuple_type": "a list",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "mapping_type": "a mapping of names",
    "dict_type": "a mapping of names",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a stack's configuration.

    Attributes:
        key: Dotted path with its namespace, for example `groundwork:services.api-gateway.replicas.min`.
        found: The value in words, already without secrets: `is 1`, `is missing`.
        cure: What would be right.
    """

    key: str
    found: str
    cure: str

    def line(self, file: str) -> str:
        """The message for the user."""
        return f"{file}: {self.key} {self.found}: {self.cure}"


def shown(value: object, key: str, secure: bool) -> str:
    """A value as it may be printed: short, on one line, and not at all where it may be a secret."""
    if secure or _SECRET_WORDS.search(key):
        return "[secret]"
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A cure for an unknown word."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(names) or 'nothing'}"


def dotted(loc: Iterable[int | str]) -> str:
    """`("services", "api", "image")` to `groundwork:services.api.image`."""
    return f"{NAMESPACE}:" + ".".join(_printable(str(part)) for part in loc if part != "[key]")


def _printable(part: str) -> str:
    return part if part.isprintable() else json.dumps(part)


def from_pydantic(error: ErrorDetails, model: type[BaseModel], secure: frozenset[str]) -> Problem:
    """Translate one validation error.

    Args:
        error: As pydantic reports it.
        model: The settings' root model, for names and descriptions.
        secure: Top-level keys that are encrypted in the stack file: nothing of them is printed.
    """
    loc = error["loc"]
    kind = error["type"]
    key = dotted(loc)
    meaning = _described(model, loc)
    if kind == "missing":
        return Problem(key, "is missing", f"write {meaning}" if meaning else "it is required")
    if kind == "extra_forbidden":
        return Problem(key, "is not known", did_you_mean(str(loc[-1]), _fields(_resolve(model, loc[:-1]))))
    found = f"is {shown(error['input'], key, bool(loc) and loc[0] in secure)}"
    if loc and loc[-1] == "[key]":
        return Problem(
            key, "is no name", "write lower-case letters, digits and hyphens, or VARIABLE_NAMES for variables"
        )
    expected = _expected(kind, error.get("ctx", {}), error["msg"])
    return Problem(key, found, f"{expected} ({meaning})" if meaning else expected)


def _expected(kind: str, context: Mapping[str, Any], message: str) -> str:
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}"
    match kind:
        case "literal_error":
            return f"must be {context['expected']}"
        case "greater_than_equal":
            return f"must be {context['ge']} or more"
        case "less_than_equal":
            return f"must be {context['le']} or less"
        case "string_pattern_mismatch":
            return f"must look like {context['pattern']}"
        case "string_too_long":
            return f"must have {context['max_length']} characters or fewer"
        case "too_short" | "string_too_short":
            return f"must have {context['min_length']} or more"
        case "too_long":
            return f"must have {context['max_length']} or fewer"
    return message[:1].lower() + message[1:]


def _fields(annotation: object) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [field.alias or name for name, field in annotation.model_fields.items()]
    return []


def _described(model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    """The description of the innermost field on the way to `loc`."""
    meaning, annotation = "", typing.cast(object, model)
    for part in loc:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for name, field in annotation.model_fields.items():
                if part == (field.alias or name):
                    meaning = field.description or ""
        annotation = plain(inner(annotation, part))
    return meaning


def _resolve(model: type[BaseModel], loc: tuple[int | str, ...]) -> object:
    annotation: object = model
    for part in loc:
        annotation = plain(inner(annotation, part))
    return annotation
