"""Who would enter and leave: releases tried on all contacts of a deployment, partition by partition (SPEC section 9).

Nothing is written. Rows are read as the workers left them; of what the rows do not know the journal is read up to
where the rows are decided, so that both speak of the same records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from schemas.definitions import Definitions
from streams.definitions.preview_report import Tally
from streams.definitions.simulation import Foresight
from streams.engine.decisions.outputs import Place
from streams.engine.journal.records import Kept
from streams.engine.partition.backfill import History
from streams.engine.releases.compiled import Lookup
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.state.deduplication import Memory
from streams.settings import Settings
from streams.store.store import Slot, Store

Advance = Callable[[str, int, int], None]

_STEP = 500


class Preview:
    """`proposed` are the definitions to try, by account."""

    def __init__(self, settings: Settings, store: Store, proposed: Mapping[str, Definitions]) -> None:
        self.tallies = {account: Tally() for account in proposed}
        self._settings = settings
        self._store = store
        self._proposed = proposed

    async def run(self, advance: Advance) -> Mapping[str, Tally]:
        """Account -> what its release would emit. Raises BrokerUnavailable, Unavailable."""
        for number in range(self._store.slots):
            await self._slot(number, advance)
        return self.tallies

    async def _slot(self, number: int, advance: Advance) -> None:
        part = f"{number + 1}/{self._store.slots}"
        slot = await self._store.slot(number, self._is_wanted, partial(advance, f"scanning contacts {part}"))
        # After the rows: whatever release stands in the journal up to where they are decided is known by then.
        log = await self._store.releases()
        place = Place(number, slot.decided(number))
        tried = {account: self._foresight(account, log, place, slot) for account in self._proposed}
        self._note_who_is_behind(slot, log)
        kept = await self._past(number, place.offset, tried, log, partial(advance, f"scanning the journal {part}"))
        for done, (key, row) in enumerate(slot.rows.items()):
            account, _, contact = key.decode().partition("/")
            self._count(tried[account], row, kept.get(account, {}).get(contact), self.tallies[account])
            if done % _STEP == 0:
                advance(f"deciding for contacts {part}", done, len(slot.rows))

    def _is_wanted(self, key: bytes) -> bool:
        return key.partition(b"/")[0].decode() in self._proposed

    def _note_who_is_behind(self, slot: Slot, log: ReleaseLog) -> None:
        standing = slot.standing
        for account in {key.partition(b"/")[0].decode() for key in slot.rows}:
            latest = log.latest(account)
            if latest is not None and standing.releases.get(account, 0) < latest.number:
                self.tallies[account].behind += 1

    def _foresight(self, account: str, log: ReleaseLog, place: Place, slot: Slot) -> Foresight:
        latest = log.latest(account)
        number = latest.number + 1 if latest is not None else 1
        return Foresight(account, number, self._contents(number, log), place, slot.checkpoint)

    def _contents(self, number: int, log: ReleaseLog) -> Lookup:
        return lambda account, wanted: self._proposed[account] if wanted == number else log.content(account, wanted)

    async def _past(
        self,
        slot: int,
        end: int,
        tried: Mapping[str, Foresight],
        log: ReleaseLog,
        advance: Callable[[int, int], None],
    ) -> dict[str, dict[str, Kept]]:
        """Account -> contact -> what the journal says; the journal is read once for all accounts that ask."""
        memory = Memory(self._settings.repeat_ms, self._settings.repeat_ids)
        histories = {
            account: History(account, each.following, log.content, memory, self._settings.lateness_ms)
            for account, each in tried.items()
            if each.following
        }
        if not histories:
            return {}
        refused = await self._store.refused(slot)
        for history in histories.values():
            history.refused = refused
        async for offset, key, value in self._store.journal(slot, _any, advance, end):
            for history in histories.values():
                history.take(offset, key, value)
        for account in histories:
            self.tallies[account].journal_scanned = True
        return {account: history.kept() for account, history in histories.items()}

    @staticmethod
    def _count(tried: Foresight, row: bytes, kept: Kept | None, tally: Tally) -> None:
        tally.scanned += 1
        for topic, body in tried.told(row, kept):
            tally.add(topic, body)


def _any(_key: bytes) -> bool:
    return True
