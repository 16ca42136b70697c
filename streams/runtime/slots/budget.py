"""The bound of one transaction's decisions: small while events come."""

from __future__ import annotations

import time

from streams.engine.journal.effects import Budget

IDLE_BUDGET = Budget()
BUSY_BUDGET = Budget(seconds=0.010)
"""Events wait no longer behind a release or a tick that reaches every contact, nor behind the other slots of this
worker.
"""

LOADED_BUDGET = Budget(seconds=0.030)
"""With many records waiting, the fixed cost of a transaction is shared by more of them."""

BUSY_SECONDS = 0.5
"""How long after the last event a slot counts as busy."""


class DecisionBudget:
    """Chooses one slot's budget by the time of its last event."""

    def __init__(self) -> None:
        self._busy_until = 0.0

    def mark_busy(self) -> None:
        """Events came just now."""
        self._busy_until = time.monotonic() + BUSY_SECONDS

    def current(self, *, is_loaded: bool) -> Budget:
        """The budget of the next transaction; `is_loaded` says that many records wait to be decided."""
        if is_loaded:
            return LOADED_BUDGET
        return BUSY_BUDGET if time.monotonic() < self._busy_until else IDLE_BUDGET
