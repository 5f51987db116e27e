"""The kubernetes stand-in under the real engine, against a real API server and controller manager."""

from __future__ import annotations

import base64
import json
import signal
import time
from typing import Any

import pytest

from local.plugins.kubernetes.provider import KubernetesProvider
from local.plugins.provider import UNKNOWN, CheckRequest

pytestmark = pytest.mark.engine

OBJECTS = """
    import pulumi
    import pulumi_kubernetes as k8s

    labels = {"app": "web"}
    account = k8s.core.v1.ServiceAccount("account", metadata={"name": "web"})
    secret = k8s.core.v1.Secret("credentials", metadata={"name": "credentials"},
                                string_data={"TOKEN": "s3cr3t-value"})
    config = k8s.core.v1.ConfigMap("config", data={"PORT": "8080"})
    deployment = k8s.apps.v1.Deployment("web", metadata={"name": "web"}, spec={
        "replicas": 2,
        "selector": {"match_labels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {
            "service_account_name": account.metadata["name"],
            "containers": [{
                "name": "web", "image": "example/web:1",
                "env_from": [{"secret_ref": {"name": secret.metadata["name"]}}],
                "env": [{"name": "CONFIG", "value": config.metadata["name"]}],
                "resources": {"requests": {"cpu": "0.25", "memory": "64Mi"}},
            }],
        }},
    })
    service = k8s.core.v1.Service("web", metadata={"name": "web"}, spec={
        "selector": labels, "ports": [{"port": 80, "target_port": 8080}]})
    k8s.policy.v1.PodDisruptionBudget("web", metadata={"name": "web"}, spec={
        "min_available": 1, "selector": {"match_labels": labels}})
    k8s.autoscaling.v2.HorizontalPodAutoscaler("web", metadata={"name": "web"}, spec={
        "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": "web"},
        "min_replicas": 2, "max_replicas": 4})
    k8s.rbac.v1.Role("reader", metadata={"name": "reader"},
                     rules=[{"api_groups": [""], "resources": ["pods"], "verbs": ["get"]}])
    k8s.networking.v1.NetworkPolicy("deny", metadata={"name": "deny"}, spec={"pod_selector": {}})
    pulumi.export("address", service.spec.cluster_ip)
    pulumi.export("config", config.metadata["name"])
    pulumi.export("token", secret.string_data["TOKEN"])
"""


def test_life_cycle_without_drift(cluster_project: Any, api: Any, namespace: str, nodes: Any) -> None:
    """A second update changes nothing, a refresh finds no drift, destroy leaves nothing; P0-SECRETS: no clear text."""
    project = cluster_project
    project.write(OBJECTS)
    preview = project.preview().assert_succeeded()
    assert "10 to create" in preview.output and "s3cr3t-value" not in preview.output
    with nodes("running"):
        project.up().assert_succeeded()
        outputs = project.outputs()
        assert outputs["address"].startswith("10.96.")
        assert outputs["config"].startswith("config-")
        assert outputs["token"] == "s3cr3t-value"
        for text in ("s3cr3t-value", base64.b64encode(b"s3cr3t-value").decode()):
            assert text not in project.state()
        managers = {
            entry["manager"]
            for entry in api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")["metadata"]["managedFields"]
            if entry["operation"] == "Apply"
        }
        assert [name for name in managers if name.startswith("pulumi-kubernetes-")] == list(managers)
        project.up("--expect-no-changes").assert_succeeded()
        project.refresh("--expect-no-changes").assert_succeeded()
        for text in ("s3cr3t-value", base64.b64encode(b"s3cr3t-value").decode()):
            assert text not in project.state()
        project.up("--expect-no-changes").assert_succeeded()
        project.destroy().assert_succeeded()
    for path in ("apps/v1/namespaces/{}/deployments", "policy/v1/namespaces/{}/poddisruptionbudgets"):
        assert api.get("/apis/" + path.format(namespace))["items"] == []
    assert api.pods(namespace) == []


def test_drift_is_shown_and_mended(cluster_project: Any, api: Any, namespace: str) -> None:
    project = cluster_project
    project.write(
        """
        import pulumi_kubernetes as k8s
        k8s.core.v1.Service("s", metadata={"name": "s"}, spec={"type": "ExternalName", "external_name": "a.example"})
        """
    )
    project.up().assert_succeeded()
    path = f"/api/v1/namespaces/{namespace}/services/s"
    api.merge(path, {"spec": {"externalName": "b.example"}, "metadata": {"labels": {"foreign": "yes"}}})
    assert "1 updated" in project.refresh().assert_succeeded().output
    assert "spec" in project.preview().assert_succeeded().output
    # Somebody else has written the field: it is theirs until it is taken over.
    refused = project.up().assert_failed()
    assert ".spec.externalName is owned by" in refused.output and "pulumi.com/patchForce" in refused.output
    project.write(
        """
        import pulumi_kubernetes as k8s
        k8s.core.v1.Service("s", metadata={"name": "s", "annotations": {"pulumi.com/patchForce": "true"}},
                            spec={"type": "ExternalName", "external_name": "a.example"})
        """
    )
    project.up().assert_succeeded()
    live = api.get(path)
    assert live["spec"]["externalName"] == "a.example"
    assert live["metadata"]["labels"] == {"foreign": "yes"}


def test_a_conflict_names_field_and_owner(cluster_project: Any, api: Any, namespace: str, nodes: Any) -> None:
    """An autoscaler's replica count is not overwritten."""
    project = cluster_project
    program = """
        import pulumi_kubernetes as k8s
        labels = {{"app": "web"}}
        k8s.apps.v1.Deployment("web", metadata={{"name": "web"}}, spec={{
            "replicas": {replicas}, "selector": {{"match_labels": labels}},
            "template": {{"metadata": {{"labels": labels}},
                         "spec": {{"containers": [{{"name": "web", "image": "example/web:1"}}]}}}}}})
    """
    project.write(program.format(replicas=1))
    with nodes("running"):
        project.up().assert_succeeded()
        api.merge(
            f"/apis/apps/v1/namespaces/{namespace}/deployments/web/scale",
            {"spec": {"replicas": 2}},
            fieldManager="autoscaler",
        )
        project.write(program.format(replicas=3))
        outcome = project.up().assert_failed()
    assert ".spec.replicas is owned by autoscaler" in outcome.output


def test_a_bad_manifest_is_a_clear_error_before_anything_is_made(cluster_project: Any) -> None:
    project = cluster_project
    project.write(
        """
        import pulumi_kubernetes as k8s
        k8s.core.v1.Service("s", metadata={"name": "s"}, spec={"ports": [{"port": 70000}]})
        """
    )
    outcome = project.preview().assert_failed()
    assert "spec.ports[0].port" in outcome.output and "must be between 1 and 65535" in outcome.output
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize(
    ("type", "inputs", "property", "reason"),
    [
        ("core/v1:ConfigMap", {"metadata": {"name": "c"}, "dta": {"a": "b"}}, "dta", "the API has no such field"),
        ("core/v1:ConfigMap", {"metadata": {"name": "Not_A_Name"}}, "metadata.name", "RFC 1123"),
        ("core/v1:Namespace", {"metadata": {"namespace": "m"}}, "metadata.namespace", "a Namespace has no namespace"),
        ("core/v1:Secret", {"metadata": {"name": "s"}, "data": {"k": "not base64!"}}, "", "illegal base64"),
        (
            "apps/v1:Deployment",
            {"metadata": {"name": "d", "namespace": "not-made-yet"}, "spec": {"selector": {}, "template": {}}},
            "spec.selector",
            "empty selector is invalid",
        ),
        (
            "apps/v1:Deployment",
            {"metadata": {"name": UNKNOWN}, "spec": {"selektor": {}, "replicas": UNKNOWN}},
            "spec.selektor",
            "the API has no such field",
        ),
    ],
)
def test_the_server_judges_inputs(api: Any, type: str, inputs: dict[str, Any], property: str, reason: str) -> None:
    provider = KubernetesProvider()
    provider.configure({"kubeconfig": str(api.kubeconfig)})
    result = provider.check(CheckRequest("urn", f"kubernetes:{type}", "n", {}, inputs))
    assert any(each.property == property and reason in each.reason for each in result.failures), result.failures
    assert "not base64!" not in str(result.failures)


def test_an_unknown_setting_is_an_error(cluster_project: Any) -> None:
    cluster_project.config("kubernetes:kubeconfg", "x")
    cluster_project.write('import pulumi_kubernetes as k8s\nk8s.core.v1.ConfigMap("c", data={})\n')
    assert "did you mean 'kubeconfig'?" in cluster_project.preview().assert_failed().output


def test_a_server_elsewhere_is_refused(project: Any) -> None:
    kubeconfig = {
        "clusters": [{"name": "c", "cluster": {"server": "https://203.0.113.7:6443"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c"}}],
        "current-context": "c",
    }
    project.config("kubernetes:kubeconfig", json.dumps(kubeconfig))
    project.write('import pulumi_kubernetes as k8s\nk8s.core.v1.ConfigMap("c", data={})\n')
    assert "is not on this machine" in project.preview().assert_failed().output


def test_immutable_fields_replace_and_are_named(cluster_project: Any, api: Any, namespace: str, nodes: Any) -> None:
    project = cluster_project
    program = """
        import pulumi_kubernetes as k8s
        labels = {{"app": "{app}"}}
        k8s.apps.v1.Deployment("web", metadata={{"name": "web"}}, spec={{
            "selector": {{"match_labels": labels}},
            "template": {{"metadata": {{"labels": labels}},
                         "spec": {{"containers": [{{"name": "web", "image": "example/web:1"}}]}}}}}})
        k8s.core.v1.ConfigMap("auto", data={{"app": "{app}"}})
        k8s.core.v1.Service("web", metadata={{"name": "web"}}, spec={{
            "ip_families": ["IPv4"], "ports": [{{"port": {port}}}]}})
    """
    with nodes("running"):
        project.write(program.format(app="one", port=80))
        project.up().assert_succeeded()
        before = api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")["metadata"]["uid"]
        name = project.resource("auto")["outputs"]["metadata"]["name"]
        project.write(program.format(app="two", port=81))
        preview = project.preview().assert_succeeded()
        assert "2 to replace" in preview.output and "1 to update" in preview.output
        assert "matchLabels" in preview.output
        project.up().assert_succeeded()
    after = api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")["metadata"]["uid"]
    assert after != before
    assert project.resource("auto")["outputs"]["metadata"]["name"] != name
    assert api.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}") is None


def test_a_deployment_that_does_not_get_ready_says_why(
    cluster_project: Any, api: Any, namespace: str, nodes: Any
) -> None:
    project = cluster_project
    project.write(
        """
        import pulumi, pulumi_kubernetes as k8s
        labels = {"app": "web"}
        k8s.apps.v1.Deployment("web", metadata={"name": "web"}, spec={
            "replicas": 1, "selector": {"match_labels": labels},
            "template": {"metadata": {"labels": labels},
                         "spec": {"containers": [{"name": "web", "image": "example/none:1"}]}}},
            opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="3s", update="20s")))
        """
    )
    with nodes("cannot_pull"):
        outcome = project.up().assert_failed()
    for text in ("not ready after 3 s", "0 of 1 replicas available", "container web is waiting: ImagePullBackOff"):
        assert text in outcome.output
    # It is kept in the state, and the next update waits for it again.
    assert project.resource("web")["initErrors"]
    [pod] = api.pods(namespace)
    api.call("DELETE", f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}", {"gracePeriodSeconds": 0})
    with nodes("running"):
        project.up().assert_succeeded()
    assert "initErrors" not in project.resource("web")


def test_a_job_is_awaited_and_replaced_when_its_template_changes(
    cluster_project: Any, api: Any, namespace: str, nodes: Any
) -> None:
    project = cluster_project
    program = """
        import pulumi_kubernetes as k8s
        k8s.batch.v1.Job("job", metadata={{"name": "job"}}, spec={{"template": {{"spec": {{
            "restart_policy": "Never", "containers": [{{"name": "c", "image": "example/job:{tag}"}}]}}}}}})
    """
    with nodes("succeeded"):
        project.write(program.format(tag=1))
        project.up().assert_succeeded()
        assert api.get(f"/apis/batch/v1/namespaces/{namespace}/jobs/job")["status"]["succeeded"] == 1
        project.refresh("--expect-no-changes").assert_succeeded()
        project.write(program.format(tag=2))
        assert "1 replaced" in project.up().assert_succeeded().output


def test_import_takes_over_an_object(cluster_project: Any, api: Any, namespace: str) -> None:
    project = cluster_project
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}, "data": {"a": "b"}}
    api.call("POST", f"/api/v1/namespaces/{namespace}/configmaps", manifest, fieldManager="kubectl-create")
    program = """
        import pulumi, pulumi_kubernetes as k8s
        k8s.core.v1.ConfigMap("c", metadata={{"name": "old"}}, data={{"a": "b"}}, opts={opts})
    """
    project.write(program.format(opts="None"))
    outcome = project.up().assert_failed()
    assert "exists already" in outcome.output and f'import_="{namespace}/old"' in outcome.output
    project.write(program.format(opts=f'pulumi.ResourceOptions(import_="{namespace}/old")'))
    assert "1 imported" in project.up().assert_succeeded().output
    project.write(program.format(opts="None"))
    project.up("--expect-no-changes").assert_succeeded()


def test_a_namespace_and_its_content_in_one_run(cluster_project: Any, api: Any, namespace: str) -> None:
    project = cluster_project
    name = f"{namespace}-made"
    project.write(
        f"""
        import pulumi_kubernetes as k8s
        made = k8s.core.v1.Namespace("made", metadata={{"name": "{name}"}})
        k8s.core.v1.ConfigMap("c", metadata={{"name": "c", "namespace": made.metadata["name"]}}, data={{"a": "b"}})
        """
    )
    project.preview().assert_succeeded()
    project.up().assert_succeeded()
    assert project.resource("c")["id"] == f"{name}/c"
    project.destroy().assert_succeeded()
    assert api.get(f"/api/v1/namespaces/{name}") is None


def test_custom_resources(cluster_project: Any, api: Any, namespace: str) -> None:
    project = cluster_project
    group = f"{namespace}.example.com"
    project.write(
        f"""
        import pulumi, pulumi_kubernetes as k8s
        definition = k8s.apiextensions.v1.CustomResourceDefinition("d", metadata={{"name": "things.{group}"}}, spec={{
            "group": "{group}", "scope": "Namespaced",
            "names": {{"plural": "things", "singular": "thing", "kind": "Thing", "list_kind": "ThingList"}},
            "versions": [{{"name": "v1", "served": True, "storage": True, "schema": {{"open_apiv3_schema": {{
                "type": "object", "properties": {{"spec": {{"type": "object", "properties": {{
                    "size": {{"type": "integer"}}}}}}}}}}}}}}]}})
        k8s.apiextensions.CustomResource("thing", api_version="{group}/v1", kind="Thing",
            metadata={{"name": "one"}}, spec={{"size": 3}}, opts=pulumi.ResourceOptions(depends_on=[definition]))
        """
    )
    project.up().assert_succeeded()
    assert api.get(f"/apis/{group}/v1/namespaces/{namespace}/things/one")["spec"] == {"size": 3}
    project.refresh("--expect-no-changes").assert_succeeded()
    project.destroy().assert_succeeded()


def test_a_custom_resource_is_awaited_as_its_annotation_says(cluster_project: Any, api: Any, namespace: str) -> None:
    """Trap: without `pulumi.com/waitFor` nothing waits for it."""
    project = cluster_project
    group = f"{namespace}.example.com"
    program = """
        import pulumi, pulumi_kubernetes as k8s
        definition = k8s.apiextensions.v1.CustomResourceDefinition("d", metadata={"name": "things.GROUP"}, spec={
            "group": "GROUP", "scope": "Namespaced",
            "names": {"plural": "things", "singular": "thing", "kind": "Thing", "list_kind": "ThingList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"open_apiv3_schema": {
                "type": "object", "properties": {"spec": {"type": "object", "properties": {
                    "phase": {"type": "string"}}}}}}}]})
        k8s.apiextensions.CustomResource("thing", api_version="GROUP/v1", kind="Thing",
            metadata={"name": "one", "annotations": {
                "pulumi.com/waitFor": "WAIT_FOR", "pulumi.com/timeoutSeconds": "2"}},
            spec={"phase": "new"}, opts=pulumi.ResourceOptions(depends_on=[definition]))
        """
    program = program.replace("GROUP", group)
    project.write(program.replace("WAIT_FOR", "jsonpath={.spec.phase}=old"))
    failed = project.up()
    assert failed.code != 0
    assert "waiting for jsonpath={.spec.phase}=old" in failed.output
    project.write(program.replace("WAIT_FOR", "jsonpath={.spec.phase}=new"))
    project.up().assert_succeeded()
    project.destroy().assert_succeeded()


@pytest.mark.parametrize("name", ["", '"name": "web"'])
def test_a_killed_update_leaves_nothing_doubled(
    cluster_project: Any, api: Any, namespace: str, nodes: Any, name: str
) -> None:
    """An engine killed while an object is awaited: the next update completes, with one object and no orphan."""
    project = cluster_project
    project.write(
        f"""
        import pulumi_kubernetes as k8s
        labels = {{"app": "web"}}
        k8s.apps.v1.Deployment("web", metadata={{{name}}}, spec={{
            "selector": {{"match_labels": labels}},
            "template": {{"metadata": {{"labels": labels}},
                         "spec": {{"containers": [{{"name": "web", "image": "example/web:1"}}]}}}}}})
        """
    )
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    project.plugins = None
    process = project.start("up", "--yes", "--skip-preview")
    deadline = time.monotonic() + 60
    while not api.get(path)["items"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    while not name and api.get(path)["items"]:
        assert time.monotonic() < deadline, "what could not be recorded was not taken back"
        time.sleep(0.1)
    project.run("cancel", "--yes")
    with nodes("running"):
        project.up().assert_succeeded()
        [live] = api.get(path)["items"]
        assert project.resource("web")["outputs"]["metadata"]["uid"] == live["metadata"]["uid"]
        project.up("--expect-no-changes").assert_succeeded()


def test_an_interrupt_keeps_what_was_made(cluster_project: Any, api: Any, namespace: str, nodes: Any) -> None:
    """SIGINT while an object is awaited: it is in the state, marked as not ready, and the next update goes on."""
    project = cluster_project
    project.write(
        """
        import pulumi_kubernetes as k8s
        k8s.core.v1.Pod("pod", metadata={"name": "pod"}, spec={"containers": [{"name": "c", "image": "example/c:1"}]})
        """
    )
    project.plugins = None
    process = project.start("up", "--yes", "--skip-preview")
    deadline = time.monotonic() + 60
    while not api.pods(namespace):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0 and "interrupted" in output and "Traceback" not in output
    assert project.resource("pod")["id"] == f"{namespace}/pod"
    with nodes("running"):
        project.up().assert_succeeded()
    assert "initErrors" not in project.resource("pod")


def test_thirty_deployments_come_up_together(cluster_project: Any, namespace: str, nodes: Any) -> None:
    project = cluster_project
    project.write(
        """
        import pulumi_kubernetes as k8s
        for number in range(30):
            labels = {"app": f"web-{number}"}
            k8s.apps.v1.Deployment(f"web-{number}", metadata={"name": f"web-{number}"}, spec={
                "replicas": 2, "selector": {"match_labels": labels},
                "template": {"metadata": {"labels": labels},
                             "spec": {"containers": [{"name": "web", "image": "example/web:1"}]}}})
        """
    )
    with nodes("running"):
        outcome = project.up("--parallel", "30").assert_succeeded()
        assert "31 created" in outcome.output
        project.destroy("--parallel", "30").assert_succeeded()
