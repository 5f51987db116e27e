"""Patroni's REST API of one member: what it says of the instance's servers, and what it is asked to do.

Source: Patroni documentation, "Patroni REST API".
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.aws.dataplane.context import NotReady

PORT = 8008
USER = "groundwork"
"""Who may restart servers and switch them over; everybody may ask how they are."""

_LEADERS = ("leader", "standby_leader")


@dataclass(frozen=True)
class State:
    """What is known of one member.

    Attributes:
        role: leader, standby_leader, sync_standby or replica.
        state: running, streaming, starting, stopped, creating replica, ….
    """

    name: str
    role: str
    state: str

    @property
    def leads(self) -> bool:
        """Whether it is the one that is written to, or the one of a read replica that follows the source."""
        return self.role in _LEADERS

    @property
    def follows(self) -> bool:
        """Whether it streams from the leader."""
        return not self.leads and self.state == "streaming"


def states(address: str) -> list[State]:
    """Every member of the instance, as the member at this address knows them.

    Raises:
        NotReady: it does not answer.
    """
    answer = _ask(address, "GET", "/cluster", None, None, 5)
    return [State(each["name"], each["role"], each.get("state", "")) for each in json.loads(answer)["members"]]


def restart(address: str, password: str) -> None:
    """Restart the server; returns when it runs again."""
    _ask(address, "POST", "/restart", {}, password, 60)


def switch_over(address: str, password: str, leader: str, candidate: str) -> None:
    """Have another member write; returns when it does."""
    _ask(address, "POST", "/switchover", {"leader": leader, "candidate": candidate}, password, 60)


def _ask(
    address: str, method: str, path: str, body: Mapping[str, Any] | None, password: str | None, seconds: float
) -> str:
    request = urllib.request.Request(f"http://{address}:{PORT}{path}", method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if password is not None:
        request.add_header("Authorization", f"Basic {base64.b64encode(f'{USER}:{password}'.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        raise NotReady(f"Patroni at {address}, {path}: {error.code} {error.read().decode()[:200]}") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise NotReady(f"Patroni at {address}, {path}: {error}") from error
