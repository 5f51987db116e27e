"""Whether something runs in development: only if something says so, and nothing says otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from policies.kubernetes import KubernetesObject
from policies.node import Node
from policies.secret_names import words

_DEVELOPMENT: Final = frozenset({"dev", "develop", "development", "local", "test", "testing", "ci", "sandbox"})
_PRODUCTION: Final = frozenset({"prod", "production", "live", "staging", "stage", "preprod", "uat"})
_LABELS: Final = ("environment", "env", "stage", "app.kubernetes.io/environment", "app.kubernetes.io/env")
_VARIABLES: Final = frozenset(
    {"NODE_ENV", "APP_ENV", "ENVIRONMENT", "ENV", "MIX_ENV", "RAILS_ENV", "RACK_ENV", "FLASK_ENV", "DJANGO_ENV",
     "GO_ENV", "DEPLOY_ENV", "DEPLOYMENT_ENVIRONMENT", "ASPNETCORE_ENVIRONMENT", "SPRING_PROFILES_ACTIVE"}
)  # fmt: skip

SCHEMA: Final[Mapping[str, Any]] = {
    "type": "string",
    "enum": ["", "development", "production"],
    "default": "",
    "description": "Which environment the stack is; empty: told by namespaces, labels and variables such as NODE_ENV.",
}


def is_development(said: Iterable[str], setting: str) -> bool:
    """Whether what was said of an environment means development.

    Args:
        said: Names of environments, from wherever they were said.
        setting: The rule's configuration, which alone decides if it is not empty.
    """
    if setting:
        return setting == "development"
    found = {word for text in said for word in words(text)}
    return bool(found & _DEVELOPMENT) and not found & _PRODUCTION


def said_by_object(one: KubernetesObject) -> Iterator[str]:
    """What an object's namespace and labels, and those of its pods, say; nothing where they are unknown."""
    yield _known(one.node.at("metadata", "namespace"))
    for metadata in (one.node["metadata"], one.pod_metadata):
        for label in _LABELS:
            yield _known(metadata.at("labels", label))


def said_by_variable(name: str, value: Node) -> str:
    """What a variable says; nothing if it is about something else, or unknown."""
    return _known(value) if name in _VARIABLES else ""


def _known(node: Node) -> str:
    return "" if node.unknown else node.text
