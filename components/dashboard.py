"""A stack's dashboard in CloudWatch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components import aws
from components.dashboard_body import Row, body
from components.dashboard_rows import cdn_row
from components.naming import partition
from components.options import child


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """A dashboard.

    Attributes:
        identifier: Its name, for example `aiponge-prod`.
        account: Number of the account.
        region: Where the alarms are.
        rows: From top to bottom.
        distribution_id: A distribution that has a row at the end, or none.
        alarms: Names of the alarms whose states come first.
    """

    identifier: str
    account: str
    region: str
    rows: Sequence[Row] = ()
    distribution_id: pulumi.Input[str] | None = None
    alarms: Sequence[str] = ()


class Dashboard(pulumi.ComponentResource):
    """All alarms, then a row for each store and service; the same text as long as the stack is the same.

    Attributes:
        name: Of the dashboard.
    """

    name: str

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:Dashboard", name, None, opts)
        self.name = args.identifier
        alarms = [alarm_arn(args.region, args.account, alarm) for alarm in args.alarms]
        aws.Dashboard(
            f"{name}-dashboard",
            dashboard_name=self.name,
            dashboard_body=pulumi.Output.from_input(args.distribution_id).apply(
                lambda id: body([*args.rows, *([cdn_row(id)] if id else [])], alarms)
            ),
            opts=child(self),
        )
        self.register_outputs({"name": self.name})


def alarm_arn(region: str, account: str, name: str) -> str:
    """The ARN of an alarm."""
    return f"arn:{partition(region)}:cloudwatch:{region}:{account}:alarm:{name}"
