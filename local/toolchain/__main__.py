"""`python -m local.toolchain`: build tools and install packages from the Makefile."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from rich.console import Console

from local.paths import Paths
from local.toolchain.errors import ToolchainError
from local.toolchain.packages import PACKAGES, install, is_debian, missing_here
from local.toolchain.progress import progress_for
from local.toolchain.resolve import ensure

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parsed = _parser().parse_args(arguments)
    # So that a build's clean-up runs when the process is asked to end, as it does on Ctrl-C.
    signal.signal(signal.SIGTERM, _raise_interrupt)
    try:
        if parsed.command == "packages":
            return _packages(parsed.install)
        return _ensure(parsed.names)
    except ToolchainError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept, run it again to go on", file=sys.stderr)
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.toolchain", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    tools = commands.add_parser("ensure", help="find tools, building what PATH lacks; prints where each is")
    tools.add_argument("names", nargs="*", metavar="NAME", help="tools; default all")
    packages = commands.add_parser("packages", help="list the Debian packages that are missing")
    packages.add_argument("--install", action="store_true", help="install them with apt-get (as root)")
    return parser


def _ensure(names: Sequence[str]) -> int:
    found = ensure(names or None, Paths.from_environment(), progress_for(Console(stderr=True)))
    for name, path in found.items():
        print(f"{name}\t{path}")
    return 0


def _packages(wanted: bool) -> int:
    if not is_debian():
        print("Not a Debian machine. What the local platform needs is called, on Debian:")
        print("\n".join(f"  {package.name}: {package.reason}" for package in PACKAGES))
        return 0
    missing = missing_here()
    if not missing:
        print("all Debian packages are installed")
        return 0
    print("\n".join(f"{package.name}: {package.reason}" for package in missing))
    if not wanted:
        return 1
    install(missing)
    print(f"installed {len(missing)} packages; no service was started")
    return 0


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
