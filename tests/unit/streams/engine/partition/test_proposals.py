"""A proposed release, given up or not, does not affect the one that decides."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

import pytest

from schemas.engine_versions import NEWEST_VERSION
from streams.engine.decisions import counters
from streams.engine.journal import records
from streams.engine.journal.effects import Budget
from streams.engine.journal.records import JournalEvent, Marker, event_key, proposal_from_marker
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.state.contact import Contact, decode_contact, encode_contact
from tests.harness.engine.engine_driver import BUDGET, EngineDriver, day, sound_definitions


def counted(least: int) -> dict[str, Any]:
    return {"id": f"s{least}", "dynamic": True, "when": {"visit": {}, "count": {"gte": least}}}


def propose(driver: EngineDriver, *segments: dict[str, Any]) -> None:
    """Appends only the proposal of a release."""
    driver.releases.append(sound_definitions({"segments": list(segments)}))
    number = len(driver.releases)
    marker = Marker("default", number, number, "", None, NEWEST_VERSION)
    offset = len(driver.journal)
    entry = (offset, records.PROPOSAL_KEY, records.encode(proposal_from_marker(marker)))
    driver.journal.append(entry)
    driver.decider.feed(*entry)
    driver.decider.work(BUDGET)


def state_sizes(driver: EngineDriver) -> list[int]:
    """The number of values that each leaf stores, ascending."""
    return sorted(len(instants) for instants in driver.contact().counts.values())


def slice_for_all(driver: EngineDriver) -> tuple[int, bytes, bytes]:
    """The journal entry of one slice with the state of all contacts."""
    counter = driver.decider.backfill_counter("default")
    counter.count(takewhile(lambda entry: entry[1] != records.PROPOSAL_KEY, driver.journal), ())
    (history_slice,) = counter.slices()
    return len(driver.journal), records.SLICE_KEY, history_slice.value


def test_a_slice_is_decided_in_batches_over_restarts() -> None:
    driver = EngineDriver(segments=[])
    names = [f"c{number}" for number in range(10)]
    for name in names:
        driver.visit(day(0), contact=name)
    propose(driver, counted(1))
    entry = slice_for_all(driver)
    decider, batch_sizes = driver.decider, []
    rows: dict[bytes, bytes | None] = {
        f"default/{row.id}".encode(): encode_contact(row) for row in decider.contacts()
    }
    for _ in range(4):
        decider.feed(*entry)
        effects = decider.work(Budget(records=3))
        rows |= effects.rows
        batch_sizes.append(len(effects.rows))
        decider, checkpoint = restored_decider(driver, rows), decider.checkpoint()
        decider.resume(checkpoint)
    assert batch_sizes == [3, 3, 3, 1]
    assert all(contact.counts for contact in decider.contacts())


def test_slices_and_a_release_leave_only_those_contacts_in_memory_that_had_a_record() -> None:
    driver = EngineDriver(segments=[])
    for number in range(10):
        driver.visit(day(0), contact=f"c{number}")
    propose(driver, counted(1))
    entry = slice_for_all(driver)
    rows: dict[bytes, bytes | None] = {
        f"default/{row.id}".encode(): encode_contact(row) for row in driver.decider.contacts()
    }
    decider = restored_decider(driver, rows)
    decider.resume(driver.decider.checkpoint())
    marker = Marker("default", 2, 2, "", None, NEWEST_VERSION)
    made: list[weakref.ref[Contact]] = []

    def decode_noted(row: bytes) -> Contact:
        contact = decode_contact(row)
        made.append(weakref.ref(contact))
        return contact

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streams.engine.state.contact_store.decode_contact", decode_noted)
        decider.feed(*entry)
        decider.feed(entry[0] + 1, records.MARKER_KEY, records.encode(marker))
        while decider.has_pending():
            decider.work(Budget(records=4))
        assert len(made) >= 20
        assert not any(ref() for ref in made)
        visit = JournalEvent("web.visited", "v", day(1), "default", "c3", ("t", 0, 99), day(1))
        decider.feed(entry[0] + 2, event_key("default", "c3"), records.encode(visit))
        decider.work(BUDGET)
        kept = made[-1]()
    assert kept is not None
    assert kept.id == "c3"
    assert [contact.members for contact in decider.contacts()] == [{"s1": day(0)}] * 10


def restored_decider(driver: EngineDriver, rows: Mapping[bytes, bytes | None]) -> PartitionDecider:
    """A decider restored from the changelog's rows."""
    decider = PartitionDecider(0, lambda _, number: driver.releases[number - 1], DEFAULT_ENGINE_SETTINGS)
    for key, row in rows.items():
        decider.restore(key, row)
    return decider


def test_active_leaves_lose_nothing_to_proposed_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MAX_COUNTER_VALUES", 10)
    driver = EngineDriver(segments=[counted(8)])
    for hour in range(8):
        driver.visit(day(0, hour))
    propose(driver, counted(8), counted(9))
    for hour in range(8):
        driver.visit(day(1, hour))
    assert state_sizes(driver)[-1] == 8
    assert sum(state_sizes(driver)) <= 10
    assert driver.members() == ["s8"]


def test_state_for_a_release_that_was_given_up_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MAX_COUNTER_VALUES", 10)
    driver = EngineDriver(segments=[counted(8)])
    driver.visit(day(0))
    propose(driver, counted(8), counted(9))
    for hour in range(9):
        driver.visit(day(1, hour))
    assert len(driver.contact().flags) == 1
    driver.apply(segments=[counted(8)])
    assert (state_sizes(driver), driver.contact().flags, driver.members()) == ([8], [], ["s8"])


def test_a_decider_knows_the_newest_release_of_an_account_that_was_proposed_or_decides() -> None:
    driver = EngineDriver(segments=[])
    assert driver.decider.known_release("default") == 1
    assert driver.decider.known_release("other") == 0
    propose(driver, counted(1))
    assert driver.decider.known_release("default") == 2
    driver.apply(segments=[])
    assert driver.decider.known_release("default") == 3
    restored = restored_decider(driver, {})
    restored.resume(driver.decider.checkpoint())
    assert restored.known_release("default") == 3
