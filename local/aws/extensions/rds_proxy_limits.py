"""What RDS Proxy takes, and what of it this platform refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local.aws.errors import Invalid, Refused

MOST_BORROW_SECONDS = 300
"""RDS API Reference, `ConnectionPoolConfiguration`."""

_OTHER_THAN = {
    "DefaultAuthScheme": ("NONE", "IAM tokens instead of passwords"),
    "EndpointNetworkType": ("IPV4", "a proxy's addresses other than IPv4"),
    "TargetConnectionNetworkType": ("IPV4", "a proxy's connections other than over IPv4"),
}


def check_request(members: Mapping[str, Any]) -> None:
    """Members of CreateDBProxy and ModifyDBProxy that have one value here.

    Raises:
        Refused: one has another.
    """
    for member, (only, what) in _OTHER_THAN.items():
        if members.get(member, only) != only:
            raise Refused(what, f"Write {member}: {only}.")


def check_auth(auth: Sequence[Mapping[str, str]]) -> None:
    """How clients log in: with name and password of a secret, by SCRAM.

    Raises:
        Refused: with anything else.
    """
    for item in auth:
        if item.get("IAMAuth", "DISABLED") != "DISABLED":
            raise Refused("IAM tokens instead of passwords", "Write iamAuth: DISABLED.")
        method = item.get("ClientPasswordAuthType", "POSTGRES_SCRAM_SHA_256")
        if method != "POSTGRES_SCRAM_SHA_256":
            raise Refused(f"clients that log in by {method}", "Write clientPasswordAuthType: POSTGRES_SCRAM_SHA_256.")
        if item.get("UserName"):
            raise Refused("a user name beside the secret's", "The secret names the user; leave username out.")
        if not item.get("SecretArn"):
            raise Invalid("InvalidParameterValue", "Each Auth needs a SecretArn.")


def check_pool(most: int, idle: int, wait: int, query: str) -> None:
    """A target group's settings: shares in percent, the wait in seconds.

    Raises:
        Invalid: a number is out of its range.
        Refused: the query is in more than one line.
    """
    for name, value, least, largest in (
        ("MaxConnectionsPercent", most, 1, 100),
        ("MaxIdleConnectionsPercent", idle, 0, most),
        ("ConnectionBorrowTimeout", wait, 0, MOST_BORROW_SECONDS),
    ):
        if not least <= value <= largest:
            raise Invalid("InvalidParameterValue", f"{name} is {value}; it has to be {least} to {largest}.")
    if any(not character.isprintable() for character in query):
        raise Refused("an InitQuery with line breaks or control characters", "Write it in one line.")
