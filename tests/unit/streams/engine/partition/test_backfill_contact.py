"""What a back-fill knows of a contact: its applied ids are those of a row, in a form that takes little memory."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from streams.engine.partition.backfill_contact import BackfillContact
from streams.engine.settings import DuplicateWindow
from streams.engine.state.contact import Contact
from streams.engine.state.deduplication import is_repeat, remember_id

IDS = ["a", "b", 'a"', '["a",1]', "a\n", "a],[b", "é", "\\", "a,1", "", *map(str, range(12))]


@pytest.mark.parametrize("window", [DuplicateWindow(40, 3), DuplicateWindow(10, 256), DuplicateWindow(300, 1)])
@pytest.mark.parametrize("seed", range(5))
def test_ids_are_remembered_as_those_of_a_row(window: DuplicateWindow, seed: int) -> None:
    rng = random.Random(seed)
    row, contact = Contact("default", "ann", 0, 0, -1), BackfillContact(0, 0, 0)
    repeats = 0
    for _ in range(400):
        row.clock = contact.clock = row.clock + rng.choice((0, 1, 5))
        event_id = rng.choice(IDS)
        is_applied = is_repeat(row, event_id, row.clock, window)
        assert contact.has_applied(event_id, contact.clock - window.duration) == is_applied
        repeats += is_applied
        if not is_applied:
            remember_id(row, event_id, window)
            contact.remember_id(event_id, window)
    assert 0 < repeats < 400


def test_ids_beyond_the_window_are_forgotten() -> None:
    contact, window = BackfillContact(0, 0, 0), DuplicateWindow(100, 256)
    for clock in range(2_000):
        contact.clock = clock
        contact.remember_id(f"event-{clock}", window)
    assert 101 <= contact.applied.count(b"\n") <= 102
    assert contact.has_applied("event-1950", 1_899)


def test_its_size_is_about_what_it_takes() -> None:
    window = DuplicateWindow(1_000, 256)
    contacts: dict[bytes, BackfillContact] = {}
    tracemalloc.start()
    try:
        for number in range(2_000):
            contact = contacts[b"default/contact-%d" % number] = BackfillContact(number, number + 1_000, 0)
            contact.remember_id(f"event-{number}", window)
            if number % 2:
                contact.counts = {"0123456789abcdef": [number + 5_000, number + 6_000]}
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    estimate = sum(contact.size(key) for key, contact in contacts.items())
    assert 0.7 * taken < estimate < 1.4 * taken
