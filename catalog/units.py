"""What the numbers among the inputs count, and what texts with a form of their own are written in."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.shapes import Choice, Either, ListOf, MapOf, Scalar, Shape, Typed

_ENDINGS: Mapping[str, str] = {
    "_seconds": "seconds",
    "_minutes": "minutes",
    "_hours": "hours",
    "_days": "days",
    "_milliseconds": "milliseconds",
    "_bytes": "bytes",
    "_gb": "GiB",
    "_generation": "rotations",
    "_percent": "percent",
    "_per_second": "requests a second",
    "_window": "UTC, `hh:mm-hh:mm`; of a week `ddd:hh:mm-ddd:hh:mm`",
    "_arn": "ARN",
    "_arns": "ARNs",
    "_cidrs": "CIDR",
    "_limit": "bytes (`512Mi`)",
    "_size": "bytes (`64Mi`)",
    "_connections": "connections",
    "_failures": "failures in a row",
    "_surge": "pods, or a share (`25%`)",
    "_unavailable": "pods, or a share (`25%`)",
}
_NAMES: Mapping[str, str] = {
    "attempts": "tries",
    "backlog_per_worker": "jobs",
    "cidr": "CIDR",
    "concurrency": "jobs at a time",
    "connections": "connections",
    "cron": "minute, hour, day, month, weekday",
    "emergency_rate_limit": "requests in five minutes",
    "generation": "rotations",
    "keep_failed": "jobs",
    "length": "characters",
    "max": "instances",
    "max_clients": "connections",
    "max_stalled": "workers",
    "memory_request": "bytes (`256Mi`)",
    "cpu_request": "cores (`100m`, `0.5`)",
    "min": "instances",
    "period": "seconds",
    "pool_size": "connections",
    "port": "TCP port",
    "ports": "TCP ports",
    "rate_limit": "requests in five minutes",
    "replicas": "replicas",
    "shards": "primaries",
    "time": "UTC, `yyyy-mm-ddThh:mm:ssZ`",
    "timezone": "IANA name",
    "weight": "percent",
}


def unit(name: str, typed: Typed) -> str:
    """The unit of a field, by its name; empty where a value has none."""
    kind = _innermost(typed.shape)
    if not isinstance(kind, Scalar | Choice | Either) or getattr(kind, "name", "") == "boolean":
        return ""
    if name in _NAMES:
        return _NAMES[name]
    return next((text for ending, text in _ENDINGS.items() if name.endswith(ending)), "")


def is_number(typed: Typed) -> bool:
    """Whether it is written as a number, which is nothing without a unit."""
    kind = _innermost(typed.shape)
    return (isinstance(kind, Scalar) and kind.name in ("integer", "number")) or (
        isinstance(kind, Choice) and kind.scalar == "integer"
    )


def _innermost(shape: Shape) -> Shape:
    return _innermost(shape.item.shape) if isinstance(shape, ListOf | MapOf) else shape
