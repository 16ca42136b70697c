"""Whether the contact's own score was ever adjusted: a score of 0 may never have been, or may have come back to 0.

It is stored only where a leaf asks, under one key in `Contact.counts`, so that it is back-filled as every count is.
Of a named score it is known already: its name is in `Contact.scores`.
"""

from __future__ import annotations

from streams.engine.conditions.leaf_keys import leaf_key
from streams.engine.conditions.protocols import Activity

OWN_SCORE_KEY = leaf_key("own score")
"""The key in `Contact.counts`."""


class OwnScoreCounter:
    """Maintains [the earliest instant (ms) at which the own score was adjusted]."""

    __slots__ = ()
    key = OWN_SCORE_KEY
    limit = 1
    lossy = False
    drops_late = False
    counts_every_match = True
    event_filters: tuple[()] = ()

    def matches(self, activity: Activity) -> bool:  # noqa: ARG002 - shared signature
        """Returns False: no visit and no activity adjusts a score."""
        return False

    def update(self, state: list[int], activity: Activity, now: int) -> list[int]:
        """Returns the state with the instant of an adjustment."""
        return self.merge(state, [activity.at], now)

    def drop_older_half(self, state: list[int]) -> list[int]:
        """Returns the state unchanged: one instant has no older half."""
        return list(state)

    def merge(self, earlier: list[int], later: list[int], now: int) -> list[int]:  # noqa: ARG002 - shared signature
        """Returns the earlier instant of both."""
        return [min([*earlier, *later])] if earlier or later else []

    def earliest_needed(self, now: int) -> int | None:  # noqa: ARG002 - shared signature
        """Returns None: any adjustment of the past counts."""
        return None
