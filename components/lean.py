"""Resource classes that carry a type token and nothing else.

The generated SDKs describe every property of every service: importing the few AWS modules needed here takes two
seconds, `pulumi_kubernetes.core.v1` alone most of another, and each construction translates its inputs by type (three
times the cost of a plain registration). A program that previews four hundred services in seconds cannot pay for
that. What is registered is the same: the tests hold every class of `components.aws` against the generated one, request
by request. Type checkers see the generated classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

import pulumi

_FREE_FORM = frozenset({"dimensions", "recovery_point_tags", "tags"})
"""Properties whose keys are the user's, not the schema's: never translated."""


@cache
def to_camel(name: str) -> str:
    """`transit_encryption_enabled` to `transitEncryptionEnabled`."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def wire(value: Any) -> Any:
    """Rewrite the keys of nested property objects the way the engine spells them; leave values alone."""
    if isinstance(value, Mapping):
        return {to_camel(key): item if key in _FREE_FORM else wire(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [wire(item) for item in value]
    return value


@cache
def package_version(distribution: str) -> str:
    """The installed SDK's version: the engine picks the provider plugin by it."""
    return version(distribution)


def resource_class(
    token: str,
    *,
    outputs: Sequence[str] = (),
    secrets: Sequence[str] = (),
    distribution: str = "pulumi-aws",
) -> type[pulumi.CustomResource]:
    """Make the class of one resource type.

    Args:
        token: The type token, for example `aws:s3/bucket:Bucket`.
        outputs: Output properties (engine spelling) that the program reads and that are not inputs.
        secrets: Input properties (engine spelling) that the generated class marks as secret.
        distribution: The Python package whose version is the provider's.
    """

    @pulumi.type_token(token)
    class Lean(pulumi.CustomResource):
        def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **properties: Any) -> None:
            props: dict[str, Any] = {
                to_camel(name): value if name in _FREE_FORM else wire(value)
                for name, value in properties.items()
                if value is not None
            }
            for name in secrets:
                if name in props:
                    props[name] = pulumi.Output.secret(props[name])
            for name in outputs:
                props.setdefault(name, None)
            defaults = pulumi.ResourceOptions(
                version=package_version(distribution),
                additional_secret_outputs=list(secrets) or None,
            )
            super().__init__(token, resource_name, props, pulumi.ResourceOptions.merge(defaults, opts))

        def __getattr__(self, name: str) -> Any:
            # Registered under the engine's spelling; asked for under Python's.
            properties = object.__getattribute__(self, "__dict__")
            # The SDK looks for marks of its own on each resource again and again: none of them is a property.
            if name[:1] != "_" and (spelled := to_camel(name)) in properties:
                return properties[spelled]
            raise AttributeError(f"{token} has no attribute {name!r}")

    Lean.__name__ = Lean.__qualname__ = token.rpartition(":")[2]
    return Lean
