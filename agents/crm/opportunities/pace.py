"""How often opportunities are polled: as set, and slower as the org's daily requests run out."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.salesforce.org.usage import ApiUsage

SLOWER_FROM = 0.7
"""The share of the day's requests from which on polls slow down."""
FLOOR = 0.95
"""The share from which on polls are as rare as they get: what is left is for hand-overs."""
SLOWEST = 3600.0
"""Seconds between two polls then, so that new requests of the next day are noticed."""


@dataclass(frozen=True, slots=True)
class PollPace:
    """`base` is the setting, in seconds; `usage` says what of the daily limit is used, by whomever."""

    base: float
    usage: ApiUsage

    def extra_seconds(self) -> float:
        """Returns the time to the next attempt after a failure: none while the limit is far, else as after a poll."""
        seconds = self.seconds()
        return seconds if seconds > self.base else 0.0

    def seconds(self) -> float:
        """Returns the time to the next poll: between the two shares it grows evenly, by factors."""
        used, limit = self.usage.used, self.usage.limit
        if used is None or not limit or used / limit <= SLOWER_FROM:
            return self.base
        progress = min(1.0, (used / limit - SLOWER_FROM) / (FLOOR - SLOWER_FROM))
        return float(max(self.base, self.base * (max(self.base, SLOWEST) / self.base) ** progress))
