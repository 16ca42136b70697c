"""Leads that Salesforce refused and has not taken since, from the topics `leads` and `crm-results`.

`leads` has every refusal that the pipeline has decided, however long ago; `crm-results` has what came since, and
tells since when and how often. A refused hand-over and a refused update after it are two refusals of one lead: what
becomes of the update says nothing of the hand-over, and one that is as new as the update or newer replaces it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
from aiokafka import TopicPartition

from schemas.topics import CRM_RESULTS, LEADS
from streams.kafka.clients import fetch_partitions
from streams.kafka.protocols import ConsumedRecord, Consumer
from streams.kafka.reader import fetch_end_offsets, open_consumer, read_partitions_to_end
from streams.progress import ProgressCallback
from streams.settings import Settings
from streams.store.outputs.tables import RowKey, parse_row_key

_Rank = tuple[tuple[int, ...], int]
"""The number of a hand-over and of its retry: of two answers the one with the larger is newer."""


@dataclass(frozen=True, slots=True)
class RefusalFilter:
    """Which refusals are meant; an empty set means all."""

    accounts: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()

    def fits_key(self, key: RowKey) -> bool:
        """Whether a lead may be meant, whatever its refusal is."""
        wanted = ((self.accounts, key.account), (self.campaigns, key.subject), (self.contacts, key.contact))
        return all(not names or name in names for names, name in wanted)

    def fits_code(self, code: str) -> bool:
        """Whether refusals with this code are meant."""
        return not self.codes or code in self.codes


@dataclass(frozen=True, slots=True)
class RefusedLead:
    """A hand-over of a lead that Salesforce refused, or an update: code and message of the last answer to it.

    `since` (text) is when it was refused first since it was last linked; `retries` how often it was retried by hand.
    """

    key: RowKey
    code: str
    message: str
    since: str
    hand_over: str = ""
    retries: int = 0
    is_update: bool = False


class _Standing(msgspec.Struct):
    """The last answer to a hand-over or an update, as the lead's row has it."""

    code: str | None = None
    message: str = ""
    hand_over: str = ""
    number: Sequence[int] = ()
    retry: int = 0

    def history(self, key: RowKey, at: str, *, is_update: bool) -> _History:
        refusal = None
        if self.code is not None:
            refusal = RefusedLead(key, self.code, self.message, at, self.hand_over, self.retry, is_update)
        return _History((tuple(self.number), self.retry), refusal)


class _CrmState(_Standing):
    update: _Standing | None = None

    @property
    def is_refused(self) -> bool:
        return self.code is not None or (self.update is not None and self.update.code is not None)


class _LeadRow(msgspec.Struct):
    at: str
    crm: _CrmState = msgspec.field(default_factory=_CrmState)


class _Answer(msgspec.Struct):
    type: str
    at: str
    contact: str
    campaign: str
    account: str = "default"
    hand_over: str = ""
    number: Sequence[int] | Mapping[str, int] = ()
    code: str = ""
    message: str = ""
    retry: int = 0
    update: bool = False

    @property
    def rank(self) -> _Rank:
        number = self.number
        if isinstance(number, Mapping):
            number = [number.get(name, 0) for name in ("partition", "offset", "ordinal")]
        return tuple(number), self.retry


@dataclass(slots=True)
class _History:
    """The newest answer to a lead's hand-overs or updates, and since when it is refused."""

    rank: _Rank
    refusal: RefusedLead | None
    linked: _Rank = ((), 0)
    """The newest answer that linked it, of those on the topic."""
    began: tuple[_Rank, str] | None = None
    """The first refusal after that, and when it came."""

    def note(self, answer: _Answer) -> None:
        """Notes when the present run of refusals began: the row, read first, knows the newest answer alone."""
        if answer.type == "crm.linked":
            self.linked = max(self.linked, answer.rank)
            if self.began is not None and self.began[0] <= self.linked:
                self.began = None
        elif answer.rank > self.linked:
            first = (answer.rank, answer.at)
            self.began = first if self.began is None else min(self.began, first)

    def take(self, key: RowKey, answer: _Answer) -> None:
        """One of an older hand-over or retry than the newest tells only since when it is refused."""
        self.note(answer)
        if answer.rank < self.rank:
            return
        self.rank = answer.rank
        if answer.type == "crm.linked":
            self.refusal = None
            return
        since = answer.at if self.refusal is None else min(self.refusal.since, answer.at)
        self.refusal = RefusedLead(
            key, answer.code, answer.message, since, answer.hand_over, answer.retry, answer.update
        )

    @property
    def dated_refusal(self) -> RefusedLead | None:
        """The refusal that stands, since the first one of its run."""
        if self.refusal is None or self.began is None:
            return self.refusal
        return replace(self.refusal, since=min(self.refusal.since, self.began[1]))


@dataclass(slots=True)
class _LeadHistory:
    """What became of a lead's hand-overs, and of the updates after them; None where there is none."""

    hand_over: _History | None = None
    update: _History | None = None

    def take(self, key: RowKey, answer: _Answer) -> None:
        name = "update" if answer.update else "hand_over"
        history: _History | None = getattr(self, name)
        if history is None:
            history = _History(answer.rank, None)
            setattr(self, name, history)
        history.take(key, answer)

    def refusals(self) -> Iterator[RefusedLead]:
        hand_over, update = self.hand_over, self.update
        if hand_over is not None and update is not None:
            if hand_over.rank == update.rank:
                hand_over = None  # before engine version 4 a lead's row does not tell the two apart
            elif update.rank[0] <= hand_over.rank[0]:
                update = None
        for history in (hand_over, update):
            if history is not None and (refusal := history.dated_refusal) is not None:
                yield refusal


_decode_row = msgspec.json.Decoder(_LeadRow).decode
_decode_answer = msgspec.json.Decoder(_Answer).decode
_FAILED = b"crm.failed"


class RefusalTable:
    """Collects rows of `leads`, then answers of `crm-results`; what is no such record is passed over.

    `crm-results` is read before them, too, for the leads that were ever refused: it keeps nothing of the others.
    """

    def __init__(self, wanted: RefusalFilter) -> None:
        self._wanted = wanted
        self._failed: set[RowKey] = set()
        """Leads with a refusal on `crm-results`. One that came late is told from a new one by what came before it."""
        self._histories: dict[RowKey, _LeadHistory] = {}

    def note_failure(self, value: bytes | None) -> None:
        """Notes which lead an answer refuses; every answer that `add_answer` gets must have been here."""
        if value is None or _FAILED not in value:
            return  # most answers, which are not worth parsing twice
        parsed = _parse_answer(value)
        if parsed is not None and parsed[1].type == "crm.failed" and self._wanted.fits_key(parsed[0]):
            self._failed.add(parsed[0])

    def add_row(self, record_key: bytes | None, value: bytes | None) -> None:
        """Adds a row, or removes one that was deleted."""
        key = parse_row_key(record_key)
        if key is None or not self._wanted.fits_key(key):
            return
        try:
            row = None if value is None else _decode_row(value)
        except msgspec.DecodeError:
            return
        if row is None or not (row.crm.is_refused or key in self._failed):
            self._histories.pop(key, None)
            return
        crm = row.crm
        self._histories[key] = _LeadHistory(
            crm.history(key, row.at, is_update=False),
            None if crm.update is None else crm.update.history(key, row.at, is_update=True),
        )

    def add_answer(self, value: bytes | None) -> None:
        """Adds an answer to a hand-over or an update."""
        parsed = _parse_answer(value or b"")
        if parsed is None or not self._wanted.fits_key(parsed[0]):
            return
        key, answer = parsed
        if key not in self._failed and key not in self._histories:
            return
        self._histories.setdefault(key, _LeadHistory()).take(key, answer)

    def refused_leads(self) -> list[RefusedLead]:
        """The refusals that stand, the longest refused first; of one lead that of the hand-over first."""
        refusals = (refusal for each in self._histories.values() for refusal in each.refusals())
        meant = [each for each in refusals if self._wanted.fits_code(each.code)]
        return sorted(meant, key=lambda each: (each.since, each.key, each.is_update))


def _parse_answer(value: bytes) -> tuple[RowKey, _Answer] | None:
    """The lead and the answer to its hand-over; None for every other record."""
    try:
        answer = _decode_answer(value)
    except msgspec.DecodeError:
        return None
    if answer.type not in ("crm.linked", "crm.failed") or not answer.number:
        return None
    return RowKey(answer.account, answer.campaign, answer.contact), answer


async def read_refused(
    settings: Settings, wanted: RefusalFilter, on_progress: ProgressCallback
) -> Sequence[RefusedLead]:
    """The refusals that stand now, the longest refused first. Raises TopicsMissing, BrokerUnavailable."""
    leads, results = (settings.prefix + topic.name for topic in (LEADS, CRM_RESULTS))
    partitions = await fetch_partitions(settings.bootstrap, [leads, results])
    refusals = RefusalTable(wanted)
    async with open_consumer(settings.bootstrap, "leadstream-reader") as consumer:
        ends = await fetch_end_offsets(consumer, partitions[results])
        await _read(
            consumer,
            ends,
            lambda record: refusals.note_failure(record.value),
            "finding refusals",
            on_progress,
        )
        row_ends = await fetch_end_offsets(consumer, partitions[leads])
        await _read(
            consumer,
            row_ends,
            lambda record: refusals.add_row(record.key, record.value),
            "reading leads",
            on_progress,
        )
        # The same answers as at first: one that came since could refuse a lead of which nothing was kept.
        await _read(
            consumer,
            ends,
            lambda record: refusals.add_answer(record.value),
            "reading answers of Salesforce",
            on_progress,
        )
    return refusals.refused_leads()


async def _read(
    consumer: Consumer,
    ends: Mapping[TopicPartition, int],
    add: Callable[[ConsumedRecord], None],
    what: str,
    on_progress: ProgressCallback,
) -> None:
    offsets = dict.fromkeys(ends, 0)
    async for partition, batch in read_partitions_to_end(consumer, list(ends), ends=ends):
        for record in batch:
            add(record)
        offsets[partition] = batch[-1].offset + 1
        on_progress(what, sum(offsets.values()), sum(ends.values()))
