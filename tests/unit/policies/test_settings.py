"""What settings of SR-SECRET, SR-REDIS, SR-SCALE and SR-LOGS change, and that nonsense in them raises nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from policies.judge import judge_resource, judge_stack
from policies.manifests import resource_from_manifest
from policies.model import Finding, Resource, Status
from policies.rules.table import STATELESS

pytestmark = pytest.mark.unit

RULES = {rule.policy: rule for rule in STATELESS}
TODAY = date(2026, 11, 22)


def _pod(container: dict[str, Any], **spec: Any) -> Resource:
    return resource_from_manifest(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "a", **container}], **spec},
        }
    )


def _env(**values: str) -> Resource:
    return _pod({"env": [{"name": name, "value": value} for name, value in values.items()]})


def _violations(policy: str, resource: Resource, settings: dict[str, Any]) -> int:
    rule = RULES[policy]
    found: list[Finding] = [
        *judge_resource(rule, resource, settings, TODAY),
        *judge_stack(rule, [resource], settings, TODAY),
    ]
    return len([finding for finding in found if finding.status is Status.VIOLATION])


LOGGED = {"volumes": [{"name": "v", "emptyDir": {}}]}
CASES = [
    ("SR-SECRET", _env(SHIBBOLETH="x"), {"secretNames": ["SHIB*"]}, 0, 1),
    ("SR-SECRET", _env(TOKEN="x"), {"harmlessNames": ["TOKEN"]}, 1, 0),
    ("SR-SECRET", _env(CACHE_KEY="q7Zk2mX9vB4tLw8RjN5c"), {"harmlessNames": ["CACHE_*"]}, 1, 0),
    ("SR-SECRET-OUTPUTS", Resource("pulumi:pulumi:Stack", "s", "s", {"word": "x"}), {"secretNames": ["word"]}, 0, 1),
    ("SR-REDIS", _env(CACHE="redis://c"), {"addressVariables": ["CACHE"]}, 0, 1),
    ("SR-REDIS", _env(CACHE="c"), {"hostVariables": ["CACHE"]}, 0, 1),
    ("SR-REDIS", _env(FALL_BACK="true"), {"fallbackSwitches": ["FALL_BACK"]}, 0, 1),
    ("SR-REDIS", _env(NEEDS_IT="false"), {"requiredSwitches": ["NEEDS_IT"]}, 0, 1),
    ("SR-REDIS", _env(LOCKS="memory"), {"storeVariables": ["LOCKS"]}, 0, 1),
    ("SR-REDIS", _env(MEMORY_FALLBACK="true"), {"environment": "development"}, 1, 0),
    ("SR-REDIS", _env(MEMORY_FALLBACK="true", NODE_ENV="test"), {"environment": "production"}, 0, 1),
    (
        "SR-REDIS",
        _pod(
            {
                "env": [
                    {"name": "REDIS_HOST", "value": "c"},
                    {"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                ]
            }
        ),
        {"passwordVariables": ["WORD"]},
        1,
        0,
    ),
    (
        "SR-SCALE-COVERAGE",
        resource_from_manifest({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}),
        {"kinds": ["Rollout"]},
        1,
        0,
    ),
    (
        "SR-LOGS",
        _pod({"volumeMounts": [{"name": "v", "mountPath": "/audit"}]}, **LOGGED),
        {"logPaths": ["/audit/"]},
        0,
        1,
    ),
    (
        "SR-LOGS",
        _pod(
            {"volumeMounts": [{"name": "v", "mountPath": "//audit/x"}, {"name": "v", "mountPath": "/auditing"}]},
            **LOGGED,
        ),
        {"logPaths": ["/audit"]},
        0,
        1,
    ),
    ("SR-LOGS", _env(TRACE="/t"), {"logVariables": ["TRACE"]}, 0, 1),
    ("SR-LOGS", _pod({"args": ["--trace", "/t"]}), {"logOptions": ["trace"]}, 0, 1),
    (
        "SR-LOGS",
        _pod(
            {"image": "reader", "volumeMounts": [{"name": "v", "mountPath": "/a"}]},
            **LOGGED,
            initContainers=[{"name": "w", "volumeMounts": [{"name": "v", "mountPath": "/a"}]}],
        ),
        {"shipperImages": ["reader"]},
        0,
        1,
    ),
]


@pytest.mark.parametrize(("policy", "resource", "settings", "without", "with_it"), CASES)
def test_settings_change_verdicts(
    policy: str, resource: Resource, settings: dict[str, Any], without: int, with_it: int
) -> None:
    """SR-SECRET, SR-REDIS, SR-SCALE, SR-LOGS: each setting moves a verdict; a default is what the schema says."""
    assert _violations(policy, resource, {}) == without
    assert _violations(policy, resource, settings) == with_it


@pytest.mark.parametrize(("policy", "resource", "settings", "without", "with_it"), CASES)
def test_settings_of_a_wrong_type_raise_nothing(
    policy: str, resource: Resource, settings: dict[str, Any], without: int, with_it: int
) -> None:
    """SR-SECRET, SR-REDIS, SR-SCALE, SR-LOGS: what the schema would refuse is no list of names."""
    for nonsense in (None, 3, "TOKEN", {"a": "b"}, [None, 3]):
        _violations(policy, resource, dict.fromkeys(settings, nonsense))


@pytest.mark.parametrize("policy", ["SR-SECRET", "SR-SECRET-OUTPUTS", "SR-REDIS", "SR-SCALE-COVERAGE", "SR-LOGS"])
def test_every_setting_has_a_default_of_its_type(policy: str) -> None:
    """SR-SECRET, SR-REDIS, SR-SCALE, SR-LOGS: the schema that CrossGuard is given."""
    for row in RULES[policy].schema.values():
        assert isinstance(row["default"], {"array": list, "string": str}[row["type"]])
        assert row["description"].endswith(".")
