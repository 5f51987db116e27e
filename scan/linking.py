"""The files of a service put together: which classes are one per process, and who writes to whose state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from scan.facts import ClassFact, FileFacts, Holder, Place, file_words
from scan.model import Form, Sighting, Trait
from scan.words import words

ANYWHERE = "*"
"""For names that hold for the whole program, such as those of ETS tables."""

_OF_OBJECTS = frozenset({"property", "assign", "delete", "increment", "nested"})
"""Changes of an object; a method call on one may be its own method."""


def link(files: Iterable[FileFacts]) -> Iterator[Sighting]:
    """What the files keep; state that nothing changes after it was made, or that ends with a call, is left out."""
    facts = list(files)
    _write_across(facts)
    reasons = _single(facts)
    stateful: set[str] = set()
    for file in facts:
        yield from file.sightings
        for holder in file.holders:
            reach = _reach(holder, reasons)
            if reach and (holder.writes or holder.always):
                if holder.place in (Place.FIELD, Place.STATIC):
                    stateful.add(holder.owner)
                yield _sighting(holder, reach)
    for file in facts:
        for known in file.classes:
            if known.accessor and known.name not in stateful:
                yield Sighting(
                    known.path,
                    known.accessor,
                    known.name,
                    Form.SINGLETON,
                    known.single,
                    words(known.name),
                    (file_words(known.path),),
                )


def _write_across(files: list[FileFacts]) -> None:
    declared: dict[str, list[tuple[FileFacts, Holder]]] = defaultdict(list)
    for file in files:
        exported = {local: name for name, local in file.aliases.items()}
        for holder in file.holders:
            if holder.place is Place.MODULE:
                declared[holder.name].append((file, holder))
                if holder.name in exported:
                    declared[exported[holder.name]].append((file, holder))
    for file in files:
        for foreign in file.foreign:
            for other, holder in declared.get(foreign.name, []):
                known = holder.form is not Form.OBJECT or foreign.write.operation in _OF_OBJECTS
                if known and _names(foreign.module, other.module):
                    holder.writes.append(foreign.write)


def _names(written: str, module: str) -> bool:
    """Whether an import means a module: exactly, its index file, or a package's dotted name from further in."""
    if written == ANYWHERE:
        return True
    return module in (written, f"{written}/index") or module.endswith(f".{written}")


def _single(files: list[FileFacts]) -> dict[str, str]:
    """Class name to the reason why there is one object of it per process."""
    classes: dict[str, ClassFact] = {known.name: known for file in files for known in file.classes}
    reasons = {name: known.single for name, known in classes.items() if known.single}
    made = [instance for file in files for instance in file.instances if instance.name in classes]
    for instance in made:
        if instance.place in ("module", "root"):
            reasons.setdefault(instance.name, f"one object, {instance.where}")
    inside = {instance.name for instance in made}
    for name, known in classes.items():
        if known.durable and name not in inside:
            reasons.setdefault(name, "likely one object per process, by its name")
    grown = True
    while grown:
        grown = False
        for instance in made:
            if instance.place == "field" and instance.owner in reasons and instance.name not in reasons:
                reasons[instance.name] = f"one object, held by {instance.owner}"
                grown = True
    return reasons


def _reach(holder: Holder, reasons: dict[str, str]) -> str:
    if holder.place is Place.MODULE:
        return "module level"
    if holder.place is Place.STATIC:
        return "static field"
    if holder.place is Place.CLOSURE:
        return f"kept by what {holder.owner or 'a function'} returns or registers"
    return reasons.get(holder.owner, "")


def _sighting(holder: Holder, reach: str) -> Sighting:
    traits = set(holder.traits)
    places = [write.traits for write in holder.writes]
    if any(Trait.FALLBACK in place for place in places):
        traits.add(Trait.FALLBACK)
    if places and all(Trait.DEVELOPMENT in place for place in places):
        traits.add(Trait.DEVELOPMENT)
    name = f"{holder.owner}.{holder.name}" if holder.owner else holder.name
    return Sighting(
        holder.path,
        holder.line,
        name,
        holder.form,
        reach,
        holder.own,
        holder.context,
        frozenset(write.operation for write in holder.writes),
        frozenset(traits),
    )
