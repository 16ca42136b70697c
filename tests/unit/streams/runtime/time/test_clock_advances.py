"""Which records of the topic `clock` a worker holds, and which it must read again."""

from __future__ import annotations

from streams.runtime.time.clock_advances import STRETCH_ADVANCES, ClockAdvance, ClockAdvances


def advance_at(offset: int) -> ClockAdvance:
    return ClockAdvance(offset, "acme", 1_000 * offset, {})


def offset_from(advances: ClockAdvances, offset: int) -> int | None:
    """The offset of the next record, None where there is none or it is not held."""
    advance = advances.next_from(offset)
    return None if advance is None else advance.offset


def test_a_slot_gets_one_record_after_the_other() -> None:
    advances = ClockAdvances()
    for offset in (0, 1, 3):  # at 2 ended a transaction
        advances.add(advance_at(offset))
    assert [offset_from(advances, offset) for offset in range(5)] == [0, 1, 3, 3, None]
    assert not advances.missing


def test_what_lies_before_the_workers_start_is_read_when_a_slot_asks_for_it() -> None:
    asked: list[int] = []
    advances = ClockAdvances(max_stretches=2, on_missing=lambda: asked.append(1))
    advances.start(50)
    assert offset_from(advances, 50) is None
    assert not asked, "this slot has answered everything"
    assert offset_from(advances, 20) is None
    assert offset_from(advances, 20) is None
    assert (advances.missing, len(asked)) == ({20}, 2)
    advances.add_missing(20, 30, [advance_at(20), advance_at(25)])
    assert not advances.missing
    assert [offset_from(advances, offset) for offset in (20, 21, 25)] == [20, 25, 25]
    assert offset_from(advances, 26) is None
    assert advances.missing == {30}
    advances.add_missing(30, 50, [])
    assert offset_from(advances, 26) is None
    assert not advances.missing


def test_old_records_are_not_held_for_ever() -> None:
    advances = ClockAdvances(max_stretches=2)
    count = 10 * STRETCH_ADVANCES
    for offset in range(count):
        advances.add(advance_at(offset))
    held = [offset for offset in range(0, count, STRETCH_ADVANCES) if offset_from(advances, offset) is not None]
    assert held == [count - 3 * STRETCH_ADVANCES, count - 2 * STRETCH_ADVANCES, count - STRETCH_ADVANCES]
    assert advances.missing == set(range(0, count - 3 * STRETCH_ADVANCES, STRETCH_ADVANCES))


def test_what_a_slot_is_at_is_held_longer_than_what_nobody_asks_for() -> None:
    advances = ClockAdvances(max_stretches=2)
    advances.start(1_000)
    advances.add_missing(100, 200, [advance_at(100)])
    advances.add_missing(500, 600, [advance_at(500)])
    assert offset_from(advances, 100) == 100
    advances.add_missing(700, 800, [advance_at(700)])
    assert offset_from(advances, 100) == 100
    assert offset_from(advances, 500) is None
