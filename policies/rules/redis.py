"""SR-REDIS: what instances share is in Redis, whose address comes from a secret, and memory never stands in for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policies import environments
from policies.containers import (
    LAMBDA_FUNCTION,
    TASK_DEFINITION,
    Variable,
    containers,
    function_variables,
    is_named,
    sources,
    strings,
    task_containers,
    task_variables,
    variables,
    volumes_by_name,
)
from policies.kubernetes import KubernetesObject, objects, of_kinds, pod_kinds
from policies.model import Resource, Verdict
from policies.node import Node, Undetermined, guard
from policies.secret_forms import secret_form

APPLIES: Final = of_kinds({*pod_kinds(), ("", "ConfigMap")}, (TASK_DEFINITION, LAMBDA_FUNCTION))
_OFF: Final = frozenset({"", "0", "false", "no", "off", "never", "none", "disabled"})
_MEMORY: Final = frozenset({"memory", "in-memory", "in_memory", "inmemory", "mem", "local", "sync", "array", "map"})
_REDIS: Final = frozenset({"redis", "rediss", "ioredis", "bull", "bullmq"})
_DENYING: Final = ("DISABLE", "NO_", "FORBID", "REFUSE")
_EXPANSION = re.compile(r"\$\(([A-Za-z_]\w*)\)")
_CREDENTIALS = re.compile(r"://.*@", re.DOTALL)

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    "addressVariables": {
        "type": "array",
        "items": {"type": "string"},
        "default": [
            "REDIS_URL", "*_REDIS_URL", "REDIS_URI", "*_REDIS_URI", "REDIS_TLS_URL", "REDIS_DSN",
            "REDIS_CONNECTION_STRING", "REDIS_CLUSTER_URLS",
        ],
        "description": "Variables that hold Redis' whole address; * stands for anything.",
    },
    "hostVariables": {
        "type": "array",
        "items": {"type": "string"},
        "default": [
            "REDIS_HOST", "*_REDIS_HOST", "REDIS_HOSTS", "REDIS_ENDPOINT", "*_REDIS_ENDPOINT", "REDIS_NODES",
            "REDIS_CLUSTER_NODES", "REDIS_SENTINELS",
        ],
        "description": "Variables that hold only the host, beside which the password comes from a secret.",
    },
    "passwordVariables": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["REDIS_PASSWORD", "*_REDIS_PASSWORD", "REDIS_AUTH", "REDIS_AUTH_TOKEN", "*_REDIS_AUTH_TOKEN"],
        "description": "Variables that hold Redis' password.",
    },
    "fallbackSwitches": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["*MEMORY_FALLBACK*", "*FALLBACK_TO_MEMORY*", "*REDIS_FALLBACK*", "*USE_MEMORY_STORE*"],
        "description": "Switches that let memory stand in for Redis; those that begin with DISABLE or NO_ forbid it.",
    },
    "requiredSwitches": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["REDIS_REQUIRED", "REQUIRE_REDIS"],
        "description": "Switches that forbid memory to stand in for Redis.",
    },
    "storeVariables": {
        "type": "array",
        "items": {"type": "string"},
        "default": [
            "*SESSION_STORE", "*SESSION_DRIVER", "*RATE_LIMIT_STORE", "*RATE_LIMITER_STORE", "*IDEMPOTENCY_STORE",
            "*BREAKER_STORE", "*QUEUE_DRIVER", "*QUEUE_BACKEND", "*QUEUE_CONNECTION",
        ],
        "description": "Variables that choose where queues, sessions, limits or breakers are kept.",
    },
    "environment": environments.SCHEMA,
}  # fmt: skip

_VARIABLES: Final = ("addressVariables", "hostVariables", "fallbackSwitches", "requiredSwitches", "storeVariables")
_FROM_SECRET: Final = "take it from a Secret with valueFrom.secretKeyRef"
_FROM_TASK_SECRET: Final = "name it under secrets with valueFrom"
_FROM_MANAGER: Final = "keep it in Secrets Manager and let the function read it from there"
_NO_FALLBACK: Final = "write false, and let an instance without Redis be not ready instead"


@dataclass(frozen=True)
class _Process:
    """One container or function.

    Attributes:
        resource: Whose it is.
        settings: Of the rule.
        cure: How an address gets there from a secret.
        variables: Its environment.
        development: Whether it runs in development.
        injected: Names of variables that come from secrets.
        bulk: Whether further variables or files come from secrets, under names that are not told.
    """

    resource: Resource
    settings: Mapping[str, Any]
    cure: str
    variables: Sequence[Variable]
    development: bool
    bulk: bool
    injected: frozenset[str] = frozenset()

    def is_one_of(self, name: str, setting: str) -> bool:
        """Whether a variable is named in a setting."""
        return is_named(name.upper(), strings(self.settings[setting]))

    def takes(self, *named_in: str) -> bool:
        """Whether a variable named in one of the settings comes from a secret, or may."""
        return self.bulk or any(self.is_one_of(name, setting) for name in self.injected for setting in named_in)


def redis_comes_from_a_secret(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge one resource: the containers of pods, ConfigMaps, ECS task definitions, Lambda functions."""
    if resource.type == TASK_DEFINITION:
        yield from guard(resource, _task_definition(resource, settings))
    elif resource.type == LAMBDA_FUNCTION:
        yield from guard(resource, _function(resource, settings))
    for one in objects(resource):
        if (one.group, one.kind) == ("", "ConfigMap"):
            yield from guard(resource, _config_map(one, settings))
        yield from guard(resource, _pod(one, settings))


def _pod(one: KubernetesObject, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    spec = one.pod_spec
    if spec is None:
        return
    for container in containers(spec):
        yield from guard(one.resource, _container(one, spec, container, settings))


def _container(one: KubernetesObject, spec: Node, container: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    given = list(variables(container))
    if not any(is_named(item.name.upper(), strings(settings[key])) for item in given for key in _VARIABLES):
        return
    injected = frozenset(item.name for item in given if item.source["secretKeyRef"].present)
    in_bulk = any(source["secretRef"].present for source in container["envFrom"].elements())
    yield from _process(
        _Process(
            one.resource,
            settings,
            _FROM_SECRET,
            given,
            _is_development(given, environments.said_by_object(one), settings),
            in_bulk or _mounts_secret(spec, container),
            injected,
        )
    )


def _mounts_secret(spec: Node, container: Node) -> bool:
    volumes = volumes_by_name(spec)
    mounted = (volumes.get(mount["name"].text) for mount in container["volumeMounts"].elements())
    return any(_is_secret(volume) for volume in mounted if volume is not None)


def _is_secret(volume: Node) -> bool:
    found = sources(volume)
    if "projected" in found:
        return any(source["secret"].present for source in found["projected"]["sources"].elements())
    if "csi" in found:
        return found["csi"]["driver"].text.startswith("secrets-store")
    return "secret" in found


def _task_definition(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    for container in task_containers(resource):
        given = list(task_variables(container))
        injected = frozenset(item["name"].text for item in container["secrets"].elements())
        bulk = any(True for _ in container["environmentFiles"].elements())
        development = _is_development(given, (), settings)
        process = _Process(resource, settings, _FROM_TASK_SECRET, given, development, bulk, injected)
        yield from guard(resource, _process(process))


def _function(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    given = list(function_variables(resource))
    development = _is_development(given, (), settings)
    # A function fetches secrets by itself, which its declaration does not tell.
    yield from _process(_Process(resource, settings, _FROM_MANAGER, given, development, bulk=True))


def _config_map(one: KubernetesObject, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """A ConfigMap whose keys become variables is judged where it is declared."""
    given = [Variable(key, value, Node(None)) for key, value in one.node["data"].entries()]
    development = _is_development(given, environments.said_by_object(one), settings)
    yield from _process(_Process(one.resource, settings, "move it to a Secret", given, development, bulk=True))


def _is_development(given: Sequence[Variable], said: Any, settings: Mapping[str, Any]) -> bool:
    by_variables = [environments.said_by_variable(item.name, item.value) for item in given]
    return environments.is_development([*said, *by_variables], str(settings["environment"]))


def _process(process: _Process) -> Iterator[Verdict]:
    for variable in process.variables:
        yield from guard(process.resource, _variable(process, variable))


def _variable(process: _Process, variable: Variable) -> Iterator[Verdict]:
    name = variable.name
    if process.is_one_of(name, "addressVariables"):
        yield from _address(process, variable)
    elif process.is_one_of(name, "hostVariables"):
        if not process.takes("passwordVariables", "addressVariables"):
            yield from _address(process, variable)
    elif process.is_one_of(name, "requiredSwitches"):
        yield from _switch(process, variable, on=False)
    elif process.is_one_of(name, "fallbackSwitches"):
        yield from _switch(process, variable, on=not name.upper().startswith(_DENYING))
    elif process.is_one_of(name, "storeVariables"):
        yield from _store(process, variable)


def _address(process: _Process, variable: Variable) -> Iterator[Verdict]:
    if variable.source.present:
        if not variable.source["secretKeyRef"].present:
            yield Verdict(
                process.resource,
                variable.source.path,
                None,
                f"gives {variable.name} from something that is no Secret",
                process.cure,
            )
        return
    value = variable.value.text
    if not value or any(name in process.injected for name in _EXPANSION.findall(value)):
        return
    yield Verdict(
        process.resource,
        variable.value.path,
        _without_password(value),
        f"writes Redis' address out under {variable.name}, where its password cannot be kept or rotated",
        process.cure,
    )


def _without_password(address: str) -> str:
    """What may be shown of an address; without its scheme, one with an @ may hold a password anywhere before it."""
    shown = _CREDENTIALS.sub("://***@", address)
    hidden = ("@" in shown and "://***@" not in shown) or secret_form(shown) is not None
    return "[secret]" if hidden else shown


def _switch(process: _Process, variable: Variable, *, on: bool) -> Iterator[Verdict]:
    """A switch that lets memory stand in for Redis when it is on, or when it is off."""
    if process.development:
        return
    value = _written(variable)
    if (value.text.strip().lower() not in _OFF) is on:
        yield Verdict(
            process.resource,
            value.path,
            value.value,
            f"lets memory stand in for Redis ({variable.name}), so every instance has a state of its own",
            _NO_FALLBACK if on else "write true, so that an instance without Redis is not ready",
        )


def _store(process: _Process, variable: Variable) -> Iterator[Verdict]:
    if process.development:
        return
    value = _written(variable)
    chosen = value.text.strip().lower()
    if chosen in _MEMORY:
        yield Verdict(
            process.resource,
            value.path,
            value.value,
            f"keeps in memory what instances must share ({variable.name})",
            "write redis",
        )
    elif chosen in _REDIS and not _has_address(process):
        yield Verdict(
            process.resource,
            value.path,
            value.value,
            f"needs Redis ({variable.name}), and no address of it comes from a secret",
            f"give the address in REDIS_URL: {process.cure}",
        )


def _has_address(process: _Process) -> bool:
    """Whether it is told where Redis is; an address that is written out is a violation of its own."""
    told = any(
        process.is_one_of(item.name, setting)
        for item in process.variables
        for setting in ("addressVariables", "hostVariables")
    )
    return told or process.takes("addressVariables", "hostVariables")


def _written(variable: Variable) -> Node:
    if variable.source.present:
        raise Undetermined(variable.source.path, f"{variable.name} comes from elsewhere; write it where it is used")
    return variable.value
