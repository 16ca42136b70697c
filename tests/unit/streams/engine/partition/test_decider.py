"""The decider of a partition: batches, checkpoints, when it is busy, and what is due."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.engine_versions import NEWEST_VERSION
from streams.engine.journal import records
from streams.engine.journal.effects import Budget, Effects
from streams.engine.partition.checkpoint import Checkpoint
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.state.memory_rows import MemoryRows
from tests.harness.engine.engine_driver import DAY, START, day, sound_definitions

RECENT = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "7d"}}
RELEASE = sound_definitions({"segments": [RECENT]})
EVERYTHING = Budget(1 << 40, 1 << 40)


def visit(contact: str, offset: int, at: int, account: str = "default") -> tuple[int, bytes, bytes]:
    event = records.JournalEvent(
        type="web.visited", id=f"v{offset}", at=at, account=account, owner=contact, source=("web-visits", 0, offset)
    )
    return offset, records.event_key(account, contact), records.encode(event)


def marker(offset: int, number: int = 1, account: str = "default") -> tuple[int, bytes, bytes]:
    return offset, b"release", records.encode(records.Marker(account, number, offset, "", None, NEWEST_VERSION))


def tick(offset: int, at: int) -> tuple[int, bytes, bytes]:
    return offset, b"tick", records.encode(records.Tick(at))


def decider_of(*entries: tuple[int, bytes, bytes], **options: Any) -> PartitionDecider:
    decider = PartitionDecider(0, lambda *_: RELEASE, DEFAULT_ENGINE_SETTINGS, **options)
    decider.resume(None)
    for entry in entries:
        decider.feed(*entry)
    return decider


def exits(effects: Effects) -> list[str]:
    return sorted(output.key.decode() for output in effects.outputs if output.topic == "segment-changes")


def test_a_batch_respects_its_budget_of_contacts() -> None:
    visits = [visit(f"c{number}", number + 1, START) for number in range(10)]
    decider = decider_of(marker(0), *visits, tick(11, day(8)))
    decider.work(Budget(records=10))
    assert decider.resume_offset(12) == 11
    keys = []
    batches = 0
    while decider.has_pending():
        effects = decider.work(Budget(records=3))
        assert len(effects.rows) <= 3
        keys += exits(effects)
        batches += 1
    assert keys == [f"default/c{number}" for number in range(10)]
    assert batches == 4


def test_a_batch_ends_when_its_bytes_are_used_up() -> None:
    decider = decider_of(marker(0), *[visit(f"c{number}", number + 1, START) for number in range(10)])
    effects = decider.work(Budget(bytes=1_500))
    assert 1 <= len(effects.rows) < 10
    assert decider.has_pending()


def test_a_batch_ends_when_its_time_is_used_up() -> None:
    seconds = iter(range(100))
    decider = decider_of(
        marker(0), *[visit(f"c{number}", number + 1, START) for number in range(10)], timer=lambda: next(seconds)
    )
    effects = decider.work(Budget(seconds=3))
    assert 1 <= len(effects.rows) < 10


def test_while_a_tick_is_unfinished_it_is_busy_and_the_resume_offset_is_after_it() -> None:
    visits = [visit(f"c{number}", number + 1, START) for number in range(5)]
    decider = decider_of(marker(0), *visits)
    decider.work(EVERYTHING)
    assert not decider.is_busy()
    decider.feed(*tick(6, day(8)))
    assert decider.is_busy()
    decider.work(Budget(records=2))
    assert (decider.is_busy(), decider.resume_offset(7)) == (True, 7)
    state = msgspec.json.decode(decider.checkpoint(), type=Checkpoint)
    assert state.unfinished is not None
    assert state.unfinished.offset == 6


def test_own_records_are_decided_beside_a_tick_and_after_it_for_each_contact() -> None:
    visits = [visit(f"c{number}", number + 1, START) for number in range(20)]
    decider = decider_of(marker(0), *visits)
    decider.work(EVERYTHING)
    decider.feed(*tick(21, day(8)))
    decider.feed(*visit("c19", 22, day(9)))
    effects = decider.work(Budget(records=4))
    changes = [msgspec.json.decode(o.value) for o in effects.outputs if o.key == b"default/c19" and o.value]
    assert [(change["type"], change["number"]["offset"]) for change in changes] == [
        ("segment.exited", 21),
        ("segment.entered", 22),
        ("contact", 22),
    ]
    assert decider.is_busy()


def test_a_release_that_may_not_go_on_leaves_the_time_to_records_that_were_fed() -> None:
    visits = [visit(f"c{number}", number, START) for number in range(20)]
    decider = decider_of(*visits, marker(20), *(visit(f"c{number}", 21 + number, day(1)) for number in range(3)))
    decider.work(Budget(records=20))
    assert not decider.is_releasing()
    decider.work(Budget(records=1))
    assert decider.is_releasing()
    decider.work(Budget(advances_releases=False))
    assert {contact.id for contact in decider.contacts() if contact.release == 1} == {"c0", "c1", "c2"}
    assert len(decider.work(Budget(advances_releases=False)).rows) == 1  # without a record one contact at least
    while decider.has_pending():
        decider.work(EVERYTHING)
    assert not decider.is_releasing()
    assert {contact.release for contact in decider.contacts()} == {1}


def test_a_second_marker_waits_for_the_first() -> None:
    visits = [visit(f"c{number}", number, START) for number in range(6)]
    decider = decider_of(*visits, marker(6), marker(7, 2), visit("c0", 8, day(1)))
    decider.work(Budget(records=8))
    assert decider.active_releases() == {"default": 1}
    assert decider.resume_offset(9) == 7
    while decider.has_pending():
        decider.work(Budget(records=2))
    assert decider.active_releases() == {"default": 2}
    assert {contact.release for contact in decider.contacts()} == {2}


def test_a_marker_skips_contacts_created_after_it() -> None:
    decider = decider_of(visit("old", 0, START), marker(1), visit("new", 2, START + 1))
    outputs = []
    while decider.has_pending():
        outputs += decider.work(Budget(records=1)).outputs
    kinds = {o.key: msgspec.json.decode(o.value)["cause"]["kind"] for o in outputs if o.value}
    assert kinds[b"default/new"] == "event"


def test_a_marker_does_not_affect_other_accounts() -> None:
    visits = (visit("ann", 0, START), visit("ann", 1, START, "acme"))
    decider = decider_of(*visits, marker(2, account="acme"))
    decider.work(EVERYTHING)
    assert {contact.account: contact.release for contact in decider.contacts()} == {"acme": 1, "default": 0}


def test_a_restored_decider_has_the_dues_and_the_active_releases() -> None:
    decider = decider_of(marker(0), visit("ann", 1, START), tick(2, day(1)))
    effects = decider.work(EVERYTHING)
    successor = PartitionDecider(0, lambda *_: RELEASE, DEFAULT_ENGINE_SETTINGS)
    for key, value in effects.rows.items():
        successor.restore(key, value)
    successor.resume(decider.checkpoint())
    assert successor.next_due() == START + 7 * DAY
    assert successor.active_releases() == {"default": 1}
    successor.feed(*tick(3, day(7, 1)))
    assert exits(successor.work(EVERYTHING)) == ["default/ann"]
    assert successor.next_due() is None


def test_the_heap_of_dues_does_not_grow_with_every_visit() -> None:
    rows = MemoryRows()
    decider = decider_of(marker(0), rows=rows)
    for offset in range(1, 6_001):
        decider.feed(*visit("ann", offset, START + offset))
    decider.work(EVERYTHING)
    assert sum(map(len, rows._due_heaps.values())) <= 2_000
