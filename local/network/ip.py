"""The one place that calls iproute2."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence


class NetworkError(RuntimeError):
    """A change to the local network failed, or would harm the host."""


def ip(*arguments: str, namespace: str | None = None) -> None:
    """Run one `ip` command, inside a named network namespace if one is given.

    Raises:
        NetworkError: the command failed; the message holds the command and what it said.
    """
    _run(_argv(arguments, namespace))


def ip_succeeds(*arguments: str, namespace: str | None = None) -> bool:
    """Whether the command works; for questions such as "is there such a link?"."""
    argv = _argv(arguments, namespace)
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def ip_json(*arguments: str, namespace: str | None = None) -> list[dict[str, object]]:
    """What `ip -json` answers; empty when it answers nothing.

    Raises:
        NetworkError: the command failed.
    """
    answer = _run(_argv(("-json", *arguments), namespace)).strip()
    parsed = json.loads(answer) if answer else []
    return [item for item in parsed if isinstance(item, dict)]


def set_sysctls(namespace: str, values: Sequence[tuple[str, str]]) -> None:
    """Write settings below /proc/sys/net as seen from inside the namespace; the host's stay as they are.

    A setting that this kernel does not have is left out: it has then no effect to switch off.

    Raises:
        NetworkError: a setting exists and cannot be written.
    """
    script = "; ".join(
        f"if [ -e /proc/sys/net/{key} ]; then echo {value} > /proc/sys/net/{key}; fi" for key, value in values
    )
    _run(["nsenter", f"--net=/run/netns/{namespace}", "sh", "-ec", script])


def _argv(arguments: Sequence[str], namespace: str | None) -> list[str]:
    where = [] if namespace is None else ["-n", namespace]
    return ["ip", *where, *arguments]


def _run(argv: Sequence[str]) -> str:
    try:
        answer = subprocess.run(argv, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NetworkError(f"{argv[0]!r} is not installed: install the packages iproute2 and util-linux") from None
    if answer.returncode != 0:
        raise NetworkError(f"`{' '.join(argv)}` failed: {answer.stderr.strip() or answer.returncode}")
    return answer.stdout
