"""Calls of JavaScript and TypeScript that keep state without a variable: timers, files, stores of libraries."""

from __future__ import annotations

from collections.abc import Iterator

from scan.facts import FileFacts
from scan.languages.javascript.scopes import Import
from scan.languages.javascript.shapes import (
    FUNCTIONS,
    arguments,
    called,
    callee,
    class_around,
    context,
    entries,
    function_around,
    function_name,
    location,
    named,
    string,
    tokens,
)
from scan.languages.javascript.source import Source
from scan.model import Form, Sighting, Trait
from scan.syntax import Node
from scan.vocabulary import CLEANUP, WORK
from scan.words import words

_FS = frozenset({"fs", "node:fs", "fs/promises", "node:fs/promises", "fs-extra", "graceful-fs"})
_WRITES = {
    **dict.fromkeys(("writeFile", "writeFileSync", "appendFile", "appendFileSync", "createWriteStream"), 0),
    **dict.fromkeys(("outputFile", "outputFileSync", "outputJson", "writeJson", "writeJsonSync", "writeJSON"), 0),
    **dict.fromkeys(("copyFile", "copyFileSync", "rename", "renameSync", "cp", "cpSync", "copy", "move"), 1),
}
"""Writing functions of fs and which argument is the place."""
_REMOVES = frozenset({"unlink", "unlinkSync", "rm", "rmSync", "remove", "removeSync", "rmdir", "removeCallback"})
_TEMPORARY = frozenset({"tmpdir", "mkdtemp", "mkdtempsync", "tmp", "temp"})
_DEVICES = ("/dev/", "/proc/")
_DATABASES = frozenset({"better-sqlite3", "sqlite3", "nedb", "@seald-io/nedb", "lowdb/node", "node:sqlite", "level"})
_LIMITERS = frozenset({"express-rate-limit", "express-slow-down"})
_BREAKERS = frozenset({"opossum", "brakes", "levee"})
_SCHEDULERS = frozenset({"node-cron", "cron", "node-schedule", "toad-scheduler", "bree", "croner"})
_STARTS = frozenset({"schedule", "scheduleJob", "CronJob", "default", "*", "addSimpleIntervalJob", "from", "Cron"})
_STORE_KEYS = frozenset({"store", "redis", "storage", "..."})


def collect(source: Source, facts: FileFacts) -> None:
    """Add what calls, `new` and decorators of the file keep."""
    for node in source.root.walk():
        if node.kind in ("call_expression", "new_expression"):
            facts.sightings.extend(_call(node, source))


def _call(node: Node, source: Source) -> Iterator[Sighting]:
    name = callee(node)
    last = name.rpartition(".")[2]
    if last in ("setInterval", "setTimeout") and name in (
        last,
        f"globalThis.{last}",
        f"global.{last}",
        f"timers.{last}",
    ):
        yield from _timer(node, last, source)
        return
    if name in ("Cron", "Interval") and node.parent is not None and node.parent.kind == "decorator":
        yield _seen(node, Form.SCHEDULE, name, source, _purpose(node, None))
        return
    origin = source.scopes.origin(name)
    if origin is None:
        return
    if origin.module in _FS:
        yield from _file(node, last, source)
    else:
        yield from _library(node, name, origin, source)


def _library(node: Node, name: str, origin: Import, source: Source) -> Iterator[Sighting]:
    module, member = origin.module, origin.name
    given = arguments(node)
    literal = next((part for part in _resolved(given[-1], source) if part.kind == "object"), None) if given else None
    options = entries(literal)
    shared = bool(_STORE_KEYS & options.keys()) or bool(given and literal is None)
    if module in ("express-session", "koa-session", "@fastify/session"):
        if member.endswith("MemoryStore") or (
            module == "express-session" and member in ("default", "*") and not shared
        ):
            yield _seen(node, Form.SESSION_STORE, name, source)
    elif module == "memorystore":
        yield _seen(node, Form.SESSION_STORE, name, source)
    elif module in _LIMITERS and member in ("default", "*", "rateLimit", "slowDown") and not shared:
        yield _seen(node, Form.RATE_LIMITER, name, source)
    elif module == "rate-limiter-flexible" and member == "RateLimiterMemory":
        if not any(_is_insurance(above) for above in node.up()):
            yield _seen(node, Form.RATE_LIMITER, name, source)
    elif module == "@nestjs/throttler" and member.startswith("ThrottlerModule.forRoot") and not shared:
        yield _seen(node, Form.RATE_LIMITER, name, source)
    elif (module in _BREAKERS and node.kind == "new_expression") or (
        module == "cockatiel" and member == "circuitBreaker"
    ):
        yield _seen(node, Form.BREAKER, name, source)
    elif module in _SCHEDULERS and member.rpartition(".")[2] in _STARTS:
        yield _seen(node, Form.SCHEDULE, name, source, _purpose(node, next(iter(reversed(given)), None)))
    elif module in _DATABASES and node.kind == "new_expression":
        yield _seen(node, Form.DATABASE, name, source)
    elif (module == "multer" and ("dest" in options or member == "diskStorage")) or (
        module in ("formidable", "express-fileupload") and {"uploadDir", "tempFileDir"} & options.keys()
    ):
        yield _on_disk(node, name, node, source, "upload")
    elif (module, member) in (("winston", "transports.File"), ("pino", "destination")) and given:
        if member == "transports.File" or string(given[0]) not in (None, "/dev/stdout"):
            yield _seen(node, Form.LOG_FILE, name, source)
    elif module in ("winston-daily-rotate-file", "rotating-file-stream"):
        yield _seen(node, Form.LOG_FILE, name, source)


def _is_insurance(node: Node) -> bool:
    return node.kind == "pair" and (node.child("key") or node).text == "insuranceLimiter"


def _file(node: Node, last: str, source: Source) -> Iterator[Sighting]:
    given = arguments(node)
    position = _WRITES.get(last)
    if position is None or len(given) <= position:
        return
    place = _resolved(given[position], source)
    if any((string(part) or "").startswith(_DEVICES) for part in place):
        return
    logs = any((string(part) or "").endswith(".log") for part in place)
    if logs:
        yield _seen(node, Form.LOG_FILE, last, source)
    else:
        yield _on_disk(node, last, given[position], source)


def _on_disk(node: Node, name: str, place: Node, source: Source, more: str = "") -> Sighting:
    parts = _resolved(place, source)
    known = frozenset().union(words(more), *(tokens(part) for part in parts if not part.children))
    traits: set[Trait] = set()
    if known & _TEMPORARY or any((string(part) or "").startswith(("/tmp/", "/var/tmp/")) for part in parts):
        traits.add(Trait.TEMPORARY)
        around = class_around(node) or _outermost(node) or source.root
        if any(called_name.rpartition(".")[2] in _REMOVES for called_name in called(around)):
            traits.add(Trait.DELETED)
    return _seen(node, Form.FILE, name, source, frozenset(traits), known)


def _resolved(place: Node, source: Source, depth: int = 4) -> list[Node]:
    """All parts of an expression, with those of the variables of this file that it names."""
    parts = list(place.walk())
    found = list(parts)
    for part in parts:
        declared = source.scopes.resolve(part) if part.kind == "identifier" and depth else None
        value = declared.child("value") if declared is not None and declared.kind == "variable_declarator" else None
        if value is not None and not place.within(value):
            found += _resolved(value, source, depth - 1)
    return found


def _outermost(node: Node) -> Node | None:
    functions = [above for above in node.up() if above.kind in FUNCTIONS]
    return functions[-1] if functions else None


def _timer(node: Node, name: str, source: Source) -> Iterator[Sighting]:
    given = arguments(node)
    callback = given[0] if given else None
    if callback is None or source.scopes.resolve(node.child("function") or node) is not None:
        return
    if name == "setInterval":
        yield _seen(node, Form.TIMER, name, source, _purpose(node, callback))
        return
    around = {function_name(above) for above in node.up() if above.kind in FUNCTIONS} - {""}
    if _named_calls(callback) & around:
        yield _seen(node, Form.TIMER, name, source, _purpose(node, callback))
        return
    delay = given[1] if len(given) > 1 else None
    short = delay is None or (delay.kind == "number" and float(_number(delay.text)) < 1000)
    asked = frozenset().union(*(words(called_name) for called_name in _named_calls(callback)))
    if not short and asked & WORK and not asked & {"abort", "resolve", "reject", "cancel", "kill", "exit", "close"}:
        yield _seen(node, Form.DEFERRED, name, source)


def _number(text: str) -> float:
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return float("inf")


def _named_calls(callback: Node) -> set[str]:
    """Last names of what a callback calls, or its own name."""
    if callback.kind in ("identifier", "member_expression"):
        return {callback.text.rpartition(".")[2]}
    if callback.kind == "call_expression":
        return (
            {callee(callback).rpartition(".")[2]}
            | {part.text.rpartition(".")[2] for part in [callback.child("function")] if part is not None}
            | {name.split(".")[-2] for name in [callee(callback)] if name.endswith(".bind") and name.count(".") > 1}
        )
    return {name.rpartition(".")[2] for name in called(callback)}


def _purpose(node: Node, callback: Node | None) -> frozenset[Trait]:
    """Whether a timer cleans up, watches or measures: by what it calls, else by the names around it."""
    asked: frozenset[str] = frozenset()
    if callback is not None:
        asked = frozenset().union(*(words(name) for name in _named_calls(callback)))
        deletes = {name.rpartition(".")[2] for name in called(callback)} & {"delete"}
        if asked & CLEANUP or (deletes and not asked & WORK):
            return frozenset({Trait.CLEANUP})
    kept = node.parent.child("name") if node.parent is not None else None
    around = frozenset().union(*(words(name) for name in [named(kept), *context(node)]))
    return frozenset({Trait.CLEANUP}) if around & CLEANUP and not asked & WORK else frozenset()


def _seen(
    node: Node,
    form: Form,
    name: str,
    source: Source,
    traits: frozenset[Trait] = frozenset(),
    own: frozenset[str] = frozenset(),
) -> Sighting:
    reach = "started when the module is loaded" if function_around(node) is None else f"in {location(node)}"
    return Sighting(
        source.path,
        node.line,
        f"{name} in {location(node)}",
        form,
        reach,
        own or words(name),
        source.around(node),
        frozenset(),
        traits | source.file_traits | (source.guards.traits(node) & {Trait.DEVELOPMENT}),
    )
