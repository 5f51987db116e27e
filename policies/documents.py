"""Policy documents of IAM: whom they let in, and whether they refuse what comes without TLS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from policies.node import Node, Undetermined
from policies.values import words

_NARROWING: Final = frozenset(
    {
        *("aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceaccount", "aws:sourceowner"),
        *("aws:sourceorgid", "aws:sourceorgpaths", "aws:principalorgid", "aws:principalorgpaths", "aws:userid"),
        *("aws:principalaccount", "aws:principalarn", "s3:dataaccesspointarn", "s3:dataaccesspointaccount"),
    }
)
"""Condition keys that name who asks (Amazon S3 User Guide, The meaning of "public"). `aws:Referer` is none of them:
everybody can send it."""
_OPERATORS: Final = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"}
)
_ANYBODY: Final = frozenset({"*", "0.0.0.0/0", "::/0"})


def statements(policy: Node) -> Iterator[Node]:
    """The statements of a policy that is written as JSON text or as a mapping; none when absent.

    Raises:
        Undetermined: it is unknown, or no policy.
    """
    value = policy.value
    if isinstance(value, str):
        try:
            policy = Node(json.loads(value), policy.path)
        except (ValueError, RecursionError):
            raise Undetermined(policy.path, "is no JSON") from None
    found = policy["Statement"]
    if isinstance(found.value, dict):
        yield found
    else:
        yield from found.elements()


def lets_everybody_in(statement: Node) -> bool:
    """Whether a statement allows something to whoever asks, or to all but some."""
    if statement["Effect"].text != "Allow":
        return False
    if not statement["NotPrincipal"].present and not _everybody(statement["Principal"]):
        return False
    return not any(_names_who_asks(*row) for row in _conditions(statement))


def refuses_plain_requests(statement: Node) -> bool:
    """Whether a statement refuses every request for the bucket and its objects that comes without TLS."""
    conditions = list(_conditions(statement))
    return (
        statement["Effect"].text == "Deny"
        and _everybody(statement["Principal"])
        and not {"s3:*", "*"}.isdisjoint(words(statement["Action"]))
        and _bucket_and_objects(words(statement["Resource"]))
        and len(conditions) == 1
        and _without_tls(*conditions[0])
    )


def _everybody(principal: Node) -> bool:
    if isinstance(principal.value, dict):
        return "*" in words(principal["AWS"])
    return principal.text == "*"


def _bucket_and_objects(resources: list[str]) -> bool:
    objects = any(one == "*" or one.endswith("/*") for one in resources)
    return objects and any(one == "*" or "/" not in one for one in resources)


def _conditions(statement: Node) -> Iterator[tuple[str, str, Node]]:
    for operator, keys in statement["Condition"].entries():
        for key, values in keys.entries():
            yield operator.lower(), key.lower(), values


def _names_who_asks(operator: str, key: str, values: Node) -> bool:
    return operator in _OPERATORS and key in _NARROWING and _ANYBODY.isdisjoint(words(values))


def _without_tls(operator: str, key: str, values: Node) -> bool:
    return operator in {"bool", "boolifexists"} and key == "aws:securetransport" and words(values) == ["false"]
