"""The form of a resource type's declaration. The declarations themselves are in `local.plugins.aws.types`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from local.plugins.provider import CheckFailure

if TYPE_CHECKING:
    from local.plugins.aws.api import Api
else:
    Api = Any

Values = dict[str, Any]


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
"""No default: unlike None, which no property ever has."""


@dataclass(frozen=True)
class Property:
    """One input property of a resource type.

    Attributes:
        member: The API's name for it in requests and descriptions; "" when it is the property's own name but for case.
        read: JMESPath on the description, where the answer's shape differs from the request's.
        replace: Why a change of it forces a new resource; "" when it can be changed in place.
        default: What the official provider fills in.
        computed: Left to AWS when the program says nothing: taking it out of the program changes nothing.
        unread: AWS does not tell it (a password), so that refresh cannot see it drift.
        local: Steers this plugin and is never sent (`forceDestroy`).
        secret: Encrypted in the state even if the program gave it in the clear.
        document: JSON text, compared by what it says.
        ordered: The order of a list's items counts.
        version: AWS completes it: `15` is answered as `15.7`, which is no drift.
        lower: AWS keeps it in lower case, as the official provider's state does.
        values: The values allowed, where botocore's model lists none.
        pattern: A regular expression that the whole value has to match, and what it means.
        minimum: Least number allowed. maximum: greatest.
    """

    member: str = ""
    read: str = ""
    replace: str = ""
    default: Any = ABSENT
    computed: bool = False
    unread: bool = False
    local: bool = False
    secret: bool = False
    document: bool = False
    ordered: bool = False
    version: bool = False
    lower: bool = False
    values: Sequence[Any] = ()
    pattern: tuple[str, str] | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class AutoName:
    """How a missing name is made: the resource's name, a hyphen and seven hex digits, as the official provider does.

    Attributes:
        property: The property that holds the name.
        maximum: Greatest length; the front part gives way.
        lower: In lower case.
        prefix: Put in front (`alias/`).
        random: False where the official provider takes the plain resource name.
        unless: Properties that name the resource in another way.
    """

    property: str = "name"
    maximum: int = 255
    lower: bool = False
    prefix: str = ""
    random: bool = True
    unless: Sequence[str] = ()


@dataclass(frozen=True)
class Create:
    """Create by one operation.

    Attributes:
        operation: Name of the operation as in the API.
        wrap: Dotted path of the structure that holds the members (`DistributionConfig`).
        tags: Dotted path of the tags in the request; "" when tags are put on afterwards.
        fixed: Members sent always.
        token: Member that takes the idempotency mark; "" for none.
    """

    operation: str
    wrap: str = ""
    tags: str = "Tags"
    fixed: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""


@dataclass(frozen=True)
class Describe:
    """Look up by one operation.

    Attributes:
        operation: Name of the operation.
        key: Request members; the text `{id}` in a value stands for the resource's ID.
        result: JMESPath to the description in the answer; "@" for the answer itself.
        gone: Error codes that mean that it does not exist.
    """

    operation: str
    key: Mapping[str, Any]
    result: str
    gone: Sequence[str] = ()


@dataclass(frozen=True)
class Modify:
    """Change by one operation, which is sent only what changes.

    Attributes:
        operation: Name of the operation.
        key: Request members that identify the resource; `{id}` stands for its ID.
        members: The API's names where they differ from those of create.
        always: Properties sent even when they do not change.
    """

    operation: str
    key: Mapping[str, Any]
    members: Mapping[str, str] = field(default_factory=dict)
    always: Sequence[str] = ()


@dataclass(frozen=True)
class Delete:
    """Remove by one operation.

    Attributes:
        operation: Name of the operation.
        key: Request members; `{id}` stands for the ID.
        gone: Error codes that mean that it is gone already.
        retry: Error codes to try again on: something that depends on it is still going away.
    """

    operation: str
    key: Mapping[str, Any]
    gone: Sequence[str] = ()
    retry: Sequence[str] = ()


@dataclass(frozen=True)
class Status:
    """How to tell that a resource is ready.

    Attributes:
        path: JMESPath on the description.
        ready: Statuses in which it is finished.
        failed: Statuses that it never leaves.
        detail: JMESPath to a reason of failure.
    """

    path: str
    ready: Sequence[str]
    failed: Sequence[str] = ()
    detail: str = ""


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait, the official provider's defaults."""

    create: float = 600
    update: float = 600
    delete: float = 600


@dataclass(frozen=True)
class Change:
    """An update in place: everything before, everything wanted, and the names of the properties that differ."""

    old: Values
    new: Values
    names: frozenset[str]
    outputs: Values

    def touches(self, *names: str) -> bool:
        """Whether any of the named properties changes."""
        return not self.names.isdisjoint(names)


Maker = Callable[["Api", Values, str], str]
"""Makes a resource from its inputs; the text is a mark to make it findable by. Returns the ID."""
Reader = Callable[["Api", str], Values | None]
"""Describes a resource by ID; None when it does not exist."""
Changer = Callable[["Api", str, Change], None]
Remover = Callable[["Api", str, Values], None]
"""Removes a resource by ID; is given its last outputs."""
Finder = Callable[["Api", Values, str], str | None]
"""The ID of a resource with these inputs, or that carries the mark; None when there is none."""
Tagger = Callable[["Api", str, Values, dict[str, str], list[str]], None]
"""Sets and removes tags; is given the ID and the outputs."""
Rule = Callable[[Values], list[CheckFailure]]


@dataclass(frozen=True)
class ResourceType:
    """Everything that this plugin knows about one type; the rest comes from botocore's models and the SDK.

    Attributes:
        token: The official type token.
        service: botocore's name of the service.
        properties: Supported input properties. A property that the official provider has and this lacks is refused.
        outputs: Further outputs: name to JMESPath on the description.
        create, describe, modify, delete: One operation each, or a function where AWS takes several.
        id: JMESPath on the description that gives the ID.
        find: For types whose ID AWS makes up: finds what an interrupted create may have made.
        natural: For types whose ID is known beforehand: the ID from the inputs.
        overwrites: Create puts a setting that has no existence of its own, so that repeating it is harmless.
        forgets: Delete lets go of it but AWS keeps it for a while, so that there is nothing to wait for.
        retag: Changes tags; None when the type has none.
        read_tags: Fetches the tags where the description has none; is given the ID and the outputs so far.
        marked: A create carries the mark as a tag, which is taken off once the ID is recorded.
        finish: What a create has to do after the operation that makes the ID; repeating it must be harmless.
        later: Properties that `finish` sees to, and that the create operation does not take.
        names: Dotted path or name of a nested property to the API's member, where they differ.
        nested_defaults: Path with `[]` for list items to the default that the official provider fills in.
        unordered: Paths of object lists in which order does not count.
        ordered: Paths of lists of plain values in which order does count.
        prepare: Last change of a create or modify request.
        present: First change of a description.
        normalise: Brings inputs into the form that a description has, in place.
        rules: Conditions between properties.
        replace_if: Changes that force a new resource only in some directions.
        volatile: Outputs that an update may change.
        delete_before_replace: AWS refuses a second one while the first exists.
        auto_name: How a missing name is made.
        status: How to wait for readiness.
        shape: Operation (and dotted path in its request) that the inputs are judged by, when create is a function.
        import_id: Turns an import ID of another form into the resource's ID.
        handle: For types whose official ID does not tell where they are: a locator from the ID and what is known. The
            functions above are given the locator wherever they take an ID.
        public_id: The official ID in a locator.
        global_service: The type belongs to no region.
    """

    token: str
    service: str
    properties: Mapping[str, Property]
    create: Create | Maker
    describe: Describe | Reader
    delete: Delete | Remover
    modify: Modify | Changer | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    find: Finder | None = None
    natural: Callable[[Values], str] | None = None
    overwrites: bool = False
    forgets: bool = False
    retag: Tagger | None = None
    read_tags: Callable[[Api, str, Values], Any] | None = None
    marked: bool = False
    finish: Callable[[Api, str, Values], None] | None = None
    later: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    nested_defaults: Mapping[str, Any] = field(default_factory=dict)
    unordered: Sequence[str] = ()
    ordered: Sequence[str] = ()
    prepare: Callable[[Values], Values] | None = None
    present: Callable[[Values], Values] | None = None
    normalise: Callable[[Values], None] | None = None
    rules: Sequence[Rule] = ()
    replace_if: Callable[[Values, Values], Mapping[str, str]] | None = None
    volatile: Sequence[str] = ()
    delete_before_replace: bool = False
    auto_name: AutoName | None = None
    status: Status | None = None
    timeouts: Timeouts = Timeouts()
    shape: tuple[str, str] | None = None
    import_id: Callable[[Api, str], str] | None = None
    handle: Callable[[str, Values], str] | None = None
    public_id: Callable[[str], str] | None = None
    global_service: bool = False

    @property
    def taggable(self) -> bool:
        return self.retag is not None

    def known(self, name: str) -> Property | None:
        """The declaration of a property, tags included."""
        return self.properties.get(name)


def properties(plain: str, /, **special: Property) -> dict[str, Property]:
    """Property declarations: names that need no more than their name, then those that do."""
    return {**{name: Property() for name in plain.split()}, **special}


def computed(plain: str) -> dict[str, Property]:
    """Properties that AWS fills in when the program does not."""
    return {name: Property(computed=True) for name in plain.split()}


def fixed(reason: str, plain: str) -> dict[str, Property]:
    """Properties that cannot be changed after creation, for one reason."""
    return {name: Property(replace=reason) for name in plain.split()}


def also(prop: Property, **changes: Any) -> Property:
    """A property declaration with some of it changed."""
    return replace(prop, **changes)
