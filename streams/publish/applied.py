"""A release on its way into the journal: written, then seen in every partition."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from streams.definitions import Account
from streams.engine.releases import Release, Void
from streams.errors import Unavailable
from streams.publish.journal import JournalFollower
from streams.publish.releases import Releases
from streams.settings import Settings

POLL_MS = 200

Advance = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Applier:
    """Makes releases; with `patience` (seconds) each is waited for until every journal partition holds its marker."""

    settings: Settings
    releases: Releases
    patience: float | None = None

    async def apply(self, account: Account, based_on: int, at: int | None, advance: Advance) -> Release | Void:
        """What the record became for every reader. Raises Unavailable when the journal does not take it in time."""
        if self.patience is None:
            return await self.releases.make(account.name, account.document, based_on, at)
        # The journal is followed from before the release is written, so that no marker is missed.
        async with JournalFollower(self.settings) as journal:
            made = await self.releases.make(account.name, account.document, based_on, at)
            if isinstance(made, Release):
                await _await_markers(journal, made, self.patience, advance)
            return made


async def _await_markers(journal: JournalFollower, release: Release, patience: float, advance: Advance) -> None:
    missing = set(journal.partitions)
    total = len(missing)
    last_came = time.monotonic()
    while missing:
        advance("waiting for the journal", total - len(missing), total)
        # Other records, such as ticks, are no sign that the marker comes: a partition may have no owner.
        if time.monotonic() - last_came > patience:
            raise Unavailable(
                f"release {release.number} of account {release.account} is applied, but {len(missing)} of {total}"
                f" journal partitions did not take it within {patience:.0f} s; is a worker running?"
                " `leadstream worker` starts one"
            )
        for partition, marker in (await journal.next(POLL_MS)).markers:
            if marker.account == release.account and marker.number >= release.number and partition in missing:
                missing.discard(partition)
                last_came = time.monotonic()
