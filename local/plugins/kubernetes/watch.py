"""Live views of collections, one list and watch each, shared by everything that waits for something in them."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.plugins.engine import note
from local.plugins.kubernetes.client import Client
from local.plugins.provider import ProviderError

Object = dict[str, Any]

_WATCH_SECONDS = 30
_RETRY_SECONDS = 1.0
_GONE = 410


class View:
    """What a collection holds right now."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.users = 0
        self.listed = False
        self.problem: str | None = None
        self._objects: dict[str, Object] = {}

    def get(self, name: str) -> Object | None:
        """An object by name."""
        return self._objects.get(name)

    def all(self) -> list[Object]:
        """Every object."""
        return list(self._objects.values())

    def replace(self, items: list[Object]) -> None:
        """Take over a fresh list."""
        self._objects = {item["metadata"]["name"]: item for item in items}
        self.listed, self.problem = True, None

    def take(self, type: str, item: Object) -> None:
        """Take over one event."""
        name = item["metadata"]["name"]
        self._objects = {key: value for key, value in self._objects.items() if key != name}
        if type != "DELETED":
            self._objects[name] = item


class Views:
    """All views of one API server."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._views: dict[str, View] = {}
        self._changed = threading.Condition()
        self._version = 0

    @contextmanager
    def view(self, path: str) -> Iterator[View]:
        """Follow a collection while the context lasts."""
        with self._changed:
            view = self._views.get(path)
            if view is None:
                view = self._views[path] = View(path)
                threading.Thread(target=self._follow, args=(view,), name=f"watch {path}", daemon=True).start()
            view.users += 1
        try:
            yield view
        finally:
            with self._changed:
                view.users -= 1

    def changed(self, since: int, seconds: float) -> int:
        """Wait until any view has changed since a version, or the time is over; the version there is then."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != since, timeout=seconds)
            return self._version

    def _notify(self) -> None:
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    def _wanted(self, view: View) -> bool:
        """Whether anybody still looks; forgets the view otherwise."""
        with self._changed:
            if view.users == 0:
                del self._views[view.path]
                return False
            return True

    def _follow(self, view: View) -> None:
        version = ""
        while self._wanted(view):
            try:
                if not version:
                    listed = self._client.list(view.path)
                    view.replace(listed.get("items") or [])
                    version = listed["metadata"]["resourceVersion"]
                    self._notify()
                version = self._watch(view, version)
            except Exception as error:  # noqa: BLE001 - whoever waits for this view must not wait for a dead thread
                if not isinstance(error, ProviderError):
                    note("".join(traceback.format_exception(error)))
                view.problem = str(error)
                version = ""
                self._notify()
                time.sleep(_RETRY_SECONDS)

    def _watch(self, view: View, version: str) -> str:
        """Follow until the watch ends; the version to go on from, "" to start anew."""
        for event in self._client.watch(view.path, version, _WATCH_SECONDS):
            item = event["object"]
            if event["type"] == "ERROR":
                if item.get("code") != _GONE:
                    raise ProviderError(f"the watch of {view.path} failed: {item.get('message')}")
                return ""
            version = item["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                view.take(event["type"], item)
                self._notify()
        return version
