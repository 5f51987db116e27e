"""Runs one nginx as the edge of every distribution, and purges what is invalidated."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.desired import EdgeSite
from local.aws.dataplane.edge_config import Surroundings, render_site
from local.aws.dataplane.files import own_folder, write_private

USER = "www-data"
PROCESS = "cdn"

_MAIN = """\
user {user};
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    types {{
        text/html html;
        text/css css;
        application/javascript js;
    }}
    default_type application/octet-stream;
    access_log off;
    server_tokens off;
    client_max_body_size 0;
    client_body_temp_path {folder}/temporary;
    proxy_temp_path {folder}/temporary;
    fastcgi_temp_path {folder}/temporary;
    uwsgi_temp_path {folder}/temporary;
    scgi_temp_path {folder}/temporary;
    map_hash_bucket_size 128;
    variables_hash_bucket_size 128;
    variables_hash_max_size 4096;
    map $upstream_cache_status $edge_cache_status {{
        default "Miss from cloudfront";
        HIT "Hit from cloudfront";
        REVALIDATED "RefreshHit from cloudfront";
    }}
    map $status $edge_result {{
        default $edge_cache_status;
        ~^[45] "Error from cloudfront";
    }}
    # Only what a viewer asks for without a body of its own may be kept.
    map $request_method $edge_not_cacheable {{
        default 1;
        GET 0;
        HEAD 0;
    }}
    include {folder}/sites/*.conf;
}}
"""


class EdgeDriver:
    """One nginx: a server block and an address for each distribution."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()

    def ensure(self, site: EdgeSite) -> None:
        """Serve the distribution as declared, then purge its open invalidations.

        Raises:
            NotReady: nginx does not take the configuration, or does not answer.
        """
        context = self._context
        with self._lock:
            context.add_address(site.address)
            own = own_folder(self._folder / site.name, USER)
            issued = context.authority.issue(own / "tls", site.id, [site.address], _names(site), "root")
            endpoint = f"{context.plan.hub_address}:{context.plan.aws_port}"
            around = Surroundings(endpoint, context.edge_secret, own / "cache", issued.certificate, issued.key)
            try:
                rendered = render_site(site, around)
            except ValueError as error:
                raise NotReady(f"{site.name}: {error}") from error
            self._replace(self._configuration(site), rendered)
        wait_until(lambda: self._listens(site), 10, f"{site.name} answers")
        for paths in site.purges.values():
            purge(own / "cache", paths)

    def is_alive(self, site: EdgeSite) -> bool:
        """Whether nginx runs and has this distribution."""
        return self._configuration(site).exists() and self._context.is_running(PROCESS)

    def remove(self, site: EdgeSite) -> None:
        """Stop serving the distribution; nginx ends with the last one."""
        with self._lock:
            self._configuration(site).unlink(missing_ok=True)
            if any((self._folder / "sites").glob("*.conf")):
                self._reload()
            else:
                self._context.processes.stop(PROCESS)
            shutil.rmtree(self._folder / site.name, ignore_errors=True)
            self._context.remove_address(site.address)

    @property
    def _folder(self) -> Path:
        return self._context.folder(PROCESS)

    def _configuration(self, site: EdgeSite) -> Path:
        return self._folder / "sites" / f"{site.name}.conf"

    def _replace(self, path: Path, rendered: str) -> None:
        """Put a site's configuration in place if nginx takes it; keep the old one if not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o711)
        (self._folder / "sites").mkdir(exist_ok=True, mode=0o700)
        own_folder(self._folder / "temporary", USER)
        write_private(self._folder / "nginx.conf", _MAIN.format(user=USER, folder=self._folder), "root")
        before = path.read_text() if path.exists() else None
        changed = write_private(path, rendered, "root")
        test = subprocess.run([*self._command(), "-t", "-q"], capture_output=True, text=True, check=False)
        if test.returncode != 0:
            if before is None:
                path.unlink()
            else:
                write_private(path, before, "root")
            raise NotReady(f"nginx: {test.stderr.strip()[-400:]}")
        if not self._context.is_running(PROCESS):
            self._end_orphans()
            self._context.run(PROCESS, self._command(), None, self._folder)
        elif changed:
            self._reload()

    def _end_orphans(self) -> None:
        """End workers whose master was killed: they would keep the addresses."""
        noted = self._folder / "nginx.pid"
        # The check of a configuration makes this file too, an empty one.
        master = noted.read_text().strip() if noted.exists() else ""
        for pid in orphans(int(master)) if master else []:
            os.kill(pid, signal.SIGKILL)
        noted.unlink(missing_ok=True)

    def _reload(self) -> None:
        running = self._context.processes.running(PROCESS)
        if running is not None:
            os.kill(running.pid, signal.SIGHUP)

    def _command(self) -> list[str]:
        return ["nginx", "-p", str(self._folder), "-c", str(self._folder / "nginx.conf"), "-e", "stderr"]

    def _listens(self, site: EdgeSite) -> bool:
        if not self._context.is_running(PROCESS):
            raise NotReady(f"nginx ended; see {self._context.log(PROCESS)}")
        try:
            with socket.create_connection((site.address, 443), timeout=1):
                return True
        except OSError:
            return False


def orphans(master: int) -> list[int]:
    """Nginx processes of the session that this master, now dead, once led."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # A process may end between the listing and the reading.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            head, _, rest = stat.read_text().rpartition(")")
            session = int(rest.split()[3])
            if session == master and head.endswith("(nginx"):
                found.append(int(stat.parent.name))
    return found


def _names(site: EdgeSite) -> list[str]:
    return [f"{site.id.lower()}.cloudfront.net", *(site.config["Aliases"].get("Items") or [])]


def purge(cache: Path, paths: Sequence[str]) -> int:
    """Drop every cached response that one of the invalidation paths names; returns how many were dropped.

    nginx notes the key of a response near the beginning of its file.
    """
    dropped = 0
    for file in cache.rglob("*"):
        if not file.is_file():
            continue
        with file.open("rb") as opened:
            found = re.search(rb"\nKEY: ([^\n]*)\n", opened.read(4096))
        if found and is_named(found[1].decode(errors="replace"), paths):
            file.unlink(missing_ok=True)
            dropped += 1
    return dropped


def is_named(key: str, paths: Sequence[str]) -> bool:
    """Whether a cache key (`/path?query|headers|cookies`) belongs to one of the invalidation paths.

    A path without `?` names every variant of that path; a `*` at the end stands for anything.
    """
    whole, _, _ = key.partition("|")
    plain, _, _ = whole.partition("?")
    for path in map(unquote, paths):
        against = whole if "?" in path else plain
        if path == against or (path.endswith("*") and against.startswith(path[:-1])):
            return True
    return False
