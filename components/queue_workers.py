"""Workers of job queues, and the queues' dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pulumi

from components import rules
from components.errors import Refusal, refuse
from components.options import child
from components.pods import ContainerResources, Pod, SecretVariable, labels, selector, worker_grace_seconds
from components.redis import RedisCluster
from components.secrets import Credential, CredentialArgs, DeliveredSecret, DeliveredSecretArgs
from components.stateless_service import StatelessService, StatelessServiceArgs, Surroundings
from components.workload import ReplicaRangeArgs, Scaling, make_workload
from components.workload_identity import BucketGrant, Identity, make_identity

QUEUE_PREFIX = "{groundwork}"
"""Start of the queues' keys. The braces keep a queue's keys in one slot, should its Redis become a cluster."""
DASHBOARD = "queue-dashboard"
DASHBOARD_PATH = "/queues"
_STARTUP_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class QueueWorkersArgs:
    """Workers of one queue.

    Attributes:
        queue: Name of the queue.
        owner: The service whose code the workers run, told to them as `SERVICE_NAME`.
        redis: Where the queue is kept; one that never evicts.
        image: Reference of the image.
        surroundings: What they share with the services.
        command: Executable and first arguments; `worker` is appended.
        port: Where the probes are answered.
        concurrency: Jobs that one worker runs at a time.
        longest_job_seconds: The longest job: a stopping worker gets the time to finish it.
        replicas: How many workers the autoscaler may run.
        cpu_target_percent: CPU use, in percent of the request, that the autoscaler aims at.
        resources: Requests and limits.
        variables: Further plain environment.
        secrets: Further environment from Secrets.
        checksum: Changes whenever one of those secrets does.
        grants: Buckets that the workers may use.
    """

    queue: str
    owner: str
    redis: RedisCluster
    image: pulumi.Input[str]
    surroundings: Surroundings
    command: Sequence[str] = ("node", "/app/src/main.js")
    port: int = 8080
    concurrency: int = 5
    longest_job_seconds: int = 300
    replicas: ReplicaRangeArgs = field(default_factory=ReplicaRangeArgs)
    cpu_target_percent: int = 70
    resources: ContainerResources = field(default_factory=ContainerResources)
    variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Sequence[SecretVariable] = ()
    checksum: pulumi.Input[str] = ""
    grants: Sequence[BucketGrant] = ()


class QueueWorkers(pulumi.ComponentResource):
    """Deployment, autoscaler, disruption budget, service account and role of one queue's workers.

    Attributes:
        outputs: Where to find them, as stack outputs.
        registered: Their resources.
    """

    outputs: Mapping[str, pulumi.Input[object]]
    registered: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: QueueWorkersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:QueueWorkers", name, None, opts)
        refuse(f"QueueWorkers {name!r}", _refusals(args))
        shared = args.surroundings
        identifier = f"{args.queue}-worker"
        identity = make_identity(
            self,
            name,
            Identity(
                account=identifier,
                role=f"{shared.prefix}-{identifier}",
                namespace=shared.namespace,
                labels=labels(identifier, shared.system),
                issuer=shared.issuer,
                grants=args.grants,
                tags=shared.tags,
            ),
        )
        pod = Pod(
            name=identifier,
            system=shared.system,
            role="worker",
            service=args.owner,
            image=args.image,
            command=args.command,
            port=args.port,
            variables={
                **shared.variables,
                **args.variables,
                "QUEUES": args.queue,
                "QUEUE_CONCURRENCY": str(args.concurrency),
                "QUEUE_PREFIX": QUEUE_PREFIX,
            },
            secrets=[*shared.secrets, *args.secrets],
            role_arn=identity.role_arn,
            resources=args.resources,
            drain_seconds=args.longest_job_seconds,
            serves=False,
            startup_seconds=_STARTUP_SECONDS,
            certificates=shared.certificates,
            checksum=pulumi.Output.concat(shared.checksum, args.checksum),
        )
        workload = make_workload(
            self,
            name,
            shared.namespace,
            pod,
            Scaling(replicas=args.replicas, cpu_target_percent=args.cpu_target_percent),
            identity.resources,
        )
        self.registered = (*identity.resources, *workload)
        self.outputs = {
            "namespace": shared.namespace,
            "deployment": identifier,
            "selector": selector(identifier),
            "targetPort": args.port,
            "minReplicas": args.replicas.min,
            "livePath": "/health/live",
            "readyPath": "/health/ready",
            "owner": args.owner,
        }
        self.register_outputs(dict(self.outputs))


def _refusals(args: QueueWorkersArgs) -> list[Refusal]:
    return [
        *rules.queue_profile(args.redis.profile),
        *rules.replica_range(args.replicas),
        *rules.resources(args.resources),
        *rules.grace(worker_grace_seconds(args.longest_job_seconds), "longest_job_seconds"),
    ]


@dataclass(frozen=True, kw_only=True)
class QueueDashboardArgs:
    """The dashboard.

    Attributes:
        queues: Names of the queues that it shows.
        redis: Where they are kept.
        image: Reference of the image.
        surroundings: What it shares with the services.
        secret_identifier: Name of its credentials in Secrets Manager.
        username: Who may log in; the password is generated.
        command: Executable and first arguments; `dashboard` is appended.
        replicas: How many instances the autoscaler may run.
        resources: Requests and limits.
        recovery_days: Days in which deleted credentials can be restored; 0 deletes at once.
    """

    queues: Sequence[str]
    redis: RedisCluster
    image: pulumi.Input[str]
    surroundings: Surroundings
    secret_identifier: str
    username: str = "operator"
    command: Sequence[str] = ("node", "/app/src/main.js")
    replicas: ReplicaRangeArgs = field(default_factory=lambda: ReplicaRangeArgs(min=2, max=3))
    resources: ContainerResources = field(default_factory=ContainerResources)
    recovery_days: int = 30


class QueueDashboard(pulumi.ComponentResource):
    """A service behind basic authentication that shows all queues.

    Attributes:
        outputs: Where to find it, as stack outputs.
    """

    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: QueueDashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:QueueDashboard", name, None, opts)
        refuse(f"QueueDashboard {name!r}", rules.queue_profile(args.redis.profile))
        shared = args.surroundings
        credentials = Credential(
            f"{name}-credentials",
            CredentialArgs(
                identifier=args.secret_identifier,
                description="Login of the queues' dashboard",
                key="password",
                fixed={"username": args.username},
                recovery_days=args.recovery_days,
                tags=shared.tags,
            ),
            child(self),
        )
        delivered = DeliveredSecret(
            f"{name}-login",
            DeliveredSecretArgs(
                identifier=DASHBOARD,
                namespace=shared.namespace,
                data={"DASHBOARD_USERNAME": args.username, "DASHBOARD_PASSWORD": credentials.value},
                labels=labels(DASHBOARD, shared.system),
            ),
            child(self),
        )
        service = StatelessService(
            f"{name}-service",
            StatelessServiceArgs(
                identifier=DASHBOARD,
                image=args.image,
                surroundings=replace(
                    shared, secrets=[item for item in shared.secrets if item.name == "QUEUE_REDIS_URL"]
                ),
                command=args.command,
                role="dashboard",
                replicas=args.replicas,
                resources=args.resources,
                variables={"QUEUES": ",".join(args.queues), "QUEUE_PREFIX": QUEUE_PREFIX},
                secrets=[
                    SecretVariable(variable, delivered.identifier, variable)
                    for variable in ("DASHBOARD_USERNAME", "DASHBOARD_PASSWORD")
                ],
                checksum=delivered.checksum,
            ),
            child(self),
        )
        self.outputs = {
            **service.outputs,
            "path": DASHBOARD_PATH,
            "credentialsSecretArn": credentials.secret_arn,
        }
        self.register_outputs(dict(self.outputs))
