"""What the rules read of containers: their variables, the words they are started with, the volumes they mount."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

from policies.model import Resource
from policies.node import Node, Undetermined

TASK_DEFINITION: Final = "aws:ecs/taskDefinition:TaskDefinition"
LAMBDA_FUNCTION: Final = "aws:lambda/function:Function"

_CONTAINER_LISTS: Final = ("initContainers", "containers", "ephemeralContainers")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS: Final = ("postStart", "preStop")


@dataclass(frozen=True)
class Variable:
    """One variable of a process's environment.

    Attributes:
        name: Its name.
        value: The value written out; not present where it comes from elsewhere.
        source: Kubernetes' `valueFrom`; not present where the value is written out.
    """

    name: str
    value: Node
    source: Node


def containers(spec: Node) -> Iterator[Node]:
    """All containers of a pod specification, init and ephemeral ones too."""
    for field in _CONTAINER_LISTS:
        yield from spec[field].elements()


def is_sidecar(container: Node) -> bool:
    """Whether an init container runs beside the others (Kubernetes, Sidecar Containers)."""
    return container["restartPolicy"].text == "Always"


def variables(container: Node) -> Iterator[Variable]:
    """The variables of a Kubernetes container, in their order."""
    for entry in container["env"].elements():
        yield Variable(entry["name"].text, entry["value"], entry["valueFrom"])


def task_variables(container: Node) -> Iterator[Variable]:
    """The variables of an ECS container definition; what it lists under `secrets` is not written out."""
    for entry in container["environment"].elements():
        yield Variable(entry["name"].text, entry["value"], Node(None))


def function_variables(resource: Resource) -> Iterator[Variable]:
    """The variables of a Lambda function."""
    for name, value in Node(resource.properties).at("environment", "variables").entries():
        yield Variable(name, value, Node(None))


def task_containers(resource: Resource) -> Iterator[Node]:
    """The container definitions of an ECS task definition, read from their JSON.

    Raises:
        Undetermined: when the JSON is unknown or no list of definitions.
    """
    given = Node(resource.properties)["containerDefinitions"]
    value = given.value
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Undetermined(given.path, "it is no JSON") from None
    yield from Node(value, given.path).elements()


def command_lines(container: Node) -> Iterator[list[Node]]:
    """The lists of words that a container runs: its command with arguments, its probes and its hooks."""
    yield [*_words(container["command"]), *_words(container["args"])]
    for handler in _handlers(container):
        yield list(_words(handler.at("exec", "command")))


def task_command_lines(container: Node) -> Iterator[list[Node]]:
    """As `command_lines`, of an ECS container definition."""
    yield [*_words(container["entryPoint"]), *_words(container["command"])]
    yield list(_words(container.at("healthCheck", "command")))


def headers(container: Node) -> Iterator[tuple[str, Node]]:
    """Name and value of the HTTP headers that the kubelet sends to a container."""
    for handler in _handlers(container):
        for header in handler.at("httpGet", "httpHeaders").elements():
            yield header["name"].text, header["value"]


def _handlers(container: Node) -> Iterator[Node]:
    """What the kubelet does to a container besides starting it."""
    for handler in (container[probe] for probe in _PROBES):
        if handler.present:
            yield handler
    if container["lifecycle"].present:
        yield from (container["lifecycle"][hook] for hook in _HOOKS)


def _words(node: Node) -> Iterator[Node]:
    if isinstance(node.value, str):
        yield node
    else:
        yield from node.elements()


def volumes_by_name(spec: Node) -> Mapping[str, Node]:
    """The volumes of a pod specification."""
    return {volume["name"].text: volume for volume in spec["volumes"].elements()}


def sources(volume: Node) -> dict[str, Node]:
    """What is set on a volume, among it the kind of its source; what is unknown too."""
    return {key: node for key, node in volume.entries() if node.unknown or node.present}


def strings(value: Any) -> tuple[str, ...]:
    """The texts of a configured list; none where something else was given."""
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()


@lru_cache(maxsize=8192)
def is_named(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of the patterns means a name; `*` stands for anything. Few names make up most of a stack."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
