"""A read replica of a database in another region: what is left when the database's own region is lost."""

import pulumi
import pulumi_aws as aws

from components.database_copy import RegionalReplica, RegionalReplicaArgs
from components.network import StoreAccess

config = pulumi.Config()
region = config.require("copyRegion")

replica = RegionalReplica(
    "copy",
    RegionalReplicaArgs(
        identifier="example-database-copy",
        region=region,
        source_arn=config.require("sourceArn"),
        kms_key_arn=config.require("copyKeyArn"),
        access=StoreAccess(
            vpc_id=config.require("vpcId"),
            subnet_ids=config.require_object("subnetIds"),
            client_cidrs=config.require_object("clientCidrs"),
        ),
    ),
    pulumi.ResourceOptions(provider=aws.Provider("elsewhere", region=region)),
)
pulumi.export("copy", replica.outputs)
