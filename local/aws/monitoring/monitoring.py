"""Metrics and alarms as one: started and stopped with the data plane."""

from __future__ import annotations

import time
from collections.abc import Callable

from local.aws.dataplane.context import Context
from local.aws.monitoring.access import Access
from local.aws.monitoring.evaluator import Evaluator
from local.aws.monitoring.sampling import Sampler
from local.aws.periodic import Periodic


class Monitoring:
    """Reads the servers and evaluates the alarms, in threads of their own.

    Args:
        changed: Told when an alarm came into another state.
    """

    def __init__(self, context: Context, changed: Callable[[], None]) -> None:
        self._sampler = Sampler(Access(context))
        evaluator = Evaluator(changed)
        self._alarms = Periodic("alarms", lambda: evaluator.look(time.time()))

    def start(self) -> None:
        """Begin."""
        self._sampler.start()
        self._alarms.start()

    def stop(self) -> None:
        """End; returns when nothing is read or evaluated any more."""
        self._sampler.stop()
        self._alarms.stop()
