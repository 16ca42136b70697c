"""Leads that Salesforce refused and has not taken since, from the topics `leads` and `crm-results`.

`leads` has every refusal that the pipeline has decided, however long ago; `crm-results` has what came since, and
tells since when and how often.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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
    """A lead that Salesforce refused: code and message of the last answer, and the hand-over that it answers.

    `since` (text) is when it was refused first since it was last linked; `retries` how often it was retried by hand.
    """

    key: RowKey
    code: str
    message: str
    since: str
    hand_over: str = ""
    retries: int = 0


class _CrmState(msgspec.Struct):
    code: str | None = None
    message: str = ""
    hand_over: str = ""
    number: Sequence[int] = ()
    retry: int = 0


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

    @property
    def rank(self) -> _Rank:
        number = self.number
        if isinstance(number, Mapping):
            number = [number.get(name, 0) for name in ("partition", "offset", "ordinal")]
        return tuple(number), self.retry


@dataclass(slots=True)
class _History:
    """The newest answer about a lead, and since when it is refused."""

    rank: _Rank
    refusal: RefusedLead | None


@dataclass(slots=True)
class _Refusals:
    histories: dict[RowKey, _History] = field(default_factory=dict)

    def add_row(self, key: RowKey, row: _LeadRow) -> None:
        crm = row.crm
        refusal = None
        if crm.code is not None:
            refusal = RefusedLead(key, crm.code, crm.message, row.at, crm.hand_over, crm.retry)
        self.histories[key] = _History((tuple(crm.number), crm.retry), refusal)

    def add_answer(self, key: RowKey, answer: _Answer) -> None:
        before = self.histories.get(key)
        if before is not None and answer.rank < before.rank:
            return
        refusal = None
        if answer.type == "crm.failed":
            since = before.refusal.since if before is not None and before.refusal is not None else answer.at
            refusal = RefusedLead(
                key, answer.code, answer.message, min(since, answer.at), answer.hand_over, answer.retry
            )
        self.histories[key] = _History(answer.rank, refusal)


_decode_row = msgspec.json.Decoder(_LeadRow).decode
_decode_answer = msgspec.json.Decoder(_Answer).decode


async def read_refused(
    settings: Settings, wanted: RefusalFilter, on_progress: ProgressCallback
) -> Sequence[RefusedLead]:
    """The leads that are refused now, the longest refused first. Raises TopicsMissing, BrokerUnavailable."""
    names = [settings.prefix + topic.name for topic in (LEADS, CRM_RESULTS)]
    partitions = await fetch_partitions(settings.bootstrap, names)
    refusals = _Refusals()

    def add_lead(record: ConsumedRecord) -> None:
        key = parse_row_key(record.key)
        if key is None or not wanted.fits_key(key):
            return
        try:
            row = None if record.value is None else _decode_row(record.value)
        except msgspec.DecodeError:
            return
        if row is None:
            refusals.histories.pop(key, None)
        else:
            refusals.add_row(key, row)

    def add_result(record: ConsumedRecord) -> None:
        try:
            answer = _decode_answer(record.value or b"")
        except msgspec.DecodeError:
            return
        key = RowKey(answer.account, answer.campaign, answer.contact)
        if answer.type in ("crm.linked", "crm.failed") and answer.number and wanted.fits_key(key):
            refusals.add_answer(key, answer)

    async with open_consumer(settings.bootstrap, "leadstream-reader") as consumer:
        await _read(consumer, partitions[names[0]], add_lead, "reading leads", on_progress)
        await _read(consumer, partitions[names[1]], add_result, "reading answers of Salesforce", on_progress)
    found = [each.refusal for each in refusals.histories.values() if each.refusal is not None]
    return sorted((each for each in found if wanted.fits_code(each.code)), key=lambda each: (each.since, each.key))


async def _read(
    consumer: Consumer,
    partitions: Sequence[TopicPartition],
    add: Callable[[ConsumedRecord], None],
    what: str,
    on_progress: ProgressCallback,
) -> None:
    ends = await fetch_end_offsets(consumer, partitions)
    offsets = dict.fromkeys(ends, 0)
    async for partition, batch in read_partitions_to_end(consumer, partitions, ends=ends):
        for record in batch:
            add(record)
        offsets[partition] = batch[-1].offset + 1
        on_progress(what, sum(offsets.values()), sum(ends.values()))
