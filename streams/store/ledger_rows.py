"""Reads the rows of the ledger: each opportunity as it was last decided, however long ago its events came."""

from __future__ import annotations

import msgspec

from schemas.topics import OPPORTUNITIES_CHANGELOG
from streams.kafka.clients import fetch_partitions
from streams.kafka.reader import fetch_end_offsets, open_consumer, read_batches_to_end
from streams.progress import ProgressCallback, ignore_progress
from streams.settings import Settings

_OPPORTUNITY = b"opportunity/"


class LedgerRow(msgspec.Struct, frozen=True, gc=False):
    """What a reader needs of an opportunity in the ledger; `modified` in ms, `amount` as decimal text."""

    account: str
    id: str
    modified: int
    outcome: str
    currency: str
    version: int = 0
    amount: str | None = None
    crm_campaign: str | None = None
    campaign: str | None = None
    contact: str | None = None


_decode_row = msgspec.json.Decoder(LedgerRow).decode


async def read_ledger_rows(
    settings: Settings, on_progress: ProgressCallback = ignore_progress
) -> dict[tuple[str, str], LedgerRow]:
    """Account and id -> an opportunity of the ledger, from its changelog. Raises BrokerUnavailable, TopicsMissing."""
    name = settings.prefix + OPPORTUNITIES_CHANGELOG.name
    partitions = (await fetch_partitions(settings.bootstrap, [name]))[name]
    rows: dict[tuple[str, str], LedgerRow] = {}
    async with open_consumer(settings.bootstrap, "leadstream-reader") as consumer:
        ends = await fetch_end_offsets(consumer, partitions)
        async for batch in read_batches_to_end(consumer, partitions, ends=ends):
            for record in batch:
                if record.value is not None and (record.key or b"").startswith(_OPPORTUNITY):
                    row = _decode_row(record.value)
                    rows[row.account, row.id] = row
            on_progress("reading the ledger", batch[-1].offset + 1, sum(ends.values()))
    return rows
