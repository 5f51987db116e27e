"""Backups and the network through the engine: no second change, no drift, locks that survive being put anew."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest

pytestmark = pytest.mark.engine

PROGRAM = """
    import pulumi
    from components.alarms import AlarmTopic, AlarmTopicArgs
    from components.backup import Backup, BackupArgs, BackupPlanArgs, BackupRuleArgs, VaultLockArgs, backup_tag
    from components.network import CreatedNetworkArgs, Network
    from components.storage import BucketArgs, ObjectStorage, ObjectStorageArgs

    knobs = pulumi.Config("knobs")
    Network(
        "network",
        CreatedNetworkArgs(
            identifier="safe", region="eu-west-1", cidr="10.70.0.0/16", nat=knobs.get("nat") or "perZone",
            endpoints=["secretsmanager", "sts"], flow_log_days=int(knobs.get("flows") or 30),
        ),
    )
    storage = ObjectStorage(
        "storage",
        ObjectStorageArgs(
            prefix="safe", account="123456789012", region="eu-west-1",
            buckets={
                "uploads": BucketArgs(purpose="uploads", force_destroy=True, tags=backup_tag("safe-backup", "buckets"))
            },
        ),
    )
    topic = AlarmTopic(
        "alarms",
        AlarmTopicArgs(identifier="safe-alarms", account="123456789012", publishers=["backup.amazonaws.com"]),
    )
    daily = BackupRuleArgs(schedule=knobs.get("schedule") or "cron(0 5 ? * * *)", continuous=True)
    yearly = BackupRuleArgs(schedule="cron(0 6 1 1 ? *)", delete_after_days=800, cold_after_days=30, copy_days=400)
    backup = Backup(
        "backup",
        BackupArgs(
            identifier="safe-backup", account="123456789012", region="eu-west-1", recovery_region="eu-central-1",
            plans={
                "buckets": BackupPlanArgs(
                    kind="buckets", stores=[storage.buckets["uploads"].arn], rules={"daily": daily, "yearly": yearly}
                )
            },
            lock=VaultLockArgs(min_days=int(knobs.get("lock") or 7)), topic_arn=topic.arn,
        ),
    )
    pulumi.export("backup", backup.outputs)
"""

KNOBS: dict[str, tuple[str, dict[str, str]]] = {
    "schedule": ("cron(0 3 ? * * *)", {"Plan backup-buckets": "update"}),
    "lock": (
        "14",
        {f"VaultLockConfiguration backup-{vault}": "replace" for vault in ("vault", "recovery-vault")},
    ),
    "flows": ("60", {"LogGroup network-flows": "update"}),
    "nat": (
        "single",
        {
            **{f"RouteTable network-private-{zone}": "delete" for zone in "abc"},
            **{f"RouteTableAssociation network-private-{zone}": "replace" for zone in "abc"},
            **{f"{kind} network-nat-{zone}": "delete" for kind in ("Eip", "NatGateway") for zone in "bc"},
            **{f"Route network-private-internet-{zone}": "delete" for zone in "bc"},
            "Route network-private-internet-a": "replace",
            "RouteTable network-private": "create",
            "VpcEndpoint network-s3": "update",
        },
    ),
}


def _changes(project: Any) -> dict[str, str]:
    """What a preview would do, by type and name; unchanged ones left out."""
    outcome = project.run("preview", "--json").assert_succeeded()
    plan = json.loads(outcome.output[outcome.output.index("{") :])
    found = {}
    for step in plan["steps"]:
        if step["op"] != "same" and not step["op"].endswith(("-replacement", "-replaced")):
            _, kind, name = step["urn"].rsplit("::", 2)
            found[f"{kind.rpartition(':')[2]} {name}"] = step["op"]
    return found


def _client(endpoint: str, service: str, region: str) -> Any:
    return botocore.session.Session().create_client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def _locks(endpoint: str) -> list[tuple[bool, int | None]]:
    found = []
    for region, name in (("eu-west-1", "safe-backup"), ("eu-central-1", "safe-backup-recovery")):
        vault = _client(endpoint, "backup", region).describe_backup_vault(BackupVaultName=name)
        found.append((vault["Locked"], vault.get("MinRetentionDays")))
    return found


def test_backups_and_network_live(stores: Any, endpoint: str) -> None:
    """P0-BACKUP: one stack through its life."""
    stores.write(PROGRAM)
    stores.up().assert_succeeded()
    assert _changes(stores) == {}, "a second deployment changes nothing"
    stores.refresh("--expect-no-changes").assert_succeeded()
    assert _locks(endpoint) == [(True, 7), (True, 7)]
    for knob, (value, expected) in KNOBS.items():
        stores.config(f"knobs:{knob}", value)
        assert _changes(stores) == expected, knob
        stores.config(f"knobs:{knob}", "")
    for knob, (value, _) in KNOBS.items():
        stores.config(f"knobs:{knob}", value)
    stores.up().assert_succeeded()
    assert _changes(stores) == {}
    assert _locks(endpoint) == [(True, 14), (True, 14)], "the old lock's removal did not take the new one with it"
    stores.refresh("--expect-no-changes").assert_succeeded()
    stores.destroy().assert_succeeded()
    assert stores.resources() == []
    assert not _client(endpoint, "backup", "eu-central-1").list_backup_vaults()["BackupVaultList"]
