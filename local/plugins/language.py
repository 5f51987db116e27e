"""The Python language host: how the Pulumi engine runs programs and policy packs written in Python."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import grpc
import grpc.aio
from google.protobuf import empty_pb2

from local.plugins import errors, install, interpreter, program
from local.plugins.engine import Engine, leave
from local.plugins.interpreter import RuntimeOptions
from local.plugins.protocol import language_pb2, language_pb2_grpc, plugin_pb2
from local.plugins.provider import ProviderError
from local.plugins.server import until
from local.plugins.values import properties_from_struct

T = TypeVar("T")

_NAME = "Python language"
_MESSAGE_BYTES = 400 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
# The engine kills the host five seconds after it asked it to end.
_GRACE_SECONDS = 3.0


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The engine's calls. One program at a time is the rule, but any number may run."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._children: set[asyncio.subprocess.Process] = set()
        self._ending = False

    async def finish(self) -> None:
        """Interrupt what is running, and kill what does not end."""
        self._interrupt()
        waiting = [asyncio.ensure_future(child.wait()) for child in self._children]
        if waiting:
            await asyncio.wait(waiting, timeout=_GRACE_SECONDS)
        for child in self._children:
            if child.returncode is None:
                child.kill()

    def _interrupt(self) -> None:
        self._ending = True
        for child in self._children:
            if child.returncode is None:
                child.send_signal(signal.SIGINT)

    # What the host is

    async def Handshake(self, request: Any, context: Any) -> Any:
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    async def Cancel(self, request: Any, context: Any) -> Any:
        self._interrupt()
        return empty_pb2.Empty()

    async def About(self, request: Any, context: Any) -> Any:
        python = await _answer(context, lambda: _interpreter(request.info))
        described = await _answer(context, lambda: interpreter.describe(python))
        return language_pb2.AboutResponse(executable=str(python), version=described.version)

    # What a program needs

    async def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        python = await _answer(context, lambda: _interpreter(request.info))
        described = await _answer(context, lambda: interpreter.describe(python))
        packages = [
            plugin_pb2.PackageDependency(
                kind="resource", name=plugin.name, version=plugin.version, server=plugin.server
            )
            for plugin in interpreter.plugins_of(described.folders)
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    async def GetRequiredPlugins(self, request: Any, context: Any) -> Any:
        return language_pb2.GetRequiredPluginsResponse()

    async def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        python = await _answer(context, lambda: _interpreter(request.info))
        described = await _answer(context, lambda: interpreter.installed(python))
        dependencies = [
            language_pb2.DependencyInfo(name=name, version=version)
            for name, version in sorted(described.distributions.items())
            if request.transitiveDependencies or name.lower().replace("_", "-") not in described.needed
        ]
        return language_pb2.GetProgramDependenciesResponse(dependencies=dependencies)

    async def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        return language_pb2.RuntimeOptionsResponse()

    async def Template(self, request: Any, context: Any) -> Any:
        return language_pb2.TemplateResponse()

    async def InstallDependencies(self, request: Any, context: Any) -> AsyncIterator[Any]:
        options = await _answer(context, lambda: _options(request.info))
        project = Path(request.info.program_directory or request.directory)
        for command in await _answer(context, lambda: install.commands(options, project)):
            child = await self._start(command, project, dict(os.environ))
            async for stream, chunk in _output(child):
                yield language_pb2.InstallDependenciesResponse(**{stream: chunk})
            if await self._ended(child) != 0:
                await context.abort(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"{project}: `{' '.join(command)}` ended with exit code {child.returncode}",
                )

    async def GeneratePackage(self, request: Any, context: Any) -> Any:
        await context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            "this stand-in for pulumi-language-python runs programs and plugins and generates no SDKs: install the "
            "official one for that, or name the plugin under `plugins` in Pulumi.yaml and do without an SDK",
        )

    # Running

    async def Run(self, request: Any, context: Any) -> Any:
        """Run a program. Its output goes to ours, which the engine shows as the program's."""
        python = await _answer(context, lambda: _interpreter(request.info))
        environment = interpreter.child_environment(python)
        environment["PULUMI_CONFIG"] = json.dumps(dict(request.config))
        environment["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
        child = await asyncio.create_subprocess_exec(
            *_program_command(python, request, self._engine_address),
            env=environment,
            cwd=request.pwd or None,
            stdin=asyncio.subprocess.DEVNULL,
        )
        self._children.add(child)
        code = await self._ended(child)
        if code == 0:
            return language_pb2.RunResponse()
        if code == program.TOLD or self._ending:
            return language_pb2.RunResponse(bail=True)
        if code < 0:
            return language_pb2.RunResponse(error=f"the program was ended by signal {signal.Signals(-code).name}")
        return language_pb2.RunResponse(error=f"the program ended with exit code {code}")

    async def RunPlugin(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Run a policy pack, or another plugin written in Python, and stream its output."""
        python = await _answer(context, lambda: _interpreter(request.info))
        environment = dict(pair.split("=", 1) for pair in request.env if "=" in pair) or dict(os.environ)
        folder = Path(request.info.program_directory)
        entry = str(folder / (request.info.entry_point or "."))
        # Policy packs run under the SDK's own runner, which takes the pack's folder as last argument.
        command = (
            ["-m", "pulumi.policy", *request.args, entry] if request.kind == "analyzer" else [entry, *request.args]
        )
        child = await self._start(
            [str(python), "-u", *command], Path(request.pwd), interpreter.child_environment(python, environment)
        )
        try:
            async for stream, chunk in _output(child):
                yield (
                    language_pb2.RunPluginResponse(stdout=chunk)
                    if stream == "stdout"
                    else language_pb2.RunPluginResponse(stderr=chunk)
                )
            yield language_pb2.RunPluginResponse(exitcode=await self._ended(child))
        finally:
            # The engine ends a plugin by ending this call.
            await self._stop(child)

    async def _start(self, command: list[str], cwd: Path, environment: dict[str, str]) -> asyncio.subprocess.Process:
        child = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._children.add(child)
        return child

    async def _ended(self, child: asyncio.subprocess.Process) -> int:
        try:
            return await child.wait()
        finally:
            if child.returncode is not None:
                self._children.discard(child)

    async def _stop(self, child: asyncio.subprocess.Process) -> None:
        if child.returncode is None:
            child.terminate()
            try:
                await asyncio.wait_for(child.wait(), _GRACE_SECONDS)
            except TimeoutError:
                child.kill()
                await child.wait()
        self._children.discard(child)


def _program_command(python: Path, request: Any, engine_address: str) -> list[str]:
    settings = {
        "monitor": request.monitor_address,
        "engine": engine_address,
        "project": request.project,
        "stack": request.stack,
        "organization": request.organization,
        "root-directory": request.info.root_directory,
        "pwd": request.pwd,
        "parallel": str(request.parallel),
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    if request.dryRun:
        options.append("--dry-run")
    entry = str(Path(request.info.program_directory) / (request.info.entry_point or "."))
    return [str(python), "-u", str(Path(program.__file__)), *options, "--", entry, *request.args]


async def _output(child: asyncio.subprocess.Process) -> AsyncIterator[tuple[str, bytes]]:
    """What a child writes, as it comes, with the name of the stream."""
    chunks: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def read(name: str, stream: asyncio.StreamReader) -> None:
        while chunk := await stream.read(_CHUNK_BYTES):
            chunks.put_nowait((name, chunk))
        chunks.put_nowait((name, b""))

    assert child.stdout is not None and child.stderr is not None
    readers = [asyncio.create_task(read("stdout", child.stdout)), asyncio.create_task(read("stderr", child.stderr))]
    try:
        open_streams = len(readers)
        while open_streams:
            name, chunk = await chunks.get()
            if chunk:
                yield name, chunk
            else:
                open_streams -= 1
    finally:
        for reader in readers:
            reader.cancel()


def _options(info: Any) -> RuntimeOptions:
    return RuntimeOptions.parse(properties_from_struct(info.options))


def _interpreter(info: Any) -> Path:
    return interpreter.find(_options(info), Path(info.root_directory or info.program_directory))


async def _answer(context: Any, work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except Exception as error:  # noqa: BLE001 - every failure becomes the call's answer
        await errors.abort(context, _NAME, error)


async def _serve(engine_address: str) -> None:
    server = grpc.aio.server(
        options=[("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", _MESSAGE_BYTES)]
    )
    host = LanguageHost(engine_address)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await server.start()
    print(port, flush=True)
    await until(ended, Engine(engine_address))
    await host.finish()
    await server.stop(grace=0)


def main() -> NoReturn:
    """Serve until the engine ends; the last argument is its address."""
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if not addresses:
        raise SystemExit("pulumi-language-python: the Pulumi engine starts this program; it takes the engine's address")
    asyncio.run(_serve(addresses[-1]))
    leave()


__all__ = ["LanguageHost", "ProviderError", "main"]

if __name__ == "__main__":
    main()
