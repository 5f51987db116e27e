"""Serves a `Provider` to the Pulumi engine.

The engine starts the plugin, reads the port from its first line of output and calls it over gRPC. Calls are answered
on one event loop; methods of the provider that may wait run in a pool of threads, so that cancellation is heard
meanwhile. What only computes is answered at once: handing it to a thread and back would cost more than the answer.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any, Final, TypeVar

import grpc
import grpc.aio
from google.protobuf import empty_pb2

from local.plugins import errors
from local.plugins.engine import Engine, leave, note
from local.plugins.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc
from local.plugins.provider import (
    UNKNOWN,
    ChangeKind,
    CheckFailure,
    CheckRequest,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    InitError,
    Log,
    Provider,
    ProviderError,
    ReadRequest,
    UpdateRequest,
    differences,
)
from local.plugins.values import properties_from_struct, struct_from_properties

T = TypeVar("T")

# Above any sensible `--parallel`; threads are started only as they are needed.
_THREADS = 128
_MESSAGE_BYTES = 400 * 1024 * 1024
# The engine kills a plugin five seconds after it asked it to end.
_GRACE_SECONDS = 4.0
# How long work may go on to clean up after itself when the engine was killed.
_ORPHAN_SECONDS = 120.0
_WATCH_SECONDS = 0.5
_ENGINES_OWN_KEYS = ("version", "pluginDownloadURL")

_KINDS: Final = {kind: getattr(provider_pb2.PropertyDiff, kind.name) for kind in ChangeKind}


class ProviderServicer(provider_pb2_grpc.ResourceProviderServicer):
    """The engine's calls, each handed to the provider."""

    def __init__(self, provider: Provider, engine: Engine) -> None:
        self._provider = provider
        self._engine = engine
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix=provider.name)
        self._working: set[asyncio.Future[Any]] = set()
        self.cancelled = Event()

    async def finish(self, seconds: float) -> None:
        """Cancel what is going on and wait for it."""
        self.cancelled.set()
        deadline = asyncio.get_running_loop().time() + seconds
        while self._working and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(set(self._working), timeout=left)

    async def _run(self, context: Any, work: Callable[[], T], *, waits: bool = True) -> T:
        try:
            return await self._in_thread(work) if waits else work()
        except Exception as error:  # noqa: BLE001 - every failure becomes the call's answer
            await errors.abort(context, self._provider.name, error)

    def _in_thread(self, work: Callable[[], T]) -> asyncio.Future[T]:
        running: asyncio.Future[T] = asyncio.get_running_loop().run_in_executor(self._pool, work)
        self._working.add(running)
        running.add_done_callback(self._working.discard)
        return asyncio.shield(running)

    def _log(self, urn: str) -> Log:
        return partial(self._engine.log, urn)

    # What the plugin is

    async def Handshake(self, request: Any, context: Any) -> Any:
        self._engine.attach(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse()

    async def Attach(self, request: Any, context: Any) -> Any:
        self._engine.attach(request.address)
        return empty_pb2.Empty()

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._provider.version)

    async def GetSchema(self, request: Any, context: Any) -> Any:
        schema = {"name": self._provider.name, "version": self._provider.version, "resources": {}}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    async def GetMapping(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetMappingResponse()

    async def GetMappings(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetMappingsResponse()

    async def Cancel(self, request: Any, context: Any) -> Any:
        self.cancelled.set()
        return empty_pb2.Empty()

    # Configuration

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        config = _without_engines_keys(properties_from_struct(request.news))
        failures = await self._run(context, lambda: self._provider.check_config(config))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        old = properties_from_struct(request.old_inputs)
        new = properties_from_struct(request.news)
        changes = dict(differences(_without_engines_keys(old), _without_engines_keys(new)))
        return _diff_response(DiffResult(changes))

    async def Configure(self, request: Any, context: Any) -> Any:
        config = _without_engines_keys(properties_from_struct(request.args))
        # An engine may be told of a provider that runs already, and that another engine has cancelled.
        self.cancelled = Event()
        await self._run(context, lambda: self._provider.configure(config))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    # Resources

    async def Check(self, request: Any, context: Any) -> Any:
        check = CheckRequest(
            urn=request.urn,
            type=request.type or _type(request.urn),
            name=request.name or _name(request.urn),
            old_inputs=properties_from_struct(request.olds),
            inputs=properties_from_struct(request.news),
            random_seed=request.randomSeed,
        )
        result = await self._run(context, lambda: self._provider.check(check), waits=self._provider.judges_by_asking)
        # Most are checked and left as they are: then there is nothing to write anew.
        inputs = request.news if result.inputs == check.inputs else struct_from_properties(result.inputs)
        return provider_pb2.CheckResponse(inputs=inputs, failures=_failures(result.failures))

    async def Diff(self, request: Any, context: Any) -> Any:
        diff = DiffRequest(
            urn=request.urn,
            type=request.type or _type(request.urn),
            id=request.id,
            old_outputs=properties_from_struct(request.olds),
            old_inputs=properties_from_struct(request.old_inputs),
            inputs=properties_from_struct(request.news),
            ignore_changes=tuple(request.ignoreChanges),
        )
        result = await self._run(context, lambda: self._provider.diff(diff), waits=self._provider.judges_by_asking)
        return _diff_response(result)

    async def Create(self, request: Any, context: Any) -> Any:
        create = CreateRequest(
            urn=request.urn,
            type=request.type or _type(request.urn),
            name=request.name or _name(request.urn),
            inputs=properties_from_struct(request.properties),
            preview=request.preview,
            timeout=request.timeout or None,
            log=self._log(request.urn),
            cancelled=self.cancelled,
        )
        abandoned = Event()
        try:
            result = await self._run(context, lambda: self._create(create, abandoned), waits=not create.preview)
        except asyncio.CancelledError:
            # The engine does not listen any more, so nobody will record what is being made.
            abandoned.set()
            raise
        if result.id == "" and not create.preview:
            raise AssertionError(f"{create.type}: created without an ID")
        return provider_pb2.CreateResponse(id=result.id, properties=struct_from_properties(result.outputs))

    def _create(self, request: CreateRequest, abandoned: Event) -> CreateResult:
        """Create, and take it back when the engine was killed meanwhile."""
        try:
            result = self._provider.create(request)
        except InitError as error:
            if abandoned.is_set() or self._engine.has_gone():
                self._discard(request, CreateResult(error.id, error.outputs))
            raise
        if not request.preview and (abandoned.is_set() or self._engine.has_gone()):
            self._discard(request, result)
        return result

    def _discard(self, request: CreateRequest, result: CreateResult) -> None:
        outputs = properties_from_struct(struct_from_properties(result.outputs))
        note(f"{request.urn}: the engine has gone; taking back what it cannot record")
        self._provider.discard(
            DeleteRequest(
                urn=request.urn,
                type=request.type,
                name=request.name,
                id=result.id,
                outputs=outputs,
                inputs=request.inputs,
                timeout=_ORPHAN_SECONDS,
                log=request.log,
                cancelled=Event(),
            )
        )

    async def Read(self, request: Any, context: Any) -> Any:
        read = ReadRequest(
            urn=request.urn,
            type=request.type or _type(request.urn),
            id=request.id,
            outputs=properties_from_struct(request.properties),
            inputs=properties_from_struct(request.inputs),
        )
        result = await self._run(context, lambda: self._provider.read(read))
        if result is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=result.id,
            properties=struct_from_properties(result.outputs),
            inputs=struct_from_properties(result.inputs),
        )

    async def Update(self, request: Any, context: Any) -> Any:
        update = UpdateRequest(
            urn=request.urn,
            type=request.type or _type(request.urn),
            name=request.name or _name(request.urn),
            id=request.id,
            old_outputs=properties_from_struct(request.olds),
            old_inputs=properties_from_struct(request.old_inputs),
            inputs=properties_from_struct(request.news),
            preview=request.preview,
            timeout=request.timeout or None,
            log=self._log(request.urn),
            cancelled=self.cancelled,
        )
        outputs = await self._run(context, lambda: self._provider.update(update), waits=not update.preview)
        return provider_pb2.UpdateResponse(properties=struct_from_properties(outputs))

    async def Delete(self, request: Any, context: Any) -> Any:
        delete = DeleteRequest(
            urn=request.urn,
            type=request.type or _type(request.urn),
            name=request.name or _name(request.urn),
            id=request.id,
            outputs=properties_from_struct(request.properties),
            inputs=properties_from_struct(request.old_inputs),
            timeout=request.timeout or None,
            log=self._log(request.urn),
            cancelled=self.cancelled,
        )
        await self._run(context, lambda: self._provider.delete(delete))
        return empty_pb2.Empty()

    async def Invoke(self, request: Any, context: Any) -> Any:
        args = properties_from_struct(request.args)
        result = await self._run(context, lambda: self._provider.invoke(request.tok, args))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(struct_from_properties(result))  # "return" is a keyword
        return response


def serve(provider: Provider) -> None:
    """Serve until the engine asks to end (SIGINT or SIGTERM) or is gone. Called by the plugin's `__main__`."""
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    engine = Engine(addresses[-1] if addresses else None)
    asyncio.run(_serve(provider, engine))
    leave()


async def _serve(provider: Provider, engine: Engine) -> None:
    server = grpc.aio.server(
        options=[("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", _MESSAGE_BYTES)]
    )
    servicer = ProviderServicer(provider, engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await server.start()
    print(port, flush=True)
    orphaned = await until(ended, engine)
    await servicer.finish(_ORPHAN_SECONDS if orphaned else _GRACE_SECONDS)
    await server.stop(grace=0)


async def until(ended: asyncio.Event, engine: Engine) -> bool:
    """Wait for the end; True when it is because the engine has gone."""
    while not engine.has_gone():
        try:
            await asyncio.wait_for(ended.wait(), _WATCH_SECONDS)
        except TimeoutError:
            continue
        return False
    return True


def _diff_response(result: DiffResult) -> Any:
    replaces = [path for path, kind in result.changes.items() if kind.replaces]
    response = provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if result.changes else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({_top(path) for path in result.changes}),
        replaces=replaces,
        deleteBeforeReplace=result.delete_before_replace,
        hasDetailedDiff=True,
    )
    for path, kind in result.changes.items():
        response.detailedDiff[path].kind = _KINDS[kind]
        response.detailedDiff[path].inputDiff = True
    return response


def _failures(failures: list[CheckFailure]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=failure.property, reason=failure.reason) for failure in failures]


def _without_engines_keys(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in _ENGINES_OWN_KEYS}


def _top(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]


def _type(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


__all__ = ["UNKNOWN", "ProviderError", "ProviderServicer", "serve"]
