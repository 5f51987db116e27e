"""What the real engine writes, read by the scan: the same messages as the engine's own policies give."""

from __future__ import annotations

import io
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from policies.scan import Report, scan

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi, pulumi_kubernetes as k8s
first = k8s.core.v1.ConfigMap("first", data={"a": "b"})
k8s.core.v1.Service("later", spec={"session_affinity": first.id.apply(lambda _: "ClientIP"), "ports": [{"port": 80}]})
k8s.core.v1.Service("hidden", spec={"session_affinity": pulumi.Output.secret("ClientIP"), "ports": [{"port": 80}]})
k8s.core.v1.Service("web", spec={"session_affinity": "ClientIP", "ports": [{"port": 80}]})
"""
WEB = (
    '[SR-AFFINITY] kubernetes:core/v1:Service "web": spec.sessionAffinity = "ClientIP": keeps a client on one instance'
    " (kube-proxy). Cure: remove it and keep sessions in Redis, where every instance finds them."
)
UNKNOWN = "spec.sessionAffinity: cannot be judged: its value is not known until the update runs."


def _scanned(text: str) -> Report:
    # The engine may print warnings before the document.
    return scan(["-"], stdin=io.BufferedReader(io.BytesIO(text[text.index("{\n") :].encode())))


def _messages(report: Report) -> list[str]:
    return sorted(one.finding.message for one in report.results if one.finding.rule == "SR-AFFINITY")


def _service(name: str, what: str) -> str:
    return f'[SR-AFFINITY] kubernetes:core/v1:Service "{name}": {what}'


def test_previews_and_states_get_the_engines_verdicts(project: Any, made: Path) -> None:
    """SR-AFFINITY: what is unknown in a preview is undetermined, and decided in the state; secrets stay hidden."""
    project.write(dedent(PROGRAM))
    preview = _scanned(project.run("preview", "--json").assert_succeeded().output)
    assert preview.problems == ()
    assert _messages(preview) == sorted([WEB, _service("later", UNKNOWN), _service("hidden", UNKNOWN)])
    assert preview.exit_code == 1

    project.run("up", "--yes", "--skip-preview").assert_succeeded()
    state = _scanned(project.run("stack", "export").assert_succeeded().output)
    later = WEB.replace('"web"', '"later"')
    assert _messages(state) == sorted([WEB, later, _service("hidden", UNKNOWN)])

    again = _scanned(project.run("preview", "--json").assert_succeeded().output)
    whole = _scanned(project.run("preview", "--json", "--show-sames").assert_succeeded().output)
    assert _messages(whole) == _messages(state)
    assert whole.problems == ()
    assert again.resources == whole.resources or "leaves out" in str(again.problems[0])
