"""What is committed with an offset: where accounts stand still, as far as there is room."""

from __future__ import annotations

import pytest

from streams.store.handovers.progress import (
    MAX_TEXT_BYTES,
    AccountStop,
    HandOverProgress,
    decode_progress,
    encode_progress,
)


def stops(count: int) -> dict[str, AccountStop]:
    """So many accounts with long names, each further on than the one before."""
    return {f"account-{each:05}-{'x' * 40}": AccountStop(100 + each, 1_767_225_600_000) for each in range(count)}


def test_without_accounts_that_stand_still_there_is_no_text() -> None:
    assert encode_progress(HandOverProgress(7)) == (7, "")
    assert decode_progress(7, "") == HandOverProgress(7)


def test_what_is_committed_is_read_back() -> None:
    progress = HandOverProgress(500, stops(3))
    assert decode_progress(*encode_progress(progress)) == progress


@pytest.mark.parametrize("count", [50, 60, 1_000])
def test_accounts_without_room_hold_the_offset_back(count: int) -> None:
    progress = HandOverProgress(50_000, stops(count))
    offset, text = encode_progress(progress)
    assert len(text.encode()) <= MAX_TEXT_BYTES
    read = decode_progress(offset, text)
    left_out = progress.stops.keys() - read.stops.keys()
    assert all(progress.stops[account] == stop for account, stop in read.stops.items())
    assert len(read.stops) >= min(count, 40)
    assert offset == min([progress.offset, *(progress.stops[account].offset for account in left_out)])


def test_without_any_room_the_offset_alone_says_where_to_read_again() -> None:
    assert encode_progress(HandOverProgress(500, stops(3)), max_bytes=0) == (100, "")


@pytest.mark.parametrize("text", ["written by hand", "[]", '{"stopped": 3}', '{"stopped": {"a": [1]}}'])
def test_a_text_of_somebody_else_says_nothing(text: str) -> None:
    assert decode_progress(5, text) == HandOverProgress(5)
