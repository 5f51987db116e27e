"""Updates that are refused for what they change: judged between the engine's comparison and AWS.

Settings and arguments say only what is wanted. Whether an update is dangerous may depend on what there is, which the
engine alone knows; it asks these functions before each update of a resource they are bound to, in a preview as well.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pulumi

Judge = Callable[[Mapping[str, Any], Mapping[str, Any]], str | Awaitable[str | None] | None]
"""Given the inputs before and after, says why the update is refused; None when it is not. May look things up."""


class UpdateRefused(Exception):
    """An update that would do harm; the message says which, and what to do instead."""


def guarded(options: pulumi.ResourceOptions, name: str, judge: Judge) -> pulumi.ResourceOptions:
    """Options under which updates of a resource are judged first.

    Args:
        options: The resource's other options.
        name: Name of the guard, one of its kind in the program.
        judge: Decides.
    """

    async def refuse(args: pulumi.ResourceHookArgs) -> None:
        reason = judge(args.old_inputs or {}, args.new_inputs or {})
        if inspect.isawaitable(reason):
            reason = await reason
        if reason is not None:
            raise UpdateRefused(f"{args.name}: {reason}")

    hook = pulumi.ResourceHook(name, refuse, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceOptions.merge(
        options, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[hook]))
    )
