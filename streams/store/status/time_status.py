"""How far time has come, and which partition of an in-topic holds it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from schemas.values import instant_ms
from streams.kafka.partitions import Partition
from streams.kafka.protocols import ConsumedRecord, Consumer, TopicPartitionLike
from streams.kafka.reader import fetch_end_offsets, read_to_end
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.time import claims as claim_records
from streams.runtime.time.alignment import AlignmentSettings, is_stuck, smallest_claim
from streams.runtime.time.claims import Claims

_LOOKBACK_RECORDS = 2_000
"""Records at the end of the claims that are read first: all claims are written again and again."""


class ClockRecord(msgspec.Struct):
    """The value of a record of the topic `clock`: the account's time is `at` once the partitions reach `ends`."""

    account: str
    at: str
    ends: dict[str, int]


@dataclass(frozen=True, slots=True)
class TimeHolder:
    """A partition of an in-topic, without prefix, that time waits for.

    `claim` (ms) is up to when everything of it is in the journal; None where nobody has said it yet. `reason` says
    why it stands still, "" where it does not.
    """

    partition: str
    claim: int | None
    worker: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TimeStatus:
    """How far time has come; instants in ms.

    `tick` is what every slot has got on the wall clock; None before. On the events clock `account_times` are, by
    account, the last time that was told, and `reached_times` the last that every slot has. `left_out` are partitions
    that nothing waits for any more. `written_at` is when the last claim was written; None before.
    """

    tick: int | None = None
    account_times: Mapping[str, int] = field(default_factory=dict)
    reached_times: Mapping[str, int] = field(default_factory=dict)
    holder: TimeHolder | None = None
    left_out: Sequence[str] = ()
    written_at: int | None = None


async def read_claims(consumer: Consumer, partition: TopicPartitionLike, sources: Iterable[Partition]) -> Claims:
    """The claims of the in-topic partitions `sources`. Assigns `consumer`. Raises BrokerUnavailable."""
    ends = await fetch_end_offsets(consumer, [partition])
    wanted = set(sources)
    claims = Claims()
    for start in (max(ends[partition] - _LOOKBACK_RECORDS, 0), 0):
        claims = Claims()
        async for record in read_to_end(consumer, [partition], ends=ends, starts={partition: start}):
            _add_claim(claims, record, wanted)
        if claims.states.keys() >= wanted:
            break
    return claims


async def read_clock_records(consumer: Consumer, partition: TopicPartitionLike) -> Sequence[tuple[int, ClockRecord]]:
    """The records of the topic `clock` with their offsets. Assigns `consumer`. Raises BrokerUnavailable."""
    records: list[tuple[int, ClockRecord]] = []
    async for record in read_to_end(consumer, [partition]):
        try:
            records.append((record.offset, msgspec.json.decode(record.value or b"", type=ClockRecord)))
        except msgspec.DecodeError:
            continue  # of another writer: no slot answers it either
    return records


def wall_status(
    checkpoints: Iterable[SlotCheckpoint], claims: Claims, sources: Sequence[Partition], settings: AlignmentSettings
) -> TimeStatus:
    """The time on the wall clock: the least tick of the slots, and the smallest claim, which no tick passes."""
    tick = min((checkpoint.tick for checkpoint in checkpoints), default=0)
    _, name = smallest_claim(sources, claims, settings)
    states = {str(partition): state for partition, state in claims.states.items()}
    left_out = [name for name, state in states.items() if is_stuck(state, settings)]
    return TimeStatus(
        tick=tick or None,
        holder=_holder(claims, name) if name else None,
        left_out=tuple(sorted(left_out)),
        written_at=claims.broker_time or None,
    )


def events_status(
    checkpoints: Iterable[SlotCheckpoint],
    claims: Claims,
    sources: Sequence[Partition],
    clock_records: Sequence[tuple[int, ClockRecord]],
) -> TimeStatus:
    """The time on the events clock: what was told, what every slot has, and who must still be read for the next."""
    next_offset = min((checkpoint.clock for checkpoint in checkpoints), default=0)
    account_times = {record.account: instant_ms(record.at) for _, record in clock_records}
    reached_times = {
        record.account: instant_ms(record.at) for offset, record in clock_records if offset < next_offset
    }
    waiting = next((record for offset, record in clock_records if offset >= next_offset), None)
    holder = None
    if waiting is not None:
        topics = {source.topic for source in sources}
        ends = {Partition.parse(name): end for name, end in waiting.ends.items()}
        unread = [each for each, end in ends.items() if each.topic in topics and claims.position(each) < end]
        holder = _holder(claims, str(min(unread))) if unread else None
    return TimeStatus(None, account_times, reached_times, holder, written_at=claims.broker_time or None)


def _holder(claims: Claims, name: str) -> TimeHolder:
    state = claims.states.get(Partition.parse(name))
    if state is None:
        return TimeHolder(name, None, reason="no worker has read it yet")
    claim = state.claim
    is_open = claim.stuck > 0 and claim.stable < claim.high
    stopped = f"{claim.stopped}; `leadstream topics accept-gap {name}` lets it read on" if claim.stopped else ""
    reason = stopped or ("a transaction of its producer is open" if is_open else "")
    return TimeHolder(name, claim.claim, claim.worker, reason)


def _add_claim(claims: Claims, record: ConsumedRecord, wanted: set[Partition]) -> None:
    try:
        partition = Partition.parse((record.key or b"").decode())
        claim = claim_records.decode(record.value or b"")
    except (msgspec.DecodeError, ValueError):
        return  # no claim: workers pass over it, too
    if partition in wanted:
        claims.add(partition, claim, record.timestamp)
    else:
        claims.broker_time = max(claims.broker_time, record.timestamp)
