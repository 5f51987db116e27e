"""The endpoint's process: API and data plane together, until SIGTERM."""

from __future__ import annotations

import logging
import secrets
import signal
import threading
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from local.aws.application import Application
from local.aws.authority import Authority
from local.aws.dataplane.context import Context
from local.aws.dataplane.plane import DataPlane
from local.aws.layout import Layout
from local.aws.state import CURRENT
from local.network.plan import Plan
from local.paths import Paths
from local.processes import Processes

_log = logging.getLogger("local.aws")


class _Handler(MotoRequestHandler):
    """Keeps connections open, and writes no request line: signed URLs are credentials."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        if str(code).startswith("5"):
            _log.warning("%s %s %s", self.command, self.path.partition("?")[0], code)


def serve(paths: Paths, plan: Plan) -> None:
    """Serve until SIGTERM or SIGINT; then end every server and remove its data.

    Runs inside the platform's hub namespace. State is in memory: the next start begins empty.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # moto warns of every refusal whose code the service's model does not list; that is what a refusal is.
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    CURRENT.plan = plan
    layout = Layout.of(paths)
    layout.logs.mkdir(parents=True, exist_ok=True)
    authority = Authority(layout.authority)
    authority.ensure()
    context = Context(
        layout=layout,
        processes=Processes(layout.server_records),
        authority=authority,
        control_password=secrets.token_urlsafe(24),
        edge_secret=secrets.token_urlsafe(24),
        plan=plan,
    )
    plane = DataPlane(context)
    stopping = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    application = Application(plane.wake, context.edge_secret, identity=str(layout.root))
    # Before the data plane, whose clean start would take away what belongs to an endpoint that runs already.
    server = make_server(plan.hub_address, plan.aws_port, application, threaded=True, request_handler=_Handler)
    plane.start()
    threading.Thread(target=server.serve_forever, name="api", daemon=True).start()
    _log.info("answering on %s", plan.aws_url)
    stopping.wait()
    server.shutdown()
    plane.stop()
