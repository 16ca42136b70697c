"""A search over what a deployment has stored, partition by partition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec

from schemas.conditions import Condition
from streams.definitions.part import Part
from streams.engine.contact import Contact
from streams.engine.releases import Release
from streams.engine.repeats import Memory
from streams.errors import UsageError
from streams.search.condition import checked
from streams.search.past import Kept, PastOfAll
from streams.search.scan import Found, Search
from streams.search.words import Words
from streams.settings import Settings
from streams.stored.store import Slot, Store, opened

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
    """Everyone who is found. Raises UsageError for a condition that the definitions in force refuse."""
    async with opened(settings) as store:
        release = (await store.releases()).latest(asked.account)
        if release is None:
            hint = "`leadstream definitions apply` makes some"
            raise UsageError(f"account {asked.account!r} has no definitions yet; {hint}")
        if check is not None:
            check(release)
        condition = None if asked.condition is None else checked(asked.condition, release.document)
        run = _Run(settings, store, asked, release, condition)
        for number in range(store.slots):
            await run.slot(number, advance)
        return Result(run.found, release, run.search.needs_past)


class _Run:
    def __init__(
        self, settings: Settings, store: Store, asked: Asked, release: Release, condition: Condition | None
    ) -> None:
        self.search = Search(release.content, condition, asked.words)
        self.found = Found(asked.sample)
        self._settings = settings
        self._store = store
        self._release = release
        self._condition = condition
        self._prefix = asked.account.encode() + b"/"

    async def slot(self, number: int, advance: Advance) -> None:
        """The contacts of one partition: their rows, and for what the rows do not say, their journal."""
        part = f"{number + 1}/{self._store.slots}"
        slot = await self._store.slot(
            number, lambda key: key.startswith(self._prefix), partial(advance, f"scanning contacts {part}")
        )
        kept = await self._past(number, slot, partial(advance, f"scanning the journal {part}"))
        standing = slot.standing
        for value in slot.rows.values():
            contact = _decode(value)
            self.found.scanned += 1
            if self.search.match(contact, standing, kept.get(contact.id)):
                self.found.add(contact)

    async def _past(self, number: int, slot: Slot, advance: Callable[[int, int], None]) -> dict[str, Kept]:
        """Up to where the rows are decided, so that both speak of the same records."""
        if self._condition is None or not self.search.needs_past:
            return {}
        memory = Memory(self._settings.repeat_ms, self._settings.repeat_ids)
        past = PastOfAll(self._release.content, self._condition, memory, self._settings.lateness_ms)
        end = slot.decided(number)
        async for _offset, key, value in self._store.journal(number, past.wants, advance, end):
            past.take(key, value)
        return past.end()
