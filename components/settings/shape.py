"""What type stands where in the settings: read from the models' annotations."""

from __future__ import annotations

import types
import typing

from pydantic import BaseModel, JsonValue


def inner(annotation: object, part: int | str) -> object:
    """The type of what stands under a key or at an index, None where that is not known."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields
        return next((item.annotation for name, item in fields.items() if part == (item.alias or name)), None)
    arguments = typing.get_args(annotation)
    return typing.cast(object, arguments[1 if isinstance(part, str) else 0]) if len(arguments) > 1 else None


def choices(annotation: object) -> tuple[object, ...]:
    """The members of a union, without what `Annotated` adds."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return choices(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return tuple(found for item in typing.get_args(annotation) for found in choices(item))
    return (annotation,)


def plain(annotation: object) -> object:
    """The type without `Annotated` and `| None`."""
    return next((item for item in choices(annotation) if item is not type(None)), None)


def may_be_null(annotation: object) -> bool:
    """Whether null is one of its values."""
    # Any JSON may be null too.
    return any(item is type(None) or item is JsonValue for item in choices(annotation))
