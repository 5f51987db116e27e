"""Runs a Pulumi program; started by the language host with the *project's* interpreter, as a plain file.

Nothing but the standard library and the project's own Pulumi SDK may be imported here. Exit codes: 0 the program
ended well; 32 it failed and the user has been told why; 130 it was interrupted; otherwise the program's own.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

TOLD = 32
INTERRUPTED = 130
ENGINE_STOPPED = "resource monitor shut down"
"""What is left for the program to hear once the engine has stopped because of an error, which it shows itself."""

# The folder of this file holds other modules of the host, which must not be found by the program.
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]


def main() -> int:
    """Run the program that the arguments name and return the exit code."""
    arguments = _arguments()
    try:
        import pulumi
        import pulumi.runtime
    except ModuleNotFoundError as error:
        print(
            f"the Pulumi SDK cannot be imported by {sys.executable}: {error}. "
            "Install the project's requirements there, or set `virtualenv` under runtime.options in Pulumi.yaml",
            file=sys.stderr,
        )
        return TOLD
    config, secret_keys = pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env()
    pulumi.runtime.set_all_config(config, secret_keys)
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=arguments.monitor,
            engine=arguments.engine,
            project=arguments.project,
            stack=arguments.stack,
            parallel=arguments.parallel,
            dry_run=arguments.dry_run,
            organization=arguments.organization,
            root_directory=arguments.root_directory,
        )
    )
    # The graph of a program that failed is left with futures that nobody awaits; that is no news to the user.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    os.chdir(arguments.pwd)
    program = Path(arguments.program).resolve()
    folder = program if program.is_dir() else program.parent
    sys.path.insert(0, str(folder))
    sys.argv = [arguments.program, *arguments.arguments]
    if program.is_dir() and not (program / "__main__.py").is_file():
        pulumi.log.error(f"{program}: no __main__.py: write the program there, or name it by `main` in Pulumi.yaml")
        return TOLD
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    pool = ThreadPoolExecutor(max_workers=4 * max(arguments.parallel, 1))
    loop.set_default_executor(pool)

    def run() -> None:
        runpy.run_path(str(program), run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(run))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return TOLD
    except Exception as error:  # noqa: BLE001 - the program's failure, whatever it is, is reported here
        if str(error) == ENGINE_STOPPED:
            return TOLD
        shown = traceback.format_exception(type(error), error, _from_program(error.__traceback__, folder))
        pulumi.log.error("Program failed with an unhandled exception:\n" + "".join(shown))
        return TOLD
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return 0


def _from_program(trace: TracebackType | None, folder: Path) -> TracebackType | None:
    """The part of a traceback that begins in the program; all of it when the program is not in it."""
    inner = trace
    while inner is not None:
        if Path(inner.tb_frame.f_code.co_filename).is_relative_to(folder):
            return inner
        inner = inner.tb_next
    return trace


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run a Pulumi program (started by pulumi-language-python)")
    for name in ("monitor", "engine", "project", "stack", "organization", "root-directory", "pwd"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--parallel", type=int, required=True)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        try:
            code = main()
        finally:
            # The engine interrupts a program whose deployment has failed: what has ended is not to be told so.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as exit:
        code = exit.code if isinstance(exit.code, int) else 0 if exit.code is None else 1
        if isinstance(exit.code, str):
            print(exit.code, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that wait for an answer of an engine that has ended must not keep the program alive.
    os._exit(code)
