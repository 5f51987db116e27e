"""How failures travel to the engine."""

from __future__ import annotations

import traceback
from typing import Any, NoReturn

import grpc

from local.plugins.engine import note
from local.plugins.protocol import provider_pb2, status_pb2
from local.plugins.provider import InitError, ProviderError
from local.plugins.values import struct_from_properties


async def abort(context: Any, plugin: str, error: Exception) -> NoReturn:
    """End a call with the error: a `ProviderError` as it is, anything else as a fault of the plugin.

    The traceback of a fault goes to standard error, which the engine keeps in its debug log.
    """
    if isinstance(error, InitError):
        await context.abort(
            grpc.StatusCode.FAILED_PRECONDITION,
            str(error),
            trailing_metadata=(("grpc-status-details-bin", _init_failed(error).SerializeToString()),),
        )
    if isinstance(error, ProviderError):
        # A code by which the engine knows that nothing is in doubt.
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    note("".join(traceback.format_exception(error)))
    await context.abort(
        grpc.StatusCode.UNKNOWN,
        f"fault in the {plugin} stand-in plugin: {type(error).__name__}: {error} (run with --debug for its traceback)",
    )
    raise AssertionError("abort returned")


def _init_failed(error: InitError) -> status_pb2.Status:
    status = status_pb2.Status(code=grpc.StatusCode.FAILED_PRECONDITION.value[0], message=str(error))
    detail = provider_pb2.ErrorResourceInitFailed(id=error.id, reasons=error.reasons)
    detail.properties.CopyFrom(struct_from_properties(error.outputs))
    status.details.add().Pack(detail)
    return status
