"""The places of a mask's bits."""

from __future__ import annotations

import pytest

from streams.engine.graph.mask_places import places_of


@pytest.mark.parametrize("places", [[], [0], [63], [0, 1, 2], [5, 64, 9_999]])
def test_places_come_lowest_first(places: list[int]) -> None:
    assert places_of(sum(1 << place for place in places)) == places
