"""What is answered of one partition of `qualified-leads`, and where accounts that stand still are read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.store.handovers.progress import AccountStop, HandOverProgress


@dataclass(slots=True)
class StoppedLine:
    """The hand-overs of one account that wait behind the others: `position` is the next offset to read again."""

    position: int
    since: int
    open: set[int] = field(default_factory=set)
    """Offsets that were read again and are not answered."""

    @property
    def first(self) -> int:
        """The first offset that is not answered."""
        return min(self.open, default=self.position)


class HandOverPartition:
    """The progress of one partition, from `committed` on; `position` is the next offset that is read."""

    def __init__(self, committed: HandOverProgress) -> None:
        self.start = committed.offset
        """Where this owner began: everything before was answered by a former one, but for the stopped lines."""
        self.position = committed.offset
        self.looked_from = self.looked_to = min(
            [committed.offset, *(each.offset for each in committed.stops.values())]
        )
        """Opt-outs are known of the records between these offsets, the second not included."""
        self._open: dict[int, str] = {}
        """Offset -> account of what goes on with the others and is not answered."""
        self._lines = {account: StoppedLine(stop.offset, stop.since) for account, stop in committed.stops.items()}

    @property
    def lines(self) -> Mapping[str, StoppedLine]:
        """The accounts that are behind, by name."""
        return self._lines

    def advance(self, position: int) -> None:
        """Everything before `position` was read; records that no reader sees may lie in between."""
        if self.is_level:
            self.looked_to = max(self.looked_to, position)
        self.position = max(self.position, position)

    @property
    def is_level(self) -> bool:
        """Whether opt-outs are known of everything that was read: then they are of what is read next."""
        return self.looked_to >= self.position

    def look_again(self, offset: int) -> None:
        """Opt-outs are to be looked for anew, from an offset on."""
        self.looked_from = self.looked_to = offset

    def open(self, account: str, offset: int) -> None:
        """A hand-over of an account that goes on was read."""
        self._open[offset] = account

    def answer(self, account: str, offset: int) -> None:
        """A hand-over is answered, durably."""
        self._open.pop(offset, None)
        if account in self._lines:
            self._lines[account].open.discard(offset)

    def stop(self, account: str, offset: int, since: int) -> None:
        """The account stands still, from an offset that was not read yet or is not answered."""
        self._open.pop(offset, None)
        line = self._lines.get(account)
        if line is None:
            line = self._lines[account] = StoppedLine(offset, since)
            # What it has under way from here on stands with the account: a new owner reads it again from there.
            line.open.update(each for each, owner in self._open.items() if owner == account)
            for each in line.open:
                del self._open[each]
        line.open.discard(offset)
        line.position = min(line.position, offset)

    def join(self, account: str) -> bool:
        """Lets an account that has come as far as the others go on with them; returns whether it has."""
        line = self._lines.get(account)
        if line is None or line.position < self.position:
            return False
        self._open |= dict.fromkeys(self._lines.pop(account).open, account)
        return True

    def committable(self) -> HandOverProgress:
        """What may be committed now."""
        stops = {account: AccountStop(line.first, line.since) for account, line in self._lines.items()}
        return HandOverProgress(min(self._open, default=self.position), stops)
