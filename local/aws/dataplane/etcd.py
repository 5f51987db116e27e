"""The store in which the servers of a database agree on who writes: one etcd for all databases.

It listens on the loopback of the hub's namespace only, so nobody outside the platform's own processes reaches it. The
cluster's etcd, with its certificates and its own life, is another one at another address.
"""

from __future__ import annotations

import base64
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.lifecycle import STORE
from local.toolchain.errors import ToolchainError
from local.toolchain.resolve import ensure

ADDRESS = "127.0.0.2:2379"
"""Where clients reach it; 127.0.0.1 is the cluster's."""

_PEERS = "http://127.0.0.2:2380"
_NAME = STORE
_SECONDS = 3.0


class Etcd:
    """The store's process and the few requests that the platform itself makes of it (gRPC gateway, JSON)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()

    def ensure(self) -> None:
        """Have it run and answer.

        Raises:
            NotReady: there is no etcd on this machine, or it does not answer yet.
        """
        with self._lock:
            if not self.is_running():
                self._context.run(_NAME, self._command(), None)
            wait_until(self._answers, 10, "etcd answers")

    def is_running(self) -> bool:
        """Whether its process is alive."""
        return self._context.is_running(_NAME)

    def read(self, prefix: str) -> dict[str, str]:
        """Every key that begins with `prefix`, with its value.

        Raises:
            NotReady: it does not answer.
        """
        answer = self._ask("range", _prefixed(prefix))
        return {_decoded(each["key"]): _decoded(each.get("value", "")) for each in answer.get("kvs", [])}

    def write(self, key: str, value: str) -> None:
        """Set a key, unless it has this value: whoever watches it is told of changes only."""
        if self.read(key).get(key) != value:
            self._ask("put", {"key": _encoded(key), "value": _encoded(value)})

    def remove(self, prefix: str) -> None:
        """Remove every key that begins with `prefix`; there is none in a store that never ran."""
        if self._data.exists():
            self.ensure()
            self._ask("deleterange", _prefixed(prefix))

    def remove_if(self, key: str, value: str) -> bool:
        """Remove the key if this is its value, in one transaction; returns whether it was."""
        same = {"key": _encoded(key), "target": "VALUE", "result": "EQUAL", "value": _encoded(value)}
        removal = {"request_delete_range": {"key": _encoded(key)}}
        return bool(self._ask("txn", {"compare": [same], "success": [removal]}).get("succeeded"))

    @property
    def _data(self) -> Path:
        return self._context.folder(_NAME) / "data"

    def _command(self) -> list[str]:
        try:
            program = ensure(["etcd"], self._context.paths)["etcd"]
        except ToolchainError as error:
            raise NotReady(f"etcd: {error}") from error
        self._data.mkdir(parents=True, exist_ok=True)
        self._data.chmod(0o700)
        flags = {
            "name": "hub",
            "data-dir": str(self._data),
            "listen-client-urls": f"http://{ADDRESS}",
            "advertise-client-urls": f"http://{ADDRESS}",
            "listen-peer-urls": _PEERS,
            "initial-advertise-peer-urls": _PEERS,
            "initial-cluster": f"hub={_PEERS}",
            # What is kept here is of use only while the servers run.
            "unsafe-no-fsync": "true",
            "auto-compaction-mode": "periodic",
            "auto-compaction-retention": "10m",
            # Nobody else is to hear that the leader lives: as few beats as a timeout of a second allows.
            "heartbeat-interval": "200",
            "election-timeout": "1000",
            "log-level": "warn",
        }
        return [str(program), *(f"--{name}={value}" for name, value in flags.items())]

    def _answers(self) -> bool:
        if not self.is_running():
            raise NotReady(f"etcd ended; see {self._context.log(_NAME)}")
        try:
            self._ask("range", {"key": _encoded("/")})
        except NotReady:
            return False
        return True

    def _ask(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(f"http://{ADDRESS}/v3/kv/{operation}", json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
                found: dict[str, Any] = json.load(answer)
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            raise NotReady(f"etcd: {error}") from error
        return found


def _prefixed(prefix: str) -> dict[str, str]:
    # The end of the range is the prefix with its last character raised by one.
    return {"key": _encoded(prefix), "range_end": _encoded(prefix[:-1] + chr(ord(prefix[-1]) + 1))}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
