"""The Pulumi program: read the stack's settings, build the platform, export what the checks need."""

import gc

import pulumi

from components import sdk
from components.platform import Platform
from components.program import read_stack

# The program allocates little that it does not keep to its end: collecting would walk it all again and again.
gc.disable()
sdk.be_brief()


async def main() -> pulumi.Inputs:
    """Build the platform; what it returns are the stack's outputs."""
    args = await read_stack()
    platform = await Platform.create(args.settings.system, args)
    return dict(platform.outputs)


pulumi.run(main)
