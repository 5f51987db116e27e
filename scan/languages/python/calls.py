"""Calls and settings of Python that keep state without a variable: timers, files, stores of libraries, caches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from scan.facts import FileFacts
from scan.languages.python.shapes import (
    FUNCTIONS,
    arguments,
    bare,
    called,
    callee,
    class_around,
    context,
    decorators,
    dotted,
    function_around,
    keywords,
    location,
    named,
    string,
    tokens,
)
from scan.languages.python.source import Source
from scan.model import Form, Sighting, Trait
from scan.syntax import Node
from scan.vocabulary import CLEANUP, WORK
from scan.words import words

_CACHES: Final = frozenset(
    {"functools.lru_cache", "functools.cache", "cachetools.cached", "async_lru.alru_cache", "methodtools.lru_cache"}
)
_IO: Final = frozenset(
    words("fetch query execute select get post request requests httpx session db database redis read load open find")
)
_SCHEDULERS: Final = frozenset({"BackgroundScheduler", "AsyncIOScheduler", "BlockingScheduler", "GeventScheduler"})
_LIMITERS: Final = frozenset({"slowapi.Limiter", "flask_limiter.Limiter"})
_BREAKERS: Final = frozenset({"pybreaker.CircuitBreaker", "aiobreaker.CircuitBreaker", "circuitbreaker.circuit"})
_LOGS: Final = frozenset({"FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "WatchedFileHandler"})
_DATABASES: Final = frozenset({"sqlite3.connect", "aiosqlite.connect", "shelve.open", "dbm.open", "tinydb.TinyDB"})
_OPENS: Final = frozenset({"open", "io.open", "aiofiles.open", "gzip.open", "codecs.open", "builtins.open"})
_COPIES: Final = frozenset({"shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.move", "shutil.copytree"})
_REMOVES: Final = frozenset({"unlink", "remove", "rmtree", "rmdir", "cleanup"})
_SCRATCH: Final = frozenset({"TemporaryDirectory", "NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile"})
_TEMPORARY: Final = frozenset({"tempfile", "gettempdir", "mkdtemp", "mkstemp", "tmp", "temp", "tempdir", "tmpdir"})
_UPLOADED: Final = frozenset({"file", "upload", "uploaded", "image", "photo", "avatar", "attachment", "f"})


def collect(source: Source, facts: FileFacts) -> None:
    """Add what calls, decorators and settings of the file keep."""
    for node in source.root.walk():
        if node.kind == "call":
            facts.sightings.extend(_call(node, source))
        elif node.kind == "function_definition":
            facts.sightings.extend(_cached(node, source))
            facts.sightings.extend(_loop(node, source))
        elif node.kind in ("assignment", "pair"):
            facts.sightings.extend(_setting(node, source))


def _call(node: Node, source: Source) -> Iterator[Sighting]:
    name = source.full(callee(node))
    last = name.rpartition(".")[2]
    given, options = arguments(node), keywords(node)
    if name in _LIMITERS:
        if not _elsewhere(options.get("storage_uri")):
            yield _seen(node, Form.RATE_LIMITER, last, source)
    elif name in _BREAKERS:
        if "state_storage" not in options and not _is_decorator(node):
            yield _seen(node, Form.BREAKER, last, source)
    elif last in _SCHEDULERS and name.startswith("apscheduler."):
        if "jobstores" not in options:
            yield _seen(node, Form.SCHEDULE, last, source)
    elif name == "schedule.every":
        yield _seen(node, Form.SCHEDULE, name, source, _purpose(node, _chained(node)))
    elif name == "threading.Timer":
        yield _seen(node, Form.TIMER, last, source, _purpose(node, given[1] if len(given) > 1 else None))
    elif (last in _LOGS and name.startswith("logging.")) or (name == "logging.basicConfig" and "filename" in options):
        yield _seen(node, Form.LOG_FILE, last, source)
    elif name in _DATABASES or (last == "create_engine" and given and (string(given[0]) or "").startswith("sqlite")):
        yield _seen(node, Form.DATABASE, last, source)
    else:
        yield from _file(node, name, given, options, source)


def _elsewhere(uri: Node | None) -> bool:
    """Whether a limiter's storage is given, and is not memory."""
    return uri is not None and not (string(uri) or "").startswith("memory:")


def _is_decorator(node: Node) -> bool:
    return node.parent is not None and node.parent.kind == "decorator"


def _chained(node: Node) -> Node | None:
    """What `schedule.every().hour.do(x)` does."""
    for above in node.up():
        if above.kind == "call" and callee(above).endswith(".do"):
            return next(iter(arguments(above)), None)
    return None


def _file(node: Node, name: str, given: list[Node], options: dict[str, Node], source: Source) -> Iterator[Sighting]:
    last = name.rpartition(".")[2]
    function = node.child("function")
    receiver = function.child("object") if function is not None and function.kind == "attribute" else None
    place: Node | None = None
    more = ""
    if name in _OPENS and _writes(given[1] if len(given) > 1 else options.get("mode")):
        place = given[0] if given else None
    elif last == "open" and receiver is not None and name not in _OPENS:
        place = receiver if _writes(given[0] if given else options.get("mode")) else None
    elif last in ("write_text", "write_bytes"):
        place = receiver
    elif name in _COPIES:
        place = given[1] if len(given) > 1 else None
    elif last == "save" and receiver is not None and words(dotted(receiver)) & _UPLOADED and given:
        place, more = given[0], "upload"
    elif name.startswith("tempfile.") and last in _SCRATCH:
        traits = frozenset({Trait.TEMPORARY}) if "delete" in options else frozenset({Trait.TEMPORARY, Trait.DELETED})
        yield _seen(node, Form.FILE, last, source, traits)
        return
    elif last == "FileSystemStorage":
        place, more = node, "upload"
    if place is None:
        return
    parts = _resolved(place, source)
    if any((string(part) or "").startswith(("/dev/", "/proc/")) for part in parts):
        return
    known = frozenset().union(words(more), *(tokens(part) for part in parts if not part.children))
    if any((string(part) or "").endswith(".log") for part in parts):
        yield _seen(node, Form.LOG_FILE, last, source)
        return
    found: set[Trait] = set()
    if (
        known & _TEMPORARY
        or "temporarydirectory" in known
        or any((string(part) or "").startswith(("/tmp/", "/var/tmp/")) for part in parts)
    ):
        found.add(Trait.TEMPORARY)
        around = class_around(node) or _outermost(node) or source.root
        removed = any(called_name.rpartition(".")[2] in _REMOVES for called_name in called(around))
        if removed or "temporarydirectory" in known:
            found.add(Trait.DELETED)
    yield _seen(node, Form.FILE, last, source, frozenset(found), known)


def _writes(mode: Node | None) -> bool:
    text = string(mode) or ""
    return any(letter in text for letter in "wax+")


def _outermost(node: Node) -> Node | None:
    functions = [above for above in node.up() if above.kind in FUNCTIONS]
    return functions[-1] if functions else None


def _resolved(place: Node, source: Source, depth: int = 4) -> list[Node]:
    """All parts of an expression, with those of the variables that it names."""
    parts = list(place.walk())
    found = list(parts)
    for part in parts:
        if part.kind != "identifier" or not depth or part.field == "attribute":
            continue
        for reference in source.uses(part.text, source.home(part)):
            above = reference.parent
            value = above.child("right") if above is not None and above.kind == "assignment" else None
            if above is not None and above.kind == "as_pattern_target" and above.parent is not None:
                value = above.parent.named[0]
            if value is not None and reference.field != "right" and not place.within(value):
                found += _resolved(value, source, depth - 1)
    return found


def _cached(node: Node, source: Source) -> Iterator[Sighting]:
    """`@lru_cache` and its like: a cache when what it keeps comes from elsewhere, a constant when it takes nothing."""
    for decorator in decorators(node):
        name = source.full(callee(decorator) if decorator.kind == "call" else dotted(decorator))
        if name not in _CACHES:
            continue
        body = node.child("body")
        parameters = [one for one in (node.child("parameters") or node).named if named(one) not in ("self", "cls")]
        asks = body is not None and (
            any(part.kind == "await" for part in body.walk()) or any(words(one) & _IO for one in called(body))
        )
        pure = not asks or not parameters
        yield _seen(node, Form.CACHE, name.rpartition(".")[2], source, frozenset({Trait.PURE}) if pure else frozenset())


def _loop(node: Node, source: Source) -> Iterator[Sighting]:
    """A function that works and sleeps forever: a timer by other means."""
    for loop in node.walk():
        if loop.kind != "while_statement" or function_around(loop) is not node:
            continue
        test, body = bare(loop.child("condition")), loop.child("body")
        if test is None or body is None or (test.text not in ("True", "1") and test.kind != "not_operator"):
            continue
        asked = {name.rpartition(".")[2] for name in called(body)}
        if "sleep" in asked and not any(part.kind in ("return_statement", "break_statement") for part in body.walk()):
            yield _seen(loop, Form.TIMER, "loop", source, _purpose(loop, body))
            return


def _setting(node: Node, source: Source) -> Iterator[Sighting]:
    key, value = node.child("left") or node.child("key"), node.child("right") or node.child("value")
    text = string(value)
    if key is None or text is None:
        return
    name = string(key) or (string(key.named[-1]) if key.kind == "subscript" and key.named else None) or key.text
    if (name == "SESSION_TYPE" and text in ("filesystem", "cachelib")) or (
        name == "SESSION_ENGINE" and text.endswith(".file")
    ):
        yield _seen(node, Form.SESSION_STORE, name, source)
    elif (name == "CACHE_TYPE" and text.rpartition(".")[2].lower() in ("simplecache", "simple", "filesystemcache")) or (
        name == "BACKEND" and text.endswith(("LocMemCache", "FileBasedCache"))
    ):
        yield _seen(node, Form.CACHE, name, source)
    elif name in ("RATELIMIT_STORAGE_URI", "RATELIMIT_STORAGE_URL") and text.startswith("memory:"):
        yield _seen(node, Form.RATE_LIMITER, name, source)


def _purpose(node: Node, callback: Node | None) -> frozenset[Trait]:
    """Whether a timer cleans up, watches or measures: by what it calls, else by the names around it."""
    asked: frozenset[str] = frozenset()
    if callback is not None:
        names = {dotted(callback), *called(callback)} - {""}
        asked = frozenset().union(*(words(name.rpartition(".")[2]) for name in names if not name.endswith("sleep")))
        if asked & CLEANUP:
            return frozenset({Trait.CLEANUP})
    around = frozenset().union(*(words(name) for name in context(node)))
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
        traits | source.file_traits | (source.traits(node) & {Trait.DEVELOPMENT}),
    )
