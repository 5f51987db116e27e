"""Workers of a queue that is kept in PostgreSQL, scaled by KEDA on the jobs that there are."""

import pulumi

from components.cluster import ClusterFeatures
from components.namespace import WorkloadNamespace, WorkloadNamespaceArgs
from components.pods import SecretVariable
from components.queue_workers import QueueWorkers, QueueWorkersArgs
from components.queues import QueueOptions, ScheduleArgs
from components.secrets import DeliveredSecret, DeliveredSecretArgs
from components.stateless_service import Surroundings
from components.workload_identity import TokenIssuer

config = pulumi.Config()

namespace = WorkloadNamespace("namespace", WorkloadNamespaceArgs(identifier="example"))
database = DeliveredSecret(
    "database",
    DeliveredSecretArgs(
        identifier="database", namespace=namespace.name, data={"DATABASE_URL": config.require_secret("databaseUrl")}
    ),
)
workers = QueueWorkers(
    "mails",
    QueueWorkersArgs(
        queue="mails",
        owner="shop",
        image=config.require("image"),
        surroundings=Surroundings(
            system="example",
            prefix="example",
            namespace=namespace.name,
            issuer=TokenIssuer(config.require("issuer"), config.require("issuerArn")),
            secrets=[SecretVariable("DATABASE_URL", database.identifier, "DATABASE_URL")],
            checksum=database.checksum,
            cluster=ClusterFeatures(keda_namespace="keda"),
        ),
        options=QueueOptions(kind="postgres", attempts=3, backoff_seconds=30),
        longest_job_seconds=120,
        schedules={"digest": ScheduleArgs(cron="0 7 * * mon-fri", timezone="Europe/Vienna", exclusive=True)},
    ),
)
pulumi.export("mails", workers.outputs)
