"""Kubernetes' number formats: resource quantities, and integers that may be percentages."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?\Z")
_BINARY: dict[str, Decimal] = {
    suffix: Decimal(1024) ** power for power, suffix in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))
}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_PERCENT = re.compile(r"([0-9]{1,9})%\Z")
_NUMBER = re.compile(r"[0-9]{1,9}\Z")


def quantity(text: Any) -> Decimal | None:
    """Bytes (or cores) that a quantity such as `500Mi`, `1e9` or `2` stands for; `None` if it is not one."""
    found = _QUANTITY.match(str(text).strip()) if not isinstance(text, bool) else None
    if found is None:
        return None
    number, suffix = Decimal(found[1]), found[2] or ""
    if suffix in _BINARY:
        return number * _BINARY[suffix]
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix])
    return number.scaleb(int(suffix[1:]))


def scaled(value: Any, total: int, *, up: bool = True) -> int | None:
    """How many of `total` an integer or percentage means, `None` if it is neither.

    Percentages round up, as the disruption controller rounds both `minAvailable` and `maxUnavailable`; a Deployment's
    `maxUnavailable` is rounded down.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return int(value) if (isinstance(value, int) or value.is_integer()) and value >= 0 else None
    text = str(value).strip()
    found = _PERCENT.match(text)
    if found is not None:
        share = int(found[1]) * total
        return -(-share // 100) if up else share // 100
    return int(text) if _NUMBER.match(text) else None
