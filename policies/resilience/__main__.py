"""Serves the resilience pack. `PolicyPack` blocks until the engine ends it, so nothing else lives here."""

import sys
from pathlib import Path

from pulumi_policy import EnforcementLevel, PolicyPack

# The engine starts a pack in the pack's own folder, from which the rules cannot be imported unless installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from policies.crossguard import policies_from
from policies.rules.table_resilience import RESILIENCE

PolicyPack(
    name="groundwork-resilience",
    policies=policies_from(RESILIENCE),
    enforcement_level=EnforcementLevel.MANDATORY,
)
