"""What one file tells, before the files of a service are put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

from scan.model import Form, Sighting, Trait
from scan.words import listed, name_parts, words


class Place(StrEnum):
    """Where state is declared."""

    MODULE = "module level"
    STATIC = "static field"
    FIELD = "field"
    CLOSURE = "closure"


@dataclass(frozen=True)
class Write:
    """A change of state after it was made, that is inside a function.

    Attributes:
        operation: Method or kind of assignment: `set`, `push`, `property`, `assign`.
        line: Where, from 1.
        traits: What is known about the place, such as that it stands in for Redis there.
    """

    operation: str
    line: int
    traits: frozenset[Trait] = frozenset()


@dataclass
class Holder:
    """A variable or field that holds a container.

    Attributes:
        name: As declared.
        owner: Class of a field, function of a closure; empty at module level.
        own: Words of the name.
        context: Words around it, nearest first.
        writes: Changes seen so far; those from other files are added when files are put together.
        traits: What is known without looking at writes.
        always: Reported even when nothing writes to it here: a library's cache or queue is written through calls.
    """

    path: PurePosixPath
    line: int
    name: str
    form: Form
    place: Place
    owner: str
    own: frozenset[str]
    context: tuple[frozenset[str], ...]
    writes: list[Write] = field(default_factory=list)
    traits: frozenset[Trait] = frozenset()
    always: bool = False


@dataclass(frozen=True)
class ClassFact:
    """A class, and whether its own code makes it one per process.

    Attributes:
        single: Why there is one per process; empty when its own code does not tell.
        durable: Whether its name is that of something long-lived: service, store, registry.
        accessor: Line of what hands out the one object (`getInstance`); 0 without one.
    """

    name: str
    path: PurePosixPath
    line: int
    single: str = ""
    durable: bool = False
    accessor: int = 0


@dataclass(frozen=True)
class Instance:
    """A place that makes an object of a class.

    Attributes:
        name: The class.
        place: `module`, `root` (start-up code), `local`, or `field` of the class `owner`.
    """

    name: str
    place: str
    where: str
    owner: str = ""


@dataclass(frozen=True)
class ForeignWrite:
    """A change of what another file declares.

    Attributes:
        module: The other file's name as the language writes it, made absolute in the scan.
        name: What it is called there.
    """

    module: str
    name: str
    write: Write


@dataclass
class FileFacts:
    """All that one file tells.

    Attributes:
        module: The file's own name as imports of others write it.
        aliases: Exported name to the name declared here, where they differ.
        sightings: What needs no other file to be decided.
    """

    path: PurePosixPath
    module: str
    holders: list[Holder] = field(default_factory=list)
    classes: list[ClassFact] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    foreign: list[ForeignWrite] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    sightings: list[Sighting] = field(default_factory=list)


DURABLE: frozenset[str] = listed(
    "service services manager store repository registry tracker queue usecase controller cache middleware monitor "
    "executor router resolver provider gateway server scheduler limiter breaker discovery checker proxy handling "
    "collector optimizer monitoring bus hub broker worker orchestrator coordinator dispatcher balancer storage "
    "supervisor config limits sessions db database"
)
"""Last words of class names whose objects live as long as the process, by the habit of the trade."""

ROOTS: frozenset[str] = listed(
    "main bootstrap start startup boot configure setup init initialize lifespan compose wire run"
)
"""Names of functions that run once, when the process starts."""

_BEGINS = listed("start run create build make init initialize setup open configure register bootstrap boot compose")
_WHOLES = listed(
    "app api application server worker service services container dashboard process dependencies deps http"
)


def is_durable(name: str) -> bool:
    """Whether a class name says that its objects live as long as the process."""
    parts = name_parts(name)
    return bool(parts) and (parts[-1] in DURABLE or "".join(parts[-2:]) in DURABLE)


def is_root(name: str) -> bool:
    """Whether a function name says that it runs once, when the process starts: `main`, `createApp`, `start_worker`."""
    parts = name_parts(name)
    if len(parts) == 1:
        return parts[0] in ROOTS
    return len(parts) > 1 and parts[0] in _BEGINS and parts[-1] in _WHOLES


_ROOMS = listed(
    "service services model models route routes handler handlers config settings file files schema schemas plugin "
    "plugins hook hooks command commands listener listeners middleware client clients event events job jobs task tasks "
    "state index main app util utils helper helpers common types server"
)
"""File names that say what kind of code is in them, not what one variable is for."""


def file_words(path: PurePosixPath) -> frozenset[str]:
    """What a file's name says about the state in it."""
    return frozenset() if path.stem.lower() in _ROOMS else words(path.stem)
