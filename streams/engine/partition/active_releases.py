"""Tells which release decides in a partition, which one is proposed, and which leaves are tracked for that one."""

from __future__ import annotations

from streams.engine.decisions.backfill_leaves import NO_BACKFILL, BackfillLeaves, new_leaves
from streams.engine.journal.records import NO_TICK, Marker, Proposal
from streams.engine.partition.checkpoint import PartitionStatus, PendingBroadcast, PendingProposal
from streams.engine.releases.cache import ReleaseCache
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.version import require_version


class ActiveReleases:
    """The compiled releases of a partition's `status`."""

    def __init__(self, release_cache: ReleaseCache, status: PartitionStatus) -> None:
        self._release_cache = release_cache
        self._status = status
        self._leaves_by_account: dict[str, tuple[int, BackfillLeaves]] = {}  # with the active release they are for

    def release(self, account: str) -> CompiledRelease:
        """The release that decides; the empty release, number 0, where there is none yet."""
        return self._release_cache.get(account, self._status.releases.get(account, 0))

    def backfill_leaves(self, account: str) -> BackfillLeaves:
        """The leaves of the proposed release that are tracked beside those of the active one."""
        proposed = self._status.proposed.get(account)
        if proposed is None:
            return NO_BACKFILL
        active = self._status.releases.get(account, 0)
        cached = self._leaves_by_account.get(account)
        if cached is None or (cached[0], cached[1].number) != (active, proposed.number):
            leaves = new_leaves(self.release(account), self._release_cache.get(account, proposed.number))
            cached = self._leaves_by_account[account] = (active, leaves)
        return cached[1]

    def needs_backfill(self, marker: Marker) -> bool:
        """Returns whether the release, activated now, has leaves that need the past and are not tracked."""
        return bool(new_leaves(self.release(marker.account), self._release_cache.get(marker.account, marker.number)))

    def propose(self, offset: int, proposal: Proposal) -> None:
        """Proposes a release in place of a proposed one that is not active yet. Raises EngineVersionMismatch."""
        require_version(proposal.semantics, f"the proposed release {proposal.number} of account {proposal.account}")
        former = self._status.proposed.get(proposal.account)
        if former is not None:
            self._release_cache.discard(proposal.account, former.number)
        self._status.proposed[proposal.account] = PendingProposal(proposal.number, offset)

    def activate(self, offset: int, marker: Marker) -> PendingBroadcast:
        """Makes the marker's release the active one. Returns the broadcast to every contact of the account.

        Raises EngineVersionMismatch.
        """
        account, status = marker.account, self._status
        require_version(marker.semantics, f"release {marker.number} of account {account}")
        former = status.releases.get(account, 0)
        tick = status.clock_of(account, NO_TICK)
        proposed = status.proposed.pop(account, None)
        status.releases[account] = marker.number
        self._leaves_by_account.pop(account, None)
        was_proposed = proposed is not None and proposed.number == marker.number
        return PendingBroadcast(offset, marker, former, tick, was_proposed)
