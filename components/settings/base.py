"""What all settings have in common: the strict mapping, and the forms of names, paths and quantities."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticKnownError

from components.quantities import CPU_PATTERN, MEMORY_PATTERN

_T = TypeVar("_T")


def _not_a_truth(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticKnownError("int_type")
    return value


Number = Annotated[_T, BeforeValidator(_not_a_truth)]
"""One of several numbers, 0 or 1 among them: to Python these are also false and true."""
Items = Annotated[tuple[_T, ...], Field(strict=False)]
"""A list in the file."""

NAME_PATTERN = r"^[a-z](?:-?[a-z0-9])*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=35)]
"""35: the role of a service has 64 characters, and the prefix 28 of them."""
QueueName = Annotated[str, Field(pattern=NAME_PATTERN, max_length=28)]
"""28: the workers' names end with `-worker`."""
Variable = Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$", max_length=128)]
Cidr = Annotated[str, Field(pattern=r"^(?:[0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}$")]
UrlPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/*-]*$")]
Cpu = Annotated[str, Field(pattern=CPU_PATTERN)]
Memory = Annotated[str, Field(pattern=MEMORY_PATTERN)]
Environment = Literal["local", "staging", "production"]
Access = Literal["read", "readWrite"]


class Model(BaseModel):
    """A mapping in the stack file: unknown keys and wrong types are errors, values never change afterwards."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", alias_generator=to_camel)
