"""Knobs of a service's pods beyond what every pod needs, each with the rules that keep it safe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from components.errors import Refusal
from components.quantities import MEMORY_PATTERN, memory_bytes

Amount = int | str
"""Instances: a number, or a share such as `25%`."""

SCRATCH_MOST = "4Gi"
_PERCENT = re.compile(r"^(?:[0-9]|[1-9][0-9]|100)%$")
_PATH = re.compile(r"^/[A-Za-z0-9._~/-]*$")
_FILE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")
_SECRET_LINE = re.compile(
    r"(?:password|passwd|secret|token|private_?key|api_?key|access_?key|credential)\w*[\"']?\s*[:=]\s*[\"']?[^\s\"',}]",
    re.IGNORECASE,
)
_SECRET_ARGUMENT = re.compile(
    r"^-{1,2}[\w-]*(?:password|passwd|secret|token|private-?key|api-?key|access-?key|credential)[\w-]*=\S",
    re.IGNORECASE,
)
_SECRET_ADDRESS = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_CONFIG_MOST_BYTES = 512 * 1024


@dataclass(frozen=True, kw_only=True)
class Probes:
    """How a pod is asked for its health.

    Attributes:
        live_path: Asked whether the process answers at all; a failure restarts the container.
        ready_path: Asked whether it and what it depends on are fit; a failure takes it out of the Service.
        startup_period_seconds: Between tries while it starts; the start may take `startup_seconds` in all.
        live_period_seconds: Between questions whether it lives.
        ready_period_seconds: Between questions whether it is ready.
        timeout_seconds: For an answer; not longer than the time between two questions.
        live_failures: Failures in a row until the restart.
        ready_failures: Failures in a row until it gets no more requests.
    """

    live_path: str = "/health/live"
    ready_path: str = "/health/ready"
    startup_period_seconds: int = 2
    live_period_seconds: int = 10
    ready_period_seconds: int = 5
    timeout_seconds: int = 3
    live_failures: int = 3
    ready_failures: int = 2


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """The steps in which a change replaces pods.

    Attributes:
        max_surge: New pods beyond the number there should be, a number or a share.
        max_unavailable: Old pods that may go before new ones are ready, a number or a share.
        min_ready_seconds: How long a new pod has to stay ready before the next step.
    """

    max_surge: Amount = 1
    max_unavailable: Amount = 0
    min_ready_seconds: int = 0


@dataclass(frozen=True, kw_only=True)
class ConfigFiles:
    """Configuration in files that are no secret.

    Attributes:
        files: Content by file name, mounted in `CONFIG_DIR`.
        reload: `hot`: the process notices the change by itself, within a minute or two; `restart`: pods are replaced.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    reload: Literal["hot", "restart"] = "restart"


def probes(knobs: Probes, startup_seconds: int) -> Iterator[Refusal]:
    """SR-PROBES: liveness and readiness differ, and a slow start is no failure."""
    for name, path in (("live_path", knobs.live_path), ("ready_path", knobs.ready_path)):
        if not _PATH.match(path):
            yield Refusal(f"probes.{name}", path, "is no path: write for example /health/live")
    if knobs.live_path == knobs.ready_path:
        yield Refusal(
            "probes.ready_path",
            knobs.ready_path,
            "is the liveness path too: a dependency that is away would restart every instance; write another path",
        )
    if not 1 <= knobs.startup_period_seconds <= max(1, startup_seconds):
        yield Refusal(
            "probes.startup_period_seconds",
            knobs.startup_period_seconds,
            f"write 1 to {startup_seconds}, the time that a start may take",
        )
    for name, value, most in (
        ("live_period_seconds", knobs.live_period_seconds, 300),
        ("ready_period_seconds", knobs.ready_period_seconds, 60),
        ("timeout_seconds", knobs.timeout_seconds, 60),
        ("live_failures", knobs.live_failures, 30),
        ("ready_failures", knobs.ready_failures, 30),
    ):
        if not 1 <= value <= most:
            yield Refusal(f"probes.{name}", value, f"write 1 to {most}")
    shortest = min(knobs.live_period_seconds, knobs.ready_period_seconds)
    if knobs.timeout_seconds > max(1, shortest):
        yield Refusal(
            "probes.timeout_seconds",
            knobs.timeout_seconds,
            f"is longer than the time between two questions: write 1 to {max(1, shortest)}",
        )


def rollout(knobs: Rollout, least_replicas: int) -> Iterator[Refusal]:
    """A rollout goes on, and never takes all instances at once."""
    for name, amount in (("max_surge", knobs.max_surge), ("max_unavailable", knobs.max_unavailable)):
        if not _is_amount(amount):
            yield Refusal(f"rollout.{name}", amount, "write a number of instances, or a share such as 25%")
            return
    if _zero(knobs.max_surge) and _zero(knobs.max_unavailable):
        yield Refusal(
            "rollout.max_surge",
            knobs.max_surge,
            "with max_unavailable 0 nothing could ever be replaced: write 1 or more",
        )
    unavailable = knobs.max_unavailable
    if unavailable == "100%" or (isinstance(unavailable, int) and unavailable >= least_replicas):
        yield Refusal(
            "rollout.max_unavailable",
            unavailable,
            f"takes all {least_replicas} instances at once: write less, or 0",
        )
    if not 0 <= knobs.min_ready_seconds <= 600:
        yield Refusal("rollout.min_ready_seconds", knobs.min_ready_seconds, "write 0 to 600")


def config_files(knobs: ConfigFiles) -> Iterator[Refusal]:
    """SR-SECRET: what stands in a ConfigMap can be read by everybody."""
    for name, content in sorted(knobs.files.items()):
        if not _FILE.match(name):
            yield Refusal(f"config.files.{name}", name, "is no file name: write letters, digits, dots and hyphens")
        elif _SECRET_LINE.search(content) or has_password(content):
            yield Refusal(
                f"config.files.{name}",
                "[secret]",
                "looks like a secret and would be readable by everybody: put it under the service's secrets",
            )
    size = sum(len(content.encode()) for content in knobs.files.values())
    if size > _CONFIG_MOST_BYTES:
        yield Refusal("config.files", f"{size} bytes", f"a ConfigMap holds little: write {_CONFIG_MOST_BYTES} or less")


def has_password(text: str) -> bool:
    """Whether an address in the text carries one, as in `redis://:word@host`."""
    return bool(_SECRET_ADDRESS.search(text))


def arguments(words: Sequence[str]) -> Iterator[Refusal]:
    """SR-SECRET: everybody who may list processes or pods reads arguments."""
    for index, word in enumerate(words):
        if _SECRET_ARGUMENT.match(word) or has_password(word):
            yield Refusal(
                f"arguments.{index}",
                "[secret]",
                "looks like a secret and would be readable by everybody: let the program take it from a variable",
            )


def scratch(size: str) -> Iterator[Refusal]:
    """SR-VOLUME: scratch space has a bound, and no node's disk is filled by it."""
    if not re.match(MEMORY_PATTERN, size) or memory_bytes(size) > memory_bytes(SCRATCH_MOST):
        yield Refusal("scratch_size", size, f"write a quantity such as 64Mi, {SCRATCH_MOST} at most")


def _is_amount(amount: Amount) -> bool:
    return bool(_PERCENT.match(amount)) if isinstance(amount, str) else amount >= 0


def _zero(amount: Amount) -> bool:
    return amount in (0, "0%")
