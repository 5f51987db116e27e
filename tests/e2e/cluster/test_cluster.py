"""What a workload and its operator rely on in a cluster, on the real one."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.cluster.conftest import Cluster, Kubectl, eventually, hello_deployment, namespace_object, ready_pods

pytestmark = pytest.mark.e2e

NAMESPACE = "hello"


@pytest.fixture(scope="module")
def service(cluster: Cluster) -> Iterator[str]:
    """The Service's address; three pods are behind it, and the host and every node have heard of them."""
    kubectl = cluster.kubectl
    kubectl.apply(namespace_object(NAMESPACE), *hello_deployment(NAMESPACE))
    kubectl("rollout", "status", "-n", NAMESPACE, "deployment/hello", "--timeout=120s")
    address = kubectl.json("get", "service", "-n", NAMESPACE, "hello")["spec"]["clusterIP"]
    # A rollout is complete when the pods are ready; the proxies and the name server learn of that a moment later.
    eventually(lambda: len(pods_heard_by_the_host(address)) == 3, "the host reaches three pods by the Service")
    names = [pod["metadata"]["name"] for pod in ready_pods(kubectl, NAMESPACE, "app=hello")]
    eventually(
        lambda: all(len(pods_heard_by(kubectl, name)) == 3 for name in names),
        "each pod reaches three pods by the Service",
    )
    yield address
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def pods_heard_by_the_host(address: str) -> set[str]:
    """Who answers twenty calls from the host; nobody, while a proxy still refuses them."""
    try:
        return {httpx.get(f"http://{address}/", trust_env=False).json()["pod"] for _ in range(20)}
    except httpx.TransportError:
        return set()


def pods_heard_by(kubectl: Kubectl, pod: str) -> set[str]:
    """Who answers twenty calls of a pod, by the Service's name."""
    answers = [kubectl.ask(NAMESPACE, pod, "/call?url=http://hello.hello/") for _ in range(20)]
    return {answer["pod"] for answer in answers if "pod" in answer}


def test_three_nodes_are_ready_in_three_zones(cluster: Cluster) -> None:
    status = cluster.status()
    assert {node.zone for node in status.nodes if node.ready} == {"eu-west-1a", "eu-west-1b", "eu-west-1c"}
    assert status.healthy


def test_a_deployment_spreads_over_the_zones(cluster: Cluster, service: str) -> None:
    """SR-REPLICAS: the spread that a service asks for is one that this cluster can give."""
    pods = ready_pods(cluster.kubectl, NAMESPACE, "app=hello")
    assert {pod["spec"]["nodeName"] for pod in pods} == {"node-a", "node-b", "node-c"}


def test_the_host_reaches_every_pod_by_the_service(cluster: Cluster, service: str) -> None:
    """PV-ANY needs a way to every instance; the pods see the host's own address, not a masquerade's."""
    answers = [httpx.get(f"http://{service}/", trust_env=False).json() for _ in range(60)]
    assert len({answer["pod"] for answer in answers}) == 3
    assert {answer["caller"] for answer in answers} == {cluster.plan.host_address}


def test_the_host_reaches_each_pod_by_its_address(cluster: Cluster, service: str) -> None:
    """PV-HEALTH asks every instance, so every instance has an address that answers."""
    for pod in ready_pods(cluster.kubectl, NAMESPACE, "app=hello"):
        answer = httpx.get(f"http://{pod['status']['podIP']}:8080/", trust_env=False).json()
        assert answer["pod"] == pod["metadata"]["name"]


def test_pods_call_each_other_by_the_service_with_their_own_addresses(cluster: Cluster, service: str) -> None:
    kubectl = cluster.kubectl
    pods = ready_pods(kubectl, NAMESPACE, "app=hello")
    addresses = {pod["status"]["podIP"] for pod in pods}
    for pod in pods:
        name, own = pod["metadata"]["name"], pod["status"]["podIP"]
        answers = [kubectl.ask(NAMESPACE, name, "/call?url=http://hello.hello/") for _ in range(20)]
        assert len({answer["pod"] for answer in answers}) > 1
        # A pod that reaches itself by the Service is the one case that must be masqueraded, by its node.
        others = {answer["caller"] for answer in answers if answer["pod"] != name}
        assert others == {own} <= addresses


def test_names_of_services_resolve_in_pods(cluster: Cluster, service: str) -> None:
    kubectl = cluster.kubectl
    pod = ready_pods(kubectl, NAMESPACE, "app=hello")[0]["metadata"]["name"]
    for name in ("hello", "hello.hello", "hello.hello.svc.cluster.local"):
        assert kubectl.ask(NAMESPACE, pod, f"/lookup?name={name}") == {"addresses": [service], "error": ""}


def test_names_outside_the_cluster_do_not_resolve_in_pods(cluster: Cluster, service: str) -> None:
    """Pods reach nothing but this machine."""
    pod = ready_pods(cluster.kubectl, NAMESPACE, "app=hello")[0]["metadata"]["name"]
    answer = cluster.kubectl.ask(NAMESPACE, pod, "/lookup?name=example.org.")
    assert answer["addresses"] is None
    assert answer["error"]


def test_pod_security_refuses_a_privileged_pod(cluster: Cluster, service: str) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bad", "namespace": NAMESPACE},
        "spec": {"containers": [{"name": "bad", "image": "any", "securityContext": {"privileged": True}}]},
    }
    answer = cluster.kubectl.run("apply", "-f", "-", stdin=json.dumps(pod))
    assert answer.returncode != 0
    assert 'violates PodSecurity "restricted' in answer.stderr
    assert "privileged" in answer.stderr


def test_logs_come_through_the_api_server(cluster: Cluster, service: str) -> None:
    """SR-LOGS: what a service writes to stdout can be read."""
    kubectl = cluster.kubectl
    for pod in ready_pods(kubectl, NAMESPACE, "app=hello"):
        name = pod["metadata"]["name"]
        kubectl.ask(NAMESPACE, name, "/marked")
        assert "asked /marked" in kubectl("logs", "-n", NAMESPACE, name)


def test_commands_run_in_a_container_through_the_api_server(cluster: Cluster, service: str) -> None:
    kubectl = cluster.kubectl
    name = ready_pods(kubectl, NAMESPACE, "app=hello")[0]["metadata"]["name"]
    assert kubectl("exec", "-n", NAMESPACE, name, "--", "/hello", "print", "good day").strip() == "good day"


def test_tokens_are_for_their_audience_and_can_be_verified(cluster: Cluster, service: str) -> None:
    kubectl = cluster.kubectl
    token = kubectl("create", "token", "default", "-n", NAMESPACE, "--audience=sts.amazonaws.com").strip()
    header, claims = (json.loads(base64.urlsafe_b64decode(f"{part}==")) for part in token.split(".")[:2])
    assert claims["aud"] == ["sts.amazonaws.com"]
    assert claims["iss"] == json.loads(kubectl("get", "--raw", "/.well-known/openid-configuration"))["issuer"]
    keys = json.loads(kubectl("get", "--raw", "/openid/v1/jwks"))["keys"]
    assert header["kid"] in {key["kid"] for key in keys}


def test_a_node_may_not_touch_another_node(cluster: Cluster) -> None:
    """The kubelet's identity is a node's, held to its own objects."""
    kubeconfig = cluster.paths.cluster / "node-a" / "kubelet.kubeconfig"
    argv = [str(cluster.tools["kubectl"]), f"--kubeconfig={kubeconfig}", "label", "node", "node-b", "x=y"]
    answer = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert answer.returncode != 0
    assert "forbidden" in answer.stderr


def test_kubelet_and_api_server_answer_no_stranger(cluster: Cluster) -> None:
    node = cluster.plan.nodes[0].address
    for url in (f"https://{node}:10250/pods", f"https://{cluster.plan.hub_address}:6443/api/v1/secrets"):
        # The certificate is not what is tested here.
        assert httpx.get(url, verify=False, trust_env=False).status_code == 401


def test_secrets_of_the_cluster_are_readable_by_root_only(cluster: Cluster) -> None:
    assert cluster.paths.cluster.stat().st_mode & 0o777 == 0o700
    assert cluster.paths.kubeconfig.stat().st_mode & 0o777 == 0o600
    for key in (cluster.paths.cluster / "pki").glob("*.key"):
        assert key.stat().st_mode & 0o777 == 0o600


def test_an_eviction_that_breaks_the_budget_is_refused(cluster: Cluster, service: str) -> None:
    """SR-PDB: the budget is enforced by the API server, for whoever evicts."""
    kubectl = cluster.kubectl
    budget = _budget("strict", 3)
    kubectl.apply(budget)
    path = f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets/strict"
    eventually(lambda: json.loads(kubectl("get", "--raw", path)).get("status", {}).get("expectedPods") == 3, "counted")
    name = ready_pods(kubectl, NAMESPACE, "app=hello")[0]["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": NAMESPACE}}
    url = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/eviction"
    answer = kubectl.run("create", "--raw", url, "-f", "-", stdin=json.dumps(eviction))
    kubectl("delete", "pdb", "-n", NAMESPACE, "strict")
    assert answer.returncode != 0
    assert "disruption budget" in answer.stderr


def test_a_drain_keeps_to_the_budget(cluster: Cluster, service: str) -> None:
    """SR-PDB: two pods sit on one node, only one may be away at a time."""
    kubectl = cluster.kubectl
    name = "drained"
    deployment, _ = hello_deployment(NAMESPACE, name, replicas=2)
    deployment["spec"]["template"]["spec"]["topologySpreadConstraints"] = []
    kubectl("cordon", "node-b")
    kubectl("cordon", "node-c")
    try:
        kubectl.apply(deployment, _budget(name, 1))
        kubectl("rollout", "status", "-n", NAMESPACE, f"deployment/{name}", "--timeout=120s")
    finally:
        kubectl("uncordon", "node-b")
        kubectl("uncordon", "node-c")
    assert {pod["spec"]["nodeName"] for pod in ready_pods(kubectl, NAMESPACE, f"app={name}")} == {"node-a"}
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(len(ready_pods(kubectl, NAMESPACE, f"app={name}")))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        kubectl("drain", "node-a", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=150s")
    finally:
        done.set()
        watcher.join()
        kubectl("uncordon", "node-a")
    assert min(seen) >= 1
    moved = kubectl.json("get", "pods", "-n", NAMESPACE, "-l", f"app={name}")["items"]
    assert "node-a" not in {pod["spec"]["nodeName"] for pod in moved if "deletionTimestamp" not in pod["metadata"]}
    kubectl("rollout", "status", "-n", NAMESPACE, f"deployment/{name}", "--timeout=120s")


def test_an_image_that_is_there_is_not_loaded_again(cluster: Cluster) -> None:
    assert cluster.load() is False


def test_a_second_up_starts_nothing(cluster: Cluster) -> None:
    before = {part.name: part.pid for part in cluster.status().components}
    cluster.up()
    assert {part.name: part.pid for part in cluster.status().components} == before


def _budget(name: str, available: int) -> dict[str, object]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "minAvailable": available,
            "selector": {"matchLabels": {"app": "hello" if name == "strict" else name}},
        },
    }
