"""The JSON schema of stack files and bases, for editors: `python -m components.settings.schema` prints it.

It knows keys, types, ranges, meanings and defaults. Combinations, and what is missing, only a run can tell: any file
may be a part, on top of a base or below a stack. So nothing is required here, and null, which takes away what a base
says, may stand everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from components.settings.base import NAME_PATTERN
from components.settings.model import Settings
from components.settings.overlay import KEY
from components.settings.problems import NAMESPACE
from components.settings.workloads import ENCRYPTED

_DIALECT = "http://json-schema.org/draft-07/schema#"
"""The newest one that the editors' YAML servers know in full."""
_OTHER_NAMESPACES = rf"^(?!{NAMESPACE}:)[A-Za-z][A-Za-z0-9_-]*:.+$"
_BASE = {
    "type": "string",
    "pattern": NAME_PATTERN,
    "description": "Name of what this stack is based on: base/<name>.yaml. Maps merge, lists and single values "
    "replace, null takes away.",
}
_ENCRYPTED = {
    "description": "Encrypted: written by `pulumi config set --secret --path`.",
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}
_ENGINE_KEYS = {
    "encryptionsalt": "Written by the engine: salt of the passphrase that values are encrypted with.",
    "encryptedkey": "Written by the engine: the key that values are encrypted with, itself encrypted.",
    "secretsprovider": "Written by the engine: who encrypts values.",
}


def document() -> dict[str, Any]:
    """The schema, as plain data."""
    raw = Settings.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
    own = {
        f"{NAMESPACE}:{name}": _setting(each, raw.get("required", ()), name) for name, each in raw["properties"].items()
    }
    return {
        "$schema": _DIALECT,
        "title": "A stack of groundwork, or a base of stacks",
        "type": "object",
        "required": ["config"],
        "additionalProperties": False,
        "properties": {
            "config": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    f"{NAMESPACE}:{KEY}": _BASE,
                    **own,
                    "aws:region": {"type": "string", "description": "Region that the stack is deployed to. Required."},
                },
                "patternProperties": {_OTHER_NAMESPACES: {"description": "Configuration of a provider."}},
            },
            **{key: {"type": "string", "description": meaning} for key, meaning in _ENGINE_KEYS.items()},
        },
        "definitions": {"Encrypted": _ENCRYPTED, **{key: _tidy(each) for key, each in sorted(raw["$defs"].items())}},
    }


def text() -> str:
    """The schema's file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any) -> Any:
    """One schema of pydantic's as an editor is best served: without titles, with closed maps, nothing required."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node == ENCRYPTED:
        return {"$ref": "#/definitions/Encrypted"}
    required = node.get("required", ())
    tidied: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            tidied[key] = {name: _setting(each, required, name) for name, each in value.items()}
        elif key == "patternProperties":
            tidied[key] = {pattern: _nullable(_tidy(each)) for pattern, each in value.items()}
            tidied["additionalProperties"] = False
        elif key in ("enum", "default", "description"):
            tidied[key] = value
        elif key not in ("title", "required"):
            tidied[key] = _tidy(value)
    return tidied


def _setting(node: Mapping[str, Any], required: Any, name: str) -> dict[str, Any]:
    """A setting with meaning and default in words, which is what editors show."""
    tidied = _tidy(dict(node))
    reference = tidied.pop("$ref", None)
    if reference is not None:
        # Beside a reference nothing else counts.
        tidied["anyOf"] = [{"$ref": reference}]
    sentences = [_sentence(tidied.pop("description", ""))]
    default = tidied.pop("default", ...)
    if name in required:
        sentences.append("Required, here or in the base.")
    elif _is_single(default):
        tidied["default"] = default
        sentences.append(f"Default: {json.dumps(default, ensure_ascii=False)}.")
    return _nullable({"description": " ".join(filter(None, sentences)), **tidied})


def _is_single(default: Any) -> bool:
    """Whether a default says something: not that of a whole part, whose settings have their own."""
    if isinstance(default, list):
        return bool(default)
    return default is not None and default is not ... and not isinstance(default, dict)


def _sentence(words: str) -> str:
    joined = " ".join(words.split())
    return f"{joined[:1].upper()}{joined[1:]}." if joined else ""


def _nullable(node: dict[str, Any]) -> dict[str, Any]:
    null = {"type": "null"}
    if "$ref" in node:
        return {"anyOf": [node, null]}
    if "anyOf" in node:
        return {**node, "anyOf": node["anyOf"] if null in node["anyOf"] else [*node["anyOf"], null]}
    if "const" in node:
        node = {**{key: value for key, value in node.items() if key != "const"}, "enum": [node["const"]]}
    if "enum" in node:
        node = {**node, "enum": [*node["enum"], None]}
    if isinstance(node.get("type"), str):
        node = {**node, "type": [node["type"], "null"]}
    return node


if __name__ == "__main__":
    print(text(), end="")
