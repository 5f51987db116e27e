"""What stops a runbook."""

from __future__ import annotations


class RunbookError(Exception):
    """A problem with one message: what is wrong and what would be right. Shown without a traceback."""


class Refused(RunbookError):
    """A precheck says that a step must not be taken as things are."""


class StepFailed(RunbookError):
    """A step that has to succeed did not; the run stays open."""


class NotYet(Exception):
    """Raised by a verification while what it wants does not hold; it is asked again until the step's time is up."""


class LockRefused(RunbookError):
    """Another run has the stack."""


class LockLost(RunbookError):
    """Somebody else has the stack now: nothing more may be changed."""


class JournalBroken(RunbookError):
    """A journal is not what was written."""
