"""What can go wrong with tools; every message says what to do about it."""

from __future__ import annotations

from collections.abc import Sequence


class ToolchainError(Exception):
    """Base of this package's errors; the text is meant for the user as it stands."""


class UnknownTool(ToolchainError):
    """A name that the table does not have."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"no tool is called {name!r}; known are: {', '.join(known)}")


class ToolMissing(ToolchainError):
    """Tools that are needed and neither on this machine nor built.

    Attributes:
        names: The missing tools.
        cure: What the user can do, one line for each tool.
    """

    def __init__(self, problems: Sequence[tuple[str, str, str]]) -> None:
        """Each problem is (name, what is wrong, cure)."""
        self.names = tuple(name for name, _, _ in problems)
        self.cure = "\n".join(dict.fromkeys(cure for _, _, cure in problems))
        super().__init__("\n".join(f"{name}: {wrong}. Cure: {cure}" for name, wrong, cure in problems))


class BuildFailed(ToolchainError):
    """A Go module group could not be built."""
