"""A private bucket and a distribution in front of it."""

import pulumi

from components.cdn import Cdn, CdnArgs
from components.storage import BucketArgs, ObjectStorage, ObjectStorageArgs

config = pulumi.Config()

storage = ObjectStorage(
    "storage",
    ObjectStorageArgs(
        prefix="example",
        account=config.require("account"),
        region=pulumi.Config("aws").require("region"),
        buckets={"assets": BucketArgs(purpose="assets")},
        # A bucket has one policy only, and the distribution's access is part of it.
        policies_elsewhere={"assets"},
    ),
)
cdn = Cdn("cdn", CdnArgs(identifier="example-cdn", bucket=storage.buckets["assets"]))
pulumi.export("cdn", cdn.outputs)
