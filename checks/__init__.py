"""Post-deploy checks: is what a stack declares there, and does it do what it should? From stack outputs alone.

`run_all` is the way in. Every check is safe against production: what it writes is a canary of its own, which it
removes again or which expires.
"""

from checks import report
from checks.catalogue import catalogue
from checks.context import Context, ContextError, Settings, open_context
from checks.engine import Check, OnProgress, Progress, run, select
from checks.outputs import OutputsError, StackOutputs, read_outputs
from checks.result import Outcome, Result
from checks.runner import run_all

__all__ = [
    "Check",
    "Context",
    "ContextError",
    "OnProgress",
    "Outcome",
    "OutputsError",
    "Progress",
    "Result",
    "Settings",
    "StackOutputs",
    "catalogue",
    "open_context",
    "read_outputs",
    "report",
    "run",
    "run_all",
    "select",
]
