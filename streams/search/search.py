"""A search over what a deployment has stored, partition by partition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec

from streams.definitions.document import Part
from streams.definitions.retention import MOST_LISTED, Left, behind
from streams.engine.journal.records import Kept
from streams.engine.partition.backfill import History
from streams.engine.releases.release_log import Release
from streams.engine.state.contact import Contact
from streams.engine.state.deduplication import Memory
from streams.errors import PastGone, UsageError
from streams.search.condition import checked
from streams.search.free_text import Words
from streams.search.match import Found, Search
from streams.settings import Settings
from streams.store.contact_view import present_of
from streams.store.retention import beginnings_gone
from streams.store.store import Slot, Store, opened

Advance = Callable[[str, int, int], None]
Check = Callable[[Release], None]
"""Raises UsageError for a release in which what is to follow the search cannot be done."""

_decode = msgspec.json.Decoder(Contact).decode


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for: a condition as read, words, or both. `sample` is how many are to be shown."""

    account: str
    condition: Part | None
    words: Words | None
    sample: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """Who was found, and the release whose definitions the condition was checked and asked within."""

    found: Found
    release: Release
    from_journal: bool


async def search(settings: Settings, asked: Asked, advance: Advance, check: Check | None = None) -> Result:
    """Everyone who is found.

    Raises UsageError for a condition that the definitions in force refuse, PastGone for one that asks behind the
    beginning of the journal.
    """
    async with opened(settings) as store:
        release = (await store.releases()).latest(asked.account)
        if release is None:
            hint = "`leadstream definitions apply` makes some"
            raise UsageError(f"account {asked.account!r} has no definitions yet; {hint}")
        if check is not None:
            check(release)
        condition = None if asked.condition is None else checked(asked.condition, release.document)
        run = _Run(settings, store, release, Search(release.content, condition, asked.words), asked.sample)
        await run.begin()
        for number in range(store.slots):
            await run.slot(number, advance)
        await run.end()
        return Result(run.found, release, bool(run.search.following))


class _Run:
    def __init__(self, settings: Settings, store: Store, release: Release, search: Search, sample: int) -> None:
        self.search = search
        self.found = Found(sample)
        self._settings = settings
        self._store = store
        self._account = release.account
        self._prefix = release.account.encode() + b"/"
        self._gone: dict[int, int | None] = {}

    async def begin(self) -> None:
        """Where the journal has to be read, whether it is whole."""
        if self.search.following:
            self._gone = await beginnings_gone(self._store, self._account)

    async def end(self) -> None:
        """Raises PastGone where the journal lost records while it was read."""
        if self.search.following and (await beginnings_gone(self._store, self._account)).keys() != self._gone.keys():
            raise PastGone("the journal's retention took records away while they were read; search again")

    async def slot(self, number: int, advance: Advance) -> None:
        """The contacts of one partition: their rows, and for what the rows do not say, their journal."""
        part = f"{number + 1}/{self._store.slots}"
        slot = await self._store.slot(
            number, lambda key: key.startswith(self._prefix), partial(advance, f"scanning contacts {part}")
        )
        self._refuse_what_is_gone(number, slot)
        kept = await self._past(number, slot, partial(advance, f"scanning the journal {part}"))
        standing = slot.standing
        for value in slot.rows.values():
            contact = _decode(value)
            self.found.scanned += 1
            if self.search.match(contact, standing, kept.get(contact.id)):
                self.found.add(contact)

    def _refuse_what_is_gone(self, number: int, slot: Slot) -> None:
        """Raises PastGone where the contacts of the partition had to be asked behind the journal's beginning."""
        if number not in self._gone or not slot.rows:
            return
        now = min(present_of(_decode(row), slot.standing) for row in slot.rows.values())
        own = self._gone[number]
        if not behind(self.search.asked, Left(now if own is None else own, now)):
            return
        # The latest of all partitions: a window that begins later is answered in every one.
        latest = max([now if own is None else own, *(each for each in self._gone.values() if each is not None)])
        raise PastGone("\n".join(behind(self.search.asked, Left(latest, now))[:MOST_LISTED]))

    async def _past(self, number: int, slot: Slot, advance: Callable[[int, int], None]) -> dict[str, Kept]:
        """Up to where the rows are decided, so that both speak of the same records."""
        following = self.search.following
        if not following:
            return {}
        # After the rows: whatever release stands in the journal up to where they are decided is known by then.
        releases = await self._store.releases()
        memory = Memory(self._settings.repeat_ms, self._settings.repeat_ids)
        history = History(self._account, following, releases.content, memory, self._settings.lateness_ms)
        history.refused = await self._store.refused(number)
        async for offset, key, value in self._store.journal(number, _any, advance, slot.decided(number)):
            history.take(offset, key, value)
        return history.kept()


def _any(_key: bytes) -> bool:
    return True
