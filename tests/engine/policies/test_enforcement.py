"""A program that breaks a rule fails `pulumi up` before the resource exists; the output has the rule's ID and cure."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from groundwork.pull_request import comment, events
from groundwork.pull_request.events import PropertyChange

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[3]
PACK = ROOT / "policies" / "stateless"

DEPLOYMENT = """
import pulumi_kubernetes as k8s
labels = {"app": "api"}
def probe(path):
    return {"http_get": {"path": path, "port": 8080}}
def deployment(volumes=(), depends_on=(), least=2, **pod):
    k8s.autoscaling.v2.HorizontalPodAutoscaler("api", spec={
        "min_replicas": least, "max_replicas": 6, "scale_target_ref": {"kind": "Deployment", "name": "api"},
    })
    return k8s.apps.v1.Deployment("api", metadata={"name": "api"}, spec={
        "selector": {"match_labels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {
            "containers": [{
                "name": "api",
                "image": "api",
                "resources": {"requests": {"cpu": "100m"}},
                "liveness_probe": probe("/health/live"),
                "readiness_probe": probe("/health/ready"),
            }],
            "topology_spread_constraints": [{
                "topology_key": "topology.kubernetes.io/zone",
                "max_skew": 1,
                "when_unsatisfiable": "DoNotSchedule",
                "label_selector": {"match_labels": labels},
            }],
            "volumes": list(volumes),
            **pod,
        }},
    })
"""
BUDGET = """
k8s.policy.v1.PodDisruptionBudget("api", spec={"selector": {"match_labels": labels}, "max_unavailable": 1})
"""


def _up(project: Any, program: str, *arguments: str) -> Any:
    project.write(DEPLOYMENT + dedent(program))
    return project.run("up", "--yes", "--policy-pack", str(PACK), *arguments)


def test_a_stack_that_keeps_the_rules_comes_up(project: Any, made: Path) -> None:
    """The pack lets a good stack pass, so the failures below are the rules' doing."""
    _up(project, "deployment()\n" + BUDGET).assert_succeeded()
    assert [line.rsplit("::", 1)[-1] for line in made.read_text().splitlines()] == ["api", "api", "api"]


def test_a_host_path_fails_up_before_the_deployment_exists(project: Any, made: Path) -> None:
    """SR-VOLUME: mandatory, judged from inputs."""
    outcome = _up(
        project, 'deployment([{"name": "data", "host_path": {"path": "/data"}}])\n' + BUDGET, "--skip-preview"
    ).assert_failed()
    assert "[SR-VOLUME]" in outcome.output
    assert 'spec.template.spec.volumes[0].hostPath.path = "/data"' in outcome.output
    assert "Cure: keep the data in object storage, Redis or the database" in outcome.output
    assert "kubernetes:apps/v1:Deployment" not in made.read_text()
    assert not [each for each in project.resources() if each["type"] == "kubernetes:apps/v1:Deployment"]


def test_session_affinity_fails_up_before_the_service_exists(project: Any, made: Path) -> None:
    """SR-AFFINITY: mandatory, judged from inputs."""
    program = """
    k8s.core.v1.Service("web", spec={"session_affinity": "ClientIP", "ports": [{"port": 80}]})
    """
    outcome = _up(project, program, "--skip-preview").assert_failed()
    assert "[SR-AFFINITY]" in outcome.output
    assert 'spec.sessionAffinity = "ClientIP"' in outcome.output
    assert "Cure: remove it and keep sessions in Redis" in outcome.output
    assert made.read_text() == ""
    assert project.resources() == []


def test_a_missing_budget_fails_up_in_its_preview_before_anything_exists(project: Any, made: Path) -> None:
    """SR-PDB: a mandatory stack policy stops `up` after its own preview, before the first create."""
    outcome = _up(project, "deployment()").assert_failed()
    assert "[SR-PDB]" in outcome.output
    assert "is covered by no PodDisruptionBudget of its namespace" in outcome.output
    assert "Cure: add a PodDisruptionBudget with maxUnavailable: 1" in outcome.output
    assert made.read_text() == ""


def test_a_budget_that_blocks_everything_fails_up_even_without_a_preview(project: Any, made: Path) -> None:
    """SR-PDB: what one budget says by itself is judged from its inputs."""
    program = """
    k8s.policy.v1.PodDisruptionBudget("api", spec={"selector": {"match_labels": labels}, "max_unavailable": 0})
    """
    outcome = _up(project, program, "--skip-preview").assert_failed()
    assert "[SR-PDB]" in outcome.output
    assert "spec.maxUnavailable = 0: blocks every eviction" in outcome.output
    assert made.read_text() == ""


def test_workloads_that_break_a_rule_fail_up_before_anything_exists(project: Any, made: Path) -> None:
    """SR-REPLICAS, SR-PROBES, SR-SHUTDOWN, SR-KIND: mandatory, judged from inputs, all of one object at once."""
    program = """
    deployment(
        containers=[{"name": "api", "image": "api", "readiness_probe": probe("/health/ready")}],
        topology_spread_constraints=[],
        termination_grace_period_seconds=0,
    )
    """
    outcome = _up(project, dedent(program) + BUDGET, "--skip-preview").assert_failed()
    assert "[SR-REPLICAS]" in outcome.output
    assert "spec.template.spec.topologySpreadConstraints: is not set" in outcome.output
    assert "[SR-PROBES]" in outcome.output
    assert "spec.template.spec.containers[0].livenessProbe: is not set" in outcome.output
    assert "[SR-SHUTDOWN]" in outcome.output
    assert "spec.template.spec.terminationGracePeriodSeconds = 0" in outcome.output
    assert "Deployment" not in made.read_text()
    pod = """
    k8s.core.v1.Pod("debug", spec={"restart_policy": "Never", "containers": [{"name": "debug", "image": "debug"}]})
    """
    outcome = _up(project, pod, "--skip-preview").assert_failed()
    assert "[SR-KIND]" in outcome.output
    assert 'kind = "Pod": is not made anew when its node goes away' in outcome.output
    assert "Pod::" not in made.read_text()


def test_a_single_pod_and_a_hasty_end_fail_up_in_its_preview(project: Any, made: Path) -> None:
    """SR-REPLICAS, SR-SHUTDOWN: between resources, before the first create."""
    program = """
    k8s.core.v1.Service("api", spec={"selector": labels, "ports": [{"port": 8080}]})
    deployment(least=1)
    """
    outcome = _up(project, dedent(program) + BUDGET).assert_failed()
    assert 'minReplicas of HorizontalPodAutoscaler "api" = 1: lets it run with fewer than 2 pods' in outcome.output
    assert "lifecycle.preStop: is not set, but requests come for up to 5 s" in outcome.output
    assert made.read_text() == ""


def test_an_unknown_value_is_reported_in_the_preview_and_decided_at_up(project: Any, made: Path) -> None:
    """SR-AFFINITY: a preview says that it cannot judge; the update judges before the resource exists."""
    program = """
    first = k8s.core.v1.ConfigMap("first", data={"a": "b"})
    affinity = first.id.apply(lambda _: "ClientIP")
    k8s.core.v1.Service("web", spec={"session_affinity": affinity})
    """
    project.write(DEPLOYMENT + dedent(program))
    preview = project.run("preview", "--policy-pack", str(PACK)).assert_succeeded()
    assert "spec.sessionAffinity: cannot be judged: its value is not known until the update runs" in preview.output
    outcome = _up(project, program).assert_failed()
    assert 'spec.sessionAffinity = "ClientIP"' in outcome.output
    assert [line.rsplit("::", 1)[-1] for line in made.read_text().splitlines()] == ["first"]


def test_an_exemption_is_listed_and_lets_the_stack_pass(project: Any, made: Path) -> None:
    """SR-AFFINITY: by the policy's configuration, with reason, owner and last day."""
    config = project.folder / "policies.json"
    config.write_text(
        '{"SR-AFFINITY": {"exemptions": [{"resource": "web", "reason": "moves out in spring", "owner": "shop team",'
        ' "expires": "2999-12-31"}]}}'
    )
    program = """
    k8s.core.v1.Service("web", spec={"session_affinity": "ClientIP", "ports": [{"port": 80}]})
    """
    outcome = _up(project, program, "--policy-pack-config", str(config)).assert_succeeded()
    assert "Exempt until 2999-12-31, owner shop team: moves out in spring." in outcome.output
    assert made.read_text() != ""


def test_the_engines_events_tell_a_pull_request_what_happens(project: Any, made: Path, tmp_path: Path) -> None:
    """SR-AFFINITY: changes with their values, the violation, and secrets masked, from the real engine."""
    before = """
    import pulumi, pulumi_random as random
    random.RandomPassword("password", length=12)
    k8s.core.v1.Secret("settings", string_data={"token": "hush-hush"})
    """
    after = """
    import pulumi, pulumi_random as random
    random.RandomPassword("password", length=14)
    k8s.core.v1.Service("web", spec={"session_affinity": "ClientIP", "ports": [{"port": 80}]})
    """
    _up(project, before, "--skip-preview").assert_succeeded()
    project.write(DEPLOYMENT + dedent(after))
    log = tmp_path / "events.jsonl"
    project.environment["PULUMI_DEBUG_COMMANDS"] = "true"
    project.run("preview", "--policy-pack", str(PACK), "--event-log", str(log)).assert_failed()
    preview = events.read(log.read_text().splitlines())
    # Whether the engine still tells of the refused Service depends on what it was busy with.
    changes = [(change.operation.value, change.name) for change in preview.changes if change.name != "web"]
    assert changes == [("replace", "password"), ("delete", "settings")]
    assert preview.changes[0].properties == (PropertyChange("length", 12, 14, forces_replacement=True),)
    [refused] = [result for result in preview.policies if result.level == "mandatory"]
    assert refused.message.startswith('[SR-AFFINITY] kubernetes:core/v1:Service "web": spec.sessionAffinity')
    assert not preview.finished
    assert "hush-hush" not in log.read_text() + comment.render("test", preview)


def test_a_secret_of_the_program_may_stand_in_a_secret_and_nowhere_else(project: Any, made: Path) -> None:
    """SR-SECRET: the engine's marks reach the rule, which shows no value; Pulumi encrypts what a Secret holds."""
    program = """
    import pulumi
    word = pulumi.Output.secret("swordfish")
    k8s.core.v1.Secret("kept", string_data={"word": "swordfish"})
    k8s.core.v1.ConfigMap("open", data={"greeting": word})
    """
    outcome = _up(project, program, "--skip-preview").assert_failed()
    assert (
        '[SR-SECRET] kubernetes:core/v1:ConfigMap "open": data.greeting: is a secret of the program' in outcome.output
    )
    assert "swordfish" not in outcome.output
    assert "[SR-SECRET] kubernetes:core/v1:Secret" not in outcome.output
    assert "core/v1:ConfigMap" not in made.read_text()


def test_an_output_in_plain_text_fails_up(project: Any, made: Path) -> None:
    """SR-SECRET: outputs are judged with the stack; those that are marked pass."""
    program = """
    import pulumi
    pulumi.export("token", "swordfish")
    pulumi.export("password", pulumi.Output.secret("swordfish"))
    """
    outcome = _up(project, program).assert_failed()
    assert "[SR-SECRET] pulumi:pulumi:Stack" in outcome.output
    assert ": token: is a secret written out" in outcome.output
    assert ": password: is a secret written out" not in outcome.output
