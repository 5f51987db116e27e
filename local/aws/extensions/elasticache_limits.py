"""What no local Redis can honour, and AWS's own rules for tokens and nodes."""

from __future__ import annotations

import re
from typing import Any

from local.aws.errors import Invalid, Refused


def check_versions(engine: str | None, version: str | None) -> None:
    """Refuse what the installed redis-server is not."""
    if (engine or "redis") != "redis":
        raise Refused(f"ElastiCache engine {engine!r}", "It runs redis 7.0; write engine: redis.")
    if version is not None and not re.fullmatch(r"7(\.[01x](\.\d+)?)?", version):
        raise Refused(f"Redis engine version {version!r}", "It runs redis 7.0; write 7.0 or 7.1.")


def check_token(token: str | None, tls: bool) -> None:
    """AWS's own rules for AUTH tokens."""
    if token is None:
        return
    if not tls:
        raise Invalid(
            "InvalidParameterCombination",
            "The AUTH token can be provided only if TransitEncryptionEnabled is true.",
        )
    if not re.fullmatch(r"[!-~]{16,128}", token) or set(token) & set('@"/'):
        raise Invalid(
            "InvalidParameterValue",
            "Invalid AuthToken provided: 16 to 128 printable characters without spaces, '/', '\"' and '@'.",
        )


def check_failover(count: int, automatic_failover: bool, multi_az: bool) -> None:
    """AWS's own rules for the number of nodes."""
    if automatic_failover and count < 2:
        raise Invalid(
            "InvalidParameterCombination",
            "Automatic failover requires at least 2 cache clusters (NumCacheClusters).",
        )
    if multi_az and not automatic_failover:
        raise Invalid("InvalidParameterCombination", "MultiAZEnabled requires AutomaticFailoverEnabled.")
    if not 1 <= count <= 6:
        raise Invalid("InvalidParameterValue", "NumCacheClusters must be between 1 and 6.")


def tokens_after(before: list[str], token: str | None, strategy: str | None, tls: bool) -> list[str]:
    """Tokens accepted after a modification: ROTATE keeps the last one beside the new one, SET leaves the new one.

    The empty token stands for "no token needed": rotating in a first token still lets clients in without one.
    """
    if strategy == "DELETE":
        return []
    if token is None:
        return before
    check_token(token, tls)
    match strategy:
        case "SET":
            return [token]
        case "ROTATE" | None:
            return [token, *[old for old in before or [""] if old != token][:1]]
        case _:
            raise Invalid("InvalidParameterValue", f"AuthTokenUpdateStrategy {strategy}: ROTATE, SET or DELETE.")


def user_group_after(
    before: str | None, added: list[str], removed: list[str], tls: bool, token: str | None
) -> str | None:
    """The user group after a creation or a modification: one at most, and never beside a token."""
    unwanted = {identifier.lower() for identifier in removed}
    kept = [before] if before is not None and before not in unwanted else []
    groups = list(dict.fromkeys([*kept, *(identifier.lower() for identifier in added)]))
    if not groups:
        return None
    if len(groups) > 1:
        raise Invalid("InvalidParameterValue", "A replication group takes one user group.")
    if not tls:
        raise Invalid("InvalidParameterCombination", "A user group needs TransitEncryptionEnabled.")
    if token is not None:
        raise Invalid(
            "InvalidParameterCombination",
            "A user group and an AUTH token exclude each other: switch the token off (DELETE) in the same request, or "
            "remove the user group first.",
        )
    return groups[0]


def deliveries_after(before: list[dict[str, Any]], changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Log deliveries after a modification: one of each log type, those switched off gone."""
    kept = {item["LogType"]: item for item in before}
    for change in changes:
        if change.get("Enabled") is False:
            kept.pop(change["LogType"], None)
            continue
        details = change.get("DestinationDetails") or {}
        if not any((details.get(kind) or {}) for kind in ("CloudWatchLogsDetails", "KinesisFirehoseDetails")):
            raise Invalid("InvalidParameterValue", f"{change['LogType']} names no destination.")
        asked = {name: value for name, value in change.items() if name != "Enabled"}
        kept[change["LogType"]] = {**asked, "Status": "active"}
    return [kept[kind] for kind in sorted(kept)]
