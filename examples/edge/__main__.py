"""A web ACL for a distribution: `pulumi config set emergency true` is the switch."""

import pulumi

from components.edge import Edge, EdgeArgs

config = pulumi.Config()

edge = Edge("edge", EdgeArgs(identifier="example-edge", emergency=config.get_bool("emergency") or False))
pulumi.export("edge", edge.outputs)
