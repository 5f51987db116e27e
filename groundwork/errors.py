"""What the command line tells a user when something cannot be done."""

from __future__ import annotations


class UserError(Exception):
    """A problem with one message: what is wrong and what would be right. Shown without a traceback.

    Attributes:
        exit_code: What the command ends with.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
