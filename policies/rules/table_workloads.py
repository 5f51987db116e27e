"""The rules about how workloads run, start and stop, as a part of the stateless pack."""

from __future__ import annotations

from typing import Final

from policies.model import Enforcement, Rule, Severity
from policies.rules import deregistration, kinds, probes, replication, shutdown

_PROCESSES: Final = "Twelve-Factor App: VI. Processes"
_DISPOSABILITY: Final = "Twelve-Factor App: IX. Disposability"
_HEALING: Final = "AWS Well-Architected: REL11"
_ZONES: Final = "AWS Well-Architected: REL10-BP01"

WORKLOADS: Final[tuple[Rule, ...]] = (
    Rule(
        id="SR-REPLICAS",
        policy="SR-REPLICAS",
        title="Pods are spread over zones for sure, and no rollout takes all of them at once",
        severity=Severity.HIGH,
        enforcement=Enforcement.MANDATORY,
        remediation=(
            "Add a topology spread constraint over topology.kubernetes.io/zone with whenUnsatisfiable: DoNotSchedule, "
            "and use a rolling update with maxUnavailable: 0."
        ),
        resource=replication.spread_and_rolled,
        schema=replication.SCHEMA,
        frameworks=(_ZONES, _HEALING),
        tags=("availability", "zones"),
        applies=replication.APPLIES,
    ),
    Rule(
        id="SR-REPLICAS",
        policy="SR-REPLICAS-COUNT",
        title="Each workload runs with two pods or more, and its rollout and spread fit that number",
        severity=Severity.HIGH,
        enforcement=Enforcement.MANDATORY,
        remediation="Give each workload an autoscaler with a minimum of 2 or more.",
        stack=replication.enough_replicas,
        schema=replication.COUNT_SCHEMA,
        frameworks=(_ZONES, _HEALING),
        tags=("availability",),
    ),
    Rule(
        id="SR-PROBES",
        policy="SR-PROBES",
        title="Liveness and readiness exist and differ, and liveness asks the process alone",
        severity=Severity.HIGH,
        enforcement=Enforcement.MANDATORY,
        remediation="Let liveness ask /health/live, readiness /health/ready, and a startup probe bear a slow start.",
        resource=probes.probes_are_sound,
        schema=probes.SCHEMA,
        frameworks=(_HEALING,),
        tags=("availability", "health"),
        applies=probes.APPLIES,
    ),
    Rule(
        id="SR-PROBES",
        policy="SR-PROBES-READINESS",
        title="Readiness can tell that a dependency is away",
        severity=Severity.MEDIUM,
        enforcement=Enforcement.ADVISORY,
        remediation="Let readiness ask a path that answers 503 while something that requests need is away.",
        resource=probes.readiness_knows_dependencies,
        schema=probes.READINESS_SCHEMA,
        frameworks=(_HEALING,),
        tags=("availability", "health"),
        applies=probes.APPLIES,
    ),
    Rule(
        id="SR-SHUTDOWN",
        policy="SR-SHUTDOWN",
        title="The grace period outlasts the wait before SIGTERM and what the process needs after it",
        severity=Severity.HIGH,
        enforcement=Enforcement.MANDATORY,
        remediation="Set terminationGracePeriodSeconds to more than preStop and draining, or the longest job, take.",
        resource=shutdown.grace_outlasts_draining,
        schema=shutdown.SCHEMA,
        frameworks=(_DISPOSABILITY,),
        tags=("availability", "shutdown"),
        applies=shutdown.APPLIES,
    ),
    Rule(
        id="SR-SHUTDOWN",
        policy="SR-SHUTDOWN-DEREGISTRATION",
        title="A pod that Services lead to goes on serving until nobody sends it requests any more",
        severity=Severity.HIGH,
        enforcement=Enforcement.MANDATORY,
        remediation="Add a preStop hook that sleeps until Services, Ingresses and load balancers have heard.",
        stack=deregistration.serves_until_deregistered,
        schema=deregistration.SCHEMA,
        frameworks=(_DISPOSABILITY,),
        tags=("availability", "shutdown"),
    ),
    Rule(
        id="SR-KIND",
        policy="SR-KIND",
        title="Services are Deployments; other kinds declare a reason and an owner",
        severity=Severity.MEDIUM,
        enforcement=Enforcement.MANDATORY,
        remediation="Make it a Deployment, or declare the reason and the owner in groundwork/reason.SR-KIND.",
        resource=kinds.services_are_deployments,
        schema=kinds.SCHEMA,
        frameworks=(_PROCESSES, _DISPOSABILITY),
        tags=("stateless",),
        applies=kinds.APPLIES,
    ),
)
