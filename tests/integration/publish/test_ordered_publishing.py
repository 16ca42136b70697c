"""`publish --ordered` keeps the order of a contact's events across topics of different speed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import SCORING_EVENTS, WEB_VISITS
from schemas.values import instant_text
from streams.engine.journal.records import JournalEvent, JournalRecord, Tick
from streams.errors import Unavailable
from streams.kafka.topic_admin import create_topics
from streams.publish.lines import DefinitionsLine, parse_json_lines, read_lines
from streams.publish.producer import EventProducer
from streams.publish.publisher import Publisher, PublishReport
from streams.settings import Settings
from streams.store.journal_follower import JournalFollower
from tests.harness.kafka.delayed_ingest import DelayedIngest, read_journal

_PartitionedJournal = dict[int, list[JournalRecord]]

CONTACTS = 5
ROUNDS = 6
TYPES = ("web.visited", "contact.changed", "score.adjusted")
SLOW_VISITS = {WEB_VISITS.name: 0.02, SCORING_EVENTS.name: 0.005}


class NoReleases:
    async def apply_line(self, line: DefinitionsLine) -> int:
        raise AssertionError(line)


@pytest.fixture
async def settings(kafka: str, prefix: str) -> Settings:
    new_settings = Settings(bootstrap=kafka, prefix=prefix, clock="events", partitions=3, in_partitions=2)
    await create_topics(new_settings, lambda *_: None)
    return new_settings


def write_events(path: Path, events: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return str(path)


def mixed_events() -> list[dict[str, Any]]:
    """Returns events of all types for every contact in turn, with one clock line in the middle."""
    events: list[dict[str, Any]] = []
    for number in range(ROUNDS * len(TYPES)):
        at = instant_text(1_000 * number)
        for contact in range(CONTACTS):
            kind = TYPES[(number + contact) % len(TYPES)]
            events.append({"id": f"{contact}-{number:03d}", "type": kind, "at": at, "contact": f"c{contact}"})
        if number == 8:
            events.append({"type": "clock.advanced", "at": at})
    return events


async def publish_file(settings: Settings, file: str, *, ordered: bool, patience: float = 60.0) -> PublishReport:
    items = parse_json_lines(read_lines([file], lambda _progress: None))
    async with EventProducer(settings) as producer, JournalFollower(settings) as journal:
        publisher = Publisher(
            producer,
            advances_clock=True,
            releases=NoReleases(),
            journal=journal if ordered else None,
            patience=patience,
        )
        await publisher.publish(items)
        await publisher.advance_clock_to_end()
        return publisher.report


async def test_the_journal_has_each_contacts_events_in_the_order_of_the_file(
    settings: Settings, tmp_path: Path
) -> None:
    file = write_events(tmp_path / "events.jsonl", mixed_events())
    async with DelayedIngest(settings, SLOW_VISITS):
        report = await publish_file(settings, file, ordered=True)
        journal = await read_journal(settings)
    assert report.event_count == CONTACTS * ROUNDS * len(TYPES)
    for contact in range(CONTACTS):
        ids = ids_of(journal, f"c{contact}")
        assert ids == [f"{contact}-{number:03d}" for number in range(ROUNDS * len(TYPES))]


async def test_without_ordered_the_slow_topic_comes_late(settings: Settings, tmp_path: Path) -> None:
    file = write_events(tmp_path / "events.jsonl", mixed_events())
    report = await publish_file(settings, file, ordered=False)
    async with DelayedIngest(settings, SLOW_VISITS):
        journal = await journal_when(settings, report.event_count)
    of_one = ids_of(journal, "c0")
    assert len(of_one) == ROUNDS * len(TYPES)
    assert of_one != sorted(of_one)


async def test_a_clock_line_keeps_its_position_among_the_events(settings: Settings, tmp_path: Path) -> None:
    events = mixed_events()
    clock_index = next(number for number, event in enumerate(events) if event["type"] == "clock.advanced")
    before = {event["id"] for event in events[:clock_index]}
    after = {event["id"] for event in events if "id" in event} - before
    file = write_events(tmp_path / "events.jsonl", events)
    async with DelayedIngest(settings, SLOW_VISITS):
        await publish_file(settings, file, ordered=True)
        journal = await read_journal(settings)
    last = max(1_000 * number for number in range(ROUNDS * len(TYPES)))
    for partition in journal.values():
        ticks = [index for index, record in enumerate(partition) if isinstance(record, Tick)]
        assert [record.at for record in partition if isinstance(record, Tick)] == [8_000, last + 1]
        assert names(partition[: ticks[0]]) <= before
        assert names(partition[ticks[0] :]) <= after
        assert ticks[-1] == len(partition) - 1


async def test_a_refused_event_does_not_block_the_publisher(settings: Settings, tmp_path: Path) -> None:
    at = instant_text(1_000)
    broken = {"type": "web.visited", "at": at, "contact": "ann"}
    events = [broken, {"id": "1", "type": "contact.changed", "at": at, "contact": "ann"}]
    file = write_events(tmp_path / "events.jsonl", events)
    async with DelayedIngest(settings, {}):
        report = await publish_file(settings, file, ordered=True)
    assert report.event_count == 2


async def test_without_a_worker_it_ends_with_one_clear_line(settings: Settings, tmp_path: Path) -> None:
    file = write_events(tmp_path / "events.jsonl", mixed_events())
    with pytest.raises(Unavailable, match="is a worker running"):
        await publish_file(settings, file, ordered=True, patience=1.0)


def names(entries: list[JournalRecord]) -> set[str]:
    """Returns the ids of the events among these records."""
    return {record.id for record in entries if isinstance(record, JournalEvent)}


def ids_of(journal: _PartitionedJournal, contact: str) -> list[str]:
    """Returns the ids of a contact's events, in the order of the journal."""
    every = (record for partition in journal.values() for record in partition)
    return [record.id for record in every if isinstance(record, JournalEvent) and record.owner == contact]


async def journal_when(settings: Settings, count: int) -> _PartitionedJournal:
    """Returns the journal when it holds at least `count` events."""
    while True:
        journal = await read_journal(settings)
        events = [
            record for partition in journal.values() for record in partition if isinstance(record, JournalEvent)
        ]
        if len(events) >= count:
            return journal
