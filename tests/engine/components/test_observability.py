"""Promises through the real engine: made in the right order, read back as they are, gone in the end."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.engine

PROGRAM = """
    import pulumi
    from components.observability import Observability, ObservabilityArgs
    from components.pod_logs import PodLogsArgs
    from components.slo import SloArgs

    promised = float(pulumi.Config("knobs").get("promised") or 99.9)
    Observability(
        "watched",
        ObservabilityArgs(
            identifier="watched",
            namespace="watched",
            topic_arn="arn:aws:sns:eu-west-1:123456789012:watched",
            logs=PodLogsArgs(
                identifier="watched", account="123456789012", region="eu-west-1", own_kms_key=True, tags={"a": "b"}
            ),
            slos={"api": SloArgs(availability_percent=promised, p99_milliseconds=500)},
            tags={"a": "b"},
        ),
    )
"""


def test_promises_are_made_kept_and_changed(stores: Any) -> None:
    """P0-OBS: windows before the alarms that name them; another promise changes thresholds and the dashboard only."""
    stores.write(PROGRAM)
    stores.up().assert_succeeded()
    stores.up("--expect-no-changes").assert_succeeded()
    stores.refresh("--expect-no-changes").assert_succeeded()
    stores.run("config", "set", "knobs:promised", "99.5").assert_succeeded()
    changed = stores.up().assert_succeeded()
    # Eight windows, two alarms that tell, the graph's threshold.
    assert "11 updated" in changed.output, changed.output
    assert "replaced" not in changed.output
    stores.destroy().assert_succeeded()
