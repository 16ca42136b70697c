"""A fresh start: the same events and times, told to an engine that never knew other definitions.

`leadstream replay` decides them. The lines are the events as they were published, in the order that a journal
partition gave them; its ticks and markers are told as time, since for every contact they were that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.live_edit.command import leadstream
from benchmarks.live_edit.definitions import ACCOUNT, EVERYBODY, DefinitionsDocument
from schemas.topics import JOURNAL, PIPELINE_IN
from schemas.values import instant_text
from streams.engine.journal.records import JournalEvent, Marker, Tick, decode
from streams.settings import Settings
from tests.harness.kafka.topic_reader import TopicRecords, read_topic

Members = set[tuple[str, str]]
"""Segment and contact."""


@dataclass(frozen=True)
class JournalCut:
    """A place in a journal partition, and the instant (ms) before which everything due there has happened."""

    offset: int
    at: int


@dataclass(frozen=True)
class PublishedHistory:
    """What was published, and the order the journal gave it."""

    sources: Mapping[tuple[str, int, int], bytes]
    journal: TopicRecords

    def marker_cuts(self, release: int) -> dict[int, JournalCut]:
        """Where each journal partition holds the release's marker."""
        found = {}
        for number, partition in self.journal.items():
            for record in partition:
                entry = decode(record.value)
                if isinstance(entry, Marker) and entry.number == release:
                    assert entry.at is not None, "on the wall clock every release has an instant"
                    found[number] = JournalCut(record.offset, entry.at)
        return found

    def lines_before(self, partition: int, cut: JournalCut) -> Iterable[tuple[int, bytes]]:
        """Instant and line of what stands in a journal partition before a place."""
        for record in self.journal[partition]:
            if record.offset >= cut.offset:
                return
            entry = decode(record.value)
            if isinstance(entry, JournalEvent):
                yield entry.at, self.sources[entry.source]
            elif isinstance(entry, Tick | Marker) and entry.at is not None:
                yield entry.at, msgspec.json.encode(_clock_event(entry.at))


def _clock_event(at: int) -> dict[str, str]:
    return {"type": "clock.advanced", "account": ACCOUNT, "at": instant_text(at)}


async def read_history(settings: Settings) -> PublishedHistory:
    """Everything that was published, and the journal."""
    sources = {}
    for topic in PIPELINE_IN:
        for number, partition in (await read_topic(settings.bootstrap, settings.prefix + topic.name)).items():
            sources.update({(topic.name, number, record.offset): record.value for record in partition})
    return PublishedHistory(sources, await read_topic(settings.bootstrap, settings.prefix + JOURNAL.name))


@dataclass(frozen=True)
class ReferenceRun:
    """Starts afresh in `folder`, as often as asked."""

    history: PublishedHistory
    folder: Path

    async def members(self, document: DefinitionsDocument, cuts: Mapping[int, JournalCut]) -> Members:
        """Who is a member under the definitions, just before a place of each journal partition."""
        found: Members = set()
        for partition, place in cuts.items():
            found |= await self._partition_members(document, partition, place)
        return found

    async def segment_members(
        self, document: DefinitionsDocument, segment: str, cuts: Mapping[int, JournalCut]
    ) -> Members:
        """Who was a member of a segment just before a place of each journal partition."""
        named = [each for each in document["segments"] if each["id"] == segment]
        return await self.members({**document, "segments": named, "campaigns": []}, cuts)

    async def _partition_members(self, document: DefinitionsDocument, partition: int, cut: JournalCut) -> Members:
        definitions, events = self.folder / "fresh.json", self.folder / f"fresh-{partition}.jsonl"
        definitions.write_bytes(msgspec.json.encode(document))
        # What is due at the place's own instant has not happened yet: its tick or marker closes what is before.
        end = cut.at - 1
        with events.open("wb") as out:
            for at, line in self.history.lines_before(partition, cut):
                end = max(end, at)
                out.write(line + b"\n")
        options = ["--definitions", str(definitions), "--until", instant_text(end), "--state", str(events)]
        said = await leadstream("replay", *options, log=self.folder / "fresh.log")
        rows = [msgspec.json.decode(line) for line in said.splitlines()]
        return {(row["segment"], row["contact"]) for row in rows if row["type"] == "segment.member"}


def active_members(candidates: Members, members: Members) -> Members:
    """Those of a list whose status allows them to be members, which the segment of everybody tells."""
    return {(segment, contact) for segment, contact in candidates if (EVERYBODY, contact) in members}
