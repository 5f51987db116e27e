"""What the command line tells a user when something cannot be done."""

from __future__ import annotations


class UserError(Exception):
    """A problem with one message: what is wrong and what would be right. Shown without a traceback."""
