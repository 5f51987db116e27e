"""Kubernetes quantities."""

from __future__ import annotations

CPU_PATTERN = r"^(?:[1-9][0-9]*m|[1-9][0-9]*|[0-9]+\.[0-9]*[1-9])$"
MEMORY_PATTERN = r"^[1-9][0-9]*(?:Ki|Mi|Gi)$"

_FACTORS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def memory_bytes(quantity: str) -> int:
    """`160Mi` to bytes.

    Raises:
        ValueError: the quantity does not match `MEMORY_PATTERN`.
    """
    factor = _FACTORS.get(quantity[-2:])
    if factor is None or not quantity[:-2].isdecimal():
        raise ValueError(f"{quantity!r} is no memory quantity such as 256Mi")
    return int(quantity[:-2]) * factor
