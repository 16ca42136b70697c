"""Which release decides in a partition, which one is proposed, and what is followed for that one meanwhile."""

from __future__ import annotations

from streams.engine.decisions.backfill_leaves import NO_BACKFILL, BackfillLeaves, new_leaves
from streams.engine.decisions.decide import NO_TICK
from streams.engine.journal.records import Marker, Proposal
from streams.engine.partition.broadcast import PartitionStatus, PendingBroadcast, PendingProposal
from streams.engine.releases.cache import ReleaseCache
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.version import require_version


class ActiveReleases:
    """What a partition's `status` says of releases, ready to decide with."""

    def __init__(self, release_cache: ReleaseCache, status: PartitionStatus) -> None:
        self._release_cache = release_cache
        self._status = status
        self._leaves_by_account: dict[str, tuple[int, BackfillLeaves]] = {}

    def release(self, account: str) -> CompiledRelease:
        """The one that decides; number 0 where there is none yet."""
        return self._release_cache.get(account, self._status.releases.get(account, 0))

    def backfill_leaves(self, account: str) -> BackfillLeaves:
        """The leaves of the proposed release that are followed beside those in force."""
        proposed = self._status.proposed.get(account)
        if proposed is None:
            return NO_BACKFILL
        in_force = self._status.releases.get(account, 0)
        known = self._leaves_by_account.get(account)
        if known is None or (known[0], known[1].number) != (in_force, proposed.number):
            following = new_leaves(self.release(account), self._release_cache.get(account, proposed.number))
            known = self._leaves_by_account[account] = (in_force, following)
        return known[1]

    def needs_backfill(self, marker: Marker) -> bool:
        """Whether that release, coming now, asks of the past what nobody kept."""
        return bool(new_leaves(self.release(marker.account), self._release_cache.get(marker.account, marker.number)))

    def propose(self, offset: int, proposal: Proposal) -> None:
        """One that is proposed and not in force yet is given up for it. Raises EngineVersionMismatch."""
        require_version(proposal.semantics, f"the proposed release {proposal.number} of account {proposal.account}")
        given_up = self._status.proposed.get(proposal.account)
        if given_up is not None:
            self._release_cache.discard(proposal.account, given_up.number)
        self._status.proposed[proposal.account] = PendingProposal(proposal.number, offset)

    def activate(self, offset: int, marker: Marker) -> PendingBroadcast:
        """From here on the marker's release decides; what every contact of the account has to be told of it.

        Raises EngineVersionMismatch.
        """
        account, standing = marker.account, self._status
        require_version(marker.semantics, f"release {marker.number} of account {account}")
        former = standing.releases.get(account, 0)
        tick = standing.clock_of(account, NO_TICK)
        proposed = standing.proposed.pop(account, None)
        standing.releases[account] = marker.number
        self._leaves_by_account.pop(account, None)
        was_proposed = proposed is not None and proposed.number == marker.number
        return PendingBroadcast(offset, marker, former, tick, was_proposed)
