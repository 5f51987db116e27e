"""The tools of the local platform: found on PATH, taken from wheels, or built from pinned Go modules."""

from local.toolchain.errors import BuildFailed, ToolchainError, ToolMissing, UnknownTool
from local.toolchain.progress import Progress, progress_for
from local.toolchain.resolve import Absent, Located, ToolReport, ensure, find, inventory

__all__ = [
    "Absent",
    "BuildFailed",
    "Located",
    "Progress",
    "ToolMissing",
    "ToolReport",
    "ToolchainError",
    "UnknownTool",
    "ensure",
    "find",
    "inventory",
    "progress_for",
]
