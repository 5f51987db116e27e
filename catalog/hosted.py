"""Components as the package makes and meets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pulumi
from pulumi.runtime import rpc

from catalog.model import PACKAGE, Component, find
from catalog.schema import given
from components.lean import to_camel

State = Mapping[str, Any]
Maker = Callable[..., pulumi.ComponentResource]
"""A component's class, called as it is constructed."""


@cache
def hosted(component: Component, state: Callable[[pulumi.ComponentResource], State]) -> Maker:
    """The component's class, registering all that the package's schema promises of it.

    Args:
        component: Which.
        state: What an instance has to offer, by the names of the schema.
    """

    def register_outputs(self: pulumi.ComponentResource, outputs: pulumi.Inputs) -> None:
        component.cls.register_outputs(self, {**outputs, **state(self)})

    return type(component.name, (component.cls,), {"register_outputs": register_outputs})


class Existing(pulumi.ComponentResource):
    """A component that a program passes to another one: what the engine knows of it.

    Attributes:
        component: Which it is.
    """

    component: Component

    def __init__(self, component: Component, name: str, urn: str) -> None:
        self.component = component
        outputs = {to_camel(each.name): None for each in given(component)}
        super().__init__(component.token, name, outputs, pulumi.ResourceOptions(urn=urn), remote=True)

    def __getattr__(self, name: str) -> Any:
        if name in {each.name for each in self.__dict__["component"].outputs}:
            raise pulumi.RunError(f"{name} of {self.__dict__['component'].name} is not known before the deployment")
        raise AttributeError(name)

    def output(self, name: str) -> pulumi.Output[Any] | None:
        """What the engine knows of an attribute."""
        found = self.__dict__.get(to_camel(name))
        return found if isinstance(found, pulumi.Output) else None

    def set(self, name: str, value: Any) -> None:
        """Give it an attribute."""
        self.__dict__[name] = value


class _Module(rpc.ResourceModule):
    def version(self) -> None:
        return None

    def construct(self, name: str, typ: str, urn: str) -> pulumi.Resource:
        [component] = [each for each in find() if each.token == typ]
        return Existing(component, name, urn)


def meet() -> None:
    """Have references to our components arrive as `Existing`."""
    rpc.register_resource_module(PACKAGE, "index", _Module())
