"""Conditions that ask of what the journal's retention has taken away are refused, with the date (SPEC section 9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from schemas.definitions import Definitions
from schemas.values import instant_text
from streams.clock import now_ms
from streams.definitions.history_needs import Asked, newly_asked
from streams.engine.decisions.decide import NO_TICK
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.state.contact import Head
from streams.errors import DefinitionsRefused
from streams.settings import Clock
from streams.store.retention import beginnings_gone
from streams.store.store import Slot, Store

MOST_LISTED = 10

_head = msgspec.json.Decoder(Head).decode


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a journal: from when on it speaks, and as of when it is asked (ms)."""

    speaks_from: int
    now: int


def behind(asked: Iterable[Asked], left: Left) -> list[str]:
    """A line for each leaf that reaches behind what is left."""
    lines = []
    for each in asked:
        reach = each.reaches_to(left.now)
        if reach is not None and reach >= left.speaks_from:
            continue
        to = "over all the past" if reach is None or reach < 0 else f"back to {instant_text(reach)}"
        leaf = msgspec.json.encode(each.leaf).decode()
        lines.append(
            f"{each.owner}: {leaf} reaches {to}, but the journal speaks from {instant_text(left.speaks_from)} on:"
            " what was before fell to its retention; take a window that begins later"
        )
    return lines


async def refuse_behind(
    store: Store, account: str, proposed: Definitions, log: ReleaseLog, at: int | None = None
) -> None:
    """Raises DefinitionsRefused, a line per leaf, for definitions that ask of what is gone.

    `at` (ms): when they would take effect; without it as soon as may be. Only what nobody keeps yet is looked at.
    """
    latest = log.latest(account)
    asked = newly_asked(latest.content if latest is not None else None, proposed)
    if not asked:
        return
    left = await _left(store, account, at)
    lines = [] if left is None else behind(asked, left)
    if lines:
        more = [f"and {len(lines) - MOST_LISTED} more"] if len(lines) > MOST_LISTED else []
        raise DefinitionsRefused("\n".join([*lines[:MOST_LISTED], *more]))


async def _left(store: Store, account: str, at: int | None) -> Left | None:
    """Of all partitions that lost records and have contacts of the account; None where nothing of it is gone."""
    found = []
    for number, speaks_from in (await beginnings_gone(store, account)).items():
        slot = await store.slot(number, lambda key: key.startswith(account.encode() + b"/"), _quietly)
        if slot.rows:
            now = _now(account, slot, store.deployment.clock) if at is None else at
            found.append(Left(now if speaks_from is None else speaks_from, now))
    if not found:
        return None
    return Left(max(left.speaks_from for left in found), min(left.now for left in found))


def _now(account: str, slot: Slot, clock: Clock) -> int:
    """When a release would take effect, for whoever it reaches first, that came at once."""
    if clock == "wall":
        return now_ms()
    tick = slot.standing.clock_of(account, NO_TICK)
    return min(max(_head(row).clock, tick) for row in slot.rows.values())


def _quietly(_done: int, _total: int) -> None:
    """Rows are few or many; this is a look at whether there are any."""
