"""Creates under way, and how one that was cut short is finished."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from local.plugins.aws.api import Api, ApiError, Clients
from local.plugins.aws.declaration import AutoName, Change, Property, ResourceType, Status, Timeouts, Values
from local.plugins.aws.journal import FileJournal, Intent, confirm
from local.plugins.aws.lifecycle import Resource
from local.plugins.aws.schema import Field, Kind, ResourceSchema
from local.plugins.provider import InitError, ProviderError, Severity

pytestmark = pytest.mark.unit

URN = "urn:pulumi:s::p::aws:test/thing:Thing::thing"
SCHEMA = ResourceSchema({"size": Field(Kind("integer")), "kind": Field(Kind("string"))}, {"arn": Kind("string")})


@dataclass
class World:
    """A service with one type, whose answers can be lost."""

    things: dict[str, Values] = field(default_factory=dict)
    lose: bool = False
    refuse: bool = False
    status: str = "available"
    said: list[str] = field(default_factory=list)

    def create(self, api: Api, inputs: Values, mark: str) -> str:
        if self.refuse:
            raise ApiError("CreateThing", "Invalid", "no")
        id = f"thing-{len(self.things)}"
        self.things[id] = {"Size": inputs["size"], "Kind": inputs["kind"], "Mark": mark}
        if self.lose:
            raise ApiError("CreateThing", "", "connection lost", answered=False)
        return id

    def read(self, api: Api, id: str) -> Values | None:
        return {**self.things[id], "Status": self.status, "Arn": id} if id in self.things else None

    def find(self, api: Api, inputs: Values, mark: str) -> str | None:
        return next((id for id, thing in self.things.items() if thing["Mark"] == mark), None)

    def modify(self, api: Api, id: str, change: Change) -> None:
        self.things[id]["Size"] = change.new["size"]

    def delete(self, api: Api, id: str, outputs: Values) -> None:
        self.things.pop(id, None)

    def say(self, message: str, severity: Severity = "info", ephemeral: bool = False) -> None:
        self.said.append(message)

    def resource(self, folder: Path, **changes: Any) -> Resource:
        declared = ResourceType(
            token="aws:test/thing:Thing",
            service="test",
            properties={"size": Property(), "kind": Property(replace="it cannot change")},
            create=self.create,
            describe=self.read,
            modify=self.modify,
            delete=self.delete,
            find=self.find,
            outputs={"arn": "Arn"},
            status=Status("Status", ("available",), ("failed",)),
            timeouts=Timeouts(),
            auto_name=AutoName("kind"),
            marked=True,
        )
        stop = changes.pop("stop", threading.Event())
        patience = changes.pop("patience", 60.0)
        api = Api(cast(Clients, None), "test", "eu-west-1", self.say, stop, time.monotonic() + patience)
        return Resource(replace(declared, **changes), SCHEMA, api, FileJournal(folder), {}, "http://127.0.0.1")


INPUTS = {"size": 1, "kind": "a"}


def test_a_finished_create_is_remembered_until_the_engine_shows_that_it_knows(tmp_path: Path) -> None:
    world, journal = World(), FileJournal(tmp_path)
    id, _ = world.resource(tmp_path).create(URN, INPUTS)
    intent = journal.find(URN)
    assert intent is not None and intent.id == id
    confirm(journal, URN, "another")
    assert journal.find(URN) is not None
    confirm(journal, URN, id)
    assert journal.find(URN) is None


def test_a_create_that_the_state_missed_is_taken_over(tmp_path: Path) -> None:
    world = World()
    first, _ = world.resource(tmp_path).create(URN, INPUTS)
    second, outputs = world.resource(tmp_path).create(URN, {**INPUTS, "size": 2})
    assert first == second and list(world.things) == [first]
    assert outputs["size"] == 2, "and brought to what the program says now"


def test_a_create_whose_answer_was_lost_is_found_by_its_mark(tmp_path: Path) -> None:
    world = World(lose=True)
    with pytest.raises(ApiError):
        world.resource(tmp_path).create(URN, INPUTS)
    world.lose = False
    id, _ = world.resource(tmp_path).create(URN, INPUTS)
    assert list(world.things) == [id]


def test_what_was_refused_leaves_no_record(tmp_path: Path) -> None:
    world = World(refuse=True)
    with pytest.raises(ApiError):
        world.resource(tmp_path).create(URN, INPUTS)
    assert list(tmp_path.iterdir()) == []


def test_a_leftover_that_would_have_to_be_replaced_is_removed(tmp_path: Path) -> None:
    world = World()
    world.resource(tmp_path).create(URN, INPUTS)
    id, _ = world.resource(tmp_path).create(URN, {"size": 1, "kind": "b"})
    assert {name: thing["Kind"] for name, thing in world.things.items()} == {id: "b"}


def test_the_replacement_of_a_known_resource_is_a_new_one(tmp_path: Path) -> None:
    world, journal = World(), FileJournal(tmp_path)
    first, _ = world.resource(tmp_path).create(URN, INPUTS)
    confirm(journal, URN, first)  # The diff that precedes every replacement.
    second, _ = world.resource(tmp_path).create(URN, {"size": 1, "kind": "b"})
    assert set(world.things) == {first, second} and first != second


def test_a_record_of_another_endpoint_means_nothing(tmp_path: Path) -> None:
    world = World()
    world.resource(tmp_path).create(URN, INPUTS)
    intent = FileJournal(tmp_path).find(URN)
    assert intent is not None
    FileJournal(tmp_path).write(replace(intent, endpoint="http://127.0.0.2"))
    world.resource(tmp_path).create(URN, INPUTS)
    assert len(world.things) == 2


def test_somebody_elses_is_not_taken_over(tmp_path: Path) -> None:
    world = World(things={"a": {"Size": 1, "Kind": "a", "Mark": ""}})
    resource = world.resource(tmp_path, natural=lambda inputs: str(inputs["kind"]), marked=False)
    with pytest.raises(ProviderError, match="exists already and was not made by this stack"):
        resource.create(URN, INPUTS)
    assert list(tmp_path.iterdir()) == []


def test_a_resource_that_fails_is_kept_and_the_reason_told(tmp_path: Path) -> None:
    world = World(status="failed")
    with pytest.raises(InitError, match="is failed") as raised:
        world.resource(tmp_path).create(URN, INPUTS)
    assert raised.value.id == "thing-0" and raised.value.outputs["size"] == 1


def test_waiting_ends_with_the_time_and_says_what_for(tmp_path: Path) -> None:
    world = World(status="creating")
    with pytest.raises(InitError, match="still creating after"):
        world.resource(tmp_path, patience=0.0).create(URN, INPUTS)


def test_waiting_ends_when_the_user_interrupts(tmp_path: Path) -> None:
    world, stop = World(status="creating"), threading.Event()
    stop.set()
    with pytest.raises(InitError, match="interrupted") as raised:
        world.resource(tmp_path, stop=stop).create(URN, INPUTS)
    assert raised.value.id == "thing-0"
    assert world.said == ["thing-0: creating"]


def test_deleting_what_is_gone_is_fine(tmp_path: Path) -> None:
    World().resource(tmp_path).delete("thing-9", {})


@pytest.mark.parametrize("text", ["", "{", '{"urn": "x"}', '{"urn": "x", "mark": "m", "colour": "red"}'])
def test_an_unreadable_record_counts_as_none(tmp_path: Path, text: str) -> None:
    journal = FileJournal(tmp_path)
    journal.write(Intent(URN, "mark"))
    [file] = tmp_path.iterdir()
    file.write_text(text)
    assert journal.find(URN) is None
