"""Failures on purpose that the endpoint itself has to act out: regions that do not answer, S3 that errs or is slow."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Response

from local.aws.answers import xml_error
from local.failures.active import Active, parse
from local.failures.catalogue import REGION, S3_ERRORS, S3_SLOW

_SIGNED_FOR = re.compile(r"Credential=[^/,&\s]+/\d{8}/([a-z0-9-]+)/", re.IGNORECASE)
_SIGNED_IN_QUERY = re.compile(r"X-Amz-Credential=[^/&]+?(?:/|%2F)\d{8}(?:/|%2F)([a-z0-9-]+)(?:/|%2F)", re.IGNORECASE)


class NoAnswer(ConnectionAbortedError):
    """The request is not to be answered at all: its connection is to be closed."""


@dataclass(frozen=True)
class Verdict:
    """What becomes of a request.

    Attributes:
        silent: It gets no answer.
        seconds: It is answered later by this much.
        error: How likely it is to be answered with an error, 0 to 1.
    """

    silent: bool = False
    seconds: float = 0.0
    error: float = 0.0


def judge(active: Iterable[Active], region: str, of_s3: bool) -> Verdict:
    """What failures mean for a request to this region."""
    mine = [each for each in active if each.target in ("", region)]
    silent = any(each.failure == REGION.name for each in mine)
    if not of_s3:
        return Verdict(silent)

    def most(failure: str) -> int:
        return max((each.amount or 0 for each in mine if each.failure == failure), default=0)

    return Verdict(silent, most(S3_SLOW.name) / 1000, most(S3_ERRORS.name) / 100)


def region_of(environ: Mapping[str, Any]) -> str:
    """The region that a request was signed for; empty if it is not signed."""
    found = _SIGNED_FOR.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    found = found or _SIGNED_IN_QUERY.search(str(environ.get("QUERY_STRING", "")))
    return "" if found is None else found[1]


class Faults:
    """Knows what is active now, by looking at its file again whenever that was changed.

    Args:
        path: Where active failures are kept.
        chance: A number from 0 to 1, another one each time.
    """

    def __init__(self, path: Path, chance: Callable[[], float] = random.random) -> None:
        self._path = path
        self._chance = chance
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._active: list[Active] = []

    def active(self) -> list[Active]:
        """Failures of now."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return []
        with self._lock:
            seen = (status.st_mtime_ns, status.st_ino)
            if seen != self._seen:
                try:
                    self._active = parse(self._path.read_text())
                except FileNotFoundError:
                    return []
                self._seen = seen
            return self._active

    def is_away(self, region: str) -> bool:
        """Whether the region does not answer."""
        return judge(self.active(), region, of_s3=False).silent

    def meet(self, region: str, of_s3: bool) -> Response | None:
        """Have a request meet with what is active.

        Returns:
            The error that answers it; None if it is to be answered as usual.

        Raises:
            NoAnswer: it is not to be answered.
        """
        active = self.active()
        if not active:
            return None
        verdict = judge(active, region, of_s3)
        if verdict.silent:
            raise NoAnswer(f"{region} does not answer")
        time.sleep(verdict.seconds)
        if verdict.error and self._chance() < verdict.error:
            # Amazon S3 API Reference, "Error responses": what S3 says when it cannot keep up.
            return xml_error(503, "SlowDown", "Please reduce your request rate.")
        return None
