"""What a Python file keeps in variables, class attributes and fields, and who writes to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from scan.facts import ClassFact, FileFacts, ForeignWrite, Holder, Place, Write, is_durable
from scan.languages.python.classes import instance, single_of
from scan.languages.python.shapes import (
    FUNCTIONS,
    MAKERS,
    arguments,
    bare,
    called,
    callee,
    class_around,
    decorators,
    dotted,
    function_around,
    function_name,
    named,
    tokens,
)
from scan.languages.python.source import Source
from scan.model import Form, Trait
from scan.syntax import Node
from scan.vocabulary import REDIS, SENDS
from scan.words import listed, words

_LITERALS: Final = {
    "dictionary": Form.MAP,
    "dictionary_comprehension": Form.MAP,
    "list": Form.LIST,
    "list_comprehension": Form.LIST,
    "set": Form.SET,
    "set_comprehension": Form.SET,
}
_MADE: Final = {
    **dict.fromkeys(("dict", "collections.defaultdict", "collections.OrderedDict", "collections.Counter"), Form.MAP),
    **dict.fromkeys(("list", "collections.deque"), Form.LIST),
    "set": Form.SET,
}
_QUEUES: Final = frozenset(
    f"{module}.{kind}"
    for module in ("queue", "asyncio", "multiprocessing", "janus")
    for kind in ("Queue", "LifoQueue", "PriorityQueue", "SimpleQueue", "JoinableQueue")
)
_WEAK: Final = frozenset({"weakref.WeakValueDictionary", "weakref.WeakKeyDictionary", "weakref.WeakSet"})
MUTATORS: Final = listed(
    "append appendleft extend insert remove pop popleft popitem clear add discard update setdefault move_to_end "
    "put put_nowait get_nowait difference_update intersection_update enqueue dequeue"
)
_CODE: Final = listed("fn func cls f function handler callback factory klass wrapped target")
_POOLS: Final = listed("client pool connection engine logger session transport")
_ROUTES: Final = listed("get post put patch delete route websocket middleware on event before after task command call")


@dataclass(frozen=True)
class _Made:
    form: Form
    always: bool = False
    traits: frozenset[Trait] = frozenset()


def collect(source: Source, facts: FileFacts) -> None:
    """Add variables, attributes and fields that hold containers, classes, and places that make objects."""
    for node in source.root.walk():
        if node.kind == "assignment":
            _assignment(node, source, facts)
        elif node.kind == "class_definition":
            _class(node, source, facts)
        elif node.kind == "call":
            instance(node, source, facts)
    _foreign(source, facts)


def _assignment(node: Node, source: Source, facts: FileFacts) -> None:
    left = node.child("left")
    if left is None:
        return
    inside, function = class_around(node), function_around(node)
    made = _made(node, source) or _counter(node)
    if made is None:
        return
    if left.kind == "attribute":
        _application_state(left, node, made, source, facts)
        return
    if left.kind != "identifier" or (inside is not None and (function is None or inside.within(function))):
        return
    scope = _scope(left, source)
    if scope is not None and (function is not scope or made.form is Form.COUNTER):
        return
    if scope is None and function is not None:
        return
    if any(holder.name == left.text and holder.place is Place.MODULE for holder in facts.holders) and scope is None:
        return
    place = Place.MODULE if scope is None else Place.CLOSURE
    holder = _holder(source, node, left.text, made, place, function_name(scope))
    uses = [use for use in source.uses(left.text, scope) if use is not left]
    for use in uses:
        found = change(use)
        if found is None or (made.form is Form.COUNTER and found[0] != "increment"):
            continue
        if place is Place.MODULE and source.while_made(found[1]):
            continue
        if scope is not None and not _outlives(found[1], scope):
            continue
        holder.writes.append(Write(found[0], found[1].line, source.traits(found[1], holder.name)))
    _finish(holder, uses, source)
    if place is Place.MODULE or holder.writes:
        facts.holders.append(holder)


def _application_state(left: Node, node: Node, made: _Made, source: Source, facts: FileFacts) -> None:
    """`app.state.jobs = {}` and its like: of the application, so of the process."""
    owner = dotted(left.child("object"))
    if owner.endswith("app.state") or owner in ("app.extensions", "current_app"):
        holder = _holder(source, node, named(left.child("attribute")), made, Place.MODULE, owner)
        holder.always = True
        facts.holders.append(holder)


def _scope(name: Node, source: Source) -> Node | None:
    return next((function for function in _functions(name) if name in set(source.uses(name.text, function))), None)


def _functions(node: Node) -> Iterator[Node]:
    return (above for above in node.up() if above.kind in FUNCTIONS)


def _outlives(where: Node, scope: Node) -> bool:
    """Whether a write is in a function that the scope hands out: returned, or decorated as a handler."""
    inner = next((function for function in _functions(where) if _parent_function(function) is scope), None)
    if inner is None or scope.kind == "lambda":
        return False
    if any(_registers(decorator) for decorator in decorators(inner)):
        return True
    name = function_name(inner)
    for node in scope.walk():
        if node.kind != "return_statement" or function_around(node) is not scope:
            continue
        for part in node.walk():
            if part is inner or (part.kind == "identifier" and name and part.text == name and part.field != "function"):
                return True
    return False


def _parent_function(function: Node) -> Node | None:
    return next(_functions(function), None)


def _registers(decorator: Node) -> bool:
    name = callee(decorator) if decorator.kind == "call" else dotted(decorator)
    return "." in name and bool(words(name.rpartition(".")[2]) & _ROUTES)


def _class(node: Node, source: Source, facts: FileFacts) -> None:
    owner = named(node.child("name"))
    single = single_of(node, owner)
    accessor = single[1] if single else 0
    facts.classes.append(
        ClassFact(owner, source.path, node.line, single[0] if single else "", is_durable(owner), accessor)
    )
    fields: dict[str, tuple[Node, _Made, Place]] = {}
    body = node.child("body")
    for statement in body.named if body is not None else []:
        inner = statement.named[0] if statement.kind == "expression_statement" and statement.named else None
        if inner is None or inner.kind != "assignment":
            continue
        made = _made(inner, source) or _counter(inner)
        default = _default_factory(inner, source)
        if made is not None or default is not None:
            place = Place.STATIC if made is not None else Place.FIELD
            fields[named(inner.child("left"))] = (inner, made or default or _Made(Form.MAP), place)
    for inner in node.walk():
        name = dotted(inner.child("left")) if inner.kind == "assignment" else ""
        if not name.startswith("self.") or name.count(".") != 1 or class_around(inner) is not node:
            continue
        function = function_around(inner)
        if function_name(function) in MAKERS:
            made = _made(inner, source) or _counter(inner)
            if made is not None:
                fields[name[5:]] = (inner, made, Place.FIELD)
            else:
                fields.pop(name[5:], None)
    mentions: dict[str, list[Node]] = defaultdict(list)
    for inner in node.walk() if fields else ():
        if inner.kind == "attribute" and dotted(inner.child("object")) in ("self", "cls", owner):
            mentions[named(inner.child("attribute"))].append(inner)
    for name, (member, made, place) in fields.items():
        holder = _holder(source, member, name, made, place, owner)
        uses = mentions[name]
        for use in uses:
            found = change(use)
            if found is None or _making(found[1], place) or (made.form is Form.COUNTER and found[0] != "increment"):
                continue
            holder.writes.append(Write(found[0], found[1].line, source.traits(found[1], holder.name)))
        _finish(holder, uses, source)
        facts.holders.append(holder)


def _making(where: Node, place: Place) -> bool:
    function = function_around(where)
    return function is None or (place is Place.FIELD and function_name(function) in MAKERS)


def _made(node: Node, source: Source) -> _Made | None:
    """What an assignment holds; looks into `a if b else c` and `a or b`, where the container may stand in."""
    value = bare(node.child("right"))
    if value is None:
        return None
    if value.kind in ("conditional_expression", "boolean_operator"):
        for side in value.named:
            found = _form(bare(side), source)
            traits = source.traits(side)
            if found is not None and (Trait.FALLBACK in traits or found.always):
                return _Made(found.form, True, traits)
            if Trait.FALLBACK in traits and side.kind == "call" and words(callee(side)) & {"memory", "inmemory"}:
                return _Made(Form.OBJECT, True, traits)
        return None
    return _form(value, source)


def _form(value: Node | None, source: Source) -> _Made | None:
    if value is None:
        return None
    if value.kind in _LITERALS:
        return _Made(_LITERALS[value.kind])
    if value.kind != "call":
        return None
    name = source.full(callee(value))
    if name in _MADE:
        return _Made(_MADE[name])
    if name in _QUEUES:
        return _Made(Form.QUEUE, True)
    if name in _WEAK:
        return _Made(Form.CACHE, False, frozenset({Trait.PURE}))
    if name.startswith("cachetools.") and name.rpartition(".")[2].endswith("Cache"):
        return _Made(Form.CACHE, True)
    return None


def _counter(node: Node) -> _Made | None:
    right = node.child("right")
    return _Made(Form.COUNTER) if right is not None and right.kind in ("integer", "float") else None


def _default_factory(node: Node, source: Source) -> _Made | None:
    """`jobs: dict = field(default_factory=dict)`."""
    right = bare(node.child("right"))
    if right is None or right.kind != "call" or callee(right).rpartition(".")[2] not in ("field", "Field"):
        return None
    factory = next((part for part in right.walk() if part.kind == "keyword_argument" and "factory" in part.text), None)
    form = _MADE.get(source.full(dotted(factory.child("value")))) if factory is not None else None
    return _Made(form) if form is not None else None


def _holder(source: Source, node: Node, name: str, made: _Made, place: Place, owner: str) -> Holder:
    annotation = node.child("type")
    types = [part.text for part in annotation.walk() if part.kind == "identifier"] if annotation is not None else []
    kinds = " ".join(one for one in types if one.lower() not in ("dict", "list", "set", "str", "int", "any", "final"))
    pool = annotation is not None and bool(tokens(annotation) & REDIS) and made.form is Form.MAP
    return Holder(
        source.path,
        node.line,
        name,
        made.form,
        place,
        owner,
        words(name),
        source.around(node, kinds, owner),
        [],
        made.traits | source.file_traits | (frozenset({Trait.CODE}) if pool else frozenset()),
        made.always,
    )


def _finish(holder: Holder, uses: list[Node], source: Source) -> None:
    traits = set(holder.traits)
    if source.relayed:
        traits.add(Trait.RELAYED)
    stored = [value for use in uses if (value := _stored(use)) is not None]
    if stored and all(_is_code(value) for value in stored):
        traits.add(Trait.CODE)
    if any(_forgets(use) for use in uses):
        traits.add(Trait.PROMISES)
    if not any(_told(use) for use in uses):
        traits.add(Trait.SILENT)
    holder.traits = frozenset(traits)


def _stored(use: Node) -> Node | None:
    parent = use.parent
    if parent is None or parent.parent is None:
        return None
    if parent.kind == "subscript" and parent.field == "left":
        return bare(parent.parent.child("right"))
    if parent.kind == "attribute" and named(parent.child("attribute")) in ("append", "add", "setdefault"):
        given = arguments(parent.parent) if parent.parent.kind == "call" else []
        return given[-1] if given else None
    return None


def _is_code(value: Node) -> bool:
    if value.kind == "call":
        return bool(words(callee(value)) & _POOLS)
    return value.kind == "lambda" or (value.kind == "identifier" and value.text in _CODE)


def _forgets(use: Node) -> bool:
    """Whether a task takes itself out when it is done: `task.add_done_callback(running.discard)`."""
    method = use.parent
    call = method.parent.parent if method is not None and method.parent is not None else None
    return (
        method is not None
        and named(method.child("attribute")) in ("discard", "remove")
        and call is not None
        and call.kind == "call"
        and callee(call).endswith(".add_done_callback")
    )


def _told(use: Node) -> bool:
    """Whether what is held is told something through this use."""
    parent = use.parent
    if parent is None:
        return False
    if parent.kind == "attribute":
        loop = next((above for above in use.up() if above.kind in ("for_statement", "for_in_clause")), None)
        iterated = loop is not None and use.within(loop.child("right") or loop)
        return (iterated and _sends(loop)) or named(parent.child("attribute")) == "get"
    if parent.kind == "for_in_clause":
        return _sends(parent.parent)
    if parent.kind == "for_statement":
        return _sends(parent)
    return parent.kind in ("argument_list", "subscript") and change(use) is None


def _sends(node: Node | None) -> bool:
    return node is not None and bool({name.rpartition(".")[2] for name in called(node)} & SENDS)


def change(handle: Node) -> tuple[str, Node] | None:
    """The change that a reference to a container is part of, with the node that makes it."""
    node = handle
    while node.parent is not None:
        parent = node.parent
        if parent.kind == "attribute" and node.field == "object":
            grand, name = parent.parent, named(parent.child("attribute"))
            if grand is not None and grand.kind == "call" and parent.field == "function":
                if name in MUTATORS:
                    given = arguments(grand)
                    first = name == "pop" and bool(given) and given[0].text == "0"
                    return ("pop(0)" if first else "nested" if node is not handle else name), grand
                if name not in ("get", "values", "items"):
                    return None
                node = grand
            else:
                node = parent
        elif parent.kind == "subscript" and node.field == "value":
            node = parent
        elif parent.kind == "assignment" and node.field == "left":
            return ("assign" if node is handle else "property"), parent
        elif parent.kind == "augmented_assignment" and node.field == "left":
            return ("increment" if node is handle else "property"), parent
        elif parent.kind in ("delete_statement", "expression_list") and any(
            above.kind == "delete_statement" for above in (parent, *parent.up())
        ):
            return "delete", parent
        elif parent.kind == "argument_list" and parent.parent is not None and parent.named and parent.named[0] is node:
            name = callee(parent.parent).rpartition(".")[2]
            heap = {"heappush": "append", "heappop": "pop(0)", "heapreplace": "append"}
            return (heap[name], parent.parent) if name in heap else None
        else:
            return None
    return None


def _foreign(source: Source, facts: FileFacts) -> None:
    """Writes to what another module of the scan declares."""
    for local, full in source.imports.items():
        module, _, name = full.rpartition(".")
        for use in source.uses(local, None):
            direct = change(use) if module else None
            handle = use.parent if use.parent is not None and use.parent.kind == "attribute" else None
            through = change(handle) if handle is not None and use.field == "object" else None
            for found, place, what in (
                (direct, module, name),
                (through, full, named(handle.child("attribute")) if handle is not None else ""),
            ):
                if found is not None and what and not source.while_made(found[1]):
                    write = Write(found[0], found[1].line, source.traits(found[1]))
                    facts.foreign.append(ForeignWrite(place, what, write))
