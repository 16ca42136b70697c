"""The whole of `leadstream verify`: cuts of all slots first, then one journal partition after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from aiokafka import TopicPartition

from schemas.topics import CONTACTS_CHANGELOG, DEFINITIONS, JOURNAL, LEADS, SEGMENT_MEMBERS, Topic
from schemas.values import instant_text
from streams.engine.decisions.outputs import LEAD, MEMBER
from streams.engine.releases.release_log import ReleaseLog
from streams.errors import PastGone, TopicsMissing
from streams.kafka.clients import partitions_of
from streams.kafka.deployment import Deployment, read_deployment
from streams.kafka.reader import ends_of, reading, records_of
from streams.settings import Settings
from streams.store.retention import beginnings_gone
from streams.store.store import Store
from streams.verify.comparison import Comparison, is_of
from streams.verify.cut import Cut, Cutter
from streams.verify.flags import Flags
from streams.verify.recomputed import Recomputed
from streams.verify.report import Report
from streams.verify.table import Table

Advance = Callable[[str, int, int], None]
_STEP = 100
_TOPICS = (JOURNAL, DEFINITIONS, CONTACTS_CHANGELOG, SEGMENT_MEMBERS, LEADS)


@dataclass(frozen=True)
class Choice:
    """Whom to verify: the contacts of one account or of all, and of them at most so many."""

    account: str | None = None
    sample: int | None = None

    def of(self, keys: Iterable[bytes], share: int | None) -> list[bytes]:
        """A sample is the same every time: those whose keys' hashes are the smallest."""
        wanted = [key for key in keys if is_of(key, self.account)]
        if share is None or len(wanted) <= share:
            return wanted
        return sorted(sorted(wanted, key=lambda key: blake2b(key).digest())[:share])

    def share(self, slot: int, slots: int) -> int | None:
        """How many contacts of one slot, so that all together make the sample."""
        return None if self.sample is None else self.sample // slots + (slot < self.sample % slots)


async def verify(settings: Settings, choice: Choice, advance: Advance) -> Report:
    """Compares what the stream produced with what the journal says.

    Raises PastGone where the journal's beginning is gone, TopicsMissing, Unavailable.
    """
    async with _opened(settings) as verification:
        return await verification.run(choice, advance)


class Verification:
    """Reads one deployment's topics with two consumers: of committed records, and of all."""

    def __init__(self, settings: Settings, deployment: Deployment, committed: Any, all_: Any) -> None:
        self._settings = settings
        self._slots = deployment.partitions
        self._store = Store(settings, deployment, committed)
        self._committed = committed
        self._all = all_
        self._log = ReleaseLog(deployment.clock)

    async def run(self, choice: Choice, advance: Advance) -> Report:
        """All slots: where they stand first, then what is in them."""
        await self._refuse_what_is_gone(choice.account)
        report = Report()
        cuts = []
        for slot in range(self._slots):
            advance("finding where the workers stand", slot, self._slots)
            tables = [self._place(SEGMENT_MEMBERS, slot), self._place(LEADS, slot)]
            cutter = Cutter(self._committed, self._all, self._place(CONTACTS_CHANGELOG, slot), tables)
            cuts.append(await cutter.cut())
        await self._read_releases()
        for slot, cut in enumerate(cuts):
            report.journal[slot] = cut.decided
            await self._slot(slot, cut, choice, report, advance)
        await self._refuse_what_is_gone(choice.account)  # it may have gone while it was read
        return report

    async def _refuse_what_is_gone(self, account: str | None) -> None:
        """Everything is told from its first record on; there is no snapshot to begin from."""
        gone = await beginnings_gone(self._store, account)
        if gone:
            told = [instant for instant in gone.values() if instant is not None]
            since = f"speaks from {instant_text(max(told))} on" if told else "has lost all that tells a time"
            raise PastGone(
                f"the journal {since}: what was before fell to its retention, and without it memberships and leads"
                " cannot be recomputed; verify needs a journal that is kept for ever"
            )

    async def _slot(self, slot: int, cut: Cut, choice: Choice, report: Report, advance: Advance) -> None:
        recomputed = Recomputed(lambda account, number: self._log.get(account, number).content, self._settings)
        await self._read_journal(slot, cut, recomputed, advance)
        members = await self._table(SEGMENT_MEMBERS, slot, cut, Table("segment", MEMBER))
        leads = await self._table(LEADS, slot, cut, Table("campaign", LEAD))
        keys = recomputed.contacts()
        comparison = Comparison(recomputed, members, leads, await self._flags(slot), report)
        chosen = choice.of(keys, choice.share(slot, self._slots))
        for number, key in enumerate(chosen):
            if number % _STEP == 0:
                advance(f"recomputing contacts, partition {slot}", number, len(chosen))
            if key in cut.moving:
                report.moving += 1
            else:
                comparison.contact(key)
        comparison.strangers({*keys, *cut.moving}, choice.account)

    async def _read_journal(self, slot: int, cut: Cut, recomputed: Recomputed, advance: Advance) -> None:
        place = self._place(JOURNAL, slot)
        ends = await ends_of(self._committed, [place])
        async for record in records_of(self._committed, place, {place: min(cut.decided, ends[place])}):
            recomputed.feed(record.offset, record.value)
            if record.offset % _STEP == 0:
                advance(f"scanning the journal, partition {slot}", record.offset, cut.decided)

    async def _table(self, topic: Topic, slot: int, cut: Cut, table: Table) -> Table:
        async for record in records_of(self._committed, self._place(topic, slot), cut.ends):
            table.feed(record.key, record.value)
        return table

    async def _flags(self, slot: int) -> Flags:
        flags, place = Flags(), self._place(CONTACTS_CHANGELOG, slot)
        async for record in records_of(self._committed, place, await ends_of(self._committed, [place])):
            flags.feed(record.key, record.value)
        return flags

    async def _read_releases(self) -> None:
        """After the cuts: whatever release was decided by then is in `definitions`."""
        place = self._place(DEFINITIONS, 0)
        ends = await ends_of(self._committed, [place])
        async for record in records_of(self._committed, place, ends):
            self._log.add(record.offset, record.timestamp, record.key, record.value)

    def _place(self, topic: Topic, partition: int) -> TopicPartition:
        return TopicPartition(self._settings.prefix + topic.name, partition)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Verification]:
    deployment = await read_deployment(settings.bootstrap, settings.prefix)
    if deployment is None:
        raise TopicsMissing("these topics were not made by Leadstream; `leadstream topics create` makes them")
    await partitions_of(settings.bootstrap, [settings.prefix + topic.name for topic in _TOPICS])
    async with (
        reading(settings.bootstrap, "leadstream-verify") as committed,
        reading(settings.bootstrap, "leadstream-verify", "read_uncommitted") as all_,
    ):
        yield Verification(settings, deployment, committed, all_)
