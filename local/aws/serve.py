"""The endpoint's process: API and data plane together, until SIGTERM."""

from __future__ import annotations

import logging
import secrets
import signal
import threading
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from local.aws.application import Application
from local.aws.authority import Authority
from local.aws.dataplane.clean import clean
from local.aws.layout import Layout
from local.aws.state import CURRENT
from local.network.plan import Plan
from local.paths import Paths
from local.processes import Processes

if TYPE_CHECKING:
    from local.aws.dataplane.plane import DataPlane

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
    CURRENT.inbox = layout.inbox
    layout.logs.mkdir(parents=True, exist_ok=True)
    authority = Authority(layout.authority)
    authority.ensure()
    edge_secret = secrets.token_urlsafe(24)
    wake = threading.Event()
    stopping = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    application = Application(wake.set, edge_secret, identity=str(layout.root))
    # First the address: an endpoint that runs already must not have its servers cleaned away under it.
    server = make_server(plan.hub_address, plan.aws_port, application, threaded=True, request_handler=_Handler)
    # An endpoint that was killed leaves servers that nobody knows any more.
    clean(layout, plan)
    threading.Thread(target=server.serve_forever, name="api", daemon=True).start()
    _log.info("answering on %s", plan.aws_url)
    plane = _data_plane(layout, authority, plan, edge_secret, wake)
    plane.start()
    stopping.wait()
    server.shutdown()
    plane.stop()


def _data_plane(layout: Layout, authority: Authority, plan: Plan, edge_secret: str, wake: threading.Event) -> DataPlane:
    # Imported while the API answers already: the clients of Redis and PostgreSQL take a while to load.
    from local.aws.dataplane.context import Context
    from local.aws.dataplane.plane import DataPlane

    context = Context(
        layout=layout,
        processes=Processes(layout.server_records),
        authority=authority,
        control_password=secrets.token_urlsafe(24),
        edge_secret=edge_secret,
        plan=plan,
    )
    return DataPlane(context, wake)
