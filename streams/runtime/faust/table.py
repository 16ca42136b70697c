"""The table: it brings the changelog into the assignment, and Faust writes nothing to it."""

from __future__ import annotations

from typing import Any, NoReturn

import faust

from streams.runtime.fatal import die


class SlotTable(faust.Table):  # type: ignore[misc]  # Faust publishes no types
    """An empty table: the slots' deciders hold the rows, and only the slots' transactions write their changelog."""

    def send_changelog(self, *_args: Any, **_options: Any) -> NoReturn:
        """Ends the process: `table[key] = value` would write outside the transaction and lose its errors."""
        die("something wrote to a table; only a slot's transaction may")

    async def on_recovery_completed(self, *_args: Any) -> None:
        """Does nothing: Faust would drop the keys that its own map gives to other partitions."""
