"""A fresh start: the same events and times, decided by an engine that never had other definitions.

`leadstream replay` decides them. Its lines are the published events in the order of a journal partition. Ticks and
markers of the partition become `clock.advanced` lines, since both advance the time of every contact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.live_edit.command import leadstream
from benchmarks.live_edit.definitions import ACCOUNT, EVERYBODY, DefinitionsDocument
from schemas.topics import JOURNAL, PIPELINE_IN
from schemas.values import instant_ms, instant_text
from streams.engine.journal.records import JournalEvent, Marker, Tick, decode
from streams.settings import Settings
from tests.harness.kafka.topic_reader import TopicRecords, read_topic

Members = set[tuple[str, str]]
"""Segment and contact."""


@dataclass(frozen=True)
class JournalCut:
    """An offset of a journal partition, and the instant (ms) before which everything due is decided there."""

    offset: int
    at: int


@dataclass(frozen=True)
class PublishedHistory:
    """All published events by topic, partition and offset, and the journal with their order."""

    sources: Mapping[tuple[str, int, int], bytes]
    journal: TopicRecords

    def marker_cuts(self, release: int) -> dict[int, JournalCut]:
        """Returns the position of the release's marker in each journal partition."""
        cuts = {}
        for number, partition in self.journal.items():
            for record in partition:
                entry = decode(record.value)
                if isinstance(entry, Marker) and entry.number == release:
                    assert entry.at is not None, "on the wall clock every release has an instant"
                    cuts[number] = JournalCut(record.offset, entry.at)
        return cuts

    def lines_before(self, partition: int, cut: JournalCut) -> Iterable[tuple[int, str | None, bytes]]:
        """Yields instant (ms), contact (None for time) and line of each record of a partition before the cut."""
        for record in self.journal[partition]:
            if record.offset >= cut.offset:
                return
            entry = decode(record.value)
            if isinstance(entry, JournalEvent):
                yield entry.at, entry.owner, self.sources[entry.source]
            elif isinstance(entry, Tick | Marker) and entry.at is not None:
                yield entry.at, None, msgspec.json.encode(_clock_event(entry.at))


def _clock_event(at: int) -> dict[str, str]:
    return {"type": "clock.advanced", "account": ACCOUNT, "at": instant_text(at)}


async def read_history(settings: Settings) -> PublishedHistory:
    """Reads all in-topics and the journal."""
    sources = {}
    for topic in PIPELINE_IN:
        for number, partition in (await read_topic(settings.bootstrap, settings.prefix + topic.name)).items():
            sources.update({(topic.name, number, record.offset): record.value for record in partition})
    return PublishedHistory(sources, await read_topic(settings.bootstrap, settings.prefix + JOURNAL.name))


@dataclass(frozen=True)
class ReferenceRun:
    """Replays the history from a fresh start, with files in `folder`."""

    history: PublishedHistory
    folder: Path

    async def members(self, document: DefinitionsDocument, cuts: Mapping[int, JournalCut]) -> Members:
        """Returns the members under the definitions, just before the cut of each journal partition."""
        members: Members = set()
        for partition, cut in cuts.items():
            members |= await self._partition_members(document, partition, cut)
        return members

    async def segment_members(
        self, document: DefinitionsDocument, segment: str, cuts: Mapping[int, JournalCut]
    ) -> Members:
        """Returns the members of one segment just before the cut of each journal partition."""
        segments = [each for each in document["segments"] if each["id"] == segment]
        return await self.members({**document, "segments": segments, "campaigns": []}, cuts)

    async def _partition_members(self, document: DefinitionsDocument, partition: int, cut: JournalCut) -> Members:
        definitions, events = self.folder / "fresh.json", self.folder / f"fresh-{partition}.jsonl"
        definitions.write_bytes(msgspec.json.encode(document))
        # What is due at the cut's instant is not decided yet: its tick or marker only closes the time before.
        clock = cut.at - 1
        last_instants: dict[str, int] = {}
        with events.open("wb") as out:
            for at, owner, line in self.history.lines_before(partition, cut):
                if owner is None:
                    clock = max(clock, at - 1)
                else:
                    last_instants[owner] = max(at, last_instants.get(owner, at))
                out.write(line + b"\n")
        end = max(clock, *last_instants.values())
        options = ["--definitions", str(definitions), "--until", instant_text(end), str(events)]
        output = await leadstream("replay", *options, log=self.folder / "fresh.log")
        members: Members = set()
        for line in output.splitlines():
            change = msgspec.json.decode(line, type=_Change)
            # An event before the cut may be later than it. That moves the time of its own contact only, but the end
            # of a replay that of all.
            reached = max(clock, last_instants.get(change.contact, clock))
            if change.cause.kind == "clock" and instant_ms(change.at) > reached:
                continue
            if change.type == "segment.entered":
                members.add((change.segment, change.contact))
            elif change.type == "segment.exited":
                members.discard((change.segment, change.contact))
        return members


class _Cause(msgspec.Struct):
    kind: str = ""


class _Change(msgspec.Struct):
    """What is read of a replay's output; only a change of a segment names one."""

    type: str
    contact: str = ""
    at: str = ""
    segment: str = ""
    cause: _Cause = msgspec.field(default_factory=_Cause)


def active_members(candidates: Members, members: Members) -> Members:
    """Returns the candidates whose status allows membership, which are the members of the segment of everybody."""
    return {(segment, contact) for segment, contact in candidates if (EVERYBODY, contact) in members}
