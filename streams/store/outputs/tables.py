"""Reads a compacted out-topic as the table it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import msgspec

from schemas.topics import LEADS, SEGMENT_MEMBERS, Topic
from streams.kafka.clients import fetch_partitions
from streams.kafka.reader import fetch_end_offsets, open_consumer, read_partitions_to_end
from streams.progress import ProgressCallback
from streams.settings import Settings

_Row = TypeVar("_Row")


class RowKey(NamedTuple):
    """The key of a row of `segment-members` or `leads`; `subject` is the segment or the campaign."""

    account: str
    subject: str
    contact: str


class TableLead(msgspec.Struct, frozen=True):
    """What a list of leads shows of a row of `leads`; instants as text."""

    status: str
    points: float
    creation: str = msgspec.field(name="made")
    change: str = msgspec.field(name="changed")


class TableMember(msgspec.Struct, frozen=True):
    """What a list of members shows of a row of `segment-members`: the instant (text) of the entry."""

    since: str


_decode_lead = msgspec.json.Decoder(TableLead).decode
_decode_member = msgspec.json.Decoder(TableMember).decode


async def read_leads(
    settings: Settings, account: str, campaign: str | None, on_progress: ProgressCallback
) -> dict[RowKey, TableLead]:
    """The leads of an account, or of one of its campaigns, by campaign and contact.

    Scans the table `leads`. Raises BrokerUnavailable, TopicsMissing.
    """
    is_wanted = _filter(account, campaign)
    return await _read_table(settings, LEADS, is_wanted, _decode_lead, on_progress)


async def read_members(
    settings: Settings, account: str, segment: str | None, on_progress: ProgressCallback
) -> dict[RowKey, TableMember]:
    """The members of an account's segments, or of one of them, by segment and contact.

    Scans the table `segment-members`. Raises BrokerUnavailable, TopicsMissing.
    """
    is_wanted = _filter(account, segment)
    return await _read_table(settings, SEGMENT_MEMBERS, is_wanted, _decode_member, on_progress)


def parse_row_key(key: bytes | None) -> RowKey | None:
    """The parts of a row's key; None for a key that no Leadstream wrote."""
    try:
        parts = (key or b"").decode().split("/", 2)
    except UnicodeDecodeError:
        return None
    return RowKey(*parts) if len(parts) == len(RowKey._fields) else None


def _filter(account: str, subject: str | None) -> Callable[[RowKey], bool]:
    return lambda key: key.account == account and subject in (None, key.subject)


async def _read_table(
    settings: Settings,
    topic: Topic,
    is_wanted: Callable[[RowKey], bool],
    decode: Callable[[bytes], _Row],
    on_progress: ProgressCallback,
) -> dict[RowKey, _Row]:
    name = settings.prefix + topic.name
    partitions = (await fetch_partitions(settings.bootstrap, [name]))[name]
    rows: dict[RowKey, _Row] = {}
    async with open_consumer(settings.bootstrap, "leadstream-reader") as consumer:
        ends = await fetch_end_offsets(consumer, partitions)
        offsets = dict.fromkeys(ends, 0)
        async for partition, batch in read_partitions_to_end(consumer, partitions, ends=ends):
            for record in batch:
                key = parse_row_key(record.key)
                if key is None or not is_wanted(key):
                    continue
                row = _decode_row(record.value, decode)
                if row is None:
                    rows.pop(key, None)
                else:
                    rows[key] = row
            offsets[partition] = batch[-1].offset + 1
            on_progress(f"reading {topic.name}", sum(offsets.values()), sum(ends.values()))
    return dict(sorted(rows.items()))


def _decode_row(value: bytes | None, decode: Callable[[bytes], _Row]) -> _Row | None:
    """None for a row that was deleted, and for a value that no Leadstream wrote."""
    try:
        return None if value is None else decode(value)
    except msgspec.DecodeError:
        return None
