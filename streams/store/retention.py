"""Finds the instant from which on a journal is complete after retention deleted its beginning."""

from __future__ import annotations

from streams.engine.journal.records import JournalEvent, JournalRecord, Marker, Tick, decode
from streams.kafka.reader import require_value
from streams.settings import Clock
from streams.store.store import DeploymentStore


async def truncated_partitions(store: DeploymentStore, account: str | None) -> dict[int, int | None]:
    """Returns journal partition -> the instant (ms) from which on it is complete, of those that lost records.

    The instant is for the account (None: all accounts), and None where no record in the log has one.
    """
    truncated = [number for number, offset in (await store.first_journal_offsets()).items() if offset > 0]
    return {number: await _coverage_start(store, number, account) for number in truncated}


def record_instant(timestamp: int, record: JournalRecord, account: str | None, clock: Clock) -> int | None:
    """Returns an instant (ms) that no event before the record is later than; None where the record has none.

    On the wall clock an event is not later than its arrival, and so not later than the write of the next record. On
    the events clock the account's own records carry the time. Where they are out of order the instant is too early:
    a retention limit is meant for the wall clock. `account` is None for all accounts.
    """
    if clock == "wall":
        return timestamp
    if isinstance(record, JournalEvent | Marker):
        return record.at if account in (None, record.account) else None
    if isinstance(record, Tick):
        return record.at if account is None or record.account in ("", account) else None
    return None


async def _coverage_start(store: DeploymentStore, number: int, account: str | None) -> int | None:
    clock = store.deployment.clock
    async for record in store.read_journal_records(number):
        instant = record_instant(record.timestamp, decode(require_value(record)), account, clock)
        if instant is not None:
            return instant
    return None
