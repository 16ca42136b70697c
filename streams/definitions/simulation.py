"""What a release would do to contacts if it decided now: the engine's own decision, on rows that stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from streams.engine.decisions.backfill_leaves import NOTHING, Following, new_leaves
from streams.engine.decisions.decide import NO_TICK, decide_release, decide_slice
from streams.engine.decisions.outputs import Place
from streams.engine.journal.effects import Output
from streams.engine.journal.records import Kept
from streams.engine.partition.broadcast import Broadcast
from streams.engine.partition.decider import Checkpoint
from streams.engine.releases.compiled import Lookup, ReleaseCache
from streams.engine.state.contact import Contact
from streams.engine.state.contact_store import Rows

Told = tuple[str, dict[str, Any]]
"""A topic and what would be written to it."""

_decode = msgspec.json.Decoder(Contact).decode


class Foresight:
    """Of one account in one journal partition.

    `number` is what the release would be called, and `contents` knows it and all before it. `place` is where its
    marker would stand: everything before is decided in the rows, as `checkpoint` says.
    """

    def __init__(self, account: str, number: int, contents: Lookup, place: Place, checkpoint: Checkpoint) -> None:
        releases = ReleaseCache(contents)
        standing = checkpoint.standing
        self._number = number
        self._place = place
        self._tick = standing.clock_of(account, NO_TICK)
        self._former = releases.get(account, standing.releases.get(account, 0))
        self._release = releases.get(account, number)
        self.following: Following = new_leaves(self._former, self._release) or NOTHING
        """What it asks of the past that the rows do not know: `engine.partition.backfill.History` tells it."""
        self._unfinished: Broadcast | None = None
        if checkpoint.unfinished is not None:
            at_work = Place(place.partition, checkpoint.unfinished.offset)
            self._unfinished = Broadcast(checkpoint.unfinished, at_work, Rows(), releases)

    def told(self, row: bytes, kept: Kept | None) -> Iterator[Told]:
        """What would be written of a contact because of the release; `kept` is what the journal says of its past.

        What time alone does at that very instant is left out: it happens without the release, too.
        """
        contact = _decode(row)
        if self._unfinished is not None:
            self._unfinished.apply(contact)
        if self.following and kept is not None:
            decide_slice(contact, kept, self._former, self.following, tick=self._tick)
        decided = decide_release(
            contact,
            None,
            self._place,
            self._former,
            self._release,
            tick=self._tick,
            following=self.following,
        )
        for output in decided.outputs:
            yield from self._because_of_it(output)

    def _because_of_it(self, output: Output) -> Iterator[Told]:
        if output.value is None:
            return
        body: dict[str, Any] = msgspec.json.decode(output.value)
        cause = body["cause"]
        if cause.get("release") == self._number and cause["kind"] != "clock":
            yield output.topic, body
