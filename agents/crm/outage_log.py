"""Telling what is wrong with Salesforce: once when it begins, once when it is over, not at every attempt."""

from __future__ import annotations

from typing import Any

import structlog

from connectors.salesforce.errors import RequestRefused
from streams.errors import LeadstreamError

Trouble = LeadstreamError | RequestRefused
"""What a call to Salesforce can end with."""


class Complaints:
    """The trouble of one loop; `present` is what health shows."""

    def __init__(self, who: str, log: Any = None) -> None:
        self._who = who
        self._log = log or structlog.get_logger()
        self.present: str | None = None

    def about(self, error: Trouble) -> None:
        """Something went wrong; a line where it is not what went wrong before."""
        problem = str(error)
        if problem != self.present:
            self.present = problem
            self._log.warning("salesforce", part=self._who, problem=problem)

    def over(self) -> None:
        """It works (again)."""
        if self.present is not None:
            self.present = None
            self._log.info("salesforce", part=self._who, problem=None)
