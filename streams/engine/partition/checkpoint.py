"""What a partition knows besides its contacts, as checkpoints store it; light, since many commands read only this."""

from __future__ import annotations

import msgspec

from streams.engine.journal.records import Marker, Tick


class PendingProposal(msgspec.Struct, frozen=True):
    """A proposed release: its number, and the offset of its proposal in the journal."""

    number: int
    offset: int


class PartitionStatus(msgspec.Struct, omit_defaults=True):
    """The ticks and releases of a partition so far."""

    tick: int | None = None
    """The last tick for all accounts (ms)."""
    ticks: dict[str, int] = {}
    """Account -> the last tick for it alone (ms)."""
    releases: dict[str, int] = {}
    """Account -> the number of the active release."""
    proposed: dict[str, PendingProposal] = {}
    """Account -> the proposed release."""

    def clock_of(self, account: str, default: int) -> int:
        """The last tick for contacts of the account (ms); `default` where there was none."""
        own, common = self.ticks.get(account), self.tick
        if own is None:
            return default if common is None else common
        return own if common is None else max(own, common)

    def advance(self, tick: Tick) -> None:
        """Records a tick; time never goes back."""
        if tick.account:
            self.ticks[tick.account] = max(tick.at, self.ticks.get(tick.account, tick.at))
        else:
            self.tick = tick.at if self.tick is None else max(tick.at, self.tick)


class PendingBroadcast(msgspec.Struct, omit_defaults=True):
    """A broadcast that has not reached every contact yet, as checkpoints store it."""

    offset: int
    record: Tick | Marker
    former: int = 0
    """Of a marker: the number of the release that decided before."""
    tick: int = 0
    """Of a marker: the last tick before it (ms)."""
    was_proposed: bool = False
    """Of a marker: whether its release was proposed, so that its leaves were tracked."""


class Checkpoint(msgspec.Struct, omit_defaults=True):
    """What a restart needs besides rows and journal offset; its field names are bytes of the changelog."""

    standing: PartitionStatus
    unfinished: PendingBroadcast | None = None
    semantics: int = 1
    """The newest engine version of the releases so far: an engine that does not know it must not go on from here."""
    taken_in: int = 0
    """If the next record is a slice: how many of its contacts are decided."""
