"""How long to wait before Salesforce is asked again."""

from __future__ import annotations

from dataclasses import dataclass

from agents.crm.outage_log import Trouble
from connectors.salesforce.errors import Transient


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds: growing from `first` to `longest` for what may pass, `set_up` where a person has to do something."""

    first: float = 1.0
    longest: float = 30.0
    set_up: float = 30.0

    def before(self, attempt: int, error: Trouble) -> float:
        """The wait after the `attempt`th failure (from 0) in a row."""
        if not isinstance(error, Transient):
            return self.set_up
        return float(min(self.longest, self.first * 2 ** min(attempt, 16)))
