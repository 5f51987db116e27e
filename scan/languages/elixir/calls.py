"""Calls of Elixir that keep state by themselves: timers, files, stores of libraries, terms and dictionaries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from scan.facts import FileFacts
from scan.languages.elixir.shapes import (
    arguments,
    called,
    callee,
    calls,
    function_around,
    function_name,
    location,
    module_around,
    named,
    options,
    parameters,
    tokens,
)
from scan.languages.elixir.source import Source
from scan.model import Form, Sighting, Trait
from scan.syntax import Node
from scan.vocabulary import CLEANUP, WORK
from scan.words import words

_FILES: Final = {
    **dict.fromkeys(("File.write", "File.write!", "File.open", "File.open!", "File.stream!"), 0),
    **dict.fromkeys(("File.cp", "File.cp!", "File.copy", "File.copy!", "File.rename", "File.rename!"), 1),
    **dict.fromkeys(("File.cp_r", "File.cp_r!"), 1),
}
_TIMERS: Final = frozenset({"Process.send_after", ":timer.send_interval", ":timer.apply_interval", ":timer.send_after"})
_TEMPORARY: Final = frozenset({"tmp", "temp", "tmpdir", "tempdir", "briefly", "randomfile"})
_LIMITERS: Final = frozenset({"Hammer.Backend.ETS", "Hammer.ETS", "PlugAttack.Storage.Ets", "Hammer.Atomic"})
_CACHES: Final = frozenset({"Cachex", "ConCache", "Nebulex.Adapters.Local"})


def collect(source: Source, facts: FileFacts) -> None:
    """Add what calls, options and child specifications of the file keep."""
    for node in source.root.walk():
        if node.kind == "call":
            facts.sightings.extend(_call(node, source))
        elif node.kind == "alias":
            facts.sightings.extend(_alias(node, source))
        elif node.kind == "pair" and _text(node, "key") == "store:" and _text(node, "value") == ":ets":
            facts.sightings.append(_seen(node, Form.SESSION_STORE, "store: :ets", source))


def _text(node: Node, field: str) -> str:
    return named(node.child(field)).strip()


def _call(node: Node, source: Source) -> Iterator[Sighting]:
    name = callee(node)
    given = arguments(node)
    if name in _TIMERS:
        message = given[1] if len(given) > 1 else None
        yield _seen(node, Form.TIMER, name, source, _purpose(node, message, source))
    elif name in _FILES and len(given) > _FILES[name]:
        yield from _file(node, name, given, source)
    elif name == ":dets.open_file":
        yield _seen(node, Form.DATABASE, name, source)
    elif name == ":fuse.install":
        yield _seen(node, Form.BREAKER, name, source)
    elif name.startswith("ExRated."):
        yield _seen(node, Form.RATE_LIMITER, name, source)
    elif name == "Process.put":
        yield _seen(node, Form.DICTIONARY, name, source)
    elif name == ":persistent_term.put" and not source.while_made(node):
        yield _seen(node, Form.MAP, name, source, own=tokens(given[0]) if given else frozenset())
    elif name == "Application.put_env" and not source.while_made(node):
        yield _seen(node, Form.MAP, name, source, own=words("config"))
    elif name == "use" and given:
        yield from _use(node, given[0].text, source)


def _use(node: Node, what: str, source: Source) -> Iterator[Sighting]:
    if what == "Quantum":
        yield _seen(node, Form.SCHEDULE, what, source)
    elif what == "Hammer" and named(options(node).get("backend")) in (":ets", ":atomic"):
        yield _seen(node, Form.RATE_LIMITER, what, source)


def _alias(node: Node, source: Source) -> Iterator[Sighting]:
    above = node.parent
    if node.text in _LIMITERS:
        yield _seen(node, Form.RATE_LIMITER, node.text, source)
    elif node.text == "LoggerFileBackend" and above is not None and above.kind == "tuple":
        yield _seen(node, Form.LOG_FILE, node.text, source)
    elif node.text in _CACHES and (_child(node) or node.text.startswith("Nebulex")):
        yield _seen(node, Form.CACHE, node.text, source, source.traits(node) & {Trait.FALLBACK})
    elif _child(node) and words(node.text) & {"memory", "inmemory"} and Trait.FALLBACK in source.traits(node):
        yield _seen(node, Form.PROCESS, node.text, source, frozenset({Trait.FALLBACK}))


def _child(node: Node) -> bool:
    """Whether a module is started as a child: `{Cachex, name: :x}`, or an element of a list or a branch."""
    above = node.parent
    if above is None:
        return False
    if above.kind == "tuple":
        return above.named[0] is node
    return above.kind in ("list", "pair", "else_block") and node.field != "key"


def _file(node: Node, name: str, given: list[Node], source: Source) -> Iterator[Sighting]:
    if name.startswith("File.open") and not tokens(node) & {"write", "append", "exclusive"}:
        return
    if name == "File.stream!" and not any(
        callee(above).endswith(".into") for above in node.up() if above.kind == "call"
    ):
        return
    function = function_around(node)
    known = frozenset().union(*(tokens(part) for part in _resolved(given[_FILES[name]], function, source)))
    traits: set[Trait] = set()
    if known & _TEMPORARY:
        traits.add(Trait.TEMPORARY)
        around = function or source.root
        if any(one.startswith(("File.rm", "Briefly.cleanup")) for one in called(around)) or "briefly" in known:
            traits.add(Trait.DELETED)
    yield _seen(node, Form.FILE, name, source, frozenset(traits), known)


def _resolved(place: Node, function: Node | None, source: Source, depth: int = 4) -> list[Node]:
    """An expression with what its variables and attributes were set to."""
    found = [place]
    names = {part.text for part in place.walk() if part.kind == "identifier"}
    found += [source.attributes[name] for name in sorted(names & source.attributes.keys())]
    for part in function.walk() if function is not None and depth else []:
        if part.kind == "binary_operator" and named(part.child("operator")) in ("=", "<-"):
            left, right = part.child("left"), part.child("right")
            bound = {one.text for one in left.walk() if one.kind == "identifier"} if left is not None else set()
            if right is not None and bound & names and not place.within(right):
                found += _resolved(right, function, source, depth - 1)
    return found


def _purpose(node: Node, message: Node | None, source: Source) -> frozenset[Trait]:
    """Whether a timer cleans up, watches or measures: by its message, what handles it, and the names around."""
    sent = tokens(message) if message is not None else frozenset()
    if sent & CLEANUP:
        return frozenset({Trait.CLEANUP})
    asked = set(sent)
    module = module_around(node)
    for clause in calls(module) if module is not None else ():
        given = parameters(clause) if callee(clause) == "def" and function_name(clause) == "handle_info" else []
        if message is not None and given and given[0].text == message.text:
            names = [name.rpartition(".")[2] for name in called(clause) if not name.startswith("Process.")]
            asked |= frozenset().union(*(words(name) for name in names if name not in ("handle_info", "def")))
    if asked & WORK:
        return frozenset()
    around = frozenset().union(*source.around(node))
    return frozenset({Trait.CLEANUP}) if (asked | around) & CLEANUP else frozenset()


def _seen(
    node: Node,
    form: Form,
    name: str,
    source: Source,
    traits: frozenset[Trait] = frozenset(),
    own: frozenset[str] = frozenset(),
) -> Sighting:
    reach = f"in {location(node)}"
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
