"""The reference page of each component, as Markdown."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog import docstrings, refusals, traces
from catalog.markdown import anchor, code, prose, table
from catalog.model import Component, Field, fields, find, python_only
from catalog.refusals import Rule
from catalog.shapes import Choice, Either, ListOf, MapOf, Record, Reference, Scalar, Shape, Typed

NOTICE = "<!-- Written by `make docs` from {source}: change it there. -->"
AT_DEPLOYMENT = "[at deployment](README.md#when-it-is-wrong)"
NOT_ACCEPTED = "[not accepted](README.md#when-it-is-wrong)"
_SOURCE = re.compile(r"\(([^()]*(?:Guide|Reference|quotas|RFC|ISO)[^()]*)\)")


@dataclass(frozen=True, order=True)
class Example:
    """A program under examples/.

    Attributes:
        path: Where it is, relative to the pages.
        whole: The component that the program makes, if it makes the other one as a part of it only.
    """

    path: str
    whole: str = ""


def page(component: Component, examples: Mapping[str, Example]) -> str:
    """A component's page.

    Args:
        component: Which.
        examples: The example program of each component.
    """
    return "\n".join(_page(component, examples)).rstrip() + "\n"


def _page(component: Component, examples: Mapping[str, Example]) -> Iterator[str]:
    yield f"# {component.name}"
    yield NOTICE.format(source=f"components/{Path(inspect.getfile(component.cls)).name}")
    yield ""
    yield prose(docstrings.summary(component.cls))
    yield ""
    yield from _use(component, examples)
    rules = refusals.of_component(component.cls)
    chosen = len(component.arguments) > 1
    for cls in component.records:
        top = cls in component.arguments
        yield f"## {'Inputs' if top and not chosen else cls.__name__}"
        yield prose(docstrings.summary(cls))
        yield ""
        yield from _inputs(component, cls, rules, top)
    yield from _outputs(component)
    yield from _refused(component, rules)


def _use(component: Component, examples: Mapping[str, Example]) -> Iterator[str]:
    names = sorted({component.name, *(cls.__name__ for cls in component.arguments)})
    yield "```python"
    yield f"from {component.module} import {', '.join(names)}"
    yield "```"
    yield ""
    if example := examples.get(component.name):
        part = f", as a part of [`{example.whole}`]({example.whole}.md)" if example.whole else ""
        yield f"Example: [`{Path(example.path).parent.name}`]({example.path}){part}."
    yield f"In [other languages](../package.md): `{component.token}`."
    yield ""


def _inputs(component: Component, cls: type, rules: Sequence[Rule], top: bool) -> Iterator[str]:
    ends = traces.of_module(cls.__module__) if top else {}
    rows = [
        (
            code(each.name),
            _type(each),
            _default(each),
            _meaning(each, ends.get(each.name, ())),
            _when_wrong(each, rules, top),
        )
        for each in fields(cls)
    ]
    yield from table(("input", "type and unit", "default", "meaning", "when it is wrong"), rows)


def _outputs(component: Component) -> Iterator[str]:
    yield "## Outputs"
    yield from _given(component.outputs, "in Python only")
    for cls in component.made:
        yield f"## {cls.__name__}"
        yield prose(docstrings.summary(cls))
        yield ""
        yield from _given(fields(cls), "in the package its URN")


def _given(outputs: Sequence[Field], resource: str) -> Iterator[str]:
    rows = [
        (
            code(each.name),
            shown(each.typed, given=True) + (f", {resource}" if python_only(each) else ""),
            prose(each.meaning),
        )
        for each in outputs
    ]
    yield from table(("output", "type", "meaning"), rows)


def _refused(component: Component, rules: Sequence[Rule]) -> Iterator[str]:
    if rules:
        yield "## Refused"
        yield "At construction, with one line for each:"
        yield ""
        yield from table(
            ("setting", "why, and what would be right"),
            [(prose(code_of(rule.setting)), prose(rule.cure or "has another form than its unit")) for rule in rules],
        )
    if updates := refusals.of_updates(component.cls):
        yield "## Refused updates"
        yield "When the engine compares with what is there, in a preview as well:"
        yield ""
        yield from (f"- {prose(reason)}." for reason in updates)


def code_of(setting: str) -> str:
    """A setting as code, with what a value decides between angle brackets."""
    return code(setting.replace("{", "<").replace("}", ">"))


def _type(each: Field) -> str:
    text = shown(each.typed)
    return f"{text}<br>{each.unit}" if each.unit else text


def shown(typed: Typed, *, given: bool = False) -> str:
    """A type in words: of an input, or of what is given."""
    return f"{_shape(typed.shape, given)}, or an output" if typed.output and not given else _shape(typed.shape, given)


def _shape(shape: Shape, given: bool) -> str:
    match shape:
        case Scalar(name):
            return "any value" if name == "any" else name
        case Choice(_, values):
            return "one of " + ", ".join(code(value) for value in values)
        case ListOf(item):
            return f"list of {_plural(item, given)}"
        case MapOf(item):
            return f"map of {_plural(item, given)}"
        case Record(cls):
            return f"[{code(cls.__name__)}](#{anchor(cls.__name__)})"
        case Reference(cls):
            known = cls.__name__ in {each.name for each in find()}
            return f"[{code(cls.__name__)}]({cls.__name__}.md)" if known else "resource"
        case Either(kinds):
            return " or ".join(_shape(kind.shape, given) for kind in kinds)


def _plural(item: Typed, given: bool) -> str:
    text = _shape(item.shape, given)
    plural = f"{text}s" if isinstance(item.shape, Scalar) else text
    return f"{plural}, or outputs" if item.output and not given else plural


def _default(each: Field) -> str:
    if each.required:
        return "required"
    return default_text(each.default)


def default_text(value: Any) -> str:
    """A default in words."""
    if value is None or value == {} or value == ():
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return code(value) if value else "empty"
    if isinstance(value, Sequence):
        return ", ".join(default_text(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if value == type(value)():
            return "its defaults"
        pairs = ((each.name, getattr(value, each.name)) for each in dataclasses.fields(value))
        return ", ".join(f"{code(name)} {default_text(item)}" for name, item in pairs)
    return str(value)


def _meaning(each: Field, ends: Sequence[str]) -> str:
    choice = each.typed.shape if isinstance(each.typed.shape, Choice) else None
    pieces = [prose(each.meaning)]
    if choice and (source := _SOURCE.search(choice.meaning)):
        pieces.append(f"Source: {prose(source[1])}.")
    if ends:
        pieces.append(f"Sets {', '.join(code(end) for end in ends)}.")
    return "<br>".join(pieces)


def _when_wrong(each: Field, rules: Sequence[Rule], top: bool) -> str:
    if any(concerns(rule, each.name, top) for rule in rules):
        return "[refused](#refused)"
    match each.typed.shape:
        case Choice() | Scalar("boolean") | Reference():
            return NOT_ACCEPTED
        case Record() | ListOf(Typed(Record())) | MapOf(Typed(Record())):
            return "see there"
    return AT_DEPLOYMENT


def concerns(rule: Rule, name: str, top: bool) -> bool:
    """Whether a rule is about an input: named first if it is the component's own, last if it is part of another."""
    parts = [part for part in rule.setting.split(".") if not part.startswith("{")]
    return bool(parts) and name == (parts[0] if top else parts[-1])
