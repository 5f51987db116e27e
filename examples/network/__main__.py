"""A network with private subnets for data stores in three zones."""

import pulumi

from components.network import CreatedNetworkArgs, Network

network = Network(
    "network",
    CreatedNetworkArgs(identifier="example", region=pulumi.Config("aws").require("region"), cidr="10.60.0.0/16"),
)
pulumi.export("vpc", network.vpc_id)
pulumi.export("dataSubnets", network.data_subnet_ids)
