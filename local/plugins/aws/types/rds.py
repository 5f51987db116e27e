"""RDS database instances and their read replicas."""

from __future__ import annotations

from typing import Any

from local.plugins.aws import requests
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import (
    AutoName,
    Change,
    Create,
    Delete,
    Modify,
    Property,
    ResourceType,
    Status,
    Timeouts,
    Values,
)
from local.plugins.aws.types.rds_groups import RETAG
from local.plugins.provider import UNKNOWN, CheckFailure, ProviderError

_IMMUTABLE = "RDS cannot change it after creation"
_GONE = ("DBInstanceNotFound", "DBInstanceNotFoundFault")
# A replica takes these from its source; the official provider leaves them out of the request for it too.
_OF_THE_SOURCE = (
    "engine",
    "engineVersion",
    "username",
    "dbName",
    "password",
    "allocatedStorage",
    "backupRetentionPeriod",
)
# What CreateDBInstanceReadReplica has no member for, so that a modification has to follow.
_AFTERWARDS = ("parameterGroupName", "backupRetentionPeriod", "backupWindow", "maintenanceWindow", "caCertIdentifier")
# What the restore operations have no member for.
_AFTER_A_RESTORE = (
    "allocatedStorage",
    "monitoringInterval",
    "monitoringRoleArn",
    "password",
    "performanceInsightsEnabled",
    "performanceInsightsKmsKeyId",
    "performanceInsightsRetentionPeriod",
)
_NOTHING = ("", 0, False, None)


def _make(api: Api, inputs: Values, mark: str) -> str:
    if inputs.get("replicateSourceDb"):
        return _make_replica(api, inputs, mark)
    if inputs.get("snapshotIdentifier"):
        source: Values = {"DBSnapshotIdentifier": inputs["snapshotIdentifier"]}
        return _restore(api, inputs, "RestoreDBInstanceFromDBSnapshot", "DBInstanceIdentifier", source)
    if inputs.get("restoreToPointInTime"):
        moment = inputs["restoreToPointInTime"]
        source = {
            "SourceDBInstanceIdentifier": moment.get("sourceDbInstanceIdentifier"),
            "SourceDbiResourceId": moment.get("sourceDbiResourceId"),
            "SourceDBInstanceAutomatedBackupsArn": moment.get("sourceDbInstanceAutomatedBackupsArn"),
            "RestoreTime": moment.get("restoreTime"),
            "UseLatestRestorableTime": moment.get("useLatestRestorableTime"),
        }
        return _restore(api, inputs, "RestoreDBInstanceToPointInTime", "TargetDBInstanceIdentifier", source)
    return requests.create(INSTANCE, Create("CreateDBInstance"), api, inputs, mark)


def _make_replica(api: Api, inputs: Values, mark: str) -> str:
    shape = api.input_shape("CreateDBInstanceReadReplica")
    sent = {
        name: value
        for name, value in inputs.items()
        if name not in (*_OF_THE_SOURCE, *_AFTERWARDS) or name == "tagsAll"
    }
    members = requests.members(INSTANCE, shape, sent, skip=_not_in(shape))
    source = str(inputs["replicateSourceDb"])
    members["SourceDBInstanceIdentifier"] = source
    if source.startswith("arn:"):
        members["SourceRegion"] = source.split(":")[3]
        if members["SourceRegion"] == api.region:
            # In the same region AWS knows it by its identifier, and asks for no subnet group of its own.
            members["SourceDBInstanceIdentifier"] = source.rpartition(":")[2]
            del members["SourceRegion"]
    tags = dict(inputs.get("tagsAll") or {})
    if tags:
        members["Tags"] = [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
    api.call("CreateDBInstanceReadReplica", **members)
    return str(inputs["identifier"])


def _restore(api: Api, inputs: Values, operation: str, identifier: str, source: Values) -> str:
    """A new instance from an old one's data. Its user, database, size and password are the old one's."""
    shape = api.input_shape(operation)
    sent = {name: value for name, value in inputs.items() if name not in _OF_THE_SOURCE and name != "identifier"}
    members = requests.members(INSTANCE, shape, sent, skip=_not_in(shape))
    tags = dict(inputs.get("tagsAll") or {})
    if tags:
        members["Tags"] = [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
    api.call(operation, **{**members, **source, identifier: inputs["identifier"]})
    return str(inputs["identifier"])


def _not_in(shape: Any) -> tuple[str, ...]:
    from local.plugins.aws.structure import member_of

    return tuple(
        name
        for name, prop in INSTANCE.properties.items()
        if (prop.member or "") not in shape.members and member_of(shape, name, {}) is None
    )


def _finish(api: Api, id: str, inputs: Values) -> None:
    """What a replica or a restored instance could not be told when it was made."""
    late: tuple[str, ...] = _AFTERWARDS
    if inputs.get("snapshotIdentifier") or inputs.get("restoreToPointInTime"):
        late = (*_AFTERWARDS, *_AFTER_A_RESTORE)
    elif not inputs.get("replicateSourceDb"):
        return
    given = frozenset(name for name in late if inputs.get(name) not in _NOTHING)
    if given:
        _settle(api, id)
        _send(api, id, Change({}, inputs, given, {}), immediately=True)


def _settle(api: Api, id: str) -> None:
    status = INSTANCE.status
    assert status is not None
    while not api.expired:
        found = requests.describe(INSTANCE, api, id)
        if not found or found.get("DBInstanceStatus") in (*status.ready, *status.failed):
            return
        api.say(f"{id}: {found.get('DBInstanceStatus')}", ephemeral=True)
        api.pause(0.5)
    raise ProviderError(f"{id} has not settled in time for its next modification")


def _present(found: Values) -> Values:
    endpoint = found.get("Endpoint") or {}
    address, port = endpoint.get("Address"), endpoint.get("Port")
    groups = found.get("DBParameterGroups") or []
    options = found.get("OptionGroupMemberships") or []
    version = str(found.get("EngineVersion") or "")
    return {
        **found,
        "Port": port,
        "Address": address,
        "HostedZoneId": endpoint.get("HostedZoneId"),
        "Colon": f"{address}:{port}" if address else None,
        "ParameterGroupName": groups[0].get("DBParameterGroupName") if groups else None,
        "OptionGroupName": options[0].get("OptionGroupName") if options else None,
        "DBSubnetGroupName": (found.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"),
        "VpcSecurityGroupIds": [item["VpcSecurityGroupId"] for item in found.get("VpcSecurityGroups") or []],
        "EngineVersionActual": version or None,
        "Replicas": sorted(found.get("ReadReplicaDBInstanceIdentifiers") or []),
        "MultiAZ": bool(found.get("MultiAZ")),
    }


def _read(api: Api, id: str) -> Values | None:
    answer = api.maybe(_GONE, "DescribeDBInstances", DBInstanceIdentifier=id)
    return dict(answer["DBInstances"][0]) if answer and answer["DBInstances"] else None


def _change(api: Api, id: str, change: Change) -> None:
    if "replicateSourceDb" in change.names:
        if change.new.get("replicateSourceDb"):
            raise ProviderError(
                f"replicateSourceDb of {id} changed: an instance cannot be made a replica of another source; "
                "replace it by giving it a new identifier"
            )
        api.call("PromoteReadReplica", DBInstanceIdentifier=id)
        _settle(api, id)
    if (change.new.get("blueGreenUpdate") or {}).get("enabled") is True:
        raise ProviderError(
            f"{id}: the aws stand-in has no blue/green updates: leave blueGreenUpdate out for the local platform, or "
            "install the official plugin"
        )
    rest = change.names - {"replicateSourceDb"}
    skip = (
        set(_OF_THE_SOURCE) - {"backupRetentionPeriod", "engineVersion"}
        if change.new.get("replicateSourceDb")
        else set()
    )
    now = change.new.get("applyImmediately") is True
    _send(api, id, Change(change.old, change.new, frozenset(rest - skip), change.outputs), immediately=now)


def _send(api: Api, id: str, change: Change, immediately: bool) -> None:
    how = Modify(
        "ModifyDBInstance",
        {"DBInstanceIdentifier": "{id}", "ApplyImmediately": immediately},
        members={"port": "DBPortNumber", "caCertIdentifier": "CACertificateIdentifier"},
    )
    names = change.names
    if "enabledCloudwatchLogsExports" in names:
        old = set(change.outputs.get("enabledCloudwatchLogsExports") or [])
        new = set(change.new.get("enabledCloudwatchLogsExports") or [])
        api.call(
            "ModifyDBInstance",
            DBInstanceIdentifier=id,
            CloudwatchLogsExportConfiguration={
                "EnableLogTypes": sorted(new - old),
                "DisableLogTypes": sorted(old - new),
            },
        )
        names = names - {"enabledCloudwatchLogsExports"}
    requests.modify(INSTANCE, how, api, id, Change(change.old, change.new, names, change.outputs))


def _remove(api: Api, id: str, outputs: Values) -> None:
    key: dict[str, Any] = {
        "DBInstanceIdentifier": "{id}",
        "DeleteAutomatedBackups": outputs.get("deleteAutomatedBackups") is not False,
    }
    if outputs.get("skipFinalSnapshot") is True or outputs.get("replicateSourceDb"):
        # A replica's data are its source's: AWS takes no final snapshot of it.
        key["SkipFinalSnapshot"] = True
    elif outputs.get("finalSnapshotIdentifier"):
        key |= {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": outputs["finalSnapshotIdentifier"]}
    else:
        raise ProviderError(
            f"finalSnapshotIdentifier is required to delete {id} while skipFinalSnapshot is false: set one of the two "
            "and run pulumi up before pulumi destroy"
        )
    requests.delete(Delete("DeleteDBInstance", key, gone=_GONE, retry=("InvalidDBInstanceState",)), api, id)


def _sensible(inputs: Values) -> list[CheckFailure]:
    failures = []
    if inputs.get("replicateSourceDb") is not None:
        for name in ("password", "username", "dbName", "engine", "snapshotIdentifier", "restoreToPointInTime"):
            if inputs.get(name) is not None:
                failures.append(
                    CheckFailure(
                        name, f"a read replica takes {name} from its source: take it out beside replicateSourceDb"
                    )
                )
        return failures
    for name, example in (
        ("engine", "postgres"), ("allocatedStorage", "20"), ("username", "app"), ("password", "a secret")
    ):  # fmt: skip
        if inputs.get(name) is None:
            failures.append(CheckFailure(name, f"{name} is missing: a new instance needs one, for instance {example}"))
    password = inputs.get("password")
    if password is not None and password is not UNKNOWN and len(str(password)) < 8:
        failures.append(CheckFailure("password", "password has to have at least 8 characters"))
    interval, role = inputs.get("monitoringInterval"), inputs.get("monitoringRoleArn")
    if interval not in (None, 0) and role is None:
        failures.append(CheckFailure("monitoringRoleArn", "monitoringInterval above 0 needs monitoringRoleArn"))
    return failures


def _version_says_less(inputs: Values) -> None:
    """Nothing to bring into form, but the case: RDS keeps identifiers in lower case."""
    if isinstance(inputs.get("identifier"), str):
        inputs["identifier"] = str(inputs["identifier"]).lower()


_COMPUTED = Property(computed=True)
_FINAL = Property(computed=True, replace=_IMMUTABLE)

INSTANCE = ResourceType(
    token="aws:rds/instance:Instance",
    service="rds",
    properties={
        "identifier": Property(
            member="DBInstanceIdentifier",
            replace="the identifier names it",
            lower=True,
            pattern=(
                "[a-zA-Z](?!.*--)[a-zA-Z0-9-]{0,61}[a-zA-Z0-9]|[a-zA-Z]",
                "1 to 63 letters, digits and single hyphens",
            ),
        ),
        "instanceClass": Property(member="DBInstanceClass"),
        "allocatedStorage": _COMPUTED,
        "maxAllocatedStorage": Property(),
        "storageType": Property(computed=True, values=("standard", "gp2", "gp3", "io1", "io2")),
        "iops": _COMPUTED,
        "storageThroughput": _COMPUTED,
        "storageEncrypted": Property(replace=_IMMUTABLE, default=False),
        "kmsKeyId": _FINAL,
        "engine": Property(computed=True, replace=_IMMUTABLE, lower=True),
        "engineVersion": Property(computed=True, version=True),
        "allowMajorVersionUpgrade": Property(local=True),
        "autoMinorVersionUpgrade": Property(default=True),
        "dbName": Property(computed=True, replace=_IMMUTABLE, member="DBName"),
        "username": Property(computed=True, replace=_IMMUTABLE, member="MasterUsername"),
        "password": Property(unread=True, secret=True, member="MasterUserPassword"),
        "port": Property(computed=True),
        "multiAz": Property(computed=True, member="MultiAZ"),
        "availabilityZone": _FINAL,
        "dbSubnetGroupName": _COMPUTED,
        "parameterGroupName": Property(computed=True, member="DBParameterGroupName", read="ParameterGroupName"),
        "optionGroupName": _COMPUTED,
        "vpcSecurityGroupIds": _COMPUTED,
        "publiclyAccessible": Property(default=False),
        "backupRetentionPeriod": Property(computed=True, minimum=0, maximum=35),
        "backupWindow": Property(computed=True, member="PreferredBackupWindow"),
        "maintenanceWindow": Property(computed=True, lower=True, member="PreferredMaintenanceWindow"),
        "caCertIdentifier": Property(computed=True, member="CACertificateIdentifier"),
        "copyTagsToSnapshot": Property(default=False),
        "deleteAutomatedBackups": Property(local=True, default=True),
        "deletionProtection": Property(),
        "enabledCloudwatchLogsExports": Property(member="EnableCloudwatchLogsExports"),
        "iamDatabaseAuthenticationEnabled": Property(member="EnableIAMDatabaseAuthentication"),
        "licenseModel": _COMPUTED,
        "monitoringInterval": Property(default=0, values=(0, 1, 5, 10, 15, 30, 60)),
        "monitoringRoleArn": _COMPUTED,
        "performanceInsightsEnabled": Property(default=False, member="EnablePerformanceInsights"),
        "performanceInsightsKmsKeyId": Property(computed=True, member="PerformanceInsightsKMSKeyId"),
        "performanceInsightsRetentionPeriod": _COMPUTED,
        "networkType": _COMPUTED,
        "replicateSourceDb": Property(local=True),
        "snapshotIdentifier": Property(local=True, replace="a snapshot is restored only into a new instance"),
        "restoreToPointInTime": Property(local=True, replace="a moment is restored only into a new instance"),
        "blueGreenUpdate": Property(local=True),
        "applyImmediately": Property(local=True),
        "skipFinalSnapshot": Property(local=True, default=False),
        "finalSnapshotIdentifier": Property(
            local=True,
            pattern=("[A-Za-z](?!.*--)[0-9A-Za-z-]*[0-9A-Za-z]", "letters, digits and single hyphens, a letter first"),
        ),
    },
    shape=("CreateDBInstance", ""),
    create=_make,
    finish=_finish,
    natural=lambda inputs: str(inputs["identifier"]).lower(),
    describe=_read,
    present=_present,
    modify=_change,
    delete=_remove,
    outputs={
        "address": "Address",
        "arn": "DBInstanceArn",
        "endpoint": "Colon",
        "engineVersionActual": "EngineVersionActual",
        "hostedZoneId": "HostedZoneId",
        "replicas": "Replicas",
        "resourceId": "DbiResourceId",
        "status": "DBInstanceStatus",
    },
    volatile=("engineVersionActual", "status"),
    status=Status(
        "DBInstanceStatus",
        ("available", "storage-optimization"),
        (
            "failed",
            "incompatible-parameters",
            "incompatible-network",
            "incompatible-restore",
            "storage-full",
            "restore-error",
            "inaccessible-encryption-credentials",
        ),
    ),
    auto_name=AutoName("identifier", maximum=63, lower=True),
    normalise=_version_says_less,
    rules=(_sensible,),
    retag=RETAG,
    timeouts=Timeouts(2400, 4800, 3600),
)

TYPES = (INSTANCE,)
