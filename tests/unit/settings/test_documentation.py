"""The reference of stack files names every setting, found here by a walk of its own."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from components.settings.model import Settings

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "settings.md").read_text()


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _models(field.annotation)
    for inner in typing.get_args(annotation):
        yield from _models(inner)


FIELDS = sorted({field.alias or name for model in _models(Settings) for name, field in model.model_fields.items()})


def test_the_walk_finds_the_settings() -> None:
    assert {"system", "longestJobSeconds", "vpcId", "memoryLimit", "immutablePaths"} <= set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_is_on_the_page(name: str) -> None:
    assert re.search(rf"[`.]{name}\b", PAGE), name


def test_every_setting_has_a_description() -> None:
    for model in set(_models(Settings)):
        assert all(field.description for field in model.model_fields.values()), model
