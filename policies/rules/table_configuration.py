"""The rules about how workloads are configured, scaled and heard of, as a part of the stateless pack."""

from __future__ import annotations

from typing import Final

from policies.model import Enforcement, Rule, Severity
from policies.rules import autoscalers, literal_secrets, logs, redis, scaling

_CONFIG: Final = "Twelve-Factor App: III. Config"
_PROCESSES: Final = "Twelve-Factor App: VI. Processes"
_CONCURRENCY: Final = "Twelve-Factor App: VIII. Concurrency"
_LOGS: Final = "Twelve-Factor App: XI. Logs"
_SECRETS: Final = "AWS Well-Architected: SEC02-BP03"
_DEMAND: Final = "AWS Well-Architected: REL07"

CONFIGURATION: Final[tuple[Rule, ...]] = (
    Rule(
        id="SR-SECRET",
        policy="SR-SECRET",
        title="No secret is written out in an environment, a ConfigMap, an argument, an annotation or a manifest",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation="Let a Secret provide the value as a variable or a file, and rotate what was written out.",
        resource=literal_secrets.no_literal_secrets,
        schema=literal_secrets.SCHEMA,
        frameworks=(_CONFIG, _SECRETS),
        tags=("secrets",),
    ),
    Rule(
        id="SR-SECRET",
        policy="SR-SECRET-OUTPUTS",
        title="No output of the stack is a secret in plain text",
        severity=Severity.CRITICAL,
        enforcement=Enforcement.MANDATORY,
        remediation="Export where the secret is kept, or mark the output with Output.secret.",
        stack=literal_secrets.no_literal_outputs,
        schema=literal_secrets.SCHEMA,
        frameworks=(_CONFIG, _SECRETS),
        tags=("secrets",),
    ),
    Rule(
        id="SR-REDIS",
        policy="SR-REDIS",
        title="Redis' address comes from a secret, and memory never stands in for it outside development",
        severity=Severity.HIGH,
        enforcement=Enforcement.MANDATORY,
        remediation="Take REDIS_URL from a Secret, and switch the fallback to memory off.",
        resource=redis.redis_comes_from_a_secret,
        schema=redis.SCHEMA,
        frameworks=(_PROCESSES, _SECRETS),
        tags=("redis", "secrets", "stateless"),
        applies=redis.APPLIES,
    ),
    Rule(
        id="SR-SCALE",
        policy="SR-SCALE",
        title="An autoscaler has room to scale, something to scale on, and is not held back",
        severity=Severity.MEDIUM,
        enforcement=Enforcement.MANDATORY,
        remediation="Set a minimum below the maximum and a metric that grows with the load.",
        resource=autoscalers.autoscaler_makes_sense,
        frameworks=(_CONCURRENCY, _DEMAND),
        tags=("scaling",),
        applies=autoscalers.APPLIES,
    ),
    Rule(
        id="SR-SCALE",
        policy="SR-SCALE-COVERAGE",
        title="Every service and worker has one autoscaler that nothing fights, and requests for what it measures",
        severity=Severity.MEDIUM,
        enforcement=Enforcement.MANDATORY,
        remediation="Give each workload one autoscaler, requests in every container, and no replicas.",
        stack=scaling.every_workload_is_scaled,
        schema=scaling.SCHEMA,
        frameworks=(_CONCURRENCY, _DEMAND),
        tags=("scaling",),
    ),
    Rule(
        id="SR-LOGS",
        policy="SR-LOGS",
        title="Logs go to standard output, where they are collected, and into no file on a volume",
        severity=Severity.MEDIUM,
        enforcement=Enforcement.MANDATORY,
        remediation="Write logs to standard output and standard error, and drop log volumes and sidecars.",
        resource=logs.logs_go_to_standard_output,
        schema=logs.SCHEMA,
        frameworks=(_LOGS,),
        tags=("logs",),
        applies=logs.APPLIES,
    ),
)
