"""The table: it gives the changelog its place in the assignment, and nothing else writes to it."""

from __future__ import annotations

from typing import Any, NoReturn

import faust

from streams.runtime.fatal import die


class SlotTable(faust.Table):  # type: ignore[misc]  # Faust publishes no types
    """Rows live in the slots' deciders; their changelog is written by the slots' transactions only."""

    def send_changelog(self, *_args: Any, **_options: Any) -> NoReturn:
        """Ends the process: `table[key] = value` would write outside the transaction and lose its errors."""
        die("something wrote to a table; only a slot's transaction may")

    async def on_recovery_completed(self, *_args: Any) -> None:
        """Nothing: Faust would drop the keys that its own map gives to other partitions."""
