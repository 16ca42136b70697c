"""Holds what a back-fill knows of one contact while it counts: much less than a row, since it decides nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.engine.journal.records import BackfilledState
from streams.engine.settings import DuplicateWindow
from streams.engine.state.contact import Contact

NO_COUNTS: dict[str, list[int]] = {}
NO_FLAGS: list[str] = []
"""Shared by all contacts without any; never changed."""

CONTACT_BYTES = 320
COUNTS_BYTES = 200
NUMBER_BYTES = 40
TRACKED_BYTES = 1_700
"""About how many bytes of memory a contact takes, its counts where it has any, each number in them, and what leaves
with `held_for` need of it (bytes).
"""

_SHORTEST_ENTRY = 7
"""The bytes of an applied id in its shortest form: `["a",0]`."""

_FEW_BYTES = 1_000
"""Below so many bytes of applied ids, those that have left the window stay."""

_encode = msgspec.json.Encoder().encode


class PastEvent(msgspec.Struct, tag="event", tag_field="kind", frozen=True, gc=False):
    """What a back-fill reads of an event in the journal; the key of the record has its account and contact."""

    type: str
    id: str
    at: int
    source: msgspec.Raw = msgspec.Raw()
    fields: msgspec.Raw = msgspec.Raw(b"{}")


decode_past_event = msgspec.json.Decoder(PastEvent).decode
"""The event of a journal value. Raises msgspec.MsgspecError for any other record."""

decode_source = msgspec.json.Decoder(tuple[str, int, int]).decode
"""The source of an event."""

decode_fields = msgspec.json.Decoder(dict[str, Any]).decode
"""The fields of an event."""


class BackfillContact(msgspec.Struct, gc=False):
    """The past of one contact up to here; instants in ms.

    `gc`: hundreds of thousands of them would make the collector of cycles slow, and they are in no cycle.
    """

    created: int
    clock: int
    releases: int
    """How many releases of the account came before its last event."""
    applied: bytes = b""
    """The ids applied recently, each as the JSON array of the id and the contact's clock after it, a line each."""
    counts: dict[str, list[int]] = NO_COUNTS
    """As in `Contact`."""
    flags: list[str] = NO_FLAGS
    """As in `Contact`."""
    tracked: Contact | None = None
    """Properties and state of leaves with `held_for`; None where no leaf has any."""
    property_bytes: int = 0
    """The bytes of the patches that added properties to `tracked`."""

    def size(self, key: bytes) -> int:
        """About how many bytes of memory it takes under its key."""
        tracked = 0 if self.tracked is None else TRACKED_BYTES + self.property_bytes
        return CONTACT_BYTES + len(key) + len(self.applied) + self.counts_size() + tracked

    def counts_size(self) -> int:
        """About how many bytes of memory its counts take."""
        if not self.counts:
            return 0
        return COUNTS_BYTES + NUMBER_BYTES * sum(map(len, self.counts.values()))

    def has_applied(self, event_id: str, oldest: int) -> bool:
        """Whether the id is one of those applied at clock `oldest` (ms) or later."""
        if not self.applied:
            return False
        # A quote inside an id is escaped, so this is found only where an entry begins.
        begin = b"[%b," % _encode(event_id)
        index = self.applied.rfind(begin)
        if index < 0:
            return False
        start = index + len(begin)
        return int(self.applied[start : self.applied.index(b"]", start)]) >= oldest

    def remember_id(self, event_id: str, duplicate_window: DuplicateWindow) -> None:
        """Remembers the id of an applied event; those before the latest `max_ids` are forgotten, and most that have
        left the window.
        """
        applied = b"%b[%b,%d]\n" % (self.applied, _encode(event_id), self.clock)
        if len(applied) > min(_FEW_BYTES, _SHORTEST_ENTRY * duplicate_window.max_ids):
            surplus = applied.count(b"\n") - duplicate_window.max_ids  # line ends inside ids are escaped
            oldest = self.clock - duplicate_window.duration
            start = 0
            while surplus > 0 or _clock_of_entry(applied, start) < oldest:
                start = applied.index(b"\n", start) + 1
                surplus -= 1
            applied = applied[start:]
        self.applied = applied

    def to_state(self) -> BackfilledState:
        """The state as slices have it."""
        if self.tracked is None:
            return BackfilledState(self.created, self.counts, {}, self.flags)
        return BackfilledState(self.tracked.tracked_until, self.counts, self.tracked.held, self.flags)


def _clock_of_entry(applied: bytes, start: int) -> int:
    end = applied.index(b"\n", start)
    return int(applied[applied.rindex(b",", start, end) + 1 : end - 1])
