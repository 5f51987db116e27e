"""The component provider: the engine's way to the components from programs in other languages."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import pulumi
from pulumi import InputPropertiesError
from pulumi.provider import ConstructResult, Provider, main

from catalog import schema
from catalog.hosted import hosted, meet
from catalog.model import Component, find
from catalog.schema import alternatives, given
from catalog.values import Misfit, Reading, written
from components.errors import Refused
from components.lean import to_camel


class Components(Provider):
    """Constructs components for the engine."""

    def __init__(self) -> None:
        super().__init__(schema.version(), schema.text())
        self._components = {each.token: each for each in find()}

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Construct a component.

        Inputs may have to be waited for, and this call cannot wait: its result can. The SDK looks at the state once
        it has the URN, and by then it is complete.
        """
        state: dict[str, Any] = {}
        made = asyncio.ensure_future(self._construct(name, resource_type, inputs, options, state))
        return ConstructResult(urn=pulumi.Output.from_input(made), state=state)

    async def _construct(
        self,
        name: str,
        token: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None,
        state: dict[str, Any],
    ) -> str:
        component = self._components.get(token)
        if component is None:
            known = ", ".join(sorted(self._components))
            raise InputPropertiesError(f"{token} is no component of this package: it has {known}", [])
        args = await _arguments(component, inputs)
        try:
            made = hosted(component, _State(component))(name, args, options)
        except Refused as refused:
            _refuse([Misfit(_spelled(each.setting), f"is {each.value!r}: {each.cure}") for each in refused.refusals])
        state.update(_State(component)(made))
        urn: str = await made.urn.future() or ""
        return urn


class _State:
    """What a component offers, by the names of the schema. One is like another if the component is the same."""

    def __init__(self, component: Component) -> None:
        self._component = component

    def __hash__(self) -> int:
        return hash(self._component.token)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _State) and other._component is self._component

    def __call__(self, made: pulumi.ComponentResource) -> Mapping[str, Any]:
        return {to_camel(each.name): written(each.typed, getattr(made, each.name)) for each in given(self._component)}


async def _arguments(component: Component, inputs: pulumi.Inputs) -> Any:
    reading = Reading()
    cls: type = component.arguments[0]
    values: Any = dict(inputs)
    if len(component.arguments) > 1:
        kinds = alternatives(component)
        if len(values) != 1 or next(iter(values)) not in kinds:
            _refuse([Misfit(", ".join(values) or "nothing", f"is given: it has to be one of {', '.join(kinds)}")])
        [(kind, values)] = values.items()
        cls = kinds[kind]
    args = await reading.record(cls, values)
    if reading.misfits:
        _refuse(reading.misfits)
    return args


def _refuse(misfits: list[Misfit]) -> NoReturn:
    # Not as errors of properties: beside those, the engine shows the properties' values, of secrets too.
    raise InputPropertiesError("\n".join(["", *(f"    {each.path} {each.reason}" for each in misfits)]), [])


def _spelled(setting: str) -> str:
    return ".".join(to_camel(part) for part in setting.split("."))


def serve() -> None:
    """Serve the engine until it ends; called by the plugin."""
    meet()
    main(Components(), sys.argv[1:])
