"""The engine's protocol: the SDK's generated messages and services, loaded without the rest of the SDK.

Importing `pulumi` takes over half a second, and a plugin needs nothing of it but `pulumi.runtime.proto`. The two
parent packages are therefore present as empty namespaces while that is imported, and taken away afterwards: a later
`import pulumi` finds the real thing, with the same message classes.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import (
        engine_pb2,
        engine_pb2_grpc,
        errors_pb2,
        language_pb2,
        language_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        status_pb2,
    )
else:
    _PARENTS = ("pulumi", "pulumi.runtime")

    def _namespace(name: str, parent: ModuleType | None) -> ModuleType:
        spec = PathFinder.find_spec(name, None if parent is None else parent.__path__)
        if spec is None or spec.submodule_search_locations is None:
            raise ModuleNotFoundError(f"the Pulumi SDK for Python is not installed here: no package {name!r}")
        module = ModuleType(name)
        module.__path__ = list(spec.submodule_search_locations)
        return module

    _added = []
    if "pulumi" not in sys.modules:
        _parent = None
        for _name in _PARENTS:
            _parent = sys.modules[_name] = _namespace(_name, _parent)
            _added.append(_name)
    try:
        from pulumi.runtime.proto import (
            engine_pb2,
            engine_pb2_grpc,
            errors_pb2,
            language_pb2,
            language_pb2_grpc,
            plugin_pb2,
            provider_pb2,
            provider_pb2_grpc,
            status_pb2,
        )
    finally:
        for _name in _added:
            del sys.modules[_name]

__all__ = [
    "engine_pb2",
    "engine_pb2_grpc",
    "errors_pb2",
    "language_pb2",
    "language_pb2_grpc",
    "plugin_pb2",
    "provider_pb2",
    "provider_pb2_grpc",
    "status_pb2",
]
