"""The delay before a failed request to Salesforce is repeated."""

from __future__ import annotations

from dataclasses import dataclass

from agents.crm.outage_log import SalesforceFailure
from connectors.salesforce.org.errors import TransientFailure


@dataclass(frozen=True, slots=True)
class Backoff:
    """In seconds: from `first` up to `longest` for transient failures, `manual` where a person has to act."""

    first: float = 1.0
    longest: float = 30.0
    manual: float = 30.0

    def delay(self, attempt: int, error: SalesforceFailure) -> float:
        """The delay in seconds after failure number `attempt` (from 0) in a row."""
        if not isinstance(error, TransientFailure):
            return self.manual
        return float(min(self.longest, self.first * 2 ** min(attempt, 16)))
