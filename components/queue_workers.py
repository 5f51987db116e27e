"""Workers of job queues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components import queue_rules, rules, service_rules
from components.autoscaling import Backlog, ReplicaRangeArgs, Scaling
from components.cluster import ClusterFeatures
from components.errors import Refusal, refuse
from components.metrics import METRICS_PATH, make_metrics_service
from components.pods import ContainerResources, Pod, SecretVariable, labels, selector, worker_grace_seconds
from components.queues import QueueOptions, ScheduleArgs, queue_variables, schedules_text
from components.redis import RedisCluster
from components.stateless_service import Surroundings
from components.workload import make_workload
from components.workload_identity import BucketGrant, Identity, make_identity

_STARTUP_SECONDS = 120
QUEUE_REDIS_VARIABLE = "QUEUE_REDIS_URL"


@dataclass(frozen=True, kw_only=True)
class QueueWorkersArgs:
    """Workers of one queue.

    Attributes:
        queue: Name of the queue.
        owner: The service whose code the workers run, told to them as `SERVICE_NAME`.
        image: Reference of the image.
        surroundings: What they share with the services.
        options: How the queue keeps and repeats its jobs.
        redis: Where a queue of kind `bullmq` is kept, one that never evicts; none for a queue of kind `postgres`.
        command: Executable and first arguments; `worker` is appended.
        port: Where the probes and the metrics are answered.
        concurrency: Jobs that one worker runs at a time; 1 to 1000.
        longest_job_seconds: A job that takes longer has failed; a stopping worker gets this time to finish. Up to an
            hour.
        stalled_after_seconds: A job whose worker has not been heard of for so long is given to another; 10 to 300.
        max_stalled: A job that outlives so many workers is given up: it may be what kills them; 1 to 1000.
        schedules: Jobs by the clock, by name.
        replicas: How many workers the autoscaler may run.
        backlog_per_worker: Jobs for each worker that the autoscaler aims at, where the cluster has KEDA or metrics;
            by default `concurrency`.
        cpu_target_percent: CPU use, in percent of the request, that the autoscaler aims at where the cluster has
            neither.
        resources: Requests and limits.
        variables: Further plain environment.
        secrets: Further environment from Secrets.
        checksum: Changes whenever one of those secrets does.
        grants: Buckets that the workers may use.
    """

    queue: str
    owner: str
    image: pulumi.Input[str]
    surroundings: Surroundings
    options: QueueOptions = field(default_factory=QueueOptions)
    redis: RedisCluster | None = None
    command: Sequence[str] = ("node", "/app/src/main.js")
    port: int = 8080
    concurrency: int = 5
    longest_job_seconds: int = 300
    stalled_after_seconds: int = 15
    max_stalled: int = 10
    schedules: Mapping[str, ScheduleArgs] = field(default_factory=dict)
    replicas: ReplicaRangeArgs = field(default_factory=ReplicaRangeArgs)
    backlog_per_worker: int | None = None
    cpu_target_percent: int = 70
    resources: ContainerResources = field(default_factory=ContainerResources)
    variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Sequence[SecretVariable] = ()
    checksum: pulumi.Input[str] = ""
    grants: Sequence[BucketGrant] = ()


class QueueWorkers(pulumi.ComponentResource):
    """Deployment, autoscaler, disruption budget, service account and role of one queue's workers; where somebody
    reads metrics, a Service for them.

    Requirements: P0-QUEUE, P0-SCALE, SR-SHUTDOWN.

    The autoscaler counts the real backlog if the cluster has KEDA or an adapter for Prometheus' metrics. Otherwise it
    sees the CPU only, which tells nothing of jobs that wait; the output `scaling` says so.

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
            variables={**shared.variables, **args.variables, **worker_variables(args)},
            secrets=[*_shared_secrets(args), *args.secrets],
            role_arn=identity.role_arn,
            resources=args.resources,
            drain_seconds=args.longest_job_seconds,
            serves=False,
            startup_seconds=_STARTUP_SECONDS,
            certificates=shared.certificates,
            checksum=pulumi.Output.concat(shared.checksum, args.checksum),
        )
        scaling = scaling_of(args, identifier)
        workload = make_workload(self, name, shared.namespace, pod, scaling, identity.resources)
        self.registered = (*identity.resources, *workload)
        if readers := shared.cluster.metrics_readers:
            metadata = {
                "name": identifier,
                "namespace": shared.namespace,
                "labels": labels(identifier, shared.system),
            }
            metrics = make_metrics_service(self, name, identifier, metadata, readers, [workload[0]])
            self.registered = (*self.registered, *metrics)
        self.outputs = {
            "namespace": shared.namespace,
            "deployment": identifier,
            "selector": selector(identifier),
            "targetPort": args.port,
            "minReplicas": args.replicas.min,
            "livePath": "/health/live",
            "readyPath": "/health/ready",
            "metricsPath": METRICS_PATH,
            "owner": args.owner,
            "kind": args.options.kind,
            "scaling": _scaling_output(scaling),
        }
        self.register_outputs(dict(self.outputs))


def worker_variables(args: QueueWorkersArgs) -> dict[str, str]:
    """What a worker is told of its queue."""
    told = {
        **queue_variables({args.queue: args.options}),
        "QUEUE_CONCURRENCY": str(args.concurrency),
        "JOB_MAX_SECONDS": str(args.longest_job_seconds),
        "JOB_LOCK_SECONDS": str(args.stalled_after_seconds),
        "JOB_MAX_STALLED": str(args.max_stalled),
    }
    return {**told, "QUEUE_SCHEDULES": schedules_text(args.schedules)} if args.schedules else told


def scaling_of(args: QueueWorkersArgs, identifier: str) -> Scaling:
    """On the backlog if the cluster can see it, else on the CPU."""
    cluster: ClusterFeatures = args.surroundings.cluster
    if not cluster.sees_backlogs:
        return Scaling(replicas=args.replicas, cpu_target_percent=args.cpu_target_percent)
    backlog = Backlog(
        queue=args.queue,
        per_worker=args.backlog_per_worker or args.concurrency,
        by="keda" if cluster.keda_namespace else "metrics",
        url=pulumi.Output.concat("http://", identifier, ".", args.surroundings.namespace, ".svc", METRICS_PATH),
    )
    return Scaling(replicas=args.replicas, cpu_target_percent=None, backlog=backlog)


def _scaling_output(scaling: Scaling) -> dict[str, object]:
    if scaling.backlog is None:
        return {"on": "cpu", "targetPercent": scaling.cpu_target_percent}
    return {"on": "backlog", "by": scaling.backlog.by, "perWorker": scaling.backlog.per_worker}


def _shared_secrets(args: QueueWorkersArgs) -> list[SecretVariable]:
    """Workers of a queue in the database know of no queue Redis."""
    shared = args.surroundings.secrets
    if args.options.kind == "bullmq":
        return list(shared)
    return [item for item in shared if item.name != QUEUE_REDIS_VARIABLE]


def _refusals(args: QueueWorkersArgs) -> list[Refusal]:
    found = [
        *service_rules.image(args.image, allow_tag=args.surroundings.allow_image_tag),
        *queue_rules.place(args.options.kind, args.redis.profile if args.redis else None),
        *(Refusal(f"options.{item.setting}", item.value, item.cure) for item in queue_rules.queue(args.options)),
        *queue_rules.worker(args),
        *rules.replica_range(args.replicas),
        *rules.resources(args.resources),
        *rules.grace(worker_grace_seconds(args.longest_job_seconds), "longest_job_seconds"),
    ]
    for name, schedule in sorted(args.schedules.items()):
        found += [
            Refusal(f"schedules.{name}.{item.setting}", item.value, item.cure)
            for item in queue_rules.schedule(schedule)
        ]
    return found
