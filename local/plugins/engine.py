"""The engine, as a plugin sees it: somewhere to log to, and the parent process."""

from __future__ import annotations

import contextlib
import os
import sys
from threading import Lock
from typing import Any, NoReturn

import grpc

from local.plugins.protocol import engine_pb2, engine_pb2_grpc
from local.plugins.provider import Severity

_SEVERITY = {
    "debug": engine_pb2.DEBUG,
    "info": engine_pb2.INFO,
    "warning": engine_pb2.WARNING,
    "error": engine_pb2.ERROR,
}
_LOG_SECONDS = 5.0


def note(text: str) -> None:
    """Write to standard error, which the engine keeps in its debug log."""
    # The engine may have been killed, and its end of the pipe with it; clean-up has to go on all the same.
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def leave() -> NoReturn:
    """End the process now: threads that still wait must not keep a plugin alive that nobody listens to."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


class Engine:
    """A connection to the engine, made when it is first needed."""

    def __init__(self, address: str | None) -> None:
        self._address = address
        self._stub: Any = None
        self._lock = Lock()
        self._parent = os.getppid()

    def attach(self, address: str) -> None:
        """Use another engine from now on."""
        with self._lock:
            self._address, self._stub = address, None

    def has_gone(self) -> bool:
        """Whether the process that started this plugin has ended."""
        return os.getppid() != self._parent

    def log(self, urn: str, message: str, severity: Severity = "info", ephemeral: bool = False) -> None:
        """Show a message; ephemeral ones only in the resource's status line."""
        stub = self._connected()
        if stub is None:
            return
        request = engine_pb2.LogRequest(severity=_SEVERITY[severity], message=message, urn=urn, ephemeral=ephemeral)
        try:
            stub.Log(request, timeout=_LOG_SECONDS)
        except grpc.RpcError:
            # Nobody is left to read it; the operation itself goes on or is cancelled by `Watch`.
            return

    def _connected(self) -> Any:
        with self._lock:
            if self._stub is None and self._address:
                self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(self._address))
            return self._stub
