"""How long to wait before Salesforce is asked again."""

from __future__ import annotations

from dataclasses import dataclass

from agents.crm.outage_log import SalesforceFailure
from connectors.salesforce.errors import TransientFailure


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds: growing from `first` to `longest` for what may pass, `manual` where a person has to do something."""

    first: float = 1.0
    longest: float = 30.0
    manual: float = 30.0

    def delay(self, attempt: int, error: SalesforceFailure) -> float:
        """The wait after the `attempt`th failure (from 0) in a row."""
        if not isinstance(error, TransientFailure):
            return self.manual
        return float(min(self.longest, self.first * 2 ** min(attempt, 16)))
