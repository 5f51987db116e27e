"""The random provider's stand-in: values that are made once and stay the same until an input changes."""

from __future__ import annotations

import base64
import binascii
import importlib.metadata
import random
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import bcrypt

from local.plugins import schema, words
from local.plugins.provider import (
    UNKNOWN,
    ChangeKind,
    CheckFailure,
    CheckRequest,
    CheckResult,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    Provider,
    ProviderError,
    ReadRequest,
    ReadResult,
    Secret,
    UpdateRequest,
    differences,
)
from local.plugins.schema import Property
from local.plugins.server import serve

Values = dict[str, Any]

_SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_UPPER: Final = _LOWER.upper()
_DIGITS: Final = "0123456789"
# bcrypt uses this many bytes of a password; the official provider cuts there as well.
_BCRYPT_BYTES = 72
_NO_ID = "none"

_KEEPERS: Final = {"keepers": Property("map")}


@dataclass(frozen=True)
class Kind:
    """One resource type.

    Attributes:
        properties: Its inputs.
        results: Names of the outputs that are made, not given.
        secret: Those of them that are secret.
        make: From complete inputs to ID and results.
        read: From the ID given to an import to inputs, ID and results; None when it cannot be imported.
        judge: What is wrong with inputs that are of the right kind one by one.
    """

    properties: Mapping[str, Property]
    results: tuple[str, ...]
    make: Callable[[Values], tuple[str, Values]]
    read: Callable[[str], tuple[Values, str, Values]] | None = None
    judge: Callable[[Values], list[CheckFailure]] = lambda values: []
    secret: tuple[str, ...] = ()


# Strings and passwords


def _alphabets(values: Values) -> dict[str, str]:
    numeric = values.get("number", values["numeric"])
    sets = {
        "Upper": _UPPER if values["upper"] else "",
        "Lower": _LOWER if values["lower"] else "",
        "Numeric": _DIGITS if numeric else "",
        "Special": (values.get("overrideSpecial") or _SPECIAL) if values["special"] else "",
    }
    return {name: characters for name, characters in sets.items() if characters}


def _text(values: Values) -> str:
    alphabets = _alphabets(values)
    chosen = [secrets.choice(alphabets[name]) for name in alphabets for _ in range(values[f"min{name}"])]
    everything = "".join(alphabets.values())
    chosen += [secrets.choice(everything) for _ in range(values["length"] - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _judge_text(values: Values) -> list[CheckFailure]:
    if any(value is UNKNOWN for value in values.values()):
        return []
    failures = _at_least(values, "length", 1)
    alphabets = _alphabets(values)
    if not alphabets:
        failures.append(CheckFailure("", "one of upper, lower, numeric and special has to be true"))
    for name in ("Upper", "Lower", "Numeric", "Special"):
        if values[f"min{name}"] and name not in alphabets:
            failures.append(CheckFailure(f"min{name}", f"asks for characters that {name.lower()} = false excludes"))
    least = sum(values[f"min{name}"] for name in ("Upper", "Lower", "Numeric", "Special"))
    if not failures and least > values["length"]:
        failures.append(CheckFailure("length", f"{values['length']} is less than the minimums together ({least})"))
    return failures


def _at_least(values: Values, name: str, least: int) -> list[CheckFailure]:
    value = values.get(name)
    if isinstance(value, int) and value < least:
        return [CheckFailure(name, f"must be {least} or more, not {value}")]
    return []


def _bcrypt(password: str) -> str:
    return bcrypt.hashpw(password.encode()[:_BCRYPT_BYTES], bcrypt.gensalt()).decode()


def _make_string(values: Values) -> tuple[str, Values]:
    text = _text(values)
    return text, {"result": text}


def _make_password(values: Values) -> tuple[str, Values]:
    text = _text(values)
    return _NO_ID, {"result": text, "bcryptHash": _bcrypt(text)}


def _read_string(text: str) -> tuple[Values, str, Values]:
    return {"length": len(text)}, text, {"result": text}


def _read_password(text: str) -> tuple[Values, str, Values]:
    return {"length": len(text)}, _NO_ID, {"result": text, "bcryptHash": _bcrypt(text)}


_TEXT: Final = {
    **_KEEPERS,
    "length": Property("integer", required=True),
    "lower": Property("boolean", default=True),
    "upper": Property("boolean", default=True),
    "numeric": Property("boolean", default=True),
    "number": Property("boolean"),
    "special": Property("boolean", default=True),
    "overrideSpecial": Property("string"),
    "minLower": Property("integer", default=0),
    "minUpper": Property("integer", default=0),
    "minNumeric": Property("integer", default=0),
    "minSpecial": Property("integer", default=0),
}


# Numbers and bytes


def _id_results(content: bytes, prefix: str) -> Values:
    standard = base64.b64encode(content).decode()
    return {
        "b64Std": prefix + standard,
        "b64Url": prefix + _url(content),
        "hex": prefix + content.hex(),
        "dec": f"{prefix}{int.from_bytes(content, 'big')}",
    }


def _url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _make_id(values: Values) -> tuple[str, Values]:
    content = secrets.token_bytes(values["byteLength"])
    return _url(content), _id_results(content, values.get("prefix") or "")


def _read_id(given: str) -> tuple[Values, str, Values]:
    prefix, comma, encoded = given.rpartition(",")
    content = _decoded(encoded.replace("-", "+").replace("_", "/"), given)
    inputs = {"byteLength": len(content)} | ({"prefix": prefix} if comma else {})
    return inputs, _url(content), _id_results(content, prefix)


def _decoded(encoded: str, given: str) -> bytes:
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ProviderError(f"cannot import {given!r}: it is not base64") from None


def _make_bytes(values: Values) -> tuple[str, Values]:
    content = secrets.token_bytes(values["length"])
    return _NO_ID, {"base64": base64.b64encode(content).decode(), "hex": content.hex()}


def _read_bytes(given: str) -> tuple[Values, str, Values]:
    content = _decoded(given, "the given bytes")
    return {"length": len(content)}, _NO_ID, {"base64": given, "hex": content.hex()}


def _source(values: Values) -> random.Random:
    return random.Random(values["seed"]) if values.get("seed") else secrets.SystemRandom()


def _make_integer(values: Values) -> tuple[str, Values]:
    number = _source(values).randint(values["min"], values["max"])
    return str(number), {"result": number}


def _read_integer(given: str) -> tuple[Values, str, Values]:
    parts = given.split(",")
    try:
        result, least, most = (int(part) for part in parts[:3])
    except ValueError:
        raise ProviderError(f"cannot import {given!r}: write RESULT,MIN,MAX or RESULT,MIN,MAX,SEED") from None
    seed = {"seed": parts[3]} if len(parts) > 3 else {}
    return {"min": least, "max": most, **seed}, str(result), {"result": result}


def _judge_integer(values: Values) -> list[CheckFailure]:
    least, most = values.get("min"), values.get("max")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        return [CheckFailure("min", f"{least} is more than max, {most}")]
    return []


# Names, identifiers, order


def _make_pet(values: Values) -> tuple[str, Values]:
    count = values["length"]
    chosen = [secrets.choice(words.ADVERBS) for _ in range(count - 2)]
    chosen += [secrets.choice(words.ADJECTIVES)] if count > 1 else []
    chosen += [secrets.choice(words.ANIMALS)]
    name = values["separator"].join([*([values["prefix"]] if values.get("prefix") else []), *chosen])
    return name, {}


def _make_uuid(values: Values) -> tuple[str, Values]:
    made = str(uuid.uuid4())
    return made, {"result": made}


def _read_uuid(given: str) -> tuple[Values, str, Values]:
    try:
        made = str(uuid.UUID(given))
    except ValueError:
        raise ProviderError(f"cannot import {given!r}: it is not a UUID") from None
    return {}, made, {"result": made}


def _make_shuffle(values: Values) -> tuple[str, Values]:
    source, items = _source(values), list(values["inputs"])
    count = values.get("resultCount", len(items))
    results: list[str] = []
    while items and len(results) < count:
        results += source.sample(items, len(items))
    return "-", {"results": results[:count]}


_UUID: Final = Kind(_KEEPERS, ("result",), _make_uuid, _read_uuid)

KINDS: Final[Mapping[str, Kind]] = {
    "random:index/randomPassword:RandomPassword": Kind(
        _TEXT,
        ("result", "bcryptHash"),
        _make_password,
        _read_password,
        _judge_text,
        secret=("result", "bcryptHash"),
    ),
    "random:index/randomString:RandomString": Kind(_TEXT, ("result",), _make_string, _read_string, _judge_text),
    "random:index/randomId:RandomId": Kind(
        {**_KEEPERS, "byteLength": Property("integer", required=True), "prefix": Property("string")},
        ("b64Std", "b64Url", "hex", "dec"),
        _make_id,
        _read_id,
        lambda values: _at_least(values, "byteLength", 1),
    ),
    "random:index/randomBytes:RandomBytes": Kind(
        {**_KEEPERS, "length": Property("integer", required=True)},
        ("base64", "hex"),
        _make_bytes,
        _read_bytes,
        lambda values: _at_least(values, "length", 1),
        secret=("base64", "hex"),
    ),
    "random:index/randomInteger:RandomInteger": Kind(
        {
            **_KEEPERS,
            "min": Property("integer", required=True),
            "max": Property("integer", required=True),
            "seed": Property("string"),
        },
        ("result",),
        _make_integer,
        _read_integer,
        _judge_integer,
    ),
    "random:index/randomPet:RandomPet": Kind(
        {
            **_KEEPERS,
            "length": Property("integer", default=2),
            "prefix": Property("string"),
            "separator": Property("string", default="-"),
        },
        (),
        _make_pet,
        judge=lambda values: _at_least(values, "length", 1),
    ),
    "random:index/randomUuid:RandomUuid": _UUID,
    "random:index/randomUuid4:RandomUuid4": _UUID,
    "random:index/randomShuffle:RandomShuffle": Kind(
        {
            **_KEEPERS,
            "inputs": Property("strings", required=True),
            "resultCount": Property("integer"),
            "seed": Property("string"),
        },
        ("results",),
        _make_shuffle,
        judge=lambda values: _at_least(values, "resultCount", 0),
    ),
}


class RandomProvider(Provider):
    """Stateless: everything that was made is in the engine's state."""

    name = "random"

    def __init__(self) -> None:
        self.version = importlib.metadata.version("pulumi-random")

    def check_config(self, config: dict[str, Any]) -> list[CheckFailure]:
        return [CheckFailure(key, "unknown: the random provider has no configuration") for key in config]

    def configure(self, config: dict[str, Any]) -> None:
        return None

    def check(self, request: CheckRequest) -> CheckResult:
        kind = _kind(request.type)
        failures = schema.check(kind.properties, request.inputs)
        if not failures:
            failures = kind.judge(schema.filled(kind.properties, request.inputs))
        return CheckResult(request.inputs, failures)

    def diff(self, request: DiffRequest) -> DiffResult:
        properties = _kind(request.type).properties
        changes = differences(schema.filled(properties, request.old_inputs), schema.filled(properties, request.inputs))
        # Every input goes into the result, so every change makes a new one.
        return DiffResult({path: kind.replacing() for path, kind in changes})

    def create(self, request: CreateRequest) -> CreateResult:
        kind = _kind(request.type)
        values = schema.filled(kind.properties, request.inputs)
        if request.preview:
            return CreateResult("", _outputs(kind, values, dict.fromkeys(kind.results, UNKNOWN)))
        id, results = kind.make(values)
        return CreateResult(id, _outputs(kind, values, results))

    def read(self, request: ReadRequest) -> ReadResult | None:
        kind = _kind(request.type)
        if request.outputs:
            results = {name: request.outputs[name] for name in kind.results if name in request.outputs}
            values = schema.filled(kind.properties, request.outputs)
            return ReadResult(request.id, request.inputs, _outputs(kind, values, results))
        if kind.read is None:
            raise ProviderError(f"a {request.type.rsplit(':', 1)[-1]} cannot be imported")
        inputs, id, results = kind.read(request.id)
        return ReadResult(id, inputs, _outputs(kind, schema.filled(kind.properties, inputs), results))

    def update(self, request: UpdateRequest) -> dict[str, Any]:
        kind = _kind(request.type)
        results = {name: request.old_outputs[name] for name in kind.results if name in request.old_outputs}
        return _outputs(kind, schema.filled(kind.properties, request.inputs), results)

    def delete(self, request: DeleteRequest) -> None:
        return None


def _kind(type: str) -> Kind:
    if type not in KINDS:
        known = ", ".join(token.rsplit(":", 1)[-1] for token in KINDS)
        raise ProviderError(f"{type}: not supported by the random stand-in, which has {known}")
    return KINDS[type]


def _outputs(kind: Kind, values: Values, results: Values) -> Values:
    sealed = {name: Secret(value) if name in kind.secret else value for name, value in results.items()}
    return {**values, **sealed}


__all__ = ["KINDS", "ChangeKind", "RandomProvider"]

if __name__ == "__main__":
    serve(RandomProvider())
