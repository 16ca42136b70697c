"""Shares slots out among workers: as evenly as whole slots allow, and no slot moves for another reason.

Faust's own sharing takes from every member all but the least share and deals the rest out in turn. So when a worker
joins, others exchange slots, and each of them waits for the rows of slots that it did not need to take.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping


def share_out(slots: int, former: Mapping[str, Collection[int]]) -> dict[str, list[int]]:
    """Each member's slots, in order; `former` has all members, each with the slots it had.

    Members that had more get the larger shares. A slot that several had stays at one of them.
    """
    kept: dict[str, list[int]] = {}
    for member in sorted(former):
        taken = {slot for others in kept.values() for slot in others}
        kept[member] = [slot for slot in sorted(former[member]) if slot < slots and slot not in taken]
    least, larger = divmod(slots, len(former))
    order = sorted(kept, key=lambda member: -len(kept[member]))
    sizes = {member: least + (place < larger) for place, member in enumerate(order)}
    shares = {member: kept[member][: sizes[member]] for member in kept}
    free = sorted(set(range(slots)) - {slot for share in shares.values() for slot in share}, reverse=True)
    for member in order:
        while len(shares[member]) < sizes[member]:
            shares[member].append(free.pop())
        shares[member].sort()
    return shares
