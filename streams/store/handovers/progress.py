"""How far hand-overs are, as the group `leadstream-crm` commits it: an offset, and where accounts stand still.

Kafka keeps a text with each committed offset, in one write. In it stands, for each account that stands still, the
offset of its first hand-over that is not answered, and since when it stands still.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailable
from streams.kafka.protocols import AdminClient

MAX_TEXT_BYTES = 4_000
"""Brokers keep up to 4,096 bytes with an offset by default (`offset.metadata.max.bytes`)."""

PATIENCE_SECONDS = 30.0
_PAUSE_SECONDS = 0.2


class AccountStop(NamedTuple):
    """Where an account stands still: its first offset that is not answered; since when, in ms."""

    offset: int
    since: int


class HandOverProgress(NamedTuple):
    """What is committed of a partition of `qualified-leads`: every hand-over before `offset` is answered but those of
    the accounts in `stops`, from their own offsets on.
    """

    offset: int
    stops: Mapping[str, AccountStop] = {}


class _ProgressText(msgspec.Struct, omit_defaults=True):
    stopped: dict[str, tuple[int, int]] = {}


_decode = msgspec.json.Decoder(_ProgressText).decode


def encode_progress(progress: HandOverProgress, max_bytes: int = MAX_TEXT_BYTES) -> tuple[int, str]:
    """The offset and the text to commit.

    Where the text has no room for an account, the offset is the one that the account stands at: a new owner then
    reads from there, and answers again what was answered already, to the same effect.
    """
    if not progress.stops:
        return progress.offset, ""
    # Those furthest behind stand in the text: the offset goes back least.
    stops = sorted(progress.stops.items(), key=lambda item: (item[1].offset, item[0]))
    count = len(stops)
    while count and len(text := _text_of(stops[:count])) > max_bytes:
        count -= max(1, (len(text) - max_bytes) // 120)
        count = max(count, 0)
    offsets = [stop.offset for _, stop in stops[count:]]
    return min([progress.offset, *offsets]), _text_of(stops[:count]).decode() if count else ""


def decode_progress(offset: int, text: str) -> HandOverProgress:
    """What was committed; a text that no Leadstream wrote says nothing."""
    try:
        stops = _decode(text.encode()).stopped if text else {}
    except msgspec.DecodeError:
        stops = {}
    return HandOverProgress(offset, {account: AccountStop(*stop) for account, stop in stops.items()})


async def read_progress(
    admin: AdminClient, group: str, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, HandOverProgress]:
    """What a group has committed; a partition without a commit is left out. Raises BrokerUnavailable."""
    problem = ""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_SECONDS
    while loop.time() < end:
        try:
            answer = await admin.list_consumer_group_offsets(group, partitions=list(partitions))
        except KafkaError as error:  # as while a coordinator moves
            problem = type(error).__name__
        else:
            # An error of the group as a whole, too, is an answer without partitions.
            if all(each in answer for each in partitions):
                return {
                    each: decode_progress(answer[each].offset, answer[each].metadata or "")
                    for each in partitions
                    if answer[each].offset >= 0
                }
            problem = "the coordinator does not answer for the group"
        await asyncio.sleep(_PAUSE_SECONDS)
    raise BrokerUnavailable(f"the offsets of {group} cannot be read: {problem}; see that every broker runs")


def _text_of(stops: Sequence[tuple[str, AccountStop]]) -> bytes:
    return msgspec.json.encode(_ProgressText({account: (stop.offset, stop.since) for account, stop in stops}))
