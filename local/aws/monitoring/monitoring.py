"""Metrics and alarms as one: started and stopped with the data plane."""

from __future__ import annotations

from collections.abc import Callable

from local.aws.dataplane.context import Context
from local.aws.monitoring.access import Access
from local.aws.monitoring.evaluator import Evaluator
from local.aws.monitoring.sampling import Sampler


class Monitoring:
    """Reads the servers and evaluates the alarms, in threads of their own.

    Args:
        changed: Told when an alarm came into another state.
    """

    def __init__(self, context: Context, changed: Callable[[], None]) -> None:
        self._sampler = Sampler(Access(context))
        self._evaluator = Evaluator(changed)

    def start(self) -> None:
        """Begin."""
        self._sampler.start()
        self._evaluator.start()

    def stop(self) -> None:
        """End; returns when nothing is read or evaluated any more."""
        self._sampler.stop()
        self._evaluator.stop()
