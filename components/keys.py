"""Keys of the user's own for encryption at rest."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components import aws
from components.options import child

DELETION_DAYS = 30
"""Days in which a deleted key, and with it all that it encrypts, can still be restored: the longest that KMS has."""


def store_key(
    parent: pulumi.Resource, name: str, identifier: str, *, own: bool, given: str | None, tags: Mapping[str, str]
) -> pulumi.Input[str] | None:
    """The ARN of the key that a store is encrypted with; None for the key that AWS keeps for the service.

    A key of one's own can be given to other accounts, audited and withdrawn; AWS's own costs nothing.

    Args:
        parent: The store's component.
        name: Its logical name.
        identifier: Name of the store; the key's alias is `alias/<identifier>`.
        own: Make a key, rotated every year.
        given: ARN of a key that exists.
        tags: On the key.
    """
    if not own:
        return given
    key = aws.Key(
        f"{name}-key",
        description=f"Encrypts {identifier}",
        enable_key_rotation=True,
        deletion_window_in_days=DELETION_DAYS,
        tags=dict(tags),
        opts=child(parent),
    )
    aws.KeyAlias(f"{name}-key", name=f"alias/{identifier}", target_key_id=key.key_id, opts=child(parent))
    return key.arn
