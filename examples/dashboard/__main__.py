"""The dashboard of a queue that is kept in Redis, behind a generated password."""

import pulumi

from components.namespace import WorkloadNamespace, WorkloadNamespaceArgs
from components.network import StoreAccess
from components.pods import SecretVariable
from components.queue_dashboard import QueueDashboard, QueueDashboardArgs
from components.redis import RedisCluster, RedisClusterArgs
from components.secrets import DeliveredSecret, DeliveredSecretArgs
from components.stateless_service import Surroundings
from components.workload_identity import TokenIssuer

config = pulumi.Config()

namespace = WorkloadNamespace("namespace", WorkloadNamespaceArgs(identifier="example"))
redis = RedisCluster(
    "jobs",
    RedisClusterArgs(
        identifier="example-jobs",
        secret_identifier="example/redis/jobs",
        profile="queue",
        access=StoreAccess(
            vpc_id=config.require("vpcId"),
            subnet_ids=config.require_object("subnetIds"),
            client_cidrs=config.require_object("clientCidrs"),
        ),
    ),
)
url = DeliveredSecret(
    "jobs-url",
    DeliveredSecretArgs(identifier="jobs", namespace=namespace.name, data={"QUEUE_REDIS_URL": redis.url}),
)
dashboard = QueueDashboard(
    "dashboard",
    QueueDashboardArgs(
        queues=["mails"],
        redis=redis,
        image=config.require("image"),
        surroundings=Surroundings(
            system="example",
            prefix="example",
            namespace=namespace.name,
            issuer=TokenIssuer(config.require("issuer"), config.require("issuerArn")),
            secrets=[SecretVariable("QUEUE_REDIS_URL", url.identifier, "QUEUE_REDIS_URL")],
            checksum=url.checksum,
        ),
        secret_identifier="example/dashboard",
    ),
)
pulumi.export("dashboard", dashboard.outputs)
