"""What this platform does with each property of the AWS resources that stacks declare: acts on it, or only records it.

`python -m tests.unit.validation.fidelity` writes docs/local-fidelity.md from it; tests hold it against the stacks.
"""

from __future__ import annotations

from local.aws.fidelity import data, delivery, network, others
from local.aws.fidelity.model import Type

TYPES: tuple[Type, ...] = tuple(
    sorted((*data.TYPES, *delivery.TYPES, *network.TYPES, *others.TYPES), key=lambda each: each.token)
)
"""Every type, once."""
