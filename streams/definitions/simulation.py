"""Decides with the engine what a release would do to contacts now, without changing their rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from streams.engine.decisions.backfill_leaves import NO_BACKFILL, BackfillLeaves, new_leaves
from streams.engine.decisions.decide import decide_release, decide_slice
from streams.engine.decisions.outputs import JournalPosition
from streams.engine.journal.effects import Output
from streams.engine.journal.records import NO_TICK, BackfilledState
from streams.engine.partition.broadcast import Broadcast
from streams.engine.partition.checkpoint import Checkpoint
from streams.engine.releases.cache import DefinitionsLookup, ReleaseCache, ReleaseCompiler
from streams.engine.state.contact import Contact
from streams.engine.state.contact_store import ContactStore

SimulatedOutput = tuple[str, dict[str, Any]]
"""A topic and the decoded value that would be written to it."""


class Simulation:
    """Simulates one release of one account in one journal partition.

    `number` is the number of the release; `definitions_lookup` has it and all before it. `position` is the position
    of its marker: by `checkpoint`, the rows are decided up to there.
    """

    def __init__(
        self,
        account: str,
        number: int,
        definitions_lookup: DefinitionsLookup,
        position: JournalPosition,
        checkpoint: Checkpoint,
    ) -> None:
        releases = ReleaseCache(ReleaseCompiler(definitions_lookup))
        status = checkpoint.standing
        self._number = number
        self._position = position
        self._tick = status.clock_of(account, NO_TICK)
        self._current_release = releases.get(account, status.releases.get(account, 0))
        self._release = releases.get(account, number)
        self.backfill_leaves: BackfillLeaves = new_leaves(self._current_release, self._release) or NO_BACKFILL
        """The leaves that the rows do not track yet: `BackfillCounter` counts their past."""
        self._pending_broadcast: Broadcast | None = None
        if checkpoint.unfinished is not None:
            broadcast_position = JournalPosition(position.partition, checkpoint.unfinished.offset)
            self._pending_broadcast = Broadcast(checkpoint.unfinished, broadcast_position, ContactStore(), releases)

    def simulate(self, contact: Contact, backfilled: BackfilledState | None) -> Iterator[SimulatedOutput]:
        """Yields the outputs that the release causes for a contact; `backfilled` is its back-fill, if any.

        The contact itself changes, so it has to be a copy. Outputs that time alone causes at that instant are left
        out: they happen without the release, too.
        """
        if self._pending_broadcast is not None:
            self._pending_broadcast.apply(contact)
        if self.backfill_leaves and backfilled is not None:
            decide_slice(contact, backfilled, self._current_release, self.backfill_leaves, tick=self._tick)
        decision = decide_release(
            contact,
            None,
            self._position,
            self._current_release,
            self._release,
            tick=self._tick,
            backfill_leaves=self.backfill_leaves,
        )
        for output in decision.outputs:
            yield from self._caused_outputs(output)

    def _caused_outputs(self, output: Output) -> Iterator[SimulatedOutput]:
        if output.value is None:
            return
        body: dict[str, Any] = msgspec.json.decode(output.value)
        cause = body["cause"]
        if cause.get("release") == self._number and cause["kind"] != "clock":
            yield output.topic, body
