"""A distribution's access logs, delivered by CloudWatch Logs (version 2).

Version 1 (`loggingConfig`) writes with access control lists, which a bucket with BucketOwnerEnforced has not: it fails.
Version 2 writes as a service under the bucket's policy.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components import aws
from components.bucket_policies import US_EAST_1
from components.options import child
from components.storage import StoredBucket

_FIELDS = (
    *("date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status"),
    *("cs(Referer)", "cs(User-Agent)", "x-edge-result-type", "x-edge-request-id", "x-host-header", "cs-protocol"),
    *("cs-bytes", "time-taken", "ssl-protocol", "ssl-cipher", "x-edge-response-result-type", "cs-protocol-version"),
    *("time-to-first-byte", "x-edge-detailed-result-type", "sc-content-type", "sc-content-len"),
)
"""What is logged. Cookies and query strings are not: sessions and tokens are in them (SR-SECRET)."""


def deliver_logs(
    parent: pulumi.Resource,
    name: str,
    identifier: str,
    distribution: aws.Distribution,
    logs: StoredBucket,
    tags: Mapping[str, str],
) -> None:
    """Deliver the distribution's access logs to the bucket of purpose `logs`, as Parquet, by day and hour.

    CloudFront's deliveries are made in us-east-1 whatever the stack's region.
    """
    source = aws.LogDeliverySource(
        f"{name}-log-source",
        region=US_EAST_1,
        name=identifier,
        log_type="ACCESS_LOGS",
        resource_arn=distribution.arn,
        tags=dict(tags),
        opts=child(parent),
    )
    target = aws.LogDeliveryDestination(
        f"{name}-log-destination",
        region=US_EAST_1,
        name=identifier,
        output_format="parquet",
        delivery_destination_configuration={"destination_resource_arn": logs.arn},
        tags=dict(tags),
        # The bucket's policy has to let the logs in by then.
        opts=child(parent, depends_on=[logs.last_sidecar]),
    )
    aws.LogDelivery(
        f"{name}-log-delivery",
        region=US_EAST_1,
        delivery_source_name=source.name,
        delivery_destination_arn=target.arn,
        record_fields=list(_FIELDS),
        s3_delivery_configurations=[
            {"suffix_path": "{DistributionId}/{yyyy}/{MM}/{dd}/{HH}", "enable_hive_compatible_path": False}
        ],
        tags=dict(tags),
        opts=child(parent),
    )
