"""Lists the places of the bits of a mask."""

from __future__ import annotations


def places_of(mask: int) -> list[int]:
    """The places of the bits, the lowest first.

    It begins with the highest bit: for a mask of thousands of bits, `mask & -mask` takes ten times as long.
    """
    places: list[int] = []
    while mask:
        place = mask.bit_length() - 1
        mask ^= 1 << place
        places.append(place)
    places.reverse()
    return places
