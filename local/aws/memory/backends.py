"""moto's backends: which there are, which a request touched, and how they are taken out and put back."""

from __future__ import annotations

import functools
import importlib
import pickle
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.transit_gateway_attachments import TransitGatewayAttachmentBackend
from moto.ec2.models.vpc_peering_connections import VPCPeeringConnectionBackend
from moto.ec2.models.vpcs import VPC, VPCBackend

from local.aws.memory.pickling import Reducer

Service = BackendDict[Any]
"""A service's backends of all accounts and regions."""

_MODULE_STATE = {"moto.ec2.models.ec2_backends": (("moto.ec2.models.vpcs", "DEFAULT_VPC_ENDPOINT_SERVICES"),)}
"""Dictionaries of moto's modules that belong to a service's state: answers that are made once, with random IDs."""

_REGISTRIES: tuple[Mapping[type, set[Any]], ...] = (
    VPCBackend.vpc_refs,
    TransitGatewayAttachmentBackend.backend_refs,
    VPCPeeringConnectionBackend.vpc_pcx_refs,
)
"""Where EC2's backends enter themselves when they are made."""

_CONSTRUCTION = frozenset(vars(BackendDict(BaseBackend, "")))
"""Attributes that every `BackendDict` is constructed with; others are state."""

_EC2_GETTERS: dict[type, str] = {
    SecurityGroup: "get_security_group_from_id",
    Subnet: "get_subnet",
    VPC: "get_vpc",
}
"""Resources of EC2 that other services hold, and how EC2's backend finds them."""

EC2 = "moto.ec2.models.ec2_backends"
"""To be put back before all others."""

_local = threading.local()

_bare: dict[tuple[str, str, str], Any] = {}
"""Backends that something restored refers to and that are not filled yet."""


def watch() -> None:
    """Note from now on which services each thread asks for. Calling it again changes nothing."""
    if getattr(BackendDict.__getitem__, "_watched", False):
        return
    ask = BackendDict.__getitem__

    @functools.wraps(ask)
    def noting(self: Service, account: str) -> AccountSpecificBackend[Any]:
        touched: set[Service] | None = getattr(_local, "touched", None)
        if touched is not None:
            touched.add(self)
        return ask(self, account)

    noting._watched = True  # type: ignore[attr-defined]
    BackendDict.__getitem__ = noting  # type: ignore[method-assign]


@contextmanager
def touching() -> Iterator[set[Service]]:
    """Collect the services that this thread asks for meanwhile: whatever it changes is among them."""
    before = getattr(_local, "touched", None)
    touched: set[Service] = set()
    _local.touched = touched
    try:
        yield touched
    finally:
        _local.touched = before


def used() -> list[Service]:
    """Every service that was asked for since this process began."""
    instances: list[Service] = BackendDict._instances  # type: ignore[misc]
    return list(instances)


@functools.cache
def name_of(service: Service) -> str:
    """Where moto keeps the service's backends: `moto.ec2.models.ec2_backends`."""
    module = next(cls.__module__ for cls in service.backend.__mro__ if cls.__module__.startswith("moto."))
    for package in (module, module.rpartition(".")[0]):
        for name, value in vars(importlib.import_module(package)).items():
            if value is service:
                return f"{package}.{name}"
    raise LookupError(f"moto's {service.service_name} is not where it was")


def capture(service: Service) -> dict[str, Any]:
    """What the service holds, to be pickled with `reducers`."""
    return {
        "backends": {(account, region): vars(backend) for account, region, backend in list(service.iter_backends())},
        "extras": {name: value for name, value in vars(service).items() if name not in _CONSTRUCTION},
        "modules": [dict(_attribute(*where)) for where in _MODULE_STATE.get(name_of(service), ())],
    }


def put_back(name: str, state: Mapping[str, Any]) -> None:
    """Let a service hold what `capture` took."""
    service = _service(name)
    for (account, region), members in state["backends"].items():
        vars(backend(name, account, region)).update(members)
        _bare.pop((name, account, region), None)
    vars(service).update(state["extras"])
    for where, kept in zip(_MODULE_STATE.get(name, ()), state["modules"], strict=True):
        _attribute(*where).update(kept)


def complete() -> None:
    """After the last service was put back: build what was named and not kept, and enter EC2's backends."""
    while _bare:
        (_, account, region), bare = _bare.popitem()
        bare.__init__(region, account)
    for _, _, each in ec2_backends.iter_backends():
        for registry in _REGISTRIES:
            registry[type(each)].add(weakref.ref(each))


def reducers(holder: Service) -> dict[type, Reducer]:
    """Forms of what a service only refers to: backends wherever they are met, and EC2's resources outside EC2.

    Args:
        holder: The service whose state is to be pickled.
    """
    found: dict[type, Reducer] = {} if holder is ec2_backends else dict.fromkeys(_EC2_GETTERS, _reduce_ec2)
    for service in used():
        name = name_of(service)
        for _, _, each in list(service.iter_backends()):
            found[type(each)] = functools.partial(_reduce_backend, name)
    return found


def backend(name: str, account: str, region: str) -> Any:
    """The backend of that name; a bare one, to be filled, if it was not made yet."""
    service = _service(name)
    regions = service[account]
    if not dict.__contains__(regions, region):
        _bare[name, account, region] = bare = object.__new__(service.backend)
        dict.__setitem__(regions, region, bare)
    return dict.__getitem__(regions, region)


def _reduce_backend(name: str, one: BaseBackend) -> tuple[Any, ...]:
    return backend, (name, one.account_id, one.region_name)


def ec2_resource(account: str, region: str, getter: str, identifier: str) -> Any:
    """EC2's resource that another service refers to; EC2 has been put back already."""
    return getattr(ec2_backends[account][region], getter)(identifier)


def _reduce_ec2(one: Any) -> Any:
    where = (one.ec2_backend.account_id, one.ec2_backend.region_name, _EC2_GETTERS[type(one)], one.id)
    try:
        found = ec2_resource(*where)
    except ServiceException:
        found = None
    # One that EC2 has no more is the holder's own.
    return (ec2_resource, where) if found is one else one.__reduce_ex__(pickle.HIGHEST_PROTOCOL)


def _service(name: str) -> Service:
    found = _attribute(*name.rsplit(".", 1))
    assert isinstance(found, BackendDict), name
    return found


def _attribute(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)
