"""A local port that leads to a pod's, over the API server's port-forward WebSocket; nothing is left running behind it.

The client library has the same, but its connections outlive it and end with a complaint on standard error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx_ws

from checks.errors import innermost

_DATA: Final = 0
_CHUNK: Final = 64 * 1024


class ForwardingError(Exception):
    """Raised when connections did not reach the pod's port; the message is the cluster's."""


@asynccontextmanager
async def forwarded(api: Any, namespace: str, pod: str, port: int) -> AsyncIterator[int]:
    """A port on 127.0.0.1 whose connections come out at the pod's port, for as long as the context lasts.

    Raises:
        ForwardingError: what failed inside the context failed because the cluster did not forward.
    """
    connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.create_task(_serve(api, namespace, pod, port, reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    except Exception as error:
        fault = _first_fault(connections)
        if fault is None:
            raise
        raise ForwardingError(f"port {port} of pod {pod} cannot be reached: {fault}") from error
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def _first_fault(connections: set[asyncio.Task[None]]) -> BaseException | None:
    """What ended a connection, other than its own end."""
    ended = (task for task in connections if task.done() and not task.cancelled())
    return next((innermost(fault) for task in ended if (fault := task.exception()) is not None), None)


async def _serve(
    api: Any, namespace: str, pod: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        async with api.open_websocket(
            version="v1", namespace=namespace, url=f"pods/{pod}/portforward", params={"ports": str(port)}
        ) as websocket:
            to_pod = asyncio.create_task(_to_pod(reader, websocket))
            from_pod = asyncio.create_task(_from_pod(websocket, writer))
            try:
                done, _ = await asyncio.wait({to_pod, from_pod}, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in (to_pod, from_pod):
                    task.cancel()
                await asyncio.gather(to_pod, from_pod, return_exceptions=True)
    finally:
        writer.close()


async def _to_pod(reader: asyncio.StreamReader, websocket: Any) -> None:
    while data := await reader.read(_CHUNK):
        await websocket.send_bytes(bytes([_DATA]) + data)


async def _from_pod(websocket: Any, writer: asyncio.StreamWriter) -> None:
    greeted: set[int] = set()
    while True:
        try:
            message = await websocket.receive_bytes()
        except httpx_ws.WebSocketDisconnect:
            return
        channel, data = message[0], message[1:]
        if channel not in greeted:
            # The first frame of each channel only repeats the port's number.
            greeted.add(channel)
        elif channel == _DATA:
            writer.write(data)
            await writer.drain()
        elif data:
            raise ForwardingError(data.decode(errors="replace").strip())
