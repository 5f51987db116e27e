"""Which declaration a name means: scopes of JavaScript and TypeScript, and what a module imports."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from scan.languages.javascript.shapes import FUNCTIONS, arguments, bare, callee, is_class, named, string
from scan.syntax import Node

_BLOCKS = frozenset(
    {"program", "statement_block", "for_statement", "for_in_statement", "switch_body", "catch_clause"} | FUNCTIONS
)
_NAMES = frozenset({"identifier", "shorthand_property_identifier_pattern"})


@dataclass(frozen=True)
class Import:
    """Where an imported name comes from.

    Attributes:
        module: As written: `./state`, `ioredis`.
        name: Its name there; `default`, or `*` for all of it.
    """

    module: str
    name: str


class Scopes:
    """The declarations and references of one file."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.imports: dict[str, Import] = {}
        self._declared: dict[str, dict[Node, Node]] = defaultdict(dict)
        self._uses: dict[Node, list[Node]] | None = None
        self.references: dict[str, list[Node]] = defaultdict(list)
        for node in root.walk():
            self._visit(node)

    def resolve(self, name: Node) -> Node | None:
        """The node that declares what a name means; `None` for a global."""
        scopes = self._declared.get(name.text)
        if not scopes:
            return None
        return next((scopes[above] for above in name.up() if above in scopes), None)

    def uses(self, declaration: Node, name: str) -> list[Node]:
        """Every reference to a declaration by one of the names that it declares."""
        if self._uses is None:
            self._uses = defaultdict(list)
            for references in self.references.values():
                for reference in references:
                    found = self.resolve(reference)
                    if found is not None:
                        self._uses[found].append(reference)
        return [use for use in self._uses.get(declaration, []) if use.text == name]

    def scope_of(self, declaration: Node, name: str) -> Node | None:
        """The scope of a declaration."""
        scopes = self._declared.get(name, {})
        return next((one for one in declaration.up() if scopes.get(one) is declaration), None)

    def origin(self, path: str) -> Import | None:
        """The import behind a dotted name: `fs.promises.writeFile` is `promises.writeFile` of `fs`."""
        head, _, rest = path.partition(".")
        found = self.imports.get(head)
        if found is None or not rest:
            return found
        return Import(found.module, rest if found.name in ("*", "default") else f"{found.name}.{rest}")

    def _visit(self, node: Node) -> None:
        if node.kind == "variable_declarator":
            self._variable(node)
        elif node.kind in FUNCTIONS:
            self._function(node)
        elif is_class(node):
            self._declare(node.child("name"), node, _block_around(node))
        elif node.kind == "import_statement":
            self._import(node)
        elif node.kind == "catch_clause":
            self._pattern(node.child("parameter"), node, node)
        elif node.kind == "for_in_statement" and node.child("kind") is not None:
            self._pattern(node.child("left"), node, node)
        if node.kind in ("identifier", "shorthand_property_identifier"):
            self.references[node.text].append(node)

    def _variable(self, node: Node) -> None:
        declaration = node.parent
        is_var = declaration is not None and declaration.kind == "variable_declaration"
        scope = _function_or_root(node, self.root) if is_var else _block_around(node)
        self._pattern(node.child("name"), node, scope)
        value = bare(node.child("value"))
        if value is not None and value.kind == "member_expression":
            inner = value.child("object")
            if inner is not None and _required(inner):
                self.imports[named(node.child("name"))] = Import(_required(inner), named(value.child("property")))
        if value is not None and value.kind == "call_expression" and _required(value):
            self._required(node.child("name"), _required(value))

    def _required(self, target: Node | None, module: str) -> None:
        if target is None:
            return
        if target.kind == "identifier":
            self.imports[target.text] = Import(module, "*")
            return
        for child in target.named:
            if child.kind == "shorthand_property_identifier_pattern":
                self.imports[child.text] = Import(module, child.text)
            elif child.kind == "pair_pattern":
                self.imports[named(child.child("value"))] = Import(module, named(child.child("key")))

    def _function(self, node: Node) -> None:
        if node.kind.endswith("function_declaration"):
            self._declare(node.child("name"), node, _block_around(node))
        single = node.child("parameter")
        given = [single] if single is not None else (node.child("parameters") or node).named
        for parameter in given if single is not None or node.child("parameters") is not None else []:
            self._pattern(parameter, parameter, node)

    def _import(self, node: Node) -> None:
        module = string(node.child("source")) or ""
        clause = node.first("import_clause")
        for part in clause.named if clause is not None else []:
            if part.kind == "identifier":
                self._imported(part, module, "default")
            elif part.kind == "namespace_import":
                self._imported(part.first("identifier"), module, "*")
            for specifier in part.named if part.kind == "named_imports" else []:
                name = specifier.child("name")
                self._imported(specifier.child("alias") or name, module, named(name))

    def _imported(self, local: Node | None, module: str, name: str) -> None:
        if local is not None:
            self.imports[local.text] = Import(module, name)
            self._declare(local, local, self.root)

    def _pattern(self, pattern: Node | None, declaration: Node, scope: Node | None) -> None:
        waiting = [pattern] if pattern is not None else []
        while waiting:
            node = waiting.pop()
            if node.kind in _NAMES:
                self._declare(node, declaration, scope)
            waiting.extend(child for child in node.named if child.field not in ("right", "value", "type", "key"))
            if node.kind == "pair_pattern":
                waiting.extend(child for child in node.named if child.field == "value")

    def _declare(self, name: Node | None, declaration: Node, scope: Node | None) -> None:
        if name is not None and scope is not None:
            self._declared[name.text].setdefault(scope, declaration)


def _required(call: Node) -> str:
    if call.kind == "call_expression" and callee(call) in ("require", "import"):
        given = arguments(call)
        return string(given[0]) or "" if given else ""
    return ""


def _block_around(node: Node) -> Node | None:
    return next((above for above in node.up() if above.kind in _BLOCKS), None)


def _function_or_root(node: Node, root: Node) -> Node:
    return next((above for above in node.up() if above.kind in FUNCTIONS), root)
