"""One Python file, with what all its readers ask of it: names, imports, conditions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import PurePosixPath

from scan.facts import file_words
from scan.languages.python.shapes import (
    FUNCTIONS,
    MAKERS,
    bare,
    called,
    context,
    decorators,
    dotted,
    function_around,
    function_name,
    named,
    starts_up,
    tokens,
)
from scan.model import Trait
from scan.syntax import Node
from scan.vocabulary import DEVELOPMENT, PRODUCTION, REDIS, SCRIPTS, names_redis
from scan.words import words

_BINDING = frozenset({"assignment", "augmented_assignment", "named_expression"})
_ENDS = frozenset({"return_statement", "raise_statement", "continue_statement"})


class Source:
    """A parsed file.

    Attributes:
        module: Its dotted name, from the root of the scan.
        imports: Local name to the dotted name that it stands for.
        references: Every use of a name as a variable.
    """

    def __init__(self, root: Node, path: PurePosixPath) -> None:
        self.root = root
        self.path = path
        parts = path.with_suffix("").parts
        self.module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self._package = ".".join(parts[:-1])
        self.imports: dict[str, str] = {}
        self.references: dict[str, list[Node]] = defaultdict(list)
        self._bound: dict[Node, set[str]] = {}
        self._homes: dict[str, dict[Node | None, list[Node]]] = {}
        for node in root.walk():
            if node.kind in ("import_statement", "import_from_statement"):
                self._import(node)
            elif node.kind == "identifier" and not (node.field == "attribute" or _is_keyword(node)):
                self.references[node.text].append(node)
        self.file_traits = frozenset({Trait.SCRIPT}) if set(path.parts[:-1]) & SCRIPTS else frozenset()
        self._clients = {name for name, origin in self.imports.items() if names_redis(origin)} | set(self._assigned())

    @cached_property
    def relayed(self) -> bool:
        """Whether the file listens to a broker."""
        return any(name.rpartition(".")[2] in ("subscribe", "psubscribe", "pubsub") for name in called(self.root))

    def full(self, name: str) -> str:
        """A dotted name with its first part as imported: `Q` after `from queue import Queue as Q` is `queue.Queue`."""
        head, dot, rest = name.partition(".")
        return self.imports.get(head, head) + dot + rest

    def uses(self, name: str, scope: Node | None) -> list[Node]:
        """References to a name of a function, or of the module when `scope` is `None`."""
        homes = self._homes.get(name)
        if homes is None:
            homes = self._homes[name] = defaultdict(list)
            for reference in self.references.get(name, []):
                homes[self.home(reference)].append(reference)
        return homes.get(scope, [])

    def around(self, node: Node, *more: str) -> tuple[frozenset[str], ...]:
        """Words around a node, nearest first, the file's name last."""
        return (*(words(name) for name in [*more, *context(node)] if name), file_words(self.path))

    def while_made(self, node: Node, depth: int = 3) -> bool:
        """Whether a node runs while the module is loaded, or its class's object is made, and never after."""
        function = function_around(node)
        if function is None or function_name(function) in MAKERS:
            return True
        return self._all_calls(function, depth, self.while_made)

    def at_start(self, node: Node, depth: int = 3) -> bool:
        """Whether a node runs only while the process starts."""
        function = function_around(node)
        if function is None or starts_up(function):
            return True
        return self._all_calls(function, depth, self.at_start)

    def about_redis(self, node: Node | None) -> bool:
        """Whether code speaks of Redis, or of a variable that holds its client."""
        if node is None:
            return False
        if tokens(node) & REDIS:
            return True
        return any(below.kind == "identifier" and below.text in self._clients for below in node.walk())

    def traits(self, node: Node, own: str = "") -> frozenset[Trait]:
        """What the conditions around a node, and those it got past, say; those that ask for `own` itself do not."""
        found: set[Trait] = set()
        below = node
        for above in node.up():
            if above.kind in ("if_statement", "elif_clause") and below.field == "consequence":
                found |= self._branch(above.child("condition"), True, own)
            elif above.kind == "if_statement" and below.field == "alternative":
                found |= self._branch(above.child("condition"), False, own)
            elif above.kind == "conditional_expression" and len(above.named) == 3:
                value, test, other = above.named
                if below is not test:
                    found |= self._branch(test, below is value, own)
                    if self.about_redis(other if below is value else value):
                        found.add(Trait.FALLBACK)
            elif above.kind == "boolean_operator" and below.field == "right" and above.has("or"):
                if self.about_redis(above.child("left")):
                    found.add(Trait.FALLBACK)
            elif above.kind == "except_clause" and above.parent is not None:
                if self.about_redis(above.parent.child("body")):
                    found.add(Trait.FALLBACK)
            elif above.kind in ("block", "module"):
                found |= self._passed(above, below, own)
            below = above
            if above.kind in FUNCTIONS:
                break
        return frozenset(found)

    def _passed(self, block: Node, statement: Node, own: str) -> set[Trait]:
        found: set[Trait] = set()
        for sibling in block.children:
            if sibling is statement:
                break
            consequence = sibling.child("consequence") if sibling.kind == "if_statement" else None
            if consequence is not None and consequence.named and consequence.named[-1].kind in _ENDS:
                found |= self._branch(sibling.child("condition"), False, own)
        return found

    def _branch(self, condition: Node | None, holds: bool, own: str) -> set[Trait]:
        test = bare(condition)
        found: set[Trait] = set()
        if test is None:
            return found
        negated = _negated(test)
        itself = any(part.kind == "identifier" and part.text == own for part in test.walk())
        if self.about_redis(test) and not itself and negated == holds:
            found.add(Trait.FALLBACK)
        known = tokens(test)
        if known & PRODUCTION and negated == holds:
            found.add(Trait.DEVELOPMENT)
        if known & DEVELOPMENT and not known & PRODUCTION and negated != holds:
            found.add(Trait.DEVELOPMENT)
        return found

    def _all_calls(self, function: Node, depth: int, holds: Callable[[Node, int], bool]) -> bool:
        """Whether something holds for every call of a private function of this module."""
        name = function_name(function)
        if depth == 0 or not name.startswith("_") or decorators(function):
            return False
        uses = [use for use in self.references.get(name, []) if use.parent is not function]
        return bool(uses) and all(
            use.field == "function" and not use.within(function) and holds(use, depth - 1) for use in uses
        )

    def home(self, name: Node) -> Node | None:
        """The function whose variable a name is; `None` for the module's."""
        below = name
        for above in name.up():
            if above.kind in FUNCTIONS and below.field in ("body", "parameters") and name.text in self._names_of(above):
                return above
            below = above
        return None

    def _names_of(self, function: Node) -> set[str]:
        known = self._bound.get(function)
        if known is None:
            known = self._bound[function] = _bound(function)
        return known

    def _assigned(self) -> Iterator[str]:
        for node in self.root.walk():
            if node.kind == "assignment":
                right, annotation = node.child("right"), node.child("type")
                made = bare(right)
                about = made is not None and made.kind == "call" and bool(tokens(made) & REDIS)
                if about or (annotation is not None and tokens(annotation) & REDIS):
                    yield dotted(node.child("left")).rpartition(".")[2]

    def _import(self, node: Node) -> None:
        module = node.child("module_name")
        prefix = ""
        if module is not None:
            prefix = self._absolute(module) + "."
        for name in (child for child in node.children if child.field == "name"):
            real = name.child("name") if name.kind == "aliased_import" else name
            alias = name.child("alias") if name.kind == "aliased_import" else None
            full = named(real)
            if alias is not None or prefix:
                self.imports[named(alias) or full] = prefix + full
            else:
                self.imports[full.partition(".")[0]] = full.partition(".")[0]

    def _absolute(self, module: Node) -> str:
        if module.kind != "relative_import":
            return module.text
        dots = len(named(module.first("import_prefix")))
        base = self._package.split(".") if self._package else []
        base = base[: len(base) - dots + 1] if dots > 1 else base
        inner = module.first("dotted_name")
        return ".".join([*base, *([inner.text] if inner is not None else [])])


def _is_keyword(node: Node) -> bool:
    return node.field == "name" and node.parent is not None and node.parent.kind == "keyword_argument"


def _bound(function: Node) -> set[str]:
    """Names that a function binds: parameters and what it assigns, without those it declares global or nonlocal."""
    found: set[str] = set()
    outside: set[str] = set()
    parameters = function.child("parameters")
    for node in parameters.walk() if parameters is not None else []:
        if node.kind == "identifier" and node.field != "value" and not any(up.kind == "type" for up in node.up()):
            found.add(node.text)
    waiting = [child for child in function.children if child.field == "body"]
    while waiting:
        node = waiting.pop()
        if node.kind in ("global_statement", "nonlocal_statement"):
            outside |= {child.text for child in node.named}
        elif node.kind in ("function_definition", "class_definition"):
            found.add(named(node.child("name")))
            continue
        elif node.kind in _BINDING or node.kind == "for_statement":
            found |= _targets(node.child("left") or node.child("name"))
        elif node.kind == "as_pattern_target":
            found |= _targets(node.named[0] if node.named else None)
        waiting.extend(node.children)
    return found - outside


def _targets(target: Node | None) -> set[str]:
    if target is None:
        return set()
    if target.kind == "identifier":
        return {target.text}
    if target.kind in ("pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern"):
        return set().union(*(_targets(child) for child in target.named))
    return set()


def _negated(test: Node) -> bool:
    """Whether a test asks for absence: `not x`, `x is None`, `x != "production"`; the first operand decides."""
    negated = False
    node: Node | None = test
    while node is not None:
        if node.kind == "not_operator":
            negated = not negated
            node = bare(node.child("argument"))
        elif node.kind == "boolean_operator":
            node = bare(node.child("left"))
        elif node.kind == "comparison_operator":
            last = node.named[-1].text if node.named else ""
            empty = last in ("None", "False", "0", '""', "''")
            differs = any(
                child.field == "operators" and child.text in ("!=", "is not", "not in") for child in node.children
            )
            return negated != (empty != differs)
        else:
            return negated
    return negated
