"""Writes a release and, on request, waits until it decides in every journal partition."""

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
    """The release, valid or void; `rollout` is None where the command did not wait."""

    release: Release | VoidRelease
    rollout: Rollout | None = None


@dataclass(frozen=True, slots=True)
class ReleaseApplier:
    """Applies releases; with `patience` (seconds) it waits until each decides in every journal partition."""

    settings: Settings
    releases: ReleaseRepository
    patience: float | None = None

    async def apply(
        self, account: AccountDefinitions, based_on: int, at: int | None, on_progress: ProgressCallback
    ) -> ApplyResult:
        """Writes the release and waits for it; a newer release that replaces it ends the wait.

        Raises Unavailable when the journal shows no progress for `patience` seconds.
        """
        if self.patience is None:
            return ApplyResult(await self.releases.write_release(account.name, account.document, based_on, at))
        # Follow the journal before the release is written, so that no record of it is missed.
        async with JournalFollower(self.settings) as journal:
            release = await self.releases.write_release(account.name, account.document, based_on, at)
            if isinstance(release, VoidRelease):
                return ApplyResult(release)
            return ApplyResult(release, await _await_rollout(journal, release, self.patience, on_progress))


async def _await_rollout(
    journal: JournalFollower, release: Release, patience: float, on_progress: ProgressCallback
) -> Rollout:
    rollout = Rollout(release.account, release.number, journal.partitions)
    last_change = time.monotonic()
    while not rollout.is_over:
        on_progress(rollout.progress_text(), len(rollout.active_partitions), rollout.partition_count)
        if time.monotonic() - last_change > patience:
            text = f"release {release.number} of account {release.account} is applied"
            raise Unavailable(f"{text}, but {rollout.timeout_text(patience)}")
        if rollout.feed(await journal.poll(POLL_MS)):
            last_change = time.monotonic()
    return rollout
