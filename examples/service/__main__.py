"""A service of your own image, in a namespace of its own, exposed by a Gateway."""

import pulumi

from components.cluster import ClusterFeatures, GatewayFeature
from components.exposure import Exposure
from components.namespace import WorkloadNamespace, WorkloadNamespaceArgs
from components.pod_options import Probes
from components.stateless_service import StatelessService, StatelessServiceArgs, Surroundings
from components.workload_identity import TokenIssuer

config = pulumi.Config()

namespace = WorkloadNamespace("namespace", WorkloadNamespaceArgs(identifier="example"))
service = StatelessService(
    "web",
    StatelessServiceArgs(
        identifier="web",
        image=config.require("image"),
        surroundings=Surroundings(
            system="example",
            prefix="example",
            namespace=namespace.name,
            issuer=TokenIssuer(config.require("issuer"), config.require("issuerArn")),
            cluster=ClusterFeatures(gateway=GatewayFeature(name="public", namespace="gateways")),
        ),
        command=["/app/bin/server"],
        arguments=["start"],
        probes=Probes(live_path="/livez", ready_path="/readyz"),
        drain_seconds=60,
        stream_seconds=45,
        expose=Exposure(hosts=["www.example.com"]),
    ),
)
pulumi.export("web", service.outputs)
