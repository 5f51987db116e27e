"""RegionalReplica: the ARN, a key of its own region, and nothing of the source's region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.database_copy import RegionalReplica, RegionalReplicaArgs
from components.errors import Refused
from components.network import StoreAccess

pytestmark = pytest.mark.unit

ARGS = RegionalReplicaArgs(
    identifier="shop-prod-database-recovery",
    region="eu-central-1",
    source_arn="arn:aws:rds:eu-west-1:123456789012:db:shop-prod-database",
    kms_key_arn="arn:aws:kms:eu-central-1:123456789012:key/1",
    access=StoreAccess(vpc_id="vpc-2", subnet_ids=["subnet-x", "subnet-y"], client_cidrs=["10.1.0.0/20"]),
)


def test_it_copies_by_arn_with_a_key_of_its_own_region_and_no_password(record: Callable[..., Any]) -> None:
    """P0-BACKUP, RB-REGION."""
    replica = record(lambda: RegionalReplica("recovery", ARGS)).one("rds/instance:Instance").inputs
    assert replica["replicateSourceDb"] == ARGS.source_arn
    assert replica["kmsKeyId"] == ARGS.kms_key_arn
    assert replica["dbSubnetGroupName"] == "shop-prod-database-recovery"
    assert replica["storageEncrypted"] is True
    assert replica["publiclyAccessible"] is False
    assert not {"password", "username", "dbName", "engine"} & replica.keys()


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"source_arn": "shop-prod-database"}, "source_arn"),
        ({"source_arn": "arn:aws:rds:eu-central-1:123456789012:db:shop-prod-database"}, "region"),
        ({"kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1"}, "kms_key_arn"),
        ({"kms_key_arn": "alias/aws/rds"}, "kms_key_arn"),
    ],
)
def test_what_rds_would_refuse_in_another_region_is_refused_at_once(
    record: Callable[..., Any], change: dict[str, str], setting: str
) -> None:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            RegionalReplica("recovery", replace(ARGS, **change))  # type: ignore[arg-type]
        return caught.value

    recording = record(build)
    assert [item.setting for item in recording.result.refusals] == [setting]
    assert [item.type for item in recording.resources] == ["groundwork:index:RegionalReplica"]
