"""RB-DB: have the standby of a Multi-AZ database take over from its writer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from checks import postgres
from checks.outputs import Database
from checks.result import Outcome
from runbooks.errors import NotYet, Refused
from runbooks.model import Act, ApiCall, Probe, Progress, Runbook, Step, Targets, open_gate
from runbooks.probes import postgres_probe
from runbooks.scene import Scene


async def _resolve(scene: Scene, _parameters: Mapping[str, str]) -> Targets:
    database = _database(scene)
    instance = await _told(scene, database.identifier)
    _refuse_unfit(instance)
    host, _, _ = database.writer_endpoint.partition(":")
    return Targets(
        name=database.identifier,
        values={
            "instance": database.identifier,
            "arn": instance["DBInstanceArn"],
            "zone": instance["AvailabilityZone"],
            "standbyZone": instance["SecondaryAvailabilityZone"],
            "host": host,
            "port": database.port,
            "database": database.name,
            "user": database.username,
            "readers": list(database.reader_endpoints),
            "secretArn": database.secret_arn,
        },
        objective="database",
    )


def _steps(targets: Targets) -> Sequence[Step]:
    values = targets.values
    describe = _describe(values["instance"], values["arn"])
    psql = (
        f"psql 'host={{}} port={values['port']} dbname={values['database']} user={values['user']} sslmode=verify-full'"
    )
    writer = psql.format(values["host"])
    steps = [
        Step(
            name="failover",
            title="Reboot the instance with failover: the standby becomes the writer, the endpoint stays",
            act=Act(
                progress=_progress(values),
                verify=_replaced(values),
                calls=(
                    ApiCall(
                        "rds",
                        "RebootDBInstance",
                        {"DBInstanceIdentifier": values["instance"], "ForceFailover": True},
                        (values["arn"],),
                    ),
                ),
                reads=(describe,),
            ),
            precheck=_fit(values),
            expected_seconds=120,
            timeout_seconds=1200,
            settle_seconds=30,
            no_way_back="both zones hold the same data; fail over again if the writer has to be in the first one.",
        ),
        Step(
            name="writer-takes-writes",
            title="See that the writer's endpoint leads to a server that is not in recovery",
            act=Act(
                progress=open_gate,
                verify=_writes,
                by_hand=(f"{writer} -c 'SELECT pg_is_in_recovery()'",),
            ),
            expected_seconds=2,
            timeout_seconds=300,
        ),
    ]
    if values["readers"]:
        question = "SELECT pg_last_wal_replay_lsn(), status FROM pg_stat_wal_receiver"
        steps.append(
            Step(
                name="replicas-follow",
                title="See that every read replica replays what the new writer writes",
                act=Act(
                    progress=open_gate,
                    verify=_followed(values["readers"]),
                    by_hand=(
                        f"{writer} -c 'SELECT pg_current_wal_flush_lsn()'",
                        *(f"{psql.format(reader)} -c '{question}'" for reader in values["readers"]),
                    ),
                ),
                expected_seconds=5,
                timeout_seconds=300,
            )
        )
    return steps


def _progress(values: Mapping[str, Any]) -> Any:
    async def progress(scene: Scene) -> Progress:
        instance = await _told(scene, values["instance"])
        if instance["AvailabilityZone"] != values["zone"]:
            return Progress.DONE
        return Progress.OPEN if instance["DBInstanceStatus"] == "available" else Progress.UNDERWAY

    return progress


def _replaced(values: Mapping[str, Any]) -> Any:
    async def verify(scene: Scene) -> Mapping[str, Any]:
        instance = await _told(scene, values["instance"])
        if instance["DBInstanceStatus"] != "available":
            raise NotYet(f"{values['instance']} is {instance['DBInstanceStatus']}")
        if instance["AvailabilityZone"] == values["zone"]:
            raise NotYet(f"the writer is still in {values['zone']}")
        return {
            "zone": instance["AvailabilityZone"],
            "before": values["zone"],
            "engineVersion": instance["EngineVersion"],
        }

    return verify


async def _writes(scene: Scene) -> Mapping[str, Any]:
    finding = await postgres.writer_round_trip(scene.context, _database(scene))
    if finding.outcome is not Outcome.PASS:
        raise NotYet(finding.summary)
    return finding.evidence


def _followed(readers: Sequence[str]) -> Any:
    async def verify(scene: Scene) -> Mapping[str, Any]:
        lags = {}
        for reader in readers:
            finding = await postgres.replica_follows(scene.context, _database(scene), reader)
            if finding.outcome is Outcome.FAIL:
                raise NotYet(f"{reader} {finding.summary}")
            lags[reader] = finding.evidence["lagSeconds"]
        return {"lagSeconds": lags}

    return verify


def _fit(values: Mapping[str, Any]) -> Any:
    async def precheck(scene: Scene) -> None:
        _refuse_unfit(await _told(scene, values["instance"]))

    return precheck


def _refuse_unfit(instance: Mapping[str, Any]) -> None:
    name = instance["DBInstanceIdentifier"]
    if instance["DBInstanceStatus"] != "available":
        raise Refused(f"{name} is {instance['DBInstanceStatus']}: wait until it is available")
    if not instance.get("MultiAZ") or not instance.get("SecondaryAvailabilityZone"):
        raise Refused(f"{name} has no standby in another zone: make it Multi-AZ (the stack's settings do), or promote")


async def _told(scene: Scene, instance: str) -> Mapping[str, Any]:
    answer = await scene.cloud.ask("rds", "DescribeDBInstances", DBInstanceIdentifier=instance)
    found: Mapping[str, Any] = answer["DBInstances"][0]
    return found


def _describe(instance: str, arn: str) -> ApiCall:
    return ApiCall("rds", "DescribeDBInstances", {"DBInstanceIdentifier": instance}, (arn,))


def _database(scene: Scene) -> Database:
    if scene.outputs.database is None:
        raise Refused("the stack has no database")
    return scene.outputs.database


def _reads(targets: Targets) -> tuple[ApiCall, ...]:
    values, secret = targets.values, targets.values["secretArn"]
    return (
        _describe(values["instance"], values["arn"]),
        ApiCall("secretsmanager", "GetSecretValue", {"SecretId": secret}, (secret,)),
    )


@asynccontextmanager
async def _probe(scene: Scene, _targets: Targets) -> AsyncIterator[Probe]:
    async with postgres_probe(scene, _database(scene)) as probe:
        yield probe


RUNBOOK = Runbook(
    name="database-failover",
    requirement="RB-DB",
    revision=1,
    title="have the standby of a Multi-AZ database take over from its writer",
    purpose="For a drill, and for a writer that answers but should not stay: slow, in a zone with trouble. A writer "
    "that is dead is replaced without anybody's help.",
    preconditions=(
        "The instance is available and Multi-AZ.",
        "This machine reaches the writer's endpoint: the run measures through it, in a table of its own, "
        "`groundwork_canary`, which it drops at the end.",
    ),
    blast_radius="Every session with the writer ends, and writes fail until the standby has taken over: usually one to "
    "two minutes on RDS. No acknowledged commit is lost. Sessions with read replicas stay.",
    not_when=(
        "While the instance is being changed or backed up, or under more load than a server with a cold cache carries.",
        "When the trouble is in the data: the standby has the same. Restore to a moment before it.",
    ),
    resolve=_resolve,
    reads=_reads,
    steps=_steps,
    example=Targets(
        name="INSTANCE",
        values={
            "instance": "INSTANCE",
            "arn": "arn:aws:rds:REGION:ACCOUNT:db:INSTANCE",
            "zone": "ZONE",
            "standbyZone": "OTHER-ZONE",
            "host": "WRITER-ENDPOINT",
            "port": 5432,
            "database": "DATABASE",
            "user": "USER",
            "readers": ["READER-ENDPOINT"],
            "secretArn": "arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET",
        },
        objective="database",
    ),
    probe=_probe,
)
