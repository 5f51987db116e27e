"""Every runbook there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runbooks.model import Runbook
from runbooks.procedures import database_failover, redis_failover

RUNBOOKS: Final[Mapping[str, Runbook]] = {
    runbook.name: runbook for runbook in (redis_failover.RUNBOOK, database_failover.RUNBOOK)
}
