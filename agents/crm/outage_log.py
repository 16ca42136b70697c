"""Logs a Salesforce outage once when it begins and once when it is over, not at every attempt."""

from __future__ import annotations

from typing import Any

import structlog

from connectors.salesforce.org.errors import RequestRefused
from streams.errors import LeadstreamError

SalesforceFailure = LeadstreamError | RequestRefused
"""An error that a call to Salesforce may raise."""


class OutageLog:
    """The outages of one loop; health shows `current_problem`."""

    def __init__(self, part: str, log: Any = None) -> None:
        self.part = part
        self._log = log or structlog.get_logger()
        self.current_problem: str | None = None

    def failing(self, error: SalesforceFailure) -> None:
        """Logs the error unless the previous call failed with the same one."""
        problem = str(error)
        if problem != self.current_problem:
            self.current_problem = problem
            self._log.warning("salesforce", part=self.part, problem=problem)

    def recovered(self) -> None:
        """Logs the end of the outage, if there was one."""
        if self.current_problem is not None:
            self.current_problem = None
            self._log.info("salesforce", part=self.part, problem=None)
