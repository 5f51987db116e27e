"""An origin of the tests' own: answers as it is told, and tells what it was asked."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """What the origin says to a path.

    Attributes:
        gate: Waited for in the middle of the body.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    gate: threading.Event | None = None


class Origin:
    """A server on an address that the edge reaches; a request for an unknown path is answered with itself, as JSON."""

    def __init__(self, address: str, name: str) -> None:
        self.name = name
        self.asked: Counter[str] = Counter()
        self.answers: dict[str, Answer] = {}
        self._server = ThreadingHTTPServer((address, 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                origin.asked[path] += 1
                answer = origin.answers.get(path, Answer())
                sent = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                told = {
                    "origin": origin.name,
                    "method": self.command,
                    "path": self.path,
                    "headers": headers,
                    "sent": sent,
                }
                body = (json.dumps(told) if answer.body is None else answer.body).encode()
                if self.headers.get("if-none-match") == answer.headers.get("etag", "none"):
                    self.send_response(304)
                    body = b""
                else:
                    self.send_response(answer.status)
                    self.send_header("content-length", str(len(body)))
                for name, value in {"content-type": "text/plain", **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                middle = len(body) // 2
                self.wfile.write(body[:middle])
                if answer.gate is not None:
                    self.wfile.flush()
                    answer.gate.wait(60)
                self.wfile.write(body[middle:])

            do_POST = do_OPTIONS = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """The tests look at what was asked."""

        return Handler
