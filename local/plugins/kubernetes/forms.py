"""Which manifests a server must judge alike."""

from __future__ import annotations

import json
import re
from typing import Any, Final

# A name that every field for names takes, if it is not too long. Digits first would be a quantity or an address, which
# mean something by themselves; the API's enumerations are in CamelCase.
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_PORT_NAME: Final = 15
_LONGEST_NAME: Final = 52


def form(manifest: Any) -> str:
    """The manifest with its names numbered in the order in which they appear.

    Two manifests of one form differ only in what things are called: their fields, what refers to what, every number,
    quantity and longer text are the same. So a server accepts both or neither, and four hundred services made by one
    component are a handful of forms.
    """
    numbers: dict[str, str] = {}

    def numbered(value: Any) -> Any:
        if isinstance(value, str):
            if len(value) > _LONGEST_NAME or not _NAME.fullmatch(value):
                return value
            # No text of a manifest begins like that.
            mark = "\0" if len(value) <= _LONGEST_PORT_NAME else "\0long "
            return numbers.setdefault(value, f"{mark}{len(numbers)}")
        if isinstance(value, dict):
            # The engine hands fields over in no particular order.
            return {key: numbered(value[key]) for key in sorted(value)}
        if isinstance(value, list):
            return [numbered(item) for item in value]
        return value

    return json.dumps(numbered(manifest))
