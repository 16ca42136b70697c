"""The back-fill of a proposed release: counted beside the traffic, appended in slices, then its marker."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from aiokafka.errors import KafkaTimeoutError

from streams.engine.journal import records
from streams.engine.partition.backfill import MAX_SLICE_CONTACTS
from streams.engine.partition.backfill_contact import CONTACT_BYTES, COUNTS_BYTES
from streams.errors import BrokerUnavailable
from streams.runtime.backfill import backfill as backfill_module
from streams.runtime.backfill.backfill import BEHIND_SLICES, SLICES_SECONDS
from streams.runtime.backfill.counting_messages import CountRequest
from streams.runtime.backfill.throttle import MEASURED_SLICES, Throttle
from tests.harness.engine.engine_driver import EngineDriver, day
from tests.harness.runtime.backfill_setup import COUNTED, BackfillSetup, FakeCountingProcess, driver_with_contacts

TRANSACTION_SLICES = Throttle().slices_within(SLICES_SECONDS)
"""So many slices go into one transaction before some were measured."""

BYTES_OF_TWO_CONTACTS = 2 * (CONTACT_BYTES + COUNTS_BYTES + 200)
"""More than two contacts take with two visits each, and less than three."""


async def test_the_counts_are_appended_and_then_the_marker_is_due() -> None:
    setup = BackfillSetup(driver_with_contacts())
    setup.propose(COUNTED)
    assert await setup.next() is None
    await setup.await_counts()
    part = await setup.next_slice()
    assert sorted(part.contacts) == ["c00000", "c00001", "c00002"]
    assert setup.checkpoint.introduced == {"default": (2, "c00002")}
    assert await setup.next() == ("default", 2)
    await setup.backfill.close()


async def test_what_comes_after_the_proposal_is_followed_by_the_row_and_not_counted_again() -> None:
    setup = BackfillSetup(driver_with_contacts(1))
    setup.propose(COUNTED)
    setup.driver.visit(day(1), contact="c00000")
    await setup.await_counts()
    part = await setup.next_slice()
    assert list(part.contacts["c00000"].counts.values()) == [[day(0)]]
    setup.feed(records.SLICE_KEY, records.encode(part))
    assert list(setup.driver.contact("c00000").counts.values()) == [[day(0), day(1)]]
    await setup.backfill.close()


async def test_a_new_owner_goes_on_after_the_last_contact_appended() -> None:
    before = TRANSACTION_SLICES * MAX_SLICE_CONTACTS
    setup = BackfillSetup(driver_with_contacts(before + 2))
    setup.propose(COUNTED)
    await setup.await_counts()
    first = await setup.next()
    assert isinstance(first, list)
    await setup.backfill.close()
    setup.backfill = setup.new()
    await setup.await_counts()
    second = await setup.next_slice()
    assert [len(part.contacts) for part in first] == [MAX_SLICE_CONTACTS] * TRANSACTION_SLICES
    assert sorted(second.contacts) == [f"c{before:05}", f"c{before + 1:05}"]
    assert await setup.next() == ("default", 2)
    await setup.backfill.close()


async def test_a_slot_that_is_behind_writes_a_few_slices_and_then_none_for_a_while() -> None:
    contacts = BEHIND_SLICES * MAX_SLICE_CONTACTS
    setup = BackfillSetup(driver_with_contacts(contacts + 1))
    setup.throttle.measure_slices(MEASURED_SLICES * SLICES_SECONDS / (2 * BEHIND_SLICES), MEASURED_SLICES)
    setup.propose(COUNTED)
    await setup.await_counts()
    first = await setup.next(is_behind=True)
    assert isinstance(first, list)
    assert [len(part.contacts) for part in first] == [MAX_SLICE_CONTACTS] * BEHIND_SLICES
    assert await setup.next(is_behind=True) is None
    assert list((await setup.next_slice()).contacts) == [f"c{contacts:05}"]
    await setup.backfill.close()


async def test_a_slot_that_is_behind_writes_no_more_slices_than_its_transaction_has_time_for() -> None:
    setup = BackfillSetup(driver_with_contacts(2 * MAX_SLICE_CONTACTS))
    setup.throttle.measure_slices(MEASURED_SLICES * SLICES_SECONDS, MEASURED_SLICES)
    setup.propose(COUNTED)
    await setup.await_counts()
    first = await setup.next(is_behind=True)
    assert isinstance(first, list)
    assert [len(part.contacts) for part in first] == [MAX_SLICE_CONTACTS]
    await setup.backfill.close()


async def test_a_newer_release_cancels_the_one_under_way() -> None:
    setup = BackfillSetup(driver_with_contacts())
    setup.propose(COUNTED)
    await setup.await_counts()
    await setup.next_slice()
    longer = {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 3}}}
    setup.propose({"segments": [longer]})
    await setup.await_counts()
    part = await setup.next_slice()
    assert part.number == 3
    assert await setup.next() == ("default", 3)
    await setup.backfill.close()


async def test_nothing_is_begun_where_nothing_is_proposed() -> None:
    setup = BackfillSetup(driver_with_contacts())
    setup.backfill.start(setup.checkpoint)
    assert await setup.next() is None
    await setup.backfill.close()


async def test_a_count_that_was_given_up_tells_nothing_even_where_its_end_swallows_the_cancellation() -> None:
    setup = BackfillSetup(driver_with_contacts())
    setup.swallows_cancellation = True
    setup.propose(COUNTED)
    setup.backfill.start(setup.checkpoint)
    await asyncio.wait_for(setup.closing.wait(), 10)
    longer = {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 3}}}
    setup.propose({"segments": [longer]})
    setup.backfill.start(setup.checkpoint)
    await asyncio.wait_for(setup.wake_event.wait(), 10)
    part = await setup.next_slice()
    assert part.number == 3
    await setup.backfill.close()


async def test_more_contacts_than_have_room_are_counted_in_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill_module, "COUNT_BYTES", BYTES_OF_TWO_CONTACTS)
    driver = EngineDriver(segments=[])
    for name in ("e", "b", "a", "d", "c", "b", "a"):
        driver.visit(day(0), contact=name)
    setup = BackfillSetup(driver)
    setup.propose(COUNTED)
    parts = await setup.append_all_slices()
    assert [list(part.contacts) for part in parts] == [["a", "b"], ["c", "d"], ["e"]]
    assert {name: list(driver.contact(name).counts.values()) for name in "abcde"} == {
        "a": [[day(0), day(0)]],
        "b": [[day(0), day(0)]],
        "c": [[day(0)]],
        "d": [[day(0)]],
        "e": [[day(0)]],
    }
    await setup.backfill.close()


async def test_a_pass_without_any_counts_is_followed_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backfill_module, "COUNT_BYTES", BYTES_OF_TWO_CONTACTS)
    driver = EngineDriver(segments=[])
    for name in ("a", "b", "c"):
        driver.change_contact(day(0), contact=name, country="DE")
    driver.visit(day(0), contact="d")
    setup = BackfillSetup(driver)
    setup.propose(COUNTED)
    assert [list(part.contacts) for part in await setup.append_all_slices()] == [["d"]]
    await setup.backfill.close()


async def test_a_new_owner_appends_no_contact_twice_though_retention_removed_the_first_records() -> None:
    driver = EngineDriver(segments=[])
    for name in ("a", "b", "c"):
        driver.visit(day(0), contact=name)
    for name in ("b", "a", "c"):
        driver.visit(day(40), contact=name)
    setup = BackfillSetup(driver)
    setup.propose(COUNTED)
    setup.checkpoint = msgspec.structs.replace(setup.checkpoint, introduced={"default": (2, "b")})
    setup.driver.journal[:4] = []  # a new owner reads on from the remaining records
    assert [list(part.contacts) for part in await setup.append_all_slices()] == [["c"]]
    await setup.backfill.close()


async def test_slots_of_one_worker_count_one_after_the_other() -> None:
    first, second = BackfillSetup(driver_with_contacts()), BackfillSetup(driver_with_contacts())
    second.throttle = first.throttle
    second.backfill = second.new()
    first.propose(COUNTED)
    second.propose(COUNTED)
    async with first.throttle.memory_lock:  # another slot counts
        first.backfill.start(first.checkpoint)
        await asyncio.sleep(0)
        assert await first.next() is None
    await first.await_counts()
    await second.await_counts()  # while the slices of the first are not written yet
    assert len((await second.next_slice()).contacts) == len((await first.next_slice()).contacts) == 3
    await first.backfill.close()
    await second.backfill.close()


async def test_no_slice_is_appended_while_a_newer_release_is_appended_and_not_decided() -> None:
    setup = BackfillSetup(driver_with_contacts())
    setup.propose(COUNTED)
    await setup.await_counts()
    setup.checkpoint = msgspec.structs.replace(setup.checkpoint, introduced={"default": (3, "")})
    assert await setup.next() is None
    await setup.backfill.close()


async def test_a_long_past_is_counted_by_another_process_again_until_it_succeeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backfill_module, "FEW_RECORDS", 2)
    monkeypatch.setattr(backfill_module, "FIRST_PAUSE", 0.0)
    setup = BackfillSetup(driver_with_contacts())
    setup.process = process = FakeCountingProcess(setup.driver, failures=2)
    setup.letters_end = 7
    setup.backfill = setup.new()
    setup.propose(COUNTED)
    await setup.await_counts()
    assert sorted((await setup.next_slice()).contacts) == ["c00000", "c00001", "c00002"]
    assert await setup.next() == ("default", 2)
    request = CountRequest(
        "default", 1, 2, ("p-journal", 0), ("p-dead-letters", 0), until=4, letters_until=7, after=""
    )
    assert process.requests == [request] * 3
    await setup.backfill.close()
    await setup.tools.close()
    assert process.is_ended


@pytest.mark.parametrize("isolation", ["read_uncommitted", "read_committed"])
@pytest.mark.parametrize("error", [KafkaTimeoutError(), BrokerUnavailable("away")], ids=["slow", "away"])
async def test_a_past_is_counted_again_where_a_broker_is_away_meanwhile(
    isolation: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = BackfillSetup(driver_with_contacts())
    deaths = []

    def note_death(why: str, _error: BaseException) -> None:
        deaths.append(why)
        setup.wake_event.set()

    monkeypatch.setattr(backfill_module, "die", note_death)
    monkeypatch.setattr(backfill_module, "FIRST_PAUSE", 0.0)
    setup.failures[isolation] = error
    setup.propose(COUNTED)
    await setup.await_counts()
    assert deaths == []
    assert setup.failures == {}
    part = await setup.next_slice()
    assert [list(part.contacts[name].counts.values()) for name in sorted(part.contacts)] == [
        [[day(0, n)]] for n in range(3)
    ]
    assert await setup.next() == ("default", 2)
    await setup.backfill.close()


async def test_a_short_past_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill_module, "FEW_RECORDS", 4)
    setup = BackfillSetup(driver_with_contacts())
    setup.process = process = FakeCountingProcess(setup.driver)
    setup.backfill = setup.new()
    setup.propose(COUNTED)
    await setup.await_counts()
    assert len((await setup.next_slice()).contacts) == 3
    assert process.requests == []
    await setup.backfill.close()


async def test_while_events_come_slices_wait_for_the_pause_after_the_last_ones() -> None:
    setup = BackfillSetup(driver_with_contacts(TRANSACTION_SLICES * MAX_SLICE_CONTACTS + 1))
    setup.propose(COUNTED)
    await setup.await_counts()
    first = setup.backfill.next_slices(setup.checkpoint, is_busy=True)
    assert first is not None
    assert len(first[0]) == TRANSACTION_SLICES
    assert setup.backfill.next_slices(first[1], is_busy=True) is None
    await asyncio.wait_for(setup.wake_event.wait(), 10)  # after the pause
    second = setup.backfill.next_slices(first[1], is_busy=True)
    assert second is not None
    assert len(second[0]) == 1
    await setup.backfill.close()
