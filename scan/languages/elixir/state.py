"""What Elixir processes and tables keep: ETS, agents, servers."""

from __future__ import annotations

from typing import Final

from scan.facts import FileFacts, ForeignWrite, Holder, Place, Write
from scan.languages.elixir.shapes import (
    arguments,
    called,
    callee,
    calls,
    function_around,
    function_name,
    module_around,
    module_name,
    named,
    pairs,
    parameters,
    tokens,
)
from scan.languages.elixir.source import Source
from scan.linking import ANYWHERE
from scan.model import Form, Trait
from scan.syntax import Node
from scan.words import words

_ETS_WRITES: Final = frozenset(
    {
        "insert",
        "insert_new",
        "delete",
        "delete_object",
        "update_counter",
        "update_element",
        "take",
        "delete_all_objects",
    }
)
_AGENT_WRITES: Final = frozenset({"Agent.update", "Agent.get_and_update", "Agent.cast"})
_CALLBACKS: Final = frozenset({"handle_call", "handle_cast", "handle_info"})
_REPLIES: Final = {":reply": 2, ":noreply": 1}
_BOOKKEEPING: Final = frozenset({"timer", "ref", "timer_ref", "monitor", "monitors", "tref"})


def collect(source: Source, facts: FileFacts) -> None:
    """Add tables, agents and servers of a file, with the writes to them that this file has."""
    tables: dict[str, Holder] = {}
    for call in calls(source.root):
        name = callee(call)
        if name == ":ets.new":
            holder = _table(call, source)
            tables[holder.name] = holder
            facts.holders.append(holder)
        elif name in ("Agent.start_link", "Agent.start"):
            _agent(call, source, facts)
        elif name == "use" and arguments(call) and arguments(call)[0].text == "GenServer":
            _server(call, source, facts)
    for call in calls(source.root):
        module, _, operation = callee(call).partition(".")
        if module == ":ets" and operation in _ETS_WRITES and not source.while_made(call):
            table = _name(source.value(next(iter(arguments(call)), None)))
            write = Write(operation, call.line, source.traits(call))
            if table in tables:
                tables[table].writes.append(write)
            elif len(tables) == 1 and not table[:1].isupper() and not _is_atom(call):
                next(iter(tables.values())).writes.append(write)
            else:
                facts.foreign.append(ForeignWrite(ANYWHERE, table, write))


def _is_atom(call: Node) -> bool:
    given = arguments(call)
    return bool(given) and given[0].kind == "atom"


def _name(text: str) -> str:
    return text.lstrip(":").rpartition(".")[2]


def _table(call: Node, source: Source) -> Holder:
    name = _name(source.value(next(iter(arguments(call)), None)))
    return _holder(call, name, Form.MAP, "", source)


def _holder(node: Node, name: str, form: Form, owner: str, source: Source, *more: frozenset[str]) -> Holder:
    traits = source.file_traits | (frozenset({Trait.RELAYED}) if source.relayed else frozenset())
    return Holder(
        source.path,
        node.line,
        name,
        form,
        Place.MODULE,
        owner,
        words(name) | (words(owner) if form is Form.PROCESS else frozenset()),
        source.around(node, *more),
        [],
        traits,
    )


def _agent(call: Node, source: Source, facts: FileFacts) -> None:
    module = module_around(call)
    owner = module_name(module).rpartition(".")[2]
    holder = _holder(call, "agent", Form.PROCESS, owner, source)
    for other in calls(module) if module is not None else ():
        if callee(other) in _AGENT_WRITES:
            holder.writes.append(Write(callee(other), other.line, source.traits(other)))
    facts.holders.append(holder)


def _server(call: Node, source: Source, facts: FileFacts) -> None:
    module = module_around(call)
    if module is None:
        return
    owner = module_name(module).rpartition(".")[2]
    first = next((one for one in calls(module) if callee(one) == "def" and function_name(one) == "init"), call)
    asked = set(called(module))
    queue = ":queue.new" in asked and bool(asked & {":queue.in", ":queue.out"})
    keys = frozenset().union(*(words(key) for key in _keys(first)))
    holder = _holder(first, "state", Form.PROCESS, owner, source, keys)
    if queue:
        holder.form, holder.own = Form.QUEUE, words(owner)
    for clause in calls(module):
        if callee(clause) != "def" or function_name(clause) not in _CALLBACKS:
            continue
        given = parameters(clause)
        names = _bound(given[-1]) if given else set()
        for reply in clause.walk():
            changed = _changed(reply, names)
            if changed is not None and function_around(reply) is clause:
                holder.writes.append(Write(function_name(clause), changed.line, source.traits(reply)))
    facts.holders.append(holder)


def _keys(init: Node) -> list[str]:
    """Keys of the state that `init` begins with."""
    return [key for node in init.walk() if node.kind == "keywords" for key in pairs(node)]


def _bound(pattern: Node) -> set[str]:
    """Names by which a callback knows the whole state."""
    if pattern.kind == "binary_operator" and named(pattern.child("operator")) == "=":
        return {side.text for side in pattern.named if side.kind == "identifier"}
    return {pattern.text} if pattern.kind == "identifier" else set()


def _changed(reply: Node, names: set[str]) -> Node | None:
    """The new state in `{:reply, answer, state}` or `{:noreply, state}`; `None` when it is the old one."""
    if reply.kind != "tuple" or not reply.named:
        return None
    position = _REPLIES.get(reply.named[0].text)
    if position is None or len(reply.named) <= position:
        return None
    new = reply.named[position]
    if new.kind == "identifier" and (new.text in names or not names):
        return None
    updated = [key for node in new.walk() if node.kind == "keywords" for key in pairs(node)]
    if new.kind == "map" and updated and set(updated) <= _BOOKKEEPING:
        return None
    return new if new.kind not in ("nil", "atom") or tokens(new) else None
