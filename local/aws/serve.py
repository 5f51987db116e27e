"""The endpoint's process: API and data plane together, until SIGTERM."""

from __future__ import annotations

import logging
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from moto.s3.models import s3_backends
from werkzeug.serving import make_server

from local.aws.application import Application
from local.aws.authority import Authority
from local.aws.dataplane.clean import clean
from local.aws.faults import Faults
from local.aws.layout import Layout
from local.aws.memory.keeper import Keeper
from local.aws.s3_replicator import Replicator
from local.aws.state import CURRENT
from local.failures.active import Store
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

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """A request that is not to be answered has its connection closed."""
        self.close_connection = True


def serve(paths: Paths, plan: Plan) -> None:
    """Serve until SIGTERM or SIGINT. The servers run on, and the next start takes them over with the state.

    Runs inside the platform's hub namespace.

    Raises:
        local.aws.memory.store.StateUnreadable: an earlier endpoint's state is there and cannot be used.
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
    wake = threading.Event()
    stopping = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    keeper = Keeper(layout.memory)
    # First the address: an endpoint that runs already must not have its state and servers taken away under it.
    # Whoever connects from now on waits; nobody is answered before there is something to answer from.
    server = make_server(plan.hub_address, plan.aws_port, _nobody, threaded=True, request_handler=_Handler)
    if not keeper.exists:
        # Servers without a state are left of a start or an end that did not come far.
        clean(layout, plan)
    keeper.open()
    keeper.start()
    faults = Faults(Store(paths.state).path)
    replicator = Replicator(partial(keeper.keep, (s3_backends,)), faults.is_away)
    replicator.start()
    identity = str(layout.root)
    server.app = Application(wake.set, keeper.secrets.edge_secret, identity, keeper, replicator.wake, faults)
    threading.Thread(target=server.serve_forever, name="api", daemon=True).start()
    _log.info("answering on %s", plan.aws_url)
    plane = _data_plane(layout, paths, authority, plan, keeper, wake)
    plane.start()
    stopping.wait()
    server.shutdown()
    plane.stop()
    replicator.stop()
    keeper.close()


def _nobody(_environ: dict[str, Any], _start_response: Any) -> list[bytes]:
    raise RuntimeError("the endpoint has not begun")


def _data_plane(
    layout: Layout, paths: Paths, authority: Authority, plan: Plan, keeper: Keeper, wake: threading.Event
) -> DataPlane:
    # Imported while the API answers already: the clients of Redis and PostgreSQL take a while to load.
    from local.aws.dataplane.context import Context
    from local.aws.dataplane.plane import DataPlane

    context = Context(
        layout=layout,
        paths=paths,
        processes=Processes(layout.server_records),
        authority=authority,
        control_password=keeper.secrets.control_password,
        edge_secret=keeper.secrets.edge_secret,
        plan=plan,
    )
    return DataPlane(context, wake, keeper, partial(_meet_failures, paths, plan))


def _meet_failures(paths: Paths, plan: Plan) -> None:
    """Have failures on purpose concern servers that were not there when they began."""
    if Store(paths.state).read():
        # Only then: it knows of the cluster too, and with it of much that nobody needs here.
        from local.failures.control import Control

        Control(paths, plan).settle()
