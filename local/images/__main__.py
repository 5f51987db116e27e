"""`python -m local.images`: build the workload's image and print where it is."""

from __future__ import annotations

import sys

from rich.console import Console

from local.images import ImageError, ensure_workload_image
from local.paths import Paths
from local.toolchain import ToolchainError, progress_for


def main() -> int:
    """Build, print the path; 1 with one message if that fails."""
    try:
        print(ensure_workload_image(Paths.from_environment(), progress_for(Console(stderr=True))))
    except (ImageError, ToolchainError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
