"""A stack's own settings on the local platform, from nothing to nothing, with a state of its own."""

from groundwork.rehearsal.draft import Change
from groundwork.rehearsal.project import Rehearsal
from groundwork.rehearsal.settings import Adapted, Platform, adapted

__all__ = ["Adapted", "Change", "Platform", "Rehearsal", "adapted"]
