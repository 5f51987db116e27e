"""Web ACLs, and what the local edge does for one: it blocks the addresses of its sets, and those above its rate.

Rules that look into requests (AWS's groups and everything else) are recorded.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from moto.wafv2.models import FakeIPSet, FakeWebACL, wafv2_backends

from local.aws.state import ACCOUNT

_USUAL_WINDOW = 300


@dataclass(frozen=True)
class Judgement:
    """What is refused before anything else is looked at.

    Attributes:
        blocked: Address ranges.
        limit: Requests of one address in the window, None for any number.
        window: Seconds.
    """

    blocked: tuple[str, ...] = ()
    limit: int | None = None
    window: int = _USUAL_WINDOW


NOTHING = Judgement()
"""No web ACL."""


def known(arn: str) -> FakeWebACL | None:
    """The web ACL of this ARN, wherever it is."""
    for backend in wafv2_backends[ACCOUNT].values():
        if arn in backend.wacls:
            return backend.wacls[arn]
    return None


def judgement(arn: str) -> Judgement:
    """What the edge does for a web ACL; nothing for one that is not there (any more)."""
    acl = known(arn)
    if acl is None:
        return NOTHING
    blocking = [rule for rule in map(_plain, acl.rules) if "Block" in (rule.get("Action") or {})]
    statements = [rule["Statement"] for rule in blocking]
    rates = [found["RateBasedStatement"] for found in statements if "RateBasedStatement" in found]
    rate = min(rates, key=lambda each: int(each["Limit"]), default=None)
    return Judgement(
        blocked=tuple(sorted(set(_addresses(statements)))),
        limit=int(rate["Limit"]) if rate else None,
        window=int(rate.get("EvaluationWindowSec") or _USUAL_WINDOW) if rate else _USUAL_WINDOW,
    )


def _plain(rule: Any) -> dict[str, Any]:
    found: dict[str, Any] = rule if isinstance(rule, dict) else rule.to_dict()
    return found


def _addresses(statements: Sequence[dict[str, Any]]) -> Iterator[str]:
    for statement in statements:
        arn = (statement.get("IPSetReferenceStatement") or {}).get("ARN")
        found = _ip_set(arn) if arn else None
        for address in found.addresses if found else ():
            # nginx takes what Python takes for a range, and nothing else gets into its configuration.
            yield str(ipaddress.ip_network(address, strict=False))


def _ip_set(arn: str) -> FakeIPSet | None:
    for backend in wafv2_backends[ACCOUNT].values():
        if arn in backend.ip_sets:
            return backend.ip_sets[arn]
    return None
