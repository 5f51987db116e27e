"""The first page of the reference: all components, and what holds for each of them."""

from __future__ import annotations

from collections.abc import Iterator

from catalog import docstrings
from catalog.markdown import prose, table
from catalog.model import find
from catalog.pages import NOTICE

_WRONG = """## When it is wrong
*Refused* is a combination that would do harm, *not accepted* a value that the type does not have, and *at deployment*
shows what nobody but AWS or the cluster can know: a name that is taken, a size that a region does not have.

| what | shows | as |
|---|---|---|
| refused | at construction, before any of its resources is made | component, setting, value, what would be right |
| not accepted | in a type checker; in the package, at construction | the input, and what it has to be |
| at deployment | the update stops there, and goes on from there once the input is right | the service's own words |

The settings of a stack file go through the same rules before, and have the ranges that [settings](settings.md) names.

`Sets` names the property of the AWS provider's resource that an input decides: that property's documentation is the
input's source; where there is none, it is the requirements that the page begins with. Where it says *or an output*, the
value may come from another resource; all else has to be known in a preview. Names are Python's: the package has
`nodeType` for `node_type`."""


def index() -> str:
    """The page."""
    return "\n".join(_index()).rstrip() + "\n"


def _index() -> Iterator[str]:
    yield "# Reference"
    yield NOTICE.format(source="the components' classes")
    yield ""
    yield "Each component can be used alone, in Python or from the [package](../package.md) in other languages."
    yield "What they assure: [components](../components.md). What stands in a stack file: [settings](settings.md)."
    yield ""
    rows = [
        (f"[`{each.name}`]({each.name}.md)", prose(docstrings.summary(each.cls).split("\n\n")[0])) for each in find()
    ]
    yield from table(("component", "what it is"), rows)
    yield _WRONG
