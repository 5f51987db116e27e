"""A clean slate: nothing of the data plane runs, nothing of it is left."""

from __future__ import annotations

import shutil
import time

from local.aws.dataplane import postmaster
from local.aws.layout import Layout
from local.network.ip import ip_json, ip_succeeds
from local.network.namespaces import remove_address
from local.network.plan import Plan
from local.processes import Processes


def clean(layout: Layout, plan: Plan) -> None:
    """End every server that has a record, remove all data and every address of the data plane.

    For the end of the platform, and for servers whose endpoint's state is gone: nobody knows them any more.
    """
    processes = Processes(layout.server_records)
    for running in processes.all():
        # The endpoint's servers hold nothing that the next start could use, so none is given long to end.
        processes.stop(running.name, timeout=1.0 if running.name.startswith("postgres") else 5.0)
    postmaster.end_all(layout.servers)
    deadline = time.monotonic() + 5
    while processes.all() and time.monotonic() < deadline:
        time.sleep(0.05)
    shutil.rmtree(layout.server_records, ignore_errors=True)
    shutil.rmtree(layout.servers, ignore_errors=True)
    layout.servers.mkdir(parents=True, exist_ok=True)
    for address in addresses(plan):
        remove_address(address, plan)
    layout.status.unlink(missing_ok=True)


def addresses(plan: Plan) -> list[str]:
    """Addresses of the data plane that the hub has now."""
    found: list[str] = []
    if not ip_succeeds("link", "show", plan.bridge, namespace=plan.hub):
        return found
    for interface in ip_json("address", "show", "dev", plan.bridge, "to", plan.data_plane, namespace=plan.hub):
        infos = interface.get("addr_info")
        found += [str(info["local"]) for info in (infos if isinstance(infos, list) else []) if "local" in info]
    return found
