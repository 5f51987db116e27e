"""Physical names: explicit, and the same for the same stack and component.

A name chosen by the cloud could not be found again after an interrupted creation. The price: whatever a change of the
name replaces is replaced with another name, so renaming the system, the stack or a component moves its data nowhere:
it makes new, empty stores. Deletion protection then stops the removal of the old ones.
"""

from __future__ import annotations

from dataclasses import dataclass

PREFIX_LIMIT = 28
"""Characters of a prefix: ElastiCache allows 40 for a replication group, and `-<component>` follows."""


@dataclass(frozen=True)
class Names:
    """Names of one stack's resources.

    Attributes:
        system: What the stack is part of, for example `aiponge`.
        stack: The Pulumi stack's name, for example `prod`.
    """

    system: str
    stack: str

    @property
    def prefix(self) -> str:
        """`aiponge-prod`; where the stack has the system's name, that name once."""
        return self.system if self.system == self.stack else f"{self.system}-{self.stack}"

    def of(self, component: str) -> str:
        """`cache` to `aiponge-prod-cache`."""
        return f"{self.prefix}-{component}"


def partition(region: str) -> str:
    """The partition of a region, as ARNs have it."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
