"""What a JavaScript or TypeScript file keeps in variables and fields, and who writes to it."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from scan.facts import FileFacts, ForeignWrite, Holder, Place, Write
from scan.languages.javascript.containers import change, form_of, form_of_type, is_frozen, memory_store
from scan.languages.javascript.shapes import (
    FIELDS,
    FUNCTIONS,
    arguments,
    bare,
    called,
    callee,
    class_name,
    documented_type,
    dotted,
    function_around,
    function_name,
    is_class,
    named,
    tokens,
)
from scan.languages.javascript.source import GLOBALS, Source, escapes
from scan.model import Form, Trait
from scan.syntax import Node
from scan.vocabulary import CLIENTS, SENDS
from scan.words import listed, words

_POOLS = listed("client pool connection sdk prisma instance transport agent")


@dataclass(frozen=True)
class _Made:
    form: Form
    always: bool
    traits: frozenset[Trait]
    literal: Node | None


def collect(source: Source, facts: FileFacts) -> None:
    """Add every variable and field that holds a container, with the writes to it that this file has."""
    for node in source.root.walk():
        if node.kind == "variable_declarator":
            _variable(node, source, facts)
        elif is_class(node):
            _class(node, source, facts)
        elif node.kind == "assignment_expression":
            _global(node, source, facts)
    _exported(source, facts)
    _foreign(source, facts)


def _variable(node: Node, source: Source, facts: FileFacts) -> None:
    target, value = node.child("name"), node.child("value")
    if target is None or target.kind != "identifier":
        return
    scope = source.scopes.scope_of(node, target.text)
    if scope is None:
        return
    function = next((above for above in [scope, *scope.up()] if above.kind in FUNCTIONS), None)
    made = _made(value, node.child("type"), source) or _counter(node, value)
    if made is None:
        return
    place = Place.MODULE if function is None else Place.CLOSURE
    holder = _holder(source, node, target.text, made, place, function_name(function))
    if made.form is Form.COUNTER and place is Place.CLOSURE:
        return
    uses = source.scopes.uses(node, target.text)
    for use in uses:
        found = change(use, made.form, made.literal)
        if found is None or (made.form is Form.COUNTER and found[0] not in ("increment", "assign")):
            continue
        operation, where = found
        if made.form is Form.COUNTER and not _counts(where):
            continue
        writer = function_around(where)
        if place is Place.MODULE and source.while_made(where):
            continue
        if place is Place.CLOSURE and (writer is None or writer is function or not _outlives(writer, function, source)):
            continue
        holder.writes.append(_write(operation, where, source))
    _finish(holder, node, uses, source)
    if place is Place.CLOSURE and not holder.writes:
        return
    facts.holders.append(holder)


def _outlives(writer: Node, declarer: Node | None, source: Source) -> bool:
    """Whether the writer, or a function between it and the declarer, is handed out by the declarer."""
    for function in [writer, *(above for above in writer.up() if above.kind in FUNCTIONS)]:
        if function is declarer:
            return False
        if next((above for above in function.up() if above.kind in FUNCTIONS), None) is declarer:
            return escapes(function, source)
    return False


def _class(node: Node, source: Source, facts: FileFacts) -> None:
    owner = class_name(node)
    fields: dict[str, tuple[Node, _Made, bool]] = {}
    body = node.child("body")
    for member in body.children if body is not None else []:
        if member.kind in FIELDS:
            name = named(member.child("name") or member.child("property"))
            made = _made(member.child("value"), member.child("type"), source) or _counter(member, member.child("value"))
            if made is not None:
                fields[name] = (member, made, member.has("static"))
    for inner in body.walk() if body is not None else []:
        if inner.kind == "assignment_expression" and _in_constructor(inner):
            name = dotted(inner.child("left"))
            made = _made(inner.child("right"), None, source)
            if made is not None and name.startswith("this.") and name.count(".") == 1:
                known = fields.get(name[5:])
                if known is None or (known[1].literal is None and known[1].form is made.form):
                    fields[name[5:]] = (known[0] if known else inner, made, False)
    mentions: dict[str, list[Node]] = defaultdict(list)
    for inner in node.walk() if fields else ():
        if inner.kind == "member_expression":
            mentions[named(inner.child("property"))].append(inner)
    for name, (member, made, static) in fields.items():
        holder = _holder(source, member, name, made, Place.STATIC if static else Place.FIELD, owner)
        uses = list(_field_uses(mentions[name], owner, static))
        for use in uses:
            found = change(use, made.form, made.literal)
            if found is None or source.while_made(found[1]):
                continue
            if made.form is Form.COUNTER and not _counts(found[1]):
                continue
            holder.writes.append(_write(found[0], found[1], source))
        _finish(holder, member, uses, source)
        facts.holders.append(holder)


def _in_constructor(node: Node) -> bool:
    function = function_around(node)
    return function is not None and function_name(function) == "constructor"


def _field_uses(mentions: list[Node], owner: str, static: bool) -> Iterator[Node]:
    for inner in mentions:
        target = inner.child("object")
        if target is not None and (target.kind == "this" or (static and target.text == owner)):
            yield inner


def _global(node: Node, source: Source, facts: FileFacts) -> None:
    left = node.child("left")
    if left is None or left.kind != "member_expression" or dotted(left.child("object")) not in GLOBALS:
        return
    made = _made(node.child("right"), None, source)
    if made is None:
        return
    name = dotted(left)
    holder = _holder(source, node, named(left.child("property")), made, Place.MODULE, dotted(left.child("object")))
    for other in source.globals.get(name, []):
        if other is not left:
            found = change(other, made.form, made.literal)
            if found is not None and not source.while_made(found[1]):
                holder.writes.append(_write(found[0], found[1], source))
    facts.holders.append(holder)


def _made(value: Node | None, annotation: Node | None, source: Source) -> _Made | None:
    """What a declaration holds; looks into `a ? b : c`, `a ?? b` and `a || b`, where the container may stand in."""
    inner = bare(value)
    if inner is None:
        form = form_of_type(annotation)
        return _Made(form, False, frozenset(), None) if form is not None else None
    if is_frozen(inner):
        return None
    if inner.kind in ("ternary_expression", "binary_expression"):
        for field in ("consequence", "alternative", "right"):
            side = bare(inner.child(field))
            if side is None:
                continue
            found = form_of(side, source.scopes)
            traits = source.guards.traits(side)
            if found is not None and found[0] is not Form.OBJECT and (Trait.FALLBACK in traits or found[1]):
                return _Made(found[0], True, traits, side)
            if Trait.FALLBACK in traits and memory_store(side):
                return _Made(Form.OBJECT, True, traits, side)
        return None
    found = form_of(inner, source.scopes)
    if found is not None:
        return _Made(found[0], found[1], frozenset(), inner)
    if inner.kind == "new_expression" and callee(inner) in ("WeakMap", "WeakSet"):
        return _Made(Form.CACHE, False, frozenset({Trait.PURE}), inner)
    return None


def _counter(node: Node, value: Node | None) -> _Made | None:
    if value is None or value.kind != "number":
        return None
    constant = node.parent is not None and named(node.parent.child("kind")) == "const"
    return None if constant else _Made(Form.COUNTER, False, frozenset(), None)


def _counts(where: Node) -> bool:
    """Whether a change of a number counts: `++`, `+=`, `-=`."""
    if where.kind == "update_expression":
        return True
    operator = where.child("operator")
    return where.kind == "augmented_assignment_expression" and operator is not None and operator.text in ("+=", "-=")


def _holder(source: Source, node: Node, name: str, made: _Made, place: Place, owner: str) -> Holder:
    literal = made.literal
    types = " ".join(source.type_words(kind) for kind in _types(node, literal))
    return Holder(
        source.path,
        node.line,
        name.lstrip("#"),
        made.form,
        place,
        owner,
        words(name),
        source.around(node, types, owner),
        [],
        made.traits | source.file_traits,
        made.always,
    )


def _types(node: Node, literal: Node | None) -> list[Node]:
    """Every place that says what a declaration holds: its annotation, `new Map<…>`, a JSDoc comment."""
    given = [
        node.child("type"),
        literal.child("type_arguments") if literal is not None else None,
        documented_type(node),
    ]
    return [kind for kind in given if kind is not None]


def _write(operation: str, where: Node, source: Source) -> Write:
    return Write(operation, where.line, source.guards.traits(where))


def _finish(holder: Holder, node: Node, uses: list[Node], source: Source) -> None:
    """What values and uses tell about a holder."""
    traits = set(holder.traits)
    if source.relayed:
        traits.add(Trait.RELAYED)
    literal = bare(node.child("value") or node.child("right"))
    kinds = [below for kind in _types(node, literal) for below in kind.walk()]
    if any(kind.kind == "function_type" or _is_client(kind, source) for kind in kinds):
        traits.add(Trait.CODE)
    if any(kind.kind == "type_identifier" and kind.text == "Promise" for kind in kinds):
        traits.add(Trait.PROMISES)
    if not any(_told(use) for use in uses):
        traits.add(Trait.SILENT)
    stored = [value for use in uses if (value := _stored(use)) is not None]
    if stored and all(_is_code(value, source) for value in stored):
        traits.add(Trait.CODE)
    if holder.form is Form.QUEUE and uses and all(_awaited(use) for use in uses if _adds(use)):
        traits.add(Trait.AWAITED)
    holder.traits = frozenset(traits)


def _stored(use: Node) -> Node | None:
    """What `x.set(key, value)`, `x.push(value)` or `x[key] = value` puts in."""
    parent = use.parent
    if parent is None:
        return None
    if parent.kind == "subscript_expression" and parent.parent is not None:
        return bare(parent.parent.child("right")) if parent.field == "left" else None
    call = parent.parent
    if parent.kind != "member_expression" or call is None or call.kind != "call_expression":
        return None
    given = arguments(call)
    name = named(parent.child("property"))
    return bare(given[-1]) if given and name in ("set", "add", "push", "unshift") else None


def _is_client(kind: Node, source: Source) -> bool:
    """Whether a type, or the module that it is imported from, is that of a client, a pool or a logger."""
    if kind.kind == "type_identifier":
        origin = source.scopes.imports.get(kind.text)
        return origin is not None and _of_client(origin.module)
    return kind.kind == "string" and _of_client(kind.text[1:-1])


def _of_client(module: str) -> bool:
    return module in CLIENTS or module.startswith("@aws-sdk/")


def _told(use: Node) -> bool:
    """Whether what is held is told something through this use: `for (const c of all) c.send()`, `all.get(id)`."""
    parent = use.parent
    if parent is None:
        return False
    if parent.kind == "for_in_statement":
        names = {name.rpartition(".")[2] for name in called(parent)}
        return bool(names & SENDS)
    if parent.kind == "arguments" or parent.kind == "spread_element" or parent.kind == "subscript_expression":
        return True
    if parent.kind != "member_expression":
        return False
    method = named(parent.child("property"))
    call = parent.parent
    if method in ("forEach", "values", "entries", "keys") and call is not None:
        loop = next((above for above in call.up() if above.kind == "for_in_statement" and call.within(above)), call)
        return bool({name.rpartition(".")[2] for name in called(loop)} & SENDS)
    return method == "get"


def _is_code(value: Node, source: Source) -> bool:
    if value.kind in ("arrow_function", "function_expression"):
        return True
    if value.kind == "new_expression":
        origin = source.scopes.origin(callee(value))
        return bool(words(callee(value)) & _POOLS) or (origin is not None and _of_client(origin.module))
    return value.kind == "identifier" and bool(tokens(value) & {"handler", "fn", "callback", "factory", "listener"})


def _adds(use: Node) -> bool:
    return use.parent is not None and named(use.parent.child("property")) in ("add", "push", "unshift")


def _awaited(use: Node) -> bool:
    call = use.parent.parent if use.parent is not None else None
    around = call.parent if call is not None else None
    return around is not None and around.kind in ("await_expression", "return_statement", "arrow_function")


def _foreign(source: Source, facts: FileFacts) -> None:
    """Writes to what another file of the scan exports."""
    for local, known in source.scopes.imports.items():
        if not known.module.startswith("."):
            continue
        module = posixpath.normpath(posixpath.join(posixpath.dirname(source.module), known.module))
        for use in source.scopes.references.get(local, []):
            handle, name = use, known.name
            if known.name in ("*", "default") and use.parent is not None and use.parent.kind == "member_expression":
                handle, name = use.parent, named(use.parent.child("property"))
                if known.name == "default":
                    handle, name = use, "default"
            found = change(handle, Form.MAP)
            if found is None or source.while_made(found[1]):
                continue
            write = _write(found[0], found[1], source)
            facts.foreign.append(ForeignWrite(_stem(module), name, write))


def _exported(source: Source, facts: FileFacts) -> None:
    """The names under which others import what this file declares."""
    for node in source.root.walk():
        if node.kind == "export_statement":
            value = node.child("value")
            if value is not None and value.kind == "identifier":
                facts.aliases["default"] = value.text
        elif node.kind == "export_specifier" and node.child("alias") is not None:
            facts.aliases[named(node.child("alias"))] = named(node.child("name"))
        elif node.kind == "assignment_expression" and dotted(node.child("left")) == "module.exports":
            right = node.child("right")
            if right is not None and right.kind == "identifier":
                facts.aliases["default"] = right.text


def _stem(module: str) -> str:
    head, dot, ending = module.rpartition(".")
    return head if dot and ending in ("js", "ts", "mjs", "cjs", "jsx", "tsx", "mts", "cts") else module
