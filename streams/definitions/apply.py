"""A release on its way into the journal: written, then seen in every partition."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from streams.definitions import Account
from streams.definitions.rollout import Arrival
from streams.engine.releases.release_log import Release, Void
from streams.errors import Unavailable
from streams.settings import Settings
from streams.store.journal_follower import JournalFollower
from streams.store.releases import Releases

POLL_MS = 200

Advance = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Applied:
    """What a record became for every reader, and how far it came; None where nobody waited for it."""

    made: Release | Void
    arrival: Arrival | None = None


@dataclass(frozen=True, slots=True)
class Applier:
    """Makes releases; with `patience` (seconds) each is waited for until it decides in every journal partition."""

    settings: Settings
    releases: Releases
    patience: float | None = None

    async def apply(self, account: Account, based_on: int, at: int | None, advance: Advance) -> Applied:
        """Writes the release; a newer one that comes in its place ends the waiting.

        Raises Unavailable when the journal shows nothing of it for as long as the patience is.
        """
        if self.patience is None:
            return Applied(await self.releases.make(account.name, account.document, based_on, at))
        # The journal is followed from before the release is written, so that nothing of it is missed.
        async with JournalFollower(self.settings) as journal:
            made = await self.releases.make(account.name, account.document, based_on, at)
            if isinstance(made, Void):
                return Applied(made)
            return Applied(made, await _await_arrival(journal, made, self.patience, advance))


async def _await_arrival(journal: JournalFollower, release: Release, patience: float, advance: Advance) -> Arrival:
    arrival = Arrival(release.account, release.number, journal.partitions)
    moved = time.monotonic()
    while not arrival.is_over:
        advance(arrival.text(), len(arrival.deciding), arrival.total)
        if time.monotonic() - moved > patience:
            what = f"release {release.number} of account {release.account} is applied"
            raise Unavailable(f"{what}, but {arrival.missing(patience)}")
        if arrival.see(await journal.next(POLL_MS)):
            moved = time.monotonic()
    return arrival
