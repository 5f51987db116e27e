"""JMESPath, the query language that botocore's own paginators and waiters are written in."""

from __future__ import annotations

from typing import Any

import jmespath  # type: ignore[import-untyped]


def search(path: str, data: Any) -> Any:
    """What the path leads to in the data, None when it leads nowhere."""
    return jmespath.search(path, data)
