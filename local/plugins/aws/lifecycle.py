"""A resource's life: create (or finish an interrupted one), read, update, delete, and the waiting in between."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from local.plugins.aws import comparison, requests
from local.plugins.aws.api import Api, ApiError, status_of
from local.plugins.aws.declaration import Change, Create, Delete, Modify, ResourceType, Values
from local.plugins.aws.journal import Intent, Journal, answered
from local.plugins.aws.schema import ResourceSchema
from local.plugins.aws.tags import MARK, changes
from local.plugins.provider import UNKNOWN, InitError, ProviderError, Secret

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 3.0


@dataclass(frozen=True)
class Resource:
    """One type in one region, ready to be worked on.

    Attributes:
        default_tags: The provider's.
        endpoint: Recorded with intents.
    """

    declared: ResourceType
    schema: ResourceSchema
    api: Api
    journal: Journal
    default_tags: dict[str, str]
    endpoint: str

    def create(self, urn: str, inputs: Values) -> tuple[str, Values]:
        """Make it, or finish what an interrupted create made; returns ID and outputs once it is ready.

        Raises:
            InitError: it exists but did not become ready.
        """
        id = self._make(urn, inputs)
        try:
            if self.declared.finish:
                self.declared.finish(self.api, id, inputs)
            return self.public(id), self._ready(id, inputs)
        except InitError:
            raise
        except ProviderError as error:
            raise InitError(self.public(id), self._as_far_as_known(id, inputs), [str(error)]) from None

    def public(self, id: str) -> str:
        """The official ID in a locator."""
        return self.declared.public_id(id) if self.declared.public_id else id

    def _make(self, urn: str, inputs: Values) -> str:
        if self.declared.overwrites:
            return self._call_create(inputs, "")
        intent = self.journal.find(urn)
        if intent and intent.endpoint == self.endpoint and intent.region == self.api.region:
            adopted = self._adopt(intent, inputs)
            if adopted:
                return adopted
        else:
            self._refuse_taken(inputs)
        rule = self.declared.auto_name
        intent = Intent(
            urn=urn,
            mark=uuid.uuid4().hex,
            name=str(inputs.get(rule.property, "")) if rule else "",
            property=rule.property if rule else "",
            region=self.api.region,
            endpoint=self.endpoint,
        )
        self.journal.write(intent)
        try:
            id = self._call_create(inputs, intent.mark)
        except ApiError as error:
            if error.answered:
                self.journal.forget(urn)
            raise
        self.journal.write(answered(intent, id))
        self._unmark(id)
        return id

    def _call_create(self, inputs: Values, mark: str) -> str:
        how = self.declared.create
        if isinstance(how, Create):
            return requests.create(self.declared, how, self.api, inputs, mark)
        return how(self.api, inputs, mark)

    def _refuse_taken(self, inputs: Values) -> None:
        """Without a record of our own, what is there belongs to somebody else."""
        id = None
        if self.declared.natural:
            id = self.declared.natural(inputs)
        elif self.declared.find and not self.declared.marked:
            id = self.declared.find(self.api, inputs, "")
        if id and requests.describe(self.declared, self.api, id) is not None:
            raise ProviderError(
                f"{self.declared.token} {id!r} exists already and was not made by this stack: choose another name, "
                f"or take it over with pulumi import {self.declared.token} NAME {id}"
            )

    def _adopt(self, intent: Intent, inputs: Values) -> str | None:
        """The ID of what the interrupted create made, brought to the present inputs; None when it made nothing."""
        id = intent.id or self._search(intent, inputs)
        if not id:
            return None
        state = self.read(id)
        if state is None:
            return None
        self.journal.write(answered(intent, id))
        self._unmark(id)
        found = self._difference(inputs, state)
        if any(kind.replaces for kind in found.values()):
            self.api.say(f"removing {id}, left by an interrupted update with other settings")
            self.delete(id, {**inputs, **state})
            return None
        self.api.say(f"taking over {id}, made by an interrupted update")
        if self.declared.finish:
            self.declared.finish(self.api, id, inputs)
        if self.declared.status:
            # What is still being made takes no change (RDS: InvalidDBInstanceState), and may not tell all of itself.
            self._ready(id, inputs)
            state = self.read(id) or state
            found = self._difference(inputs, state)
        secret = {name for name, prop in self.declared.properties.items() if prop.unread and name in inputs}
        change = Change(self._projected(inputs, state), inputs, frozenset(_heads(found) | secret), state)
        self._change(id, change)
        return id

    def _difference(self, inputs: Values, state: Values) -> comparison.Changes:
        return comparison.compare(self.declared, self._projected(inputs, state), inputs, state)

    def _projected(self, inputs: Values, state: Values) -> Values:
        """What is there, in the form of inputs."""
        old = comparison.project(self.declared, inputs, state)
        if self.declared.taggable:
            old |= {"tags": self.own_tags(inputs, state), "tagsAll": state["tagsAll"]}
        return old

    def _search(self, intent: Intent, inputs: Values) -> str | None:
        if self.declared.natural:
            return self.declared.natural(inputs)
        return self.declared.find(self.api, inputs, intent.mark) if self.declared.find else None

    def _unmark(self, id: str) -> None:
        if self.declared.marked and self.declared.retag:
            self.declared.retag(self.api, id, {}, {}, [MARK])

    def update(self, id: str, old: Values, new: Values, outputs: Values) -> Values:
        """Bring it from the old inputs to the new ones; returns the outputs once it is ready."""
        found = comparison.compare(self.declared, old, new, outputs)
        self._change(id, Change(old, new, frozenset(_heads(found)), outputs))
        return self._ready(id, new)

    def _change(self, id: str, change: Change) -> None:
        names = change.names - {"tags", "tagsAll", "region"}
        if names and self.declared.modify:
            own = replace(change, names=frozenset(names))
            if isinstance(self.declared.modify, Modify):
                requests.modify(self.declared, self.declared.modify, self.api, id, own)
            else:
                self.declared.modify(self.api, id, own)
        if self.declared.retag and change.touches("tags", "tagsAll"):
            wanted, unwanted = changes(change.outputs.get("tagsAll") or {}, change.new.get("tagsAll") or {})
            self.declared.retag(self.api, id, change.outputs, wanted, unwanted)

    def read(self, id: str) -> Values | None:
        """All readable inputs and outputs, None when it is gone."""
        description = requests.describe(self.declared, self.api, id)
        return None if description is None else self._state(id, description)

    def _state(self, id: str, description: Values) -> Values:
        state = requests.state_of(self.declared, self.schema, description)
        found = {**state.inputs, **state.outputs}
        if "region" in self.schema.outputs:
            found["region"] = self.api.region
        if self.declared.taggable:
            found["tagsAll"] = requests.tags_of(self.declared, self.api, id, description, found)
        return found

    def outputs(self, inputs: Values, state: Values) -> Values:
        """What the engine keeps: the state, and of the inputs what AWS does not tell."""
        found = dict(state)
        for name, prop in self.declared.properties.items():
            if (prop.local or prop.unread) and name in inputs:
                found[name] = inputs[name]
            if prop.document and name in inputs and name in state:
                found[name] = _kept(inputs[name], state[name])
            if prop.lower and isinstance(found.get(name), str):
                found[name] = found[name].lower()
            if prop.secret and name in found:
                found[name] = Secret(found[name])
        if self.declared.taggable:
            found["tags"] = self.own_tags(inputs, state)
        return found

    def own_tags(self, inputs: Values, state: Values) -> Values:
        """The tags that are not there by the provider's default."""
        mine = inputs.get("tags") or {}
        return {
            key: value
            for key, value in (state.get("tagsAll") or {}).items()
            if key in mine or self.default_tags.get(key) != value
        }

    def _ready(self, id: str, inputs: Values) -> Values:
        """Wait until it is ready; its outputs then."""
        status = self.declared.status
        pause, started, shown = _FIRST_PAUSE, time.monotonic(), ""
        while True:
            description = requests.describe(self.declared, self.api, id)
            if description is None:
                raise ProviderError(f"{self.declared.token} {id} has disappeared while it was waited for")
            current = status_of(status, description) if status else ""
            if status is None or current in status.ready or not self._waits(inputs):
                return self.outputs(inputs, self._state(id, description))
            reasons = self._failure(current, description, time.monotonic() - started)
            if reasons:
                raise InitError(self.public(id), self.outputs(inputs, self._state(id, description)), reasons)
            if current != shown:
                self.api.say(f"{id}: {current or 'no status yet'}", ephemeral=True)
                shown = current
            self.api.pause(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _waits(self, inputs: Values) -> bool:
        return inputs.get("waitForDeployment") is not False

    def _failure(self, current: str, description: Values, waited: float) -> list[str]:
        status = self.declared.status
        assert status is not None
        if current in status.failed:
            detail = status_of(replace(status, path=status.detail), description) if status.detail else ""
            return [f"{self.declared.token} is {current}" + (f": {detail}" if detail else "")]
        if self.api.expired:
            return [
                f"{self.declared.token} is still {current or 'without status'} after {waited:.0f} s; "
                "run pulumi refresh when it is ready, or give it longer with custom timeouts"
            ]
        return []

    def _as_far_as_known(self, id: str, inputs: Values) -> Values:
        try:
            state = self.read(id)
        except ProviderError:  # The first error is the one to report; without a look the inputs are what is known.
            state = None
        return self.outputs(inputs, {**inputs, **(state or {})})

    def delete(self, id: str, outputs: Values) -> None:
        """Remove it, and return when it is gone."""
        how = self.declared.delete
        if isinstance(how, Delete):
            requests.delete(how, self.api, id)
        else:
            how(self.api, id, outputs)
        if self.declared.forgets:
            return
        self.until(lambda: requests.describe(self.declared, self.api, id) is None, f"{id} to be gone")

    def until(self, reached: Callable[[], bool], what: str) -> None:
        """Wait for a condition.

        Raises:
            ProviderError: the time is up.
        """
        pause = _FIRST_PAUSE
        while not reached():
            if self.api.expired:
                raise ProviderError(f"{self.declared.token}: waited in vain for {what}")
            self.api.say(f"waiting for {what}", ephemeral=True)
            self.api.pause(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)


def _heads(found: comparison.Changes) -> set[str]:
    """The properties that paths begin with."""
    return {path.replace("[", ".").partition(".")[0] for path in found}


def _kept(given: Any, actual: Any) -> Any:
    """The program's own wording of a document, as long as it says the same as the actual one."""
    same = isinstance(given, str) and isinstance(actual, str)
    return given if same and comparison.document(given) == comparison.document(actual) else actual


def foreseen(declared: ResourceType, inputs: Values, old_outputs: Values | None = None) -> Values:
    """The outputs as far as a preview can tell.

    Args:
        declared: The type.
        inputs: Wanted.
        old_outputs: The last state for an update, None for a create.
    """
    if old_outputs is None:
        open_ones = [*declared.outputs, *(name for name, prop in declared.properties.items() if prop.computed)]
        return {**dict.fromkeys(open_ones, UNKNOWN), **inputs}
    kept = {
        name: value
        for name, value in old_outputs.items()
        if name in inputs or name not in declared.properties or declared.properties[name].computed
    }
    return {**kept, **dict.fromkeys(declared.volatile, UNKNOWN), **inputs}
