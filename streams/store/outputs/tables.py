"""Reads a compacted out-topic as the table it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from sys import intern
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from schemas.topics import CAMPAIGN_REVENUE, CONTACTS, LEADS, SEGMENT_MEMBERS, Topic
from streams.kafka.clients import fetch_partitions
from streams.kafka.reader import fetch_end_offsets, open_consumer, read_partitions_to_end
from streams.progress import ProgressCallback
from streams.settings import Settings

_Row = TypeVar("_Row")
_AnyKey = TypeVar("_AnyKey", bound="_Key")


class RowKey(NamedTuple):
    """The key of a row of `segment-members` or `leads`; `subject` is the segment or the campaign."""

    account: str
    subject: str
    contact: str


class RevenueKey(NamedTuple):
    """The key of a row of `campaign-revenue`."""

    account: str
    campaign: str
    currency: str


class ContactKey(NamedTuple):
    """The key of a row of `contacts`."""

    account: str
    contact: str


class _Key(Protocol):
    """What is asked of every key: whose row it is."""

    @property
    def account(self) -> str: ...


class TableLead(msgspec.Struct, frozen=True):
    """What a list of leads shows of a row of `leads`; instants as text."""

    status: str
    points: float
    creation: str = msgspec.field(name="made")
    change: str = msgspec.field(name="changed")


class TableMember(msgspec.Struct, frozen=True):
    """What a list of members shows of a row of `segment-members`: the instant (text) of the entry."""

    since: str


@dataclass(frozen=True, slots=True)
class _Table(Generic[_AnyKey, _Row]):
    """A compacted topic: how its keys and its values are read."""

    topic: Topic
    parse_key: Callable[[bytes | None], _AnyKey | None]
    decode: Callable[[bytes], _Row]


class CrmFacts(msgspec.Struct, frozen=True):
    """What a row of `leads` keeps of the CRM's results; another CRM may write anything that is text."""

    record: str | None = None
    code: str | None = None
    outcome: str | None = None
    amount: str | None = None
    currency: str | None = None
    amounts: dict[str, str] = {}


class ReportedLead(msgspec.Struct, frozen=True):
    """What a report on campaigns takes from a row of `leads`; the instant as text."""

    status: str
    points: float
    creation: str = msgspec.field(name="made")
    crm: CrmFacts = CrmFacts()


class RevenueSums(msgspec.Struct, frozen=True):
    """A number of opportunities and their amount (decimal text)."""

    count: int = 0
    amount: str = "0"


class TableRevenue(msgspec.Struct, frozen=True):
    """A row of `campaign-revenue`."""

    won: RevenueSums = RevenueSums()
    open: RevenueSums = RevenueSums()
    lost: RevenueSums = RevenueSums()


class _SourceProperty(msgspec.Struct, frozen=True):
    source: Any = None


class _ContactSource(msgspec.Struct, frozen=True):
    properties: _SourceProperty


decode_reported_lead = msgspec.json.Decoder(ReportedLead).decode
decode_revenue = msgspec.json.Decoder(TableRevenue).decode
_decode_contact_source = msgspec.json.Decoder(_ContactSource).decode
_decode_lead = msgspec.json.Decoder(TableLead).decode
_decode_member = msgspec.json.Decoder(TableMember).decode


async def read_leads(
    settings: Settings, account: str, campaign: str | None, on_progress: ProgressCallback
) -> dict[RowKey, TableLead]:
    """The leads of an account, or of one of its campaigns, by campaign and contact.

    Scans the table `leads`. Raises BrokerUnavailable, TopicsMissing.
    """
    is_wanted = _filter(account, campaign)
    return await _read_table(settings, _Table(LEADS, parse_row_key, _decode_lead), is_wanted, on_progress)


async def read_members(
    settings: Settings, account: str, segment: str | None, on_progress: ProgressCallback
) -> dict[RowKey, TableMember]:
    """The members of an account's segments, or of one of them, by segment and contact.

    Scans the table `segment-members`. Raises BrokerUnavailable, TopicsMissing.
    """
    is_wanted = _filter(account, segment)
    return await _read_table(settings, _Table(SEGMENT_MEMBERS, parse_row_key, _decode_member), is_wanted, on_progress)


async def read_reported_leads(
    settings: Settings, account: str, campaign: str | None, on_progress: ProgressCallback
) -> dict[RowKey, ReportedLead]:
    """The leads of an account, or of one of its campaigns, with what the CRM said of them.

    Scans the table `leads`. Raises BrokerUnavailable, TopicsMissing.
    """
    is_wanted = _filter(account, campaign)
    return await _read_table(settings, _Table(LEADS, parse_row_key, decode_reported_lead), is_wanted, on_progress)


async def read_revenue(
    settings: Settings, account: str, on_progress: ProgressCallback
) -> dict[RevenueKey, TableRevenue]:
    """The revenue of an account by campaign and currency. Raises BrokerUnavailable, TopicsMissing."""
    table = _Table(CAMPAIGN_REVENUE, _key_parser(RevenueKey), decode_revenue)
    return await _read_table(settings, table, _account_filter(account), on_progress)


async def read_sources(settings: Settings, account: str, on_progress: ProgressCallback) -> dict[str, str]:
    """The property `source` of an account's contacts by their ids; those without one are left out.

    Scans the table `contacts`. Raises BrokerUnavailable, TopicsMissing.
    """
    table = _Table(CONTACTS, _key_parser(ContactKey), _decode_source)
    rows = await _read_table(settings, table, _account_filter(account), on_progress)
    return {key.contact: source for key, source in rows.items() if source}


def parse_row_key(key: bytes | None) -> RowKey | None:
    """The parts of a row's key; None for a key that no Leadstream wrote."""
    return _parse_member_key(key)


def _key_parser(kind: Callable[..., _AnyKey]) -> Callable[[bytes | None], _AnyKey | None]:
    """What reads keys of a kind: None for a key that no Leadstream wrote."""
    count = len(kind._fields)  # type: ignore[attr-defined]  # a NamedTuple

    def parse(key: bytes | None) -> _AnyKey | None:
        try:
            parts = (key or b"").decode().split("/", count - 1)
        except UnicodeDecodeError:
            return None
        return kind(*parts) if len(parts) == count else None

    return parse


_parse_member_key = _key_parser(RowKey)


def _filter(account: str, subject: str | None) -> Callable[[RowKey], bool]:
    return lambda key: key.account == account and subject in (None, key.subject)


def _account_filter(account: str) -> Callable[[_Key], bool]:
    return lambda key: key.account == account


def _decode_source(value: bytes) -> str:
    """A contact's source; empty where it has none."""
    source = _decode_contact_source(value).properties.source
    # One that repeats a million times is kept once.
    return intern(source.strip()) if isinstance(source, str) else ""


async def _read_table(
    settings: Settings,
    table: _Table[_AnyKey, _Row],
    is_wanted: Callable[[_AnyKey], bool],
    on_progress: ProgressCallback,
) -> dict[_AnyKey, _Row]:
    name = settings.prefix + table.topic.name
    partitions = (await fetch_partitions(settings.bootstrap, [name]))[name]
    rows: dict[_AnyKey, _Row] = {}
    async with open_consumer(settings.bootstrap, "leadstream-reader") as consumer:
        ends = await fetch_end_offsets(consumer, partitions)
        offsets = dict.fromkeys(ends, 0)
        async for partition, batch in read_partitions_to_end(consumer, partitions, ends=ends):
            for record in batch:
                key = table.parse_key(record.key)
                if key is None or not is_wanted(key):
                    continue
                row = _decode_row(record.value, table.decode)
                if row is None:
                    rows.pop(key, None)
                else:
                    rows[key] = row
            offsets[partition] = batch[-1].offset + 1
            on_progress(f"reading {table.topic.name}", sum(offsets.values()), sum(ends.values()))
    return dict(sorted(rows.items(), key=itemgetter(0)))


def _decode_row(value: bytes | None, decode: Callable[[bytes], _Row]) -> _Row | None:
    """None for a row that was deleted, and for a value that no Leadstream wrote."""
    try:
        return None if value is None else decode(value)
    except msgspec.DecodeError:
        return None
