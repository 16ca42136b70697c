"""A release on its way into the journal: written, then seen in every partition."""

from __future__ import annotations

import time
from dataclasses import dataclass

from streams.definitions import AccountDefinitions
from streams.definitions.rollout import Rollout
from streams.engine.releases.release_log import Release, VoidRelease
from streams.errors import Unavailable
from streams.progress import ProgressCallback
from streams.settings import Settings
from streams.store.journal_follower import JournalFollower
from streams.store.releases import ReleaseRepository

POLL_MS = 200


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What a record became for every reader, and how far it came; None where nobody waited for it."""

    release: Release | VoidRelease
    rollout: Rollout | None = None


@dataclass(frozen=True, slots=True)
class ReleaseApplier:
    """Makes releases; with `patience` (seconds) each is waited for until it decides in every journal partition."""

    settings: Settings
    releases: ReleaseRepository
    patience: float | None = None

    async def apply(
        self, account: AccountDefinitions, based_on: int, at: int | None, on_progress: ProgressCallback
    ) -> ApplyResult:
        """Writes the release; a newer one that comes in its place ends the waiting.

        Raises Unavailable when the journal shows nothing of it for as long as the patience is.
        """
        if self.patience is None:
            return ApplyResult(await self.releases.write_release(account.name, account.document, based_on, at))
        # The journal is followed from before the release is written, so that nothing of it is missed.
        async with JournalFollower(self.settings) as journal:
            made = await self.releases.write_release(account.name, account.document, based_on, at)
            if isinstance(made, VoidRelease):
                return ApplyResult(made)
            return ApplyResult(made, await _await_rollout(journal, made, self.patience, on_progress))


async def _await_rollout(
    journal: JournalFollower, release: Release, patience: float, on_progress: ProgressCallback
) -> Rollout:
    arrival = Rollout(release.account, release.number, journal.partitions)
    moved = time.monotonic()
    while not arrival.is_over:
        on_progress(arrival.progress_text(), len(arrival.active_partitions), arrival.partition_count)
        if time.monotonic() - moved > patience:
            what = f"release {release.number} of account {release.account} is applied"
            raise Unavailable(f"{what}, but {arrival.timeout_text(patience)}")
        if arrival.feed(await journal.poll(POLL_MS)):
            moved = time.monotonic()
    return arrival
