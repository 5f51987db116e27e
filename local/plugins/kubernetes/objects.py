"""Pure functions on manifests and live objects."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.plugins.kubernetes.kinds import Kind
from local.plugins.provider import UNKNOWN, Secret, contains_unknown, copied

Object = dict[str, Any]

AUTONAMED: Final = "pulumi.com/autonamed"
SKIP_AWAIT: Final = "pulumi.com/skipAwait"
WAIT_FOR: Final = "pulumi.com/waitFor"
TIMEOUT: Final = "pulumi.com/timeoutSeconds"
PATCH_FORCE: Final = "pulumi.com/patchForce"
MANAGER: Final = "__fieldManager"

_SECRET: Final = Kind("", "v1", "Secret")
# Status that stays as it is once the object is ready, and that programs read.
_LASTING_STATUS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("", "Service"): ("loadBalancer",),
    ("networking.k8s.io", "Ingress"): ("loadBalancer",),
}
_VOLATILE_METADATA: Final = ("managedFields", "resourceVersion", "generation", "selfLink", "deletionTimestamp")


def is_secret(kind: Kind) -> bool:
    """Whether the kind is v1 Secret."""
    return kind == _SECRET


def metadata(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata; {} when there is none or it is unknown."""
    found = manifest.get("metadata")
    return found if isinstance(found, dict) else {}


def annotation(manifest: Mapping[str, Any], name: str) -> str | None:
    """A known annotation's value."""
    annotations = metadata(manifest).get("annotations")
    value = annotations.get(name) if isinstance(annotations, dict) else None
    return value if isinstance(value, str) else None


def identity(namespace: str | None, name: str) -> str:
    """The resource's ID in Pulumi: `namespace/name`, or `name` for an object without a namespace."""
    return f"{namespace}/{name}" if namespace else name


def split_identity(id: str) -> tuple[str | None, str]:
    """Namespace and name of an ID."""
    namespace, slash, name = id.partition("/")
    return (namespace, name) if slash else (None, id)


def field_manager(urn: str) -> str:
    """The manager under which a resource's fields are applied.

    It follows from the URN, so that a run that was killed before it could record anything finds its own object again.
    """
    return f"pulumi-kubernetes-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"


def generated_name(name: str, seed: bytes) -> str:
    """A name for an object that the program did not name."""
    return f"{name.lower()}-{hashlib.sha256(seed).hexdigest()[:8]}"


def wire(kind: Kind, inputs: Mapping[str, Any]) -> Object:
    """What to send: the inputs without what is Pulumi's own; a Secret's `stringData` joins its `data`.

    Applied as they are, keys taken out of `stringData` would stay in the Secret.
    """
    body = {key: copied(value) for key, value in inputs.items() if not key.startswith("__")}
    if is_secret(kind) and isinstance(body.get("stringData"), dict):
        texts = body.pop("stringData")
        encoded = {key: encode(text) if isinstance(text, str) else text for key, text in texts.items()}
        data = body.get("data") or {}
        body["data"] = UNKNOWN if data is UNKNOWN else {**data, **encoded}
    return body


def encode(text: str) -> str:
    """As a Secret's `data` has it."""
    return base64.b64encode(text.encode()).decode()


def known_part(value: Any) -> Any:
    """A value without its unknown parts."""
    if isinstance(value, dict):
        return {key: known_part(item) for key, item in value.items() if item is not UNKNOWN}
    if isinstance(value, list):
        return [known_part(item) for item in value if item is not UNKNOWN]
    return value


def sealed(kind: Kind, manifest: Mapping[str, Any]) -> Object:
    """The manifest with a Secret's contents marked secret."""
    if not is_secret(kind):
        return dict(manifest)
    return {key: Secret(value) if key in ("data", "stringData") else value for key, value in manifest.items()}


def outputs(kind: Kind, inputs: Mapping[str, Any], live: Mapping[str, Any], manager: str) -> Object:
    """What the engine records of a live object: all but what changes by itself.

    Left out are status (but for what lasts), versions, and the fields that other managers own and the program does
    not give, such as a replica count that an autoscaler sets.
    """
    sent = wire(kind, inputs)
    shown = without(dict(live), _foreign(live, manager), sent)
    shown = {key: value for key, value in shown.items() if key != "status"}
    shown["metadata"] = {
        key: value for key, value in metadata(shown).items() if key not in _VOLATILE_METADATA and value != {}
    }
    status = live.get("status") or {}
    lasting = {key: status[key] for key in _LASTING_STATUS.get((kind.group, kind.kind), ()) if status.get(key)}
    if lasting:
        shown["status"] = lasting
    if is_secret(kind) and "stringData" in inputs:
        shown["stringData"] = inputs["stringData"]
    shown[MANAGER] = manager
    return sealed(kind, shown)


def expected_outputs(kind: Kind, inputs: Mapping[str, Any]) -> Object:
    """What a preview can tell of the outputs."""
    shown = copied({key: value for key, value in inputs.items() if not key.startswith("__")})
    meta = shown.get("metadata")
    if isinstance(meta, dict):
        for field in ("uid", "creationTimestamp"):
            meta[field] = UNKNOWN
    if (kind.group, kind.kind) in _LASTING_STATUS:
        shown["status"] = UNKNOWN
    if (kind.group, kind.kind) == ("", "Service") and isinstance(shown.get("spec"), dict):
        for field in ("clusterIP", "clusterIPs"):
            shown["spec"].setdefault(field, UNKNOWN)
    return sealed(kind, shown)


def _foreign(live: Mapping[str, Any], manager: str) -> list[Mapping[str, Any]]:
    entries = metadata(live).get("managedFields") or []
    return [entry.get("fieldsV1") or {} for entry in entries if entry.get("manager") != manager]


def without(live: Object, owned_elsewhere: list[Mapping[str, Any]], keep: Mapping[str, Any]) -> Object:
    """A live object without the fields in these sets of managed fields, except where `keep` has them too."""
    result: Object = copied(live)
    for fields in owned_elsewhere:
        _remove(result, fields, keep)
    return result


def _remove(node: Any, fields: Mapping[str, Any], keep: Any) -> None:
    for key, below in fields.items():
        if key == ".":
            continue
        if key.startswith("f:") and isinstance(node, dict):
            name = key[2:]
            kept = keep.get(name) if isinstance(keep, Mapping) else None
            if kept is None and name in node and name not in ("name", "namespace"):
                # Nothing of this was asked for: it is the other manager's whole.
                if _is_leaf(below) or not isinstance(node[name], dict | list):
                    del node[name]
                else:
                    _remove(node[name], below, {})
                    if not node[name]:
                        del node[name]
            elif name in node:
                _remove(node[name], below, kept)
        elif key.startswith("k:") and isinstance(node, list):
            for item in _matching(node, key):
                _remove(item, below, next(iter(_matching(keep, key)), {}) if isinstance(keep, list) else {})


def _is_leaf(fields: Mapping[str, Any]) -> bool:
    return not [key for key in fields if key != "."]


def _matching(items: list[Any], key: str) -> list[Any]:
    wanted = json.loads(key[2:])
    return [item for item in items if isinstance(item, dict) and all(item.get(k) == v for k, v in wanted.items())]


def drifted(given: Any, live: Any, wanted: Any) -> Any:
    """The inputs as they would have to be to give the live object.

    Args:
        given: What the program gave.
        live: What is there.
        wanted: What the server would make of `given`: a value that the server writes in another form (`0.5` as
            `500m`) is no drift.
    """
    if live == wanted:
        return given
    if isinstance(given, dict) and isinstance(live, dict):
        after = wanted if isinstance(wanted, dict) else {}
        return {key: drifted(value, live[key], after.get(key)) for key, value in given.items() if key in live}
    if isinstance(given, list) and isinstance(live, list) and len(given) == len(live):
        after_items = wanted if isinstance(wanted, list) and len(wanted) == len(given) else [None] * len(given)
        return [drifted(*each) for each in zip(given, live, after_items, strict=True)]
    return live


def live_inputs(kind: Kind, inputs: Mapping[str, Any], live: Object, wanted: Object) -> Object:
    """`drifted` for a whole manifest; a Secret's `stringData` is compared by its encoded form."""
    result: Object = drifted(dict(inputs), _for_inputs(kind, inputs, live), _for_inputs(kind, inputs, wanted))
    return {**{key: value for key, value in inputs.items() if key.startswith("__")}, **result}


def _for_inputs(kind: Kind, inputs: Mapping[str, Any], live: Object) -> Object:
    texts = inputs.get("stringData")
    if not is_secret(kind) or not isinstance(texts, dict):
        return live
    data = live.get("data") or {}
    decoded = {key: base64.b64decode(data[key]).decode(errors="replace") for key in texts if key in data}
    return {**live, "stringData": decoded}


def applied_by_people(live: Object) -> Object:
    """The part of a live object that somebody declared: what an import takes for its inputs."""
    declared = [
        entry.get("fieldsV1") or {}
        for entry in metadata(live).get("managedFields") or []
        if not entry.get("subresource") and not str(entry.get("manager", "")).startswith(("kube-", "kubelet"))
    ]
    picked: Object = {"apiVersion": live["apiVersion"], "kind": live["kind"]}
    for fields in declared:
        picked = _merge(picked, _pick(live, fields))
    meta = picked.setdefault("metadata", {})
    for field in ("name", "namespace"):
        if field in metadata(live):
            meta[field] = metadata(live)[field]
    picked.pop("status", None)
    return picked


def _pick(node: Any, fields: Mapping[str, Any]) -> Any:
    if _is_leaf(fields):
        return copied(node)
    if isinstance(node, dict):
        return {
            key[2:]: _pick(node[key[2:]], below)
            for key, below in fields.items()
            if key.startswith("f:") and key[2:] in node
        }
    if isinstance(node, list):
        if any(key.startswith("v:") for key in fields):
            return copied(node)
        picked = []
        for item in node:
            for key, below in fields.items():
                if key.startswith("k:") and _matching([item], key):
                    picked.append(_pick(item, below))
        return picked
    return copied(node)


def _merge(first: Any, second: Any) -> Any:
    if isinstance(first, dict) and isinstance(second, dict):
        merged = dict(first)
        for key, value in second.items():
            merged[key] = _merge(merged[key], value) if key in merged else value
        return merged
    return second


def _texts(contents: Any) -> list[str]:
    return [text for text in contents.values() if isinstance(text, str)] if isinstance(contents, dict) else []


def redactor(kind: Kind, manifest: Mapping[str, Any]) -> Callable[[str], str]:
    """Takes a Secret's contents out of a message of the server."""
    if not is_secret(kind):
        return lambda message: message
    contents = [text for section in ("data", "stringData") for text in _texts(manifest.get(section)) if len(text) > 2]

    def redact(message: str) -> str:
        for text in sorted(contents, key=len, reverse=True):
            message = message.replace(text, "[secret]").replace(encode(text), "[secret]")
        return message

    return redact


def fully_known(manifest: Mapping[str, Any]) -> bool:
    """Whether no part is unknown."""
    return not contains_unknown(manifest)


def is_managed_by(live: Mapping[str, Any], manager: str) -> bool:
    """Whether a manager has applied the object."""
    return any(entry.get("manager") == manager for entry in metadata(live).get("managedFields") or [])


def expected_update(kind: Kind, inputs: Mapping[str, Any], old: Mapping[str, Any]) -> Object:
    """What a preview can tell of the outputs after an update: what the server assigned stays."""
    shown = expected_outputs(kind, inputs)
    meta, before = shown.get("metadata"), metadata(old)
    if isinstance(meta, dict):
        for field in ("uid", "creationTimestamp"):
            meta[field] = before.get(field, UNKNOWN)
    spec, old_spec = shown.get("spec"), old.get("spec")
    if (kind.group, kind.kind) == ("", "Service") and isinstance(spec, dict) and isinstance(old_spec, dict):
        for field in ("clusterIP", "clusterIPs"):
            if spec.get(field) is UNKNOWN and field in old_spec:
                spec[field] = old_spec[field]
    if "status" in old:
        shown["status"] = old["status"]
    return shown
