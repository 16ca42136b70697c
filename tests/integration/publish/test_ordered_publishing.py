"""`publish --ordered`: a contact's order holds across topics, whichever topic is journaled first."""

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
    made = Settings(bootstrap=kafka, prefix=prefix, clock="events", partitions=3, in_partitions=2)
    await create_topics(made, lambda *_: None)
    return made


def written(path: Path, events: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return str(path)


def mixed_events() -> list[dict[str, Any]]:
    """Every contact goes through all types, again and again; time is told in the middle."""
    events: list[dict[str, Any]] = []
    for number in range(ROUNDS * len(TYPES)):
        at = instant_text(1_000 * number)
        for contact in range(CONTACTS):
            kind = TYPES[(number + contact) % len(TYPES)]
            events.append({"id": f"{contact}-{number:03d}", "type": kind, "at": at, "contact": f"c{contact}"})
        if number == 8:
            events.append({"type": "clock.advanced", "at": at})
    return events


async def published(settings: Settings, file: str, *, ordered: bool, patience: float = 60.0) -> PublishReport:
    items = parse_json_lines(read_lines([file], lambda _done: None))
    async with EventProducer(settings) as sender, JournalFollower(settings) as journal:
        publisher = Publisher(
            sender,
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
    file = written(tmp_path / "events.jsonl", mixed_events())
    async with DelayedIngest(settings, SLOW_VISITS):
        report = await published(settings, file, ordered=True)
        journal = await read_journal(settings)
    assert report.event_count == CONTACTS * ROUNDS * len(TYPES)
    for contact in range(CONTACTS):
        ids = ids_of(journal, f"c{contact}")
        assert ids == [f"{contact}-{number:03d}" for number in range(ROUNDS * len(TYPES))]


async def test_without_ordered_the_slow_topic_comes_late(settings: Settings, tmp_path: Path) -> None:
    file = written(tmp_path / "events.jsonl", mixed_events())
    report = await published(settings, file, ordered=False)
    async with DelayedIngest(settings, SLOW_VISITS):
        journal = await journal_when(settings, report.event_count)
    of_one = ids_of(journal, "c0")
    assert len(of_one) == ROUNDS * len(TYPES)
    assert of_one != sorted(of_one)


async def test_told_time_stands_behind_what_came_before_it_and_before_what_came_after(
    settings: Settings, tmp_path: Path
) -> None:
    events = mixed_events()
    told = next(number for number, event in enumerate(events) if event["type"] == "clock.advanced")
    before = {event["id"] for event in events[:told]}
    after = {event["id"] for event in events if "id" in event} - before
    file = written(tmp_path / "events.jsonl", events)
    async with DelayedIngest(settings, SLOW_VISITS):
        await published(settings, file, ordered=True)
        journal = await read_journal(settings)
    last = max(1_000 * number for number in range(ROUNDS * len(TYPES)))
    for partition in journal.values():
        ticks = [place for place, record in enumerate(partition) if isinstance(record, Tick)]
        assert [record.at for record in partition if isinstance(record, Tick)] == [8_000, last + 1]
        assert names(partition[: ticks[0]]) <= before
        assert names(partition[ticks[0] :]) <= after
        assert ticks[-1] == len(partition) - 1


async def test_a_refused_event_holds_nobody_up(settings: Settings, tmp_path: Path) -> None:
    at = instant_text(1_000)
    broken = {"type": "web.visited", "at": at, "contact": "ann"}
    events = [broken, {"id": "1", "type": "contact.changed", "at": at, "contact": "ann"}]
    file = written(tmp_path / "events.jsonl", events)
    async with DelayedIngest(settings, {}):
        report = await published(settings, file, ordered=True)
    assert report.event_count == 2


async def test_without_a_worker_it_ends_with_one_clear_line(settings: Settings, tmp_path: Path) -> None:
    file = written(tmp_path / "events.jsonl", mixed_events())
    with pytest.raises(Unavailable, match="is a worker running"):
        await published(settings, file, ordered=True, patience=1.0)


def names(part: list[JournalRecord]) -> set[str]:
    """The ids of the events among these records."""
    return {record.id for record in part if isinstance(record, JournalEvent)}


def ids_of(journal: _PartitionedJournal, contact: str) -> list[str]:
    """The ids of a contact's events, in the journal's order."""
    every = (record for partition in journal.values() for record in partition)
    return [record.id for record in every if isinstance(record, JournalEvent) and record.owner == contact]


async def journal_when(settings: Settings, count: int) -> _PartitionedJournal:
    """The journal once it holds so many events."""
    while True:
        journal = await read_journal(settings)
        events = [
            record for partition in journal.values() for record in partition if isinstance(record, JournalEvent)
        ]
        if len(events) >= count:
            return journal
