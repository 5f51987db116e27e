"""The files of a folder, under names that follow from their content."""

from pathlib import Path

import pulumi

from components.assets import HashedAssets, HashedAssetsArgs

config = pulumi.Config()

assets = HashedAssets(
    "assets", HashedAssetsArgs(folder=Path(config.require("folder")), bucket=config.require("bucket"))
)
pulumi.export("manifest", assets.manifest)
