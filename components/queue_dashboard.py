"""The queues' dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pulumi

from components import queue_rules
from components.autoscaling import ReplicaRangeArgs
from components.errors import refuse
from components.options import child
from components.pods import ContainerResources, SecretVariable, labels
from components.queues import QUEUE_PREFIX
from components.redis import RedisCluster
from components.secrets import Credential, CredentialArgs, DeliveredSecret, DeliveredSecretArgs
from components.stateless_service import StatelessService, StatelessServiceArgs, Surroundings

DASHBOARD = "queue-dashboard"
DASHBOARD_PATH = "/queues"


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
        generation: Of the password: raise it by one to rotate. The one before is accepted until the next rotation.
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
    generation: int = 1
    recovery_days: int = 30


class QueueDashboard(pulumi.ComponentResource):
    """A service behind basic authentication that shows all queues.

    Requirements: P0-QUEUE.

    Attributes:
        outputs: Where to find it, as stack outputs.
    """

    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: QueueDashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:QueueDashboard", name, None, opts)
        refuse(f"QueueDashboard {name!r}", queue_rules.place("bullmq", args.redis.profile))
        shared = args.surroundings
        credentials = Credential(
            f"{name}-credentials",
            CredentialArgs(
                identifier=args.secret_identifier,
                description="Login of the queues' dashboard",
                key="password",
                fixed={"username": args.username},
                generation=args.generation,
                recovery_days=args.recovery_days,
                tags=shared.tags,
            ),
            child(self),
        )
        login: dict[str, pulumi.Input[str]] = {
            "DASHBOARD_USERNAME": args.username,
            "DASHBOARD_PASSWORD": credentials.value,
        }
        if credentials.previous is not None:
            login["DASHBOARD_PASSWORD_PREVIOUS"] = credentials.previous
        delivered = DeliveredSecret(
            f"{name}-login",
            DeliveredSecretArgs(
                identifier=DASHBOARD,
                namespace=shared.namespace,
                data=login,
                external=shared.external,
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
                secrets=[SecretVariable(variable, delivered.identifier, variable) for variable in login],
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
