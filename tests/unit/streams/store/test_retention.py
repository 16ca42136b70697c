"""The instants of records bound what retention deleted before them."""

from __future__ import annotations

import pytest

from streams.engine.journal.records import JournalEvent, JournalRecord, Marker, Slice, Tick
from streams.store.retention import record_instant


@pytest.mark.parametrize(
    ("record", "instant"),
    [
        (JournalEvent("web.visited", "1", 5, "one", "ada", ("web-visits", 0, 0)), 5),
        (JournalEvent("web.visited", "1", 5, "two", "ada", ("web-visits", 0, 0)), None),
        (Tick(7), 7),
        (Tick(7, "one"), 7),
        (Tick(7, "two"), None),
        (Marker("one", 1, 0, "", 9, 1), 9),
        (Marker("one", 1, 0, "", None, 1), None),
        (Slice("one", 1, {}), None),
    ],
)
def test_on_the_events_clock_only_records_of_the_account_have_an_instant(
    record: JournalRecord, instant: int | None
) -> None:
    assert record_instant(1_000, record, "one", "events") == instant
    assert record_instant(1_000, record, "one", "wall") == 1_000


def test_without_an_account_every_record_has_an_instant() -> None:
    assert (
        record_instant(1_000, JournalEvent("web.visited", "1", 5, "two", "ada", ("web-visits", 0, 0)), None, "events")
        == 5
    )
    assert record_instant(1_000, Tick(7, "two"), None, "events") == 7
