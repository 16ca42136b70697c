"""Slots are shared out evenly, and only those move that must."""

from __future__ import annotations

import random

import pytest

from streams.runtime.faust.slot_shares import share_out


def moved(former: dict[str, list[int]], shares: dict[str, list[int]]) -> int:
    """How many slots a member has that it did not have."""
    return sum(len(set(share) - set(former[member])) for member, share in shares.items())


def test_a_third_worker_of_eight_slots_gets_two_and_the_others_exchange_none() -> None:
    former = {"w0": [4, 5, 6, 7], "w1": [0, 1, 2, 3], "w2": []}
    assert share_out(8, former) == {"w0": [4, 5, 6], "w1": [0, 1, 2], "w2": [3, 7]}


def test_the_slots_of_a_worker_that_left_go_to_those_that_have_less() -> None:
    assert share_out(8, {"w0": [4, 5, 6], "w1": [0, 1, 2]}) == {"w0": [3, 4, 5, 6], "w1": [0, 1, 2, 7]}


def test_a_worker_that_takes_the_place_of_another_takes_its_slots() -> None:
    assert share_out(4, {"w0": [0, 2], "w3": []}) == {"w0": [0, 2], "w3": [1, 3]}


def test_with_more_workers_than_slots_those_that_have_one_keep_it() -> None:
    assert share_out(2, {"w0": [], "w1": [1], "w2": [0], "w3": []}) == {"w0": [], "w1": [1], "w2": [0], "w3": []}


def test_a_slot_that_two_had_stays_at_one_of_them() -> None:
    shares = share_out(4, {"w0": [0, 1, 2, 3], "w1": [0, 1]})
    assert sorted(slot for share in shares.values() for slot in share) == [0, 1, 2, 3]
    assert [len(share) for share in shares.values()] == [2, 2]


def test_slots_of_a_larger_deployment_do_not_count() -> None:
    assert share_out(2, {"w0": [5, 1, 0], "w1": []}) == {"w0": [0], "w1": [1]}


@pytest.mark.parametrize("seed", range(50))
def test_shares_are_even_and_as_few_slots_move_as_possible(seed: int) -> None:
    rng = random.Random(seed)
    slots, count = rng.randint(1, 16), rng.randint(1, 6)
    former: dict[str, list[int]] = {f"w{number}": [] for number in range(count)}
    for slot in range(slots):
        if rng.random() < 0.8:
            former[f"w{rng.randrange(count)}"].append(slot)
    shares = share_out(slots, former)
    assert sorted(slot for share in shares.values() for slot in share) == list(range(slots))
    sizes = sorted((len(share) for share in shares.values()), reverse=True)
    assert sizes[0] - sizes[-1] <= 1
    # The best sizes give the larger shares to those that had most; whatever is above a share must move.
    had = sorted((len(slots_before) for slots_before in former.values()), reverse=True)
    assert moved(former, shares) == slots - sum(map(min, had, sizes))
