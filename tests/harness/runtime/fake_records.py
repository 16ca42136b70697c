"""Records as if they were fetched, for tests without a broker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from streams.runtime.faust.runs import Run
from streams.runtime.inputs.partition_buffer import Feed


@dataclass
class Fetched:
    """An aiokafka record."""

    topic: str
    partition: int
    offset: int
    timestamp: int | None = 0
    key: bytes | None = b"c1"
    value: bytes | None = b"{}"
    headers: Sequence[tuple[str, bytes]] = field(default_factory=tuple)


def run_of(feed: Feed, offsets: Sequence[int], next_: int | None = None, token: int | None = None) -> Run:
    """A run of these offsets that joins the feed's last one."""
    records = [Fetched(feed.partition.topic, feed.partition.number, offset, timestamp=offset) for offset in offsets]
    following = offsets[-1] + 1 if next_ is None else next_
    return Run(records, feed.expected, following, _token(feed) if token is None else token, 1 << 50)


def fetch(feed: Feed, timestamps: Sequence[int | None], fetched: int = 1 << 50) -> None:
    """Offers the next records to the feed, with these timestamps."""
    records = [
        Fetched(feed.partition.topic, feed.partition.number, feed.expected + index, timestamp)
        for index, timestamp in enumerate(timestamps)
    ]
    assert feed.offer(Run(records, feed.expected, feed.expected + len(records), _token(feed), fetched))


def _token(feed: Feed) -> int:
    assert feed.token is not None, "the feed was not sought"
    return feed.token
