"""What the local platform does with what the stacks declare: asked of the endpoint and written as a page.

`python -m tests.unit.validation.fidelity` writes docs/local-fidelity.md; `make docs` does so too.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from local.aws import without_servers
from local.aws.fidelity import TYPES
from local.aws.fidelity.kubernetes import WITHOUT_EFFECT
from local.aws.fidelity.model import Type
from local.paths import Paths
from local.plugins.aws import requests
from local.plugins.aws.api import Api, ApiError, Clients
from local.plugins.aws.configuration import settings
from local.plugins.aws.declaration import Create
from local.plugins.aws.provider import AwsProvider
from local.plugins.aws.types import TYPES as DECLARED
from local.plugins.provider import CheckRequest, ProviderError, Severity
from tests.fixtures.aws import on_loopback
from tests.unit.components.conftest import Registered
from tests.unit.validation.stacks import STACKS, aws_resources, recording, region_of

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "local-fidelity.md"
_REFUSED = "UnsupportedOperation"
_MARK = "0" * 32
_NAMING = ("Name", "Arn", "Arns", "Id", "Ids", "Identifier")
_LONGEST_VALUE = 32


@dataclass(frozen=True, order=True)
class Refusal:
    """What the endpoint refuses of what stacks declare.

    Attributes:
        words: What it says.
        stacks: Those that declare it.
    """

    token: str
    words: str
    stacks: tuple[str, ...]


def paths(value: Any, path: str = "") -> Iterator[str]:
    """The innermost properties of a resource's inputs; items of a list count as one, what is free to name as one."""
    inner = list(value) if isinstance(value, list) else [value]
    nested = [each for each in inner if isinstance(each, dict) and each]
    if not nested or path.rpartition(".")[2] in ("tags", "dimensions", "recoveryPointTags"):
        yield path
        return
    for each in nested:
        for name, below in each.items():
            yield from paths(below, f"{path}.{name}" if path else name)


@cache
def declared() -> Mapping[str, frozenset[str]]:
    """Every property that a stack declares, by type."""
    found: dict[str, set[str]] = defaultdict(set)
    for stack in STACKS:
        for resource in aws_resources(stack):
            found[resource.type].update(paths(resource.inputs))
    return {token: frozenset(found[token]) for token in sorted(found)}


@cache
def kinds() -> tuple[str, ...]:
    """Every Kubernetes kind that a stack declares."""
    found = {
        each.type for stack in STACKS for each in recording(stack).resources if each.type.startswith("kubernetes:")
    }
    return tuple(sorted(kind.removeprefix("kubernetes:") for kind in found))


def refusals(provider: AwsProvider) -> tuple[Refusal, ...]:
    """What the endpoint refuses: each resource of every stack is asked for, those alike but for their names once.

    Args:
        provider: The local plugin, not configured.
    """
    alike: dict[str, list[tuple[str, Registered]]] = defaultdict(list)
    for stack in STACKS:
        for resource in aws_resources(stack):
            inputs = json.dumps(_without_names(resource.inputs), sort_keys=True)
            alike[f"{resource.type} {inputs}"].append((stack, resource))
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    with on_loopback(without_servers()) as endpoint:
        asker = _Asker(provider, endpoint)
        for declaring in alike.values():
            stack, resource = declaring[0]
            words = asker.ask(resource, region_of(stack, resource))
            if words is not None:
                found[resource.type, words].update(name for name, _ in declaring)
    return tuple(sorted(Refusal(token, words, tuple(sorted(each))) for (token, words), each in found.items()))


def _without_names(value: Any) -> Any:
    """Inputs without what is only a name: texts that are long or stand where names do."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key not in ("tags", "dimensions", "description", "name")}
        return {key: "" if key.endswith(_NAMING) else _without_names(each) for key, each in kept.items()}
    if isinstance(value, list):
        return [_without_names(each) for each in value]
    return value if not isinstance(value, str) or len(value) <= _LONGEST_VALUE else ""


class _Asker:
    """Asks an endpoint to make resources."""

    def __init__(self, provider: AwsProvider, endpoint: str) -> None:
        self._provider = provider
        services = {declared.service: endpoint for declared in DECLARED.values()}
        config = {"accessKey": "test", "secretKey": "test", "region": "eu-west-1", "s3UsePathStyle": True}
        self._clients = Clients(settings({**config, "maxRetries": 1, "endpoints": [services]}, {}))

    def ask(self, resource: Registered, region: str) -> str | None:
        """What the endpoint says if it refuses; None if it does not, or cannot say for something else is missing."""
        urn = f"urn:pulumi:stack::project::{resource.type}::{resource.name}"
        checked = self._provider.check(CheckRequest(urn, resource.type, resource.name, {}, resource.inputs, b"seed"))
        if checked.failures:
            return None
        made = DECLARED[resource.type]
        api = Api(self._clients, made.service, region, _silent, threading.Event(), math.inf)
        try:
            if isinstance(made.create, Create):
                id = requests.create(made, made.create, api, checked.inputs, _MARK)
            else:
                id = made.create(api, checked.inputs, _MARK)
            if made.finish:
                made.finish(api, id, checked.inputs)
        except ApiError as error:
            return _words(str(error)) if error.code == _REFUSED else None
        except ProviderError:
            return None
        return None


def _words(error: str) -> str:
    """What the endpoint said, without the operation and the code."""
    return error.partition(": ")[2].removesuffix(f" ({_REFUSED})")


def _silent(message: str, severity: Severity = "info", ephemeral: bool = False) -> None:
    """Nobody waits for progress."""


def page(provider: AwsProvider) -> str:
    """docs/local-fidelity.md, as the local plugin makes it ask."""
    rows = [row for each in TYPES for row in each.rows()]
    acting = sum(row.acts for row in rows)
    lines = [
        "# What the local platform does with each property",
        "<!-- Written by `make docs` from local/aws/fidelity and from what the endpoint answers: change it there. -->",
        "",
        "Every property of every AWS resource that a delivered stack declares, and of one stack that turns every knob:",
        "",
        "- **acts**: it has the effect that it has on AWS, or is refused with a value for which it would not; the test",
        "  named beside it shows that;",
        "- **recorded**: it is taken and told back, so that drift shows, and has no effect here.",
        "",
        f"{acting} rows act, {len(rows) - acting} are recorded, of {len(TYPES)} types. A row stands for everything",
        "inside the property that has no row of its own. What the words mean, and where servers differ from AWS's:",
        "[the local AWS endpoint](local-aws.md).",
        "",
        "## Refused",
        "Asked for what the stacks declare, the endpoint says no to these. With other values the same properties do",
        "what the tables say; `groundwork rehearse` replaces them, and says so.",
        "",
        *_refused(provider),
        "",
        "## Kubernetes",
        "A real API server, real controllers and real nodes act on every object. Of the kinds that the stacks use:",
        "",
        "| kind | |",
        "|---|---|",
        *(f"| `{kind}` | {WITHOUT_EFFECT.get(kind, 'acts')} |" for kind in kinds()),
    ]
    for each in TYPES:
        lines += ["", f"## `{each.token}`", "| property | | |", "|---|---|---|", *_table(each)]
    return "\n".join(lines) + "\n"


def _refused(provider: AwsProvider) -> list[str]:
    found = refusals(provider)
    if not found:
        return ["Nothing."]
    rows = [f"| `{each.token.rpartition(':')[2]}` | {each.words} | {', '.join(each.stacks)} |" for each in found]
    return ["| type | what it says | declared by |", "|---|---|---|", *rows]


def _table(each: Type) -> list[str]:
    return [
        f"| `{row.path}` | acts | `{row.test.removeprefix('tests/')}` |"
        if row.acts
        else f"| `{row.path}` | recorded | {row.reason} |"
        for row in each.rows()
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        unconfigured = AwsProvider({}, Paths(cache=Path(folder) / "schema", state=Path(folder) / "none"))
        PAGE.write_text(page(unconfigured), encoding="utf-8")
    sys.exit(0)
