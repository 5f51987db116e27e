"""SR-SECRET: no secret is written out where everybody may read it who can read the object.

A value is a secret when the program marks it so, when its name says so, or when it has the form of one. No verdict
carries the value.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from policies.containers import (
    LAMBDA_FUNCTION,
    TASK_DEFINITION,
    Variable,
    command_lines,
    containers,
    function_variables,
    headers,
    strings,
    task_command_lines,
    task_containers,
    task_variables,
    variables,
)
from policies.kubernetes import KubernetesObject, objects
from policies.model import Resource, Status, Verdict
from policies.node import Node, guard
from policies.secret_forms import secret_form
from policies.secret_names import hints_at_secret, is_literal, names_secret
from policies.secret_texts import assignments, options

STACK: Final = "pulumi:pulumi:Stack"
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
# What a Secret may say openly: who, and where; the rest was put there to be kept.
_OPEN_KEYS: Final = frozenset(
    {"user", "username", "login", "host", "hostname", "port", "database", "dbname", "engine", "region", "ca.crt",
     "tls.crt", "namespace", "name", "type", "url"}
)  # fmt: skip

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    "secretNames": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "Further names whose values are secrets; * stands for anything.",
    },
    "harmlessNames": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "Names that sound like a secret and hold none; * stands for anything.",
    },
}

_OPEN: Final = "written out for everybody to read"
_MARKED: Final = f"is a secret of the program, {_OPEN}"
_IN_POD: Final = "take it from a Secret with valueFrom.secretKeyRef, or mount it as a file"
_IN_TASK: Final = "name the secret under secrets with valueFrom, so that ECS injects it"
_IN_FUNCTION: Final = "keep it in Secrets Manager and let the function read it from there"
_IN_CONFIG: Final = "move it to a Secret and keep the rest here"
_IN_COMMAND: Final = "let the process read it from a variable or a file that a Secret provides"
_IN_ANNOTATION: Final = "remove it, and keep it in a Secret"
_IN_OUTPUT: Final = "export where it is kept, such as its ARN, or mark it with Output.secret"
_IN_SECRET: Final = (
    "keep the value out of the file: let an operator (External Secrets, Sealed Secrets) or encrypted configuration of "
    "the program bring it"
)


@dataclass(frozen=True)
class _Place:
    """Where values are looked at.

    Attributes:
        resource: Whose they are.
        settings: Of the rule.
        cure: What to do instead.
    """

    resource: Resource
    settings: Mapping[str, Any]
    cure: str

    @property
    def more(self) -> tuple[str, ...]:
        """Further names of secrets."""
        return strings(self.settings["secretNames"])

    @property
    def harmless(self) -> tuple[str, ...]:
        """Names of what is no secret."""
        return strings(self.settings["harmlessNames"])

    def says_secret(self, name: str, value: str) -> bool:
        """Whether a name, together with its value, says that the value is a secret."""
        if names_secret(name, self.more, self.harmless):
            return is_literal(value)
        return hints_at_secret(name, value, self.harmless)

    def verdict(self, node: Node, problem: str) -> Verdict:
        """A violation that does not carry the value."""
        return Verdict(self.resource, node.path, None, problem, self.cure)


def no_literal_secrets(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge one resource: pods, ConfigMaps, Secrets, annotations, ECS task definitions, Lambda functions."""
    if resource.type == TASK_DEFINITION:
        yield from guard(resource, _task_definition(resource, settings))
    elif resource.type == LAMBDA_FUNCTION:
        place = _Place(resource, settings, _IN_FUNCTION)
        yield from guard(resource, _variables(place, function_variables(resource)))
    for one in objects(resource):
        yield from guard(resource, _annotations(_Place(resource, settings, _IN_ANNOTATION), one.node["metadata"]))
        if (one.group, one.kind) == ("", "ConfigMap"):
            yield from guard(resource, _config_map(_Place(resource, settings, _IN_CONFIG), one.node))
        elif (one.group, one.kind) == ("", "Secret"):
            yield from guard(resource, _secret(_Place(resource, settings, _IN_SECRET), one.node))
        yield from guard(resource, _pod(one, settings))


def no_literal_outputs(resources: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge the stack's outputs, which are only known between resources, when the program has ended."""
    for resource in resources:
        if resource.type == STACK:
            place = _Place(resource, settings, _IN_OUTPUT)
            found = [
                verdict
                for name, node in Node(resource.properties).entries()
                for verdict in guard(resource, _output(place, name, node))
            ]
            yield from (one for one in found if one.status is not Status.UNDETERMINED)
            yield from _together([one for one in found if one.status is Status.UNDETERMINED])


def _together(unknown: Sequence[Verdict]) -> Iterator[Verdict]:
    """One verdict for all outputs that are not known yet: in a first preview that is most of them."""
    for reason in dict.fromkeys(verdict.problem for verdict in unknown):
        first, *others = [verdict for verdict in unknown if verdict.problem == reason]
        more = f" and {len(others)} more output{'s' if others[1:] else ''}" if others else ""
        yield replace(first, path=f"{first.path}{more}")


def _output(place: _Place, name: str, node: Node) -> Iterator[Verdict]:
    if place.resource.is_secret(node.path):
        return
    if isinstance(node.value, Mapping):
        for key, child in node.entries():
            yield from guard(place.resource, _output(place, key, child))
    elif isinstance(node.value, (list, tuple)):
        for child in node.elements():
            yield from guard(place.resource, _output(place, name, child))
    else:
        yield from _named(place, name, node)


def _pod(one: KubernetesObject, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    spec = one.pod_spec
    if spec is None:
        return
    if one.pod_metadata.path != one.node["metadata"].path:
        place = _Place(one.resource, settings, _IN_ANNOTATION)
        yield from guard(one.resource, _annotations(place, one.pod_metadata))
    for container in containers(spec):
        yield from guard(one.resource, _variables(_Place(one.resource, settings, _IN_POD), variables(container)))
        place = _Place(one.resource, settings, _IN_COMMAND)
        for line in command_lines(container):
            yield from guard(one.resource, _command(place, line))
        for name, value in headers(container):
            yield from guard(one.resource, _named(place, name, value))


def _task_definition(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    for container in task_containers(resource):
        yield from guard(resource, _variables(_Place(resource, settings, _IN_TASK), task_variables(container)))
        for line in task_command_lines(container):
            yield from guard(resource, _command(_Place(resource, settings, _IN_COMMAND), line))


def _variables(place: _Place, given: Iterator[Variable]) -> Iterator[Verdict]:
    for variable in given:
        yield from guard(place.resource, _named(place, variable.name, variable.value))


def _named(place: _Place, name: str, node: Node) -> Iterator[Verdict]:
    """One value under a name; as a text it may hold names and values in turn."""
    if node.path in place.resource.secrets:
        yield place.verdict(node, _MARKED)
    elif place.says_secret(name, node.text):
        yield place.verdict(node, f'is a secret {_OPEN}, as its name "{name}" says')
    else:
        yield from _text(place, node, node.text, name)


def _text(place: _Place, node: Node, text: str, file: str) -> Iterator[Verdict]:
    lines = text.splitlines()
    named: dict[int, str] = {}
    for found in assignments(text, file):
        if place.says_secret(found.name, found.value):
            named.setdefault(found.line, found.name)
    for number, line in enumerate(lines, 1):
        where = f" in line {number}" if len(lines) > 1 else ""
        form = secret_form(line)
        if form is not None:
            yield place.verdict(node, f"holds {form}{where}, {_OPEN}")
        elif number in named:
            yield place.verdict(node, f'holds a secret{where}, {_OPEN}, as its name "{named[number]}" says')


def _config_map(place: _Place, node: Node) -> Iterator[Verdict]:
    for key, value in node["data"].entries():
        yield from guard(place.resource, _named(place, key, value))
    for key, value in node["binaryData"].entries():
        yield from guard(place.resource, _binary(place, key, value))


def _binary(place: _Place, key: str, node: Node) -> Iterator[Verdict]:
    yield from _text(place, node, _decoded(node.text), key)


def _secret(place: _Place, node: Node) -> Iterator[Verdict]:
    """A Secret of a file. What the engine marks is encrypted; what it does not know yet came from another resource."""
    for field in ("data", "stringData"):
        content = node[field]
        if content.unknown:
            continue
        for key, value in content.entries():
            if value.unknown or place.resource.is_secret(value.path) or key.lower() in _OPEN_KEYS:
                continue
            text = _decoded(value.text) if field == "data" else value.text
            if is_literal(text) and text.strip() != "{}":
                yield place.verdict(value, "is the value of a Secret, written out where the manifest is kept")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode(errors="replace")
    except ValueError:
        return text


def _annotations(place: _Place, metadata: Node) -> Iterator[Verdict]:
    for key, value in metadata["annotations"].entries():
        if key != _LAST_APPLIED:
            yield from guard(place.resource, _annotation(place, key.rpartition("/")[2], value))


def _annotation(place: _Place, name: str, node: Node) -> Iterator[Verdict]:
    """By Kubernetes' custom, an annotation that ends in `secret` names a Secret."""
    if name.lower().endswith("secret"):
        yield from _text(place, node, node.text, name)
    else:
        yield from _named(place, name, node)


def _command(place: _Place, line: Sequence[Node]) -> Iterator[Verdict]:
    """The words of a command line: each by itself, then each as the value of the option before it."""
    texts: list[str] = []
    accused: set[int] = set()
    for index, node in enumerate(line):
        found = list(guard(place.resource, _word(place, node)))
        accused.update([index] if found else [])
        texts.append("" if node.unknown else node.text)
        yield from found
    for index, name, value in options(texts):
        if index not in accused and place.says_secret(name, value):
            accused.add(index)
            yield place.verdict(line[index], f'holds a secret, {_OPEN}, as its name "{name}" says')


def _word(place: _Place, node: Node) -> Iterator[Verdict]:
    if node.path in place.resource.secrets:
        yield place.verdict(node, _MARKED)
    else:
        form = secret_form(node.text)
        if form is not None:
            yield place.verdict(node, f"holds {form}, {_OPEN}")
