"""Which release decides in a partition, which one is proposed, and what is followed for that one meanwhile."""

from __future__ import annotations

from streams.engine.decisions.backfill_leaves import NOTHING, Following, new_leaves
from streams.engine.decisions.decide import NO_TICK
from streams.engine.journal.records import Marker, Proposal
from streams.engine.partition.broadcast import Proposed, Standing, Unfinished
from streams.engine.releases.compiled import CompiledRelease, ReleaseCache
from streams.engine.version import expect_semantics


class InForce:
    """What a partition's `standing` says of releases, ready to decide with."""

    def __init__(self, releases: ReleaseCache, standing: Standing) -> None:
        self._releases = releases
        self._standing = standing
        self._leaves: dict[str, tuple[int, Following]] = {}

    def release(self, account: str) -> CompiledRelease:
        """The one that decides; number 0 where there is none yet."""
        return self._releases.get(account, self._standing.releases.get(account, 0))

    def following(self, account: str) -> Following:
        """The leaves of the proposed release that are followed beside those in force."""
        proposed = self._standing.proposed.get(account)
        if proposed is None:
            return NOTHING
        in_force = self._standing.releases.get(account, 0)
        known = self._leaves.get(account)
        if known is None or (known[0], known[1].number) != (in_force, proposed.number):
            following = new_leaves(self.release(account), self._releases.get(account, proposed.number))
            known = self._leaves[account] = (in_force, following)
        return known[1]

    def needs_history(self, marker: Marker) -> bool:
        """Whether that release, coming now, asks of the past what nobody kept."""
        return bool(new_leaves(self.release(marker.account), self._releases.get(marker.account, marker.number)))

    def propose(self, offset: int, proposal: Proposal) -> None:
        """One that is proposed and not in force yet is given up for it. Raises OtherSemantics."""
        expect_semantics(proposal.semantics, f"the proposed release {proposal.number} of account {proposal.account}")
        given_up = self._standing.proposed.get(proposal.account)
        if given_up is not None:
            self._releases.drop(proposal.account, given_up.number)
        self._standing.proposed[proposal.account] = Proposed(proposal.number, offset)

    def change(self, offset: int, marker: Marker) -> Unfinished:
        """From here on the marker's release decides; what every contact of the account has to be told of it.

        Raises OtherSemantics.
        """
        account, standing = marker.account, self._standing
        expect_semantics(marker.semantics, f"release {marker.number} of account {account}")
        former = standing.releases.get(account, 0)
        tick = standing.clock_of(account, NO_TICK)
        proposed = standing.proposed.pop(account, None)
        standing.releases[account] = marker.number
        self._leaves.pop(account, None)
        was_proposed = proposed is not None and proposed.number == marker.number
        return Unfinished(offset, marker, former, tick, was_proposed)
