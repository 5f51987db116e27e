"""Runs one nginx as the edge of every distribution, and purges what is invalidated."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from local.aws.authority import Certificate
from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.desired import EdgeSite
from local.aws.dataplane.edge_config import Surroundings, render_site
from local.aws.dataplane.edge_nginx import USER, modules_folder, render_main
from local.aws.dataplane.edge_origins import Origins, render_mark
from local.aws.dataplane.edge_purge import purge
from local.aws.dataplane.files import own_folder, write_private

PROCESS = "cdn"

_SECONDS = 15.0
"""In which nginx has to serve a new configuration."""


class EdgeDriver:
    """One nginx: servers and an address for each distribution."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()

    def ensure(self, site: EdgeSite) -> None:
        """Serve the distribution as declared, then purge its open invalidations.

        Raises:
            NotReady: nginx does not take the configuration, or does not answer.
        """
        with self._lock:
            self._context.add_address(site.address)
            own = own_folder(self._folder / site.name, USER)
            issued = self._certificate(site, own)
            origins = Origins(self._endpoint, self._context.edge_secret, self._socket)
            try:
                rendered = render_site(site, Surroundings(origins, own / "cache", issued.certificate, issued.key))
            except ValueError as error:
                raise NotReady(f"{site.name}: {error}") from error
            mark = hashlib.sha256(f"{rendered.configuration}{rendered.data}".encode()).hexdigest()[:16]
            configuration = rendered.configuration + render_mark(site, self._socket, mark)
            self._replace({self._configuration(site): configuration, self._data(site): rendered.data})
        wait_until(lambda: self._serves(site, mark), _SECONDS, f"{site.name} answers")
        for paths in site.purges.values():
            purge(own / "cache", paths)

    def is_alive(self, site: EdgeSite) -> bool:
        """Whether nginx runs and has this distribution."""
        return self._configuration(site).exists() and self._context.is_running(PROCESS)

    def remove(self, site: EdgeSite) -> None:
        """Stop serving the distribution; nginx ends with the last one."""
        with self._lock:
            self._configuration(site).unlink(missing_ok=True)
            self._data(site).unlink(missing_ok=True)
            if any(self._sites.glob("*.conf")):
                self._write_main()
                self._reload()
            else:
                self._context.processes.stop(PROCESS)
            shutil.rmtree(self._folder / site.name, ignore_errors=True)
            self._context.remove_address(site.address)

    @property
    def _folder(self) -> Path:
        return self._context.folder(PROCESS)

    @property
    def _sites(self) -> Path:
        return self._folder / "sites"

    @property
    def _socket(self) -> Path:
        # In a folder of nginx's user alone: whoever reaches it reads every bucket that the edge may read.
        return self._folder / "temporary" / "origins"

    @property
    def _endpoint(self) -> str:
        return f"{self._context.plan.hub_address}:{self._context.plan.aws_port}"

    def _configuration(self, site: EdgeSite) -> Path:
        return self._sites / f"{site.name}.conf"

    def _data(self, site: EdgeSite) -> Path:
        return self._sites / f"{site.name}.json"

    def _certificate(self, site: EdgeSite, own: Path) -> Certificate:
        """The certificate for the names that the distribution has now."""
        names = [f"{site.id.lower()}.cloudfront.net", *(site.config["Aliases"].get("Items") or [])]
        folder = own / f"tls-{hashlib.sha256(' '.join(names).encode()).hexdigest()[:12]}"
        return self._context.authority.issue(folder, site.id, [site.address], names, "root")

    def _replace(self, files: Mapping[Path, str]) -> None:
        """Put a site's files in place if nginx takes them; keep the old ones if not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o711)
        self._sites.mkdir(exist_ok=True, mode=0o700)
        own_folder(self._folder / "temporary", USER)
        before = {path: path.read_text() if path.exists() else None for path in files}
        changed = [write_private(path, text, "root") for path, text in files.items()]
        changed.append(self._write_main())
        test = subprocess.run([*self._command(), "-t", "-q"], capture_output=True, text=True, check=False)
        if test.returncode != 0:
            self._restore(before)
            raise NotReady(f"nginx: {test.stderr.strip()[-400:]}")
        if not self._context.is_running(PROCESS):
            self._end_orphans()
            self._socket.unlink(missing_ok=True)
            self._context.run(PROCESS, self._command(), None, self._folder)
        elif any(changed):
            self._reload()

    def _restore(self, before: Mapping[Path, str | None]) -> None:
        for path, text in before.items():
            if text is None:
                path.unlink(missing_ok=True)
            else:
                write_private(path, text, "root")
        self._write_main()

    def _write_main(self) -> bool:
        """Write what all distributions share; returns whether it changed."""
        main = render_main(self._folder, self._socket, modules_folder(), sorted(self._sites.glob("*.json")))
        return write_private(self._folder / "nginx.conf", main, "root")

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

    def _serves(self, site: EdgeSite, mark: str) -> bool:
        """Whether nginx answers by this very configuration: after a reload the old one serves a moment longer."""
        if not self._context.is_running(PROCESS):
            raise NotReady(f"nginx ended; see {self._context.log(PROCESS)}")
        try:
            with socket.socket(socket.AF_UNIX) as asked:
                asked.settimeout(2)
                asked.connect(str(self._socket))
                asked.sendall(f"GET / HTTP/1.0\r\nHost: mark.{site.id.lower()}\r\n\r\n".encode())
                answer = b"".join(iter(lambda: asked.recv(4096), b""))
            with socket.create_connection((site.address, 443), timeout=1):
                return answer.endswith(mark.encode())
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
