"""A PostgreSQL writer with two read replicas, in a new network."""

import pulumi

from components.database import PostgresCluster, PostgresClusterArgs
from components.network import CreatedNetworkArgs, Network, StoreAccess

region = pulumi.Config("aws").require("region")

network = Network("network", CreatedNetworkArgs(identifier="example", region=region, cidr="10.60.0.0/16"))
database = PostgresCluster(
    "database",
    PostgresClusterArgs(
        identifier="example-database",
        secret_identifier="example/database",
        access=StoreAccess(
            vpc_id=network.vpc_id, subnet_ids=network.data_subnet_ids, client_cidrs=network.client_cidrs
        ),
        zones=network.zones,
    ),
)
pulumi.export("database", database.outputs)
