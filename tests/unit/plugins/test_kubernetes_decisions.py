"""The kubernetes stand-in's decisions: names, differences, drift, readiness, reasons."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml

from local.plugins.kubernetes import changes, conflicts, manifests, objects, readiness, reasons, settings
from local.plugins.kubernetes.client import ApiError, Cause
from local.plugins.kubernetes.kinds import Kind, kind_of
from local.plugins.provider import UNKNOWN, ChangeKind, CheckRequest, ProviderError, Secret

pytestmark = pytest.mark.unit

DEPLOYMENT = Kind("apps", "v1", "Deployment")
SERVICE = Kind("", "v1", "Service")
SECRET = Kind("", "v1", "Secret")
CONFIG_MAP = Kind("", "v1", "ConfigMap")


@pytest.mark.parametrize(
    ("token", "api_version", "path"),
    [
        ("kubernetes:core/v1:Service", "v1", "/api/v1"),
        ("kubernetes:apps/v1:Deployment", "apps/v1", "/apis/apps/v1"),
        ("kubernetes:policy/v1:PodDisruptionBudget", "policy/v1", "/apis/policy/v1"),
        ("kubernetes:rbac.authorization.k8s.io/v1:Role", "rbac.authorization.k8s.io/v1",
         "/apis/rbac.authorization.k8s.io/v1"),
        ("kubernetes:networking.k8s.io/v1:Ingress", "networking.k8s.io/v1", "/apis/networking.k8s.io/v1"),
        ("kubernetes:example.com/v1beta1:Thing", "example.com/v1beta1", "/apis/example.com/v1beta1"),
    ],
)  # fmt: skip
def test_tokens(token: str, api_version: str, path: str) -> None:
    kind = kind_of(token)
    assert (kind.api_version, kind.path) == (api_version, path)


@pytest.mark.parametrize(
    "token", ["kubernetes:helm.sh/v3:Release", "kubernetes:core/v1:PodList", "kubernetes:core/v1:PodPatch", "aws:s3:B"]
)
def test_what_is_not_supported_is_refused(token: str) -> None:
    with pytest.raises(ProviderError):
        kind_of(token)


def _completed(inputs: dict[str, Any], old: dict[str, Any] | None = None, seed: bytes = b"1") -> Any:
    return manifests.completed(CONFIG_MAP, CheckRequest("urn", "t", "Conf", old or {}, inputs, seed), "here")


def test_a_name_is_made_once_and_kept() -> None:
    first, failures = _completed({"data": {}})
    assert not failures
    assert first["metadata"]["name"].startswith("conf-") and first["metadata"]["namespace"] == "here"
    assert (first["apiVersion"], first["kind"]) == ("v1", "ConfigMap")
    again, _ = _completed({"data": {}}, old=first, seed=b"2")
    assert again["metadata"]["name"] == first["metadata"]["name"]
    replaced, _ = _completed({"data": {}}, seed=b"2")
    assert replaced["metadata"]["name"] != first["metadata"]["name"]


def test_unknown_names_stay_unknown() -> None:
    inputs, failures = _completed({"metadata": {"name": UNKNOWN, "namespace": UNKNOWN}})
    assert not failures and inputs["metadata"] == {"name": UNKNOWN, "namespace": UNKNOWN}


def test_a_kind_that_does_not_fit_is_an_error() -> None:
    _, failures = _completed({"kind": "Secret", "metadata": {"generateName": "x-"}})
    assert [each.property for each in failures] == ["kind", "metadata.generateName"]


# Differences


def _manifest(**more: Any) -> dict[str, Any]:
    return {"metadata": {"name": "n", "namespace": "here"}, **more}


@pytest.mark.parametrize(
    ("kind", "old", "new", "path", "replaces"),
    [
        (DEPLOYMENT, {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, "spec.replicas", False),
        (DEPLOYMENT, {"spec": {"selector": {"matchLabels": {"a": "1"}}}},
         {"spec": {"selector": {"matchLabels": {"a": "2"}}}}, "spec.selector.matchLabels.a", True),
        (SERVICE, {"spec": {"clusterIP": "10.0.0.1"}}, {"spec": {"clusterIP": "10.0.0.2"}}, "spec.clusterIP", True),
        (SERVICE, {"spec": {"ports": [{"port": 1}]}}, {"spec": {"ports": [{"port": 2}]}}, "spec.ports[0].port", False),
        (CONFIG_MAP, {"data": {"a": "1"}}, {"data": {"a": "2"}}, "data.a", True),
        (CONFIG_MAP, {}, {"immutable": True}, "immutable", False),
        (CONFIG_MAP, {"immutable": True}, {}, "immutable", True),
        (SECRET, {"type": "Opaque"}, {"type": "x/y"}, "type", True),
        (Kind("batch", "v1", "Job"), {"spec": {"template": {"a": 1}}}, {"spec": {"template": {"a": 2}}},
         "spec.template.a", True),
        (Kind("batch", "v1", "Job"), {"spec": {"parallelism": 1}}, {"spec": {"parallelism": 2}},
         "spec.parallelism", False),
        (Kind("apps", "v1", "StatefulSet"), {"spec": {"serviceName": "a"}}, {"spec": {"serviceName": "b"}},
         "spec.serviceName", True),
        (Kind("", "v1", "PersistentVolumeClaim"), {"spec": {"resources": {"requests": {"storage": "1Gi"}}}},
         {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}, "spec.resources.requests.storage", False),
        (Kind("", "v1", "PersistentVolumeClaim"), {"spec": {"accessModes": ["a"]}}, {"spec": {"accessModes": ["b"]}},
         "spec.accessModes[0]", True),
        (Kind("rbac.authorization.k8s.io", "v1", "RoleBinding"), {"roleRef": {"name": "a"}},
         {"roleRef": {"name": "b"}}, "roleRef.name", True),
        (Kind("", "v1", "Pod"), {"spec": {"containers": [{"image": "a"}]}}, {"spec": {"containers": [{"image": "b"}]}},
         "spec.containers[0].image", False),
        (Kind("", "v1", "Pod"), {"spec": {"containers": [{"name": "a"}]}}, {"spec": {"containers": [{"name": "b"}]}},
         "spec.containers[0].name", True),
    ],
)  # fmt: skip
def test_what_forces_a_replacement(
    kind: Kind, old: dict[str, Any], new: dict[str, Any], path: str, replaces: bool
) -> None:
    result = changes.diff(kind, _manifest(**old), _manifest(**new))
    assert [(each, change.replaces) for each, change in result.changes.items()] == [(path, replaces)]
    # The name stays, so the old object has to go first.
    assert result.delete_before_replace is replaces


def test_contents_can_be_changed_in_place_when_configured() -> None:
    old, new = _manifest(data={"a": "1"}), _manifest(data={"a": "2"})
    assert changes.diff(CONFIG_MAP, old, new, mutable=True).changes == {"data.a": ChangeKind.UPDATE}
    frozen = {**old, "immutable": True}
    assert changes.diff(CONFIG_MAP, frozen, {**new, "immutable": True}, mutable=True).changes["data.a"].replaces


def test_a_generated_name_lets_both_stand_for_a_while() -> None:
    meta = {"name": "n-1", "annotations": {objects.AUTONAMED: "true"}}
    result = changes.diff(CONFIG_MAP, {"metadata": meta, "data": {"a": "1"}}, {"metadata": meta, "data": {"a": "2"}})
    assert result.changes["data.a"].replaces and not result.delete_before_replace


def test_the_servers_objection_names_the_property() -> None:
    old, new = _manifest(spec={"a": {"b": 1}, "c": 1}), _manifest(spec={"a": {"b": 2}, "c": 2})
    result = changes.diff(SERVICE, old, new)
    objection = ApiError(422, "Invalid", "no", (Cause("spec.a", "FieldValueInvalid", "field is immutable"),))
    refused = changes.refused(objection, result, old, new)
    assert {path: change.replaces for path, change in refused.changes.items()} == {"spec.a.b": True, "spec.c": False}
    other = ApiError(422, "Invalid", "no", (Cause("spec.a", "FieldValueInvalid", "must be positive"),))
    assert changes.refused(other, result, old, new) == result


def test_a_conflict_says_who_owns_what() -> None:
    cause = Cause(".spec.replicas", "FieldManagerConflict", 'conflict with "hpa" using apps/v1')
    error = ApiError(409, "Conflict", "Apply failed", (cause,))
    assert conflicts.is_conflict(error)
    assert ".spec.replicas is owned by hpa" in conflicts.explained(error, DEPLOYMENT, _manifest())
    assert not conflicts.is_conflict(ApiError(409, "AlreadyExists", "exists"))


# What is sent, recorded and compared


def test_string_data_joins_data_on_the_wire() -> None:
    body = objects.wire(SECRET, {"stringData": {"a": "x"}, "data": {"b": "eQ=="}})
    assert body == {"data": {"b": "eQ==", "a": "eA=="}}


def test_a_secrets_contents_are_sealed_and_redacted() -> None:
    assert objects.sealed(SECRET, {"data": {"a": "eA=="}, "type": "Opaque"}) == {
        "data": Secret({"a": "eA=="}),
        "type": "Opaque",
    }
    encoded = base64.b64encode(b"hidden").decode()
    redact = objects.redactor(SECRET, {"stringData": {"a": "hidden"}})
    assert redact(f"hidden {encoded}") == "[secret] [secret]"


def test_another_form_of_the_same_value_is_no_drift() -> None:
    given = {"cpu": "0.5", "list": [{"a": 1}], "gone": 1}
    live = {"cpu": "500m", "list": [{"a": 2, "default": True}], "other": 1}
    wanted = {"cpu": "500m", "list": [{"a": 1, "default": True}], "gone": 1, "other": 1}
    assert objects.drifted(given, live, wanted) == {"cpu": "0.5", "list": [{"a": 2}]}


def test_string_data_drifts_by_its_decoded_value() -> None:
    inputs = {"stringData": {"a": "x", "b": "y"}}
    live = {"data": {"a": base64.b64encode(b"z").decode(), "b": base64.b64encode(b"y").decode()}}
    wanted = {"data": {"a": base64.b64encode(b"x").decode(), "b": base64.b64encode(b"y").decode()}}
    assert objects.live_inputs(SECRET, inputs, live, wanted) == {"stringData": {"a": "z", "b": "y"}}


def test_outputs_leave_out_what_others_own() -> None:
    inputs = {"metadata": {"name": "n"}, "spec": {"template": {"a": 1}}}
    live = {
        "metadata": {
            "name": "n",
            "uid": "u",
            "resourceVersion": "7",
            "annotations": {"revision": "1"},
            "managedFields": [
                {"manager": "ours", "fieldsV1": {"f:spec": {"f:template": {"f:a": {}}}}},
                {
                    "manager": "autoscaler",
                    "fieldsV1": {
                        "f:spec": {"f:replicas": {}, "f:template": {"f:a": {}}},
                        "f:metadata": {"f:annotations": {".": {}, "f:revision": {}}},
                    },
                },
            ],
        },
        "spec": {"replicas": 3, "template": {"a": 2}, "default": "x"},
        "status": {"replicas": 3},
    }
    assert objects.outputs(DEPLOYMENT, inputs, live, "ours") == {
        "metadata": {"name": "n", "uid": "u"},
        "spec": {"template": {"a": 2}, "default": "x"},
        objects.MANAGER: "ours",
    }


def test_an_import_takes_what_people_declared() -> None:
    live = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "n",
            "namespace": "here",
            "uid": "u",
            "managedFields": [
                {"manager": "kubectl", "fieldsV1": {"f:data": {".": {}, "f:a": {}}}},
                {"manager": "kube-controller-manager", "fieldsV1": {"f:data": {"f:b": {}}}},
            ],
        },
        "data": {"a": "1", "b": "2"},
    }
    assert objects.applied_by_people(live) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "n", "namespace": "here"},
        "data": {"a": "1"},
    }


def test_the_manager_follows_from_the_urn() -> None:
    assert objects.field_manager("a") == objects.field_manager("a") != objects.field_manager("b")


# Readiness


def _judge(kind: Kind, object: dict[str, Any], slices: list[dict[str, Any]] | None = None) -> tuple[str, str]:
    rule = readiness.rule(kind, object)
    assert rule is not None
    verdict = rule.judge({"metadata": {"name": "n"}, **object}, list(slices or []))
    return verdict.state.value, verdict.message


def _rollout(generation: int = 2, observed: int = 2, **status: int) -> dict[str, Any]:
    return {
        "metadata": {"name": "n", "generation": generation},
        "spec": {"replicas": 2},
        "status": {"observedGeneration": observed, **status},
    }


@pytest.mark.parametrize(
    ("object", "state"),
    [
        (_rollout(observed=1, replicas=2, updatedReplicas=2, availableReplicas=2), "waiting"),
        (_rollout(replicas=2, updatedReplicas=1, availableReplicas=2), "waiting"),
        (_rollout(replicas=3, updatedReplicas=2, availableReplicas=2), "waiting"),
        (_rollout(replicas=2, updatedReplicas=2, availableReplicas=1), "waiting"),
        (_rollout(replicas=2, updatedReplicas=2, availableReplicas=2), "ready"),
    ],
)
def test_a_deployment_is_ready_when_it_is_rolled_out(object: dict[str, Any], state: str) -> None:
    assert _judge(DEPLOYMENT, object)[0] == state


def test_a_deployment_without_progress_has_failed() -> None:
    object = _rollout()
    object["status"]["conditions"] = [{"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "stuck"}]
    assert _judge(DEPLOYMENT, object) == ("failed", "stuck")


def test_jobs_and_claims() -> None:
    job = Kind("batch", "v1", "Job")
    assert _judge(job, {"status": {"conditions": [{"type": "Complete", "status": "True"}]}})[0] == "ready"
    failed = {"status": {"conditions": [{"type": "Failed", "status": "True", "message": "backoff"}]}}
    assert _judge(job, failed) == ("failed", "the Job failed: backoff")
    assert _judge(job, {"spec": {"suspend": True}})[0] == "ready"
    claim = Kind("", "v1", "PersistentVolumeClaim")
    assert _judge(claim, {"status": {"phase": "Pending"}})[0] == "waiting"
    assert _judge(claim, {"status": {"phase": "Bound"}})[0] == "ready"


def test_a_service_waits_for_a_ready_endpoint_if_it_selects_pods() -> None:
    selecting = {"spec": {"selector": {"a": "b"}, "clusterIP": "10.0.0.1"}}
    assert _judge(SERVICE, selecting)[0] == "waiting"
    assert _judge(SERVICE, selecting, [{"endpoints": [{"conditions": {"ready": False}}]}])[0] == "waiting"
    assert _judge(SERVICE, selecting, [{"endpoints": [{"conditions": {"ready": True}}]}])[0] == "ready"
    for spec in ({"type": "ExternalName"}, {}, {"selector": {"a": "b"}, "clusterIP": "None"}):
        assert _judge(SERVICE, {"spec": spec})[0] == "ready"
    assert _judge(SERVICE, {"spec": {"type": "LoadBalancer"}})[0] == "waiting"


def test_the_annotation_skips_the_waiting() -> None:
    skipping = {"metadata": {"annotations": {objects.SKIP_AWAIT: "true"}}}
    assert readiness.rule(DEPLOYMENT, skipping) is None
    assert readiness.rule(Kind("", "v1", "ConfigMap"), {}) is None


ROUTE = 'jsonpath={.status.parents[0].conditions[?(@.type=="Accepted")].status}=True'


@pytest.mark.parametrize(
    ("expression", "status", "state"),
    [
        ("condition=Ready", {}, "waiting"),
        ("condition=Ready", {"conditions": [{"type": "Ready", "status": "False"}]}, "waiting"),
        ("condition=Ready", {"conditions": [{"type": "Ready", "status": "True"}]}, "ready"),
        ("condition=Paused=False", {"conditions": [{"type": "Paused", "status": "False"}]}, "ready"),
        ("jsonpath={.status.phase}=Running", {"phase": "Pending"}, "waiting"),
        ("jsonpath={.status.phase}=Running", {"phase": "Running"}, "ready"),
        ("jsonpath={.status.done}=true", {"done": True}, "ready"),
        (ROUTE, {"parents": []}, "waiting"),
        (ROUTE, {"parents": [{"conditions": [{"type": "Accepted", "status": "False"}]}]}, "waiting"),
        (ROUTE, {"parents": [{"conditions": [{"type": "X"}, {"type": "Accepted", "status": "True"}]}]}, "ready"),
    ],
)
def test_the_annotation_says_what_to_wait_for(expression: str, status: dict[str, Any], state: str) -> None:
    """Trap: nothing else tells when a custom resource is ready."""
    object = {"metadata": {"name": "n", "annotations": {objects.WAIT_FOR: expression}}, "status": status}
    assert _judge(Kind("example.com", "v1", "Thing"), object)[0] == state


@pytest.mark.parametrize(
    "expression",
    ["", "ready", "jsonpath={.status.phase}", "jsonpath={.status..phase}=x", '["condition=A"]', "condition="],
)
def test_an_annotation_that_is_not_understood_is_an_error(expression: str) -> None:
    with pytest.raises(ValueError, match="not understood"):
        readiness.wait_for.parse(expression)


# Reasons


def test_a_pods_state_is_told() -> None:
    crashed = {
        "status": {
            "containerStatuses": [
                {
                    "name": "c",
                    "ready": False,
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                    "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
                }
            ]
        }
    }
    [said] = reasons.states(crashed)
    assert "CrashLoopBackOff, back-off" in said and "exit code 1 (Error)" in said
    assert reasons.logging_containers(crashed) == [("c", True)]
    unscheduled = {"status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "no node"}]}}
    assert reasons.states(unscheduled) == ["not scheduled: no node"]
    assert reasons.states({"status": {"phase": "Pending"}}) == ["Pending and not ready"]


# Configuration


def test_settings_are_checked() -> None:
    assert settings.check({"namespace": "x", "enableSecretMutable": "true", "context": UNKNOWN}) == []
    config = {"nmespace": "x", "enableSecretMutable": "yes", "enableServerSideApply": "false", "alwaysRender": "true"}
    assert [each.property for each in settings.check(config)] == list(config)


def _kubeconfig(server: str, **user: str) -> str:
    return yaml.safe_dump(
        {
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "there"}}],
            "current-context": "x",
        }
    )


def test_a_kubeconfig_is_read_from_text_or_file(tmp_path: Any) -> None:
    text = _kubeconfig("https://127.0.0.1:6443", token="t")
    (tmp_path / "config").write_text(text)
    for given in (text, str(tmp_path / "config")):
        access = settings.access(settings.Settings(kubeconfig=given), {})
        assert access is not None
        assert (access.server, access.token, access.namespace) == ("https://127.0.0.1:6443", "t", "there")
    assert settings.access(settings.Settings(), {"HOME": str(tmp_path)}) is None


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (settings.Settings(kubeconfig=_kubeconfig("https://8.8.8.8")), "not on this machine"),
        (settings.Settings(kubeconfig=_kubeconfig("https://cluster.example.com")), "not on this machine"),
        (settings.Settings(kubeconfig=_kubeconfig("https://127.0.0.1"), context="y"), "no context named 'y'; there is"),
        (settings.Settings(kubeconfig=_kubeconfig("https://127.0.0.1", exec="aws")), "authenticates by 'exec'"),
        (settings.Settings(kubeconfig="/nonexistent/config"), "cannot be read"),
        (settings.Settings(kubeconfig="a: [\nb"), "not YAML"),
    ],
)
def test_a_bad_kubeconfig_is_named(config: settings.Settings, message: str) -> None:
    with pytest.raises(ProviderError, match=message):
        settings.access(config, {})


def test_yaml_is_decoded() -> None:
    text = "kind: List\nitems: [{kind: ConfigMap, apiVersion: v1}]\n---\nkind: Namespace\napiVersion: v1\n"
    first, second = manifests.decoded(text, "here")
    assert first["metadata"] == {"namespace": "here"} and "metadata" not in second
    with pytest.raises(ProviderError, match="line 2"):
        manifests.decoded("a: [\nb: }", None)


def test_unknown_contents_of_a_secret() -> None:
    inputs = {"data": UNKNOWN, "stringData": {"a": UNKNOWN}}
    assert objects.wire(SECRET, inputs)["data"] is UNKNOWN
    assert objects.wire(SECRET, {"stringData": {"a": UNKNOWN}}) == {"data": {"a": UNKNOWN}}
    assert objects.redactor(SECRET, inputs)("text") == "text"
