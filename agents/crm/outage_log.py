"""Telling what is wrong with Salesforce: once when it begins, once when it is over, not at every attempt."""

from __future__ import annotations

from typing import Any

import structlog

from connectors.salesforce.errors import RequestRefused
from streams.errors import LeadstreamError

SalesforceFailure = LeadstreamError | RequestRefused
"""What a call to Salesforce can end with."""


class OutageLog:
    """The trouble of one loop; `current_problem` is what health shows."""

    def __init__(self, part: str, log: Any = None) -> None:
        self._part = part
        self._log = log or structlog.get_logger()
        self.current_problem: str | None = None

    def failing(self, error: SalesforceFailure) -> None:
        """Something went wrong; a line where it is not what went wrong before."""
        problem = str(error)
        if problem != self.current_problem:
            self.current_problem = problem
            self._log.warning("salesforce", part=self._part, problem=problem)

    def recovered(self) -> None:
        """It works (again)."""
        if self.current_problem is not None:
            self.current_problem = None
            self._log.info("salesforce", part=self._part, problem=None)
