"""What the steps of a runbook work with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import checks
from checks.redaction import Redactor
from runbooks.clock import Clock
from runbooks.cloud import Cloud, DeclaredCloud
from runbooks.model import ApiCall


@dataclass(frozen=True)
class Scene:
    """One run's surroundings.

    Attributes:
        stack: Name of the stack.
        run: The run's ID, the same after a resume: good as an idempotency token. Empty while a plan is made.
        context: The stack's outputs, its cluster, its secrets, and whose certificates to trust.
        cloud: AWS's APIs, as far as the runbook has declared what it asks.
        clock: Time.
        region: Where the stack is.
        account: Number of its account.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
    """

    stack: str
    run: str
    context: checks.Context
    cloud: Cloud
    clock: Clock
    region: str
    account: str
    partition: str = "aws"

    @property
    def outputs(self) -> checks.StackOutputs:
        """The stack's outputs."""
        return self.context.outputs

    @property
    def redactor(self) -> Redactor:
        """Knows every secret that was read."""
        return self.context.redactor

    def arn(self, service: str, rest: str) -> str:
        """The ARN of something in the stack's region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"

    def limited(self, calls: tuple[ApiCall, ...]) -> Scene:
        """The same, with no more of AWS than these calls."""
        return replace(self, cloud=DeclaredCloud(self.cloud, {(call.service, call.operation) for call in calls}))
