"""A stack's configuration as the engine hands it over."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from components.settings import Problem, Source, judge

VALID: dict[str, Any] = {
    "aws:region": "eu-west-1",
    "groundwork:system": "shop",
    "groundwork:environment": "production",
    "groundwork:workload": {"image": "registry.test/shop@sha256:" + "a" * 64},
    "groundwork:workloadIdentity": {"issuer": "https://issuer.test/id/1"},
    "groundwork:network": {"create": {"cidr": "10.20.0.0/16"}},
    "groundwork:buckets": {
        "uploads": {"purpose": "uploads"},
        "assets": {"purpose": "assets"},
        "logs": {"purpose": "logs"},
    },
    "groundwork:cdn": {"bucket": "assets"},
    "groundwork:services": {"api": {"buckets": {"uploads": "read"}}, "mailer": {}},
    "groundwork:queues": {"mails": {"owner": "mailer"}},
}
"""The least that a production stack has to say."""


def flat(configuration: Mapping[str, Any]) -> dict[str, str]:
    """The engine's form: structured values as JSON, single ones as text."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in configuration.items()}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The valid configuration with one value changed, or removed if it is `...`; keys are separated by `/`."""
    configuration = copy.deepcopy(VALID)
    *parents, last = path.split("/")
    place: Any = configuration
    for key in parents:
        place = place.setdefault(key, {})
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return configuration


def problems_of(configuration: Mapping[str, Any], stack: str = "prod", secure: tuple[str, ...] = ()) -> list[Problem]:
    """What is wrong with a configuration."""
    settings, problems = judge(Source.parse(stack, flat(configuration), secure))
    assert (settings is None) == bool(problems)
    return list(problems)


@pytest.fixture(name="lines")
def lines_fixture() -> Callable[..., list[str]]:
    """Changes one value of a valid configuration and returns the messages."""

    def lines(path: str, value: Any, secure: tuple[str, ...] = ()) -> list[str]:
        return [problem.line("stacks/Pulumi.prod.yaml") for problem in problems_of(changed(path, value), secure=secure)]

    return lines
