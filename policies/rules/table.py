"""The rules of the stateless pack. A row makes a rule a policy."""

from __future__ import annotations

from typing import Final

from policies.model import Enforcement, Rule, Severity
from policies.rules import affinity, disruption, volumes
from policies.rules.table_configuration import CONFIGURATION
from policies.rules.table_workloads import WORKLOADS

_TWELVE_FACTOR_PROCESSES: Final = "Twelve-Factor App: VI. Processes"
_WELL_ARCHITECTED_STATELESS: Final = "AWS Well-Architected: REL05-BP06"
_WELL_ARCHITECTED_HEALING: Final = "AWS Well-Architected: REL11"

STATELESS: Final[tuple[Rule, ...]] = (
    Rule(
        id="SR-VOLUME",
        policy="SR-VOLUME",
        title="Volumes are bounded scratch space, configuration, or shared over the network",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation=(
            "Keep data in object storage, Redis or the database. Scratch space is an emptyDir with sizeLimit, "
            "mounted under /tmp."
        ),
        resource=volumes.no_local_volumes,
        schema=volumes.SCHEMA,
        frameworks=(_TWELVE_FACTOR_PROCESSES, _WELL_ARCHITECTED_STATELESS),
        tags=("storage", "stateless"),
        applies=volumes.APPLIES,
    ),
    Rule(
        id="SR-VOLUME",
        policy="SR-VOLUME-CLAIMS",
        title="Every claim that a pod mounts is declared where it can be judged",
        severity=Severity.MEDIUM,
        enforcement=Enforcement.MANDATORY,
        remediation="Declare the claim in the stack that mounts it, or judge the manifests that declare it.",
        stack=volumes.claims_are_judged,
        frameworks=(_TWELVE_FACTOR_PROCESSES, _WELL_ARCHITECTED_STATELESS),
        tags=("storage", "stateless"),
    ),
    Rule(
        id="SR-AFFINITY",
        policy="SR-AFFINITY",
        title="No load balancer keeps a client on one instance",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation="Remove the setting and keep sessions in Redis, where every instance finds them.",
        resource=affinity.no_session_affinity,
        frameworks=(_TWELVE_FACTOR_PROCESSES, _WELL_ARCHITECTED_STATELESS),
        tags=("traffic", "stateless"),
        applies=affinity.APPLIES,
    ),
    Rule(
        id="SR-PDB",
        policy="SR-PDB",
        title="A PodDisruptionBudget neither blocks every eviction nor allows all at once",
        severity=Severity.HIGH,
        enforcement=Enforcement.MANDATORY,
        remediation="Set maxUnavailable: 1 on each budget.",
        resource=disruption.budget_makes_sense,
        frameworks=(_WELL_ARCHITECTED_HEALING,),
        tags=("availability",),
        applies=disruption.APPLIES,
    ),
    Rule(
        id="SR-PDB",
        policy="SR-PDB-COVERAGE",
        title="Exactly one PodDisruptionBudget that fits its number of pods covers every scaled workload",
        severity=Severity.HIGH,
        enforcement=Enforcement.MANDATORY,
        remediation="Give each scaled workload one PodDisruptionBudget with maxUnavailable: 1.",
        stack=disruption.every_scaled_workload_is_covered,
        frameworks=(_WELL_ARCHITECTED_HEALING,),
        tags=("availability",),
    ),
    *WORKLOADS,
    *CONFIGURATION,
)
