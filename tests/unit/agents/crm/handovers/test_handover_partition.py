"""The progress of a partition: the offset never passes what is not answered, but for accounts that stand still."""

from __future__ import annotations

import random

from agents.crm.handovers.handover_partition import HandOverPartition
from streams.store.handovers.progress import AccountStop, HandOverProgress


def read_to(end: int, *open_offsets: int) -> HandOverPartition:
    """A partition read from 0 to `end`, with hand-overs at these offsets."""
    progress = HandOverPartition(HandOverProgress(0))
    for offset in open_offsets:
        progress.open("acme", offset)
    progress.advance(end)
    return progress


def test_the_offset_is_the_lowest_that_is_not_answered() -> None:
    progress = read_to(10, 2, 5, 7)
    progress.answer("acme", 5)
    assert progress.committable() == HandOverProgress(2)
    progress.answer("acme", 2)
    assert progress.committable() == HandOverProgress(7)
    progress.answer("acme", 7)
    assert progress.committable() == HandOverProgress(10)


def test_an_account_that_stands_still_lets_the_others_pass() -> None:
    progress = read_to(10, 2, 3)
    for offset in (3, 2):
        progress.stop("acme", offset, 1_000)
    assert progress.committable() == HandOverProgress(10, {"acme": AccountStop(2, 1_000)})
    progress.advance(20)
    assert progress.committable() == HandOverProgress(20, {"acme": AccountStop(2, 1_000)})


def test_what_is_read_again_is_committed_as_it_is_answered_and_joins_the_others() -> None:
    progress = HandOverPartition(HandOverProgress(10, {"acme": AccountStop(2, 1_000)}))
    line = progress.lines["acme"]
    line.open |= {2, 4}
    line.position = 6
    assert not progress.join("acme")
    progress.answer("acme", 2)
    assert progress.committable() == HandOverProgress(10, {"acme": AccountStop(4, 1_000)})
    line.position = 10
    assert progress.join("acme")
    assert progress.committable() == HandOverProgress(4)
    progress.answer("acme", 4)
    assert progress.committable() == HandOverProgress(10)
    assert not progress.join("beta")


def test_an_account_that_stops_again_is_read_again_from_its_first_open_offset() -> None:
    progress = HandOverPartition(HandOverProgress(10, {"acme": AccountStop(2, 1_000)}))
    progress.lines["acme"].open |= {2, 4}
    progress.lines["acme"].position = 6
    for offset in (4, 2):
        progress.stop("acme", offset, 9_000)
    assert progress.committable() == HandOverProgress(10, {"acme": AccountStop(2, 1_000)})
    assert progress.lines["acme"].position == 2


def test_whatever_happens_no_open_hand_over_is_passed() -> None:
    chance = random.Random(7)
    for _ in range(300):
        progress = HandOverPartition(HandOverProgress(0))
        accounts = dict(enumerate(chance.choices(["acme", "beta", "default"], k=30)))
        answered = set()
        for offset, account in accounts.items():
            progress.advance(offset + 1)
            if account in progress.lines:
                continue
            if account == "acme" and chance.random() < 0.3:
                progress.stop(account, offset, 0)
                continue
            progress.open(account, offset)
            if chance.random() < 0.7:
                progress.answer(account, offset)
                answered.add(offset)
        committed = progress.committable()
        passed = {
            offset
            for offset, account in accounts.items()
            if offset < (committed.stops[account].offset if account in committed.stops else committed.offset)
        }
        assert passed <= answered


def test_opt_outs_are_looked_for_from_the_first_account_that_stands_still() -> None:
    progress = HandOverPartition(HandOverProgress(10, {"acme": AccountStop(4, 1), "beta": AccountStop(2, 1)}))
    assert (progress.looked_to, progress.is_level) == (2, False)
    progress.advance(20)
    assert progress.looked_to == 2
    progress.looked_to = 20
    progress.advance(21)
    assert (progress.looked_to, progress.is_level) == (21, True)


def test_what_was_read_ahead_is_not_forgotten_as_the_group_reads_on() -> None:
    progress = read_to(10)
    progress.looked_to = 30
    progress.advance(20)
    assert progress.looked_to == 30
    progress.advance(40)
    assert progress.looked_to == 40
    progress.look_again(5)
    assert (progress.looked_from, progress.looked_to, progress.is_level) == (5, 5, False)
