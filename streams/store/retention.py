"""From when on a journal speaks whose beginning fell to its retention."""

from __future__ import annotations

from streams.engine.journal.records import JournalEvent, JournalRecord, Marker, Tick, decode
from streams.kafka.reader import require_value
from streams.settings import Clock
from streams.store.store import DeploymentStore


async def truncated_partitions(store: DeploymentStore, account: str | None) -> dict[int, int | None]:
    """Journal partitions that lost records -> the instant (ms) from which on they speak of the account.

    `account` is None for any. The instant is None where nothing that is left tells one.
    """
    lost = [number for number, beginning in (await store.first_journal_offsets()).items() if beginning > 0]
    return {number: await _coverage_start(store, number, account) for number in lost}


def record_instant(timestamp: int, record: JournalRecord, account: str | None, clock: Clock) -> int | None:
    """The instant (ms) that whatever was before the record is no later than; None where it says none.

    On the wall clock nothing happens after its arrival, and so not after a later record was written. On the events
    clock time is what the account's own records tell, and where they came out of order the instant is too early: a
    retention limit is for the wall clock. `account` is None for any.
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
