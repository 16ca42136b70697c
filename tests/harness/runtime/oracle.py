"""The oracle: what the topics of a deployment must hold, computed anew from what was published.

It knows the runtime's promises and nothing of a program's meaning: the program's own ingest and decider are run
again, in one go and without a broker, and every record is compared.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from schemas.topics import DEAD_LETTERS, DEFINITIONS
from streams.engine.journal import records
from streams.engine.journal.effects import Append, Budget, Effects, SourceRecord
from streams.kafka.partitions import partition_of
from streams.runtime import checkpoint as position_records
from streams.runtime.checkpoint import POSITION_KEY, Positions
from streams.runtime.protocols import Decider
from streams.runtime.spec import SlotKind
from streams.settings import Settings
from tests.harness.kafka.topic_reader import Records, read_topic

UNBOUNDED = Budget(records=1 << 40, bytes=1 << 60, seconds=1e9)

_EMITTED = re.compile(rb',"emitted_at":"[^"]*"}\Z')

Coordinates = tuple[str, int, int]
Keyed = dict[bytes, list[bytes | None]]


@dataclass
class Evidence:
    """What stands in the topics, committed; topics without prefix."""

    sources: dict[str, Records]
    journal: Records
    changelog: Records
    letters: Records
    outputs: dict[str, Records]
    definitions: Records

    def positions(self, partition: int) -> Positions:
        """The last position record of a slot."""
        last = Positions()
        for record in self.changelog[partition]:
            if record.key == POSITION_KEY:
                last = position_records.decode(record.value)
        return last


@dataclass
class Verdict:
    """Counts of what was compared, and of what is wrong with an example each."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def blame(self, what: str, example: Any = "", times: int = 1) -> None:
        """Something is wrong."""
        if times:
            self.wrong[what] += times
            self.examples.setdefault(what, str(example)[:300])

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    def __str__(self) -> str:
        lines = [f"{name}: {count}" for name, count in sorted(self.counts.items())]
        lines += [f"WRONG {what}: {n}, such as {self.examples[what]}" for what, n in sorted(self.wrong.items())]
        return "\n".join([*lines, "HOLDS" if self.holds else "FAILS"])


async def gather(kind: SlotKind, settings: Settings) -> Evidence:
    """Reads all topics of one kind of slots."""

    async def read(topic: str) -> Records:
        return await read_topic(settings.bootstrap, topic)

    prefix = settings.prefix
    return Evidence(
        sources={topic.name: await read(prefix + topic.name) for topic in kind.sources},
        journal=await read(kind.journal_topic(settings)),
        changelog=await read(kind.changelog(settings)),
        letters=await read(prefix + DEAD_LETTERS.name),
        outputs={topic.name: await read(prefix + topic.name) for topic in kind.outputs if topic != DEAD_LETTERS},
        definitions=await read(prefix + DEFINITIONS.name),
    )


def judge(evidence: Evidence, kind: SlotKind, settings: Settings) -> Verdict:
    """Compares everything; see each part."""
    verdict = Verdict()
    learn_releases(evidence, kind)
    decided = judge_decisions(evidence, kind, settings, verdict)
    judge_journal(evidence, kind, settings, verdict, decided)
    judge_ticks(evidence, verdict)
    return verdict


def learn_releases(evidence: Evidence, kind: SlotKind) -> None:
    """The kind's own log of releases, which its deciders ask, gets what stands in `definitions`."""
    releases = kind.releases() if kind.releases is not None else None
    for partition in evidence.definitions.values():
        for record in partition:
            if releases is not None:
                releases.add(record.offset, record.timestamp, record.key, record.value)


def judge_journal(
    evidence: Evidence,
    kind: SlotKind,
    settings: Settings,
    verdict: Verdict,
    decided: Counter[tuple[Coordinates, str]],
) -> None:
    """Every accepted event is in the journal once, in its source partition's order, in its key's partition and
    with the bytes that ingest gives; every refused one is in the dead letters once, as received.
    """
    ingest = kind.ingest(settings)
    found = journal_by_source(evidence.journal)
    refused: Counter[tuple[Coordinates, str]] = Counter(decided)
    for topic, partitions in evidence.sources.items():
        for number, published in partitions.items():
            for record in published:
                verdict.counts["published"] += 1
                place = (topic, number, record.offset)
                entries = found.pop(place, [])
                arrival = entries[0][2].arrival if entries else record.timestamp
                source = SourceRecord(
                    topic, number, record.offset, record.timestamp, record.key, record.value, record.headers, arrival
                )
                results = ingest(source)
                appends = [result for result in results if isinstance(result, Append)]
                refused.update((place, result.code) for result in results if not isinstance(result, Append))
                _compare_entries(place, appends, entries, kind.slots, verdict)
    for place in found:
        if place[0] in evidence.sources:
            verdict.blame("journaled, never published", place)
    _judge_order(evidence.journal, verdict)
    _judge_letters(evidence, refused, verdict)


Entry = tuple[int, Any, records.Event]


def journal_by_source(journal: Records) -> dict[Coordinates, list[Entry]]:
    """Every event of the journal with its journal partition, by where it came from."""
    found: dict[Coordinates, list[Entry]] = defaultdict(list)
    for number, partition in journal.items():
        for record in partition:
            event = records.decode(record.value)
            if isinstance(event, records.Event):
                topic, source, offset = event.source
                found[topic, source, offset].append((number, record, event))
    return found


def _compare_entries(
    place: Coordinates, appends: Sequence[Append], entries: Sequence[Entry], slots: int, verdict: Verdict
) -> None:
    verdict.counts["accepted"] += len(appends)
    verdict.blame("accepted and not in the journal", place, max(0, len(appends) - len(entries)))
    verdict.blame("in the journal more than once", place, max(0, len(entries) - len(appends)))
    for append, (number, record, _event) in zip(appends, entries, strict=False):
        if number != partition_of(append.key, slots):
            verdict.blame("in another journal partition than its key's", place)
        if (record.key, record.value) != (append.key, append.value):
            verdict.blame("other bytes in the journal than ingest gives", (append.value, record.value))


def _judge_order(journal: Records, verdict: Verdict) -> None:
    arrivals: dict[tuple[str, int], dict[int, int]] = defaultdict(dict)
    for number, partition in journal.items():
        last: dict[tuple[str, int], int] = {}
        for record in partition:
            event = records.decode(record.value)
            if not isinstance(event, records.Event):
                continue
            topic, source, offset = event.source
            if last.get((topic, source), -1) > offset:
                verdict.blame("journaled out of its source's order", (number, record.offset, event.source))
            last[topic, source] = offset
            arrivals[topic, source][offset] = event.arrival
    for source_partition, by_offset in arrivals.items():
        in_order = [by_offset[offset] for offset in sorted(by_offset)]
        back = sum(later < earlier for earlier, later in pairwise(in_order))
        verdict.blame("arrivals that go back", source_partition, back)


def _judge_letters(evidence: Evidence, refused: Counter[tuple[Coordinates, str]], verdict: Verdict) -> None:
    published = {
        (topic, number, record.offset): record
        for topic, partitions in evidence.sources.items()
        for number, partition in partitions.items()
        for record in partition
    }
    got: Counter[tuple[Coordinates, str]] = Counter()
    for partition in evidence.letters.values():
        for record in partition:
            headers = {name: content.decode() for name, content in record.headers}
            place = (headers["source-topic"], int(headers["source-partition"]), int(headers["source-offset"]))
            if place[0] not in evidence.sources:
                continue  # of another kind of slots
            got[place, headers["error-code"]] += 1
            source = published.get(place)
            if source is not None and record.key != source.key:
                verdict.blame("a dead letter with another key than was received", place)
    verdict.counts["dead letters"] = sum(got.values())
    for letter, times in (refused - got).items():
        verdict.blame("refused and not in the dead letters", letter, times)
    for letter, times in (got - refused).items():
        verdict.blame("in the dead letters too often", letter, times)


def judge_ticks(evidence: Evidence, verdict: Verdict) -> None:
    """Ticks of a journal partition never go back, account by account; a wall tick says the truth: nothing that
    arrived before it comes after it.
    """
    for number, partition in evidence.journal.items():
        last: dict[str, int] = {}
        for record in partition:
            tick = records.decode(record.value)
            if isinstance(tick, records.Event) and tick.arrival < last.get("", tick.arrival):
                verdict.blame("a tick that was too early", (number, record.offset, last[""] - tick.arrival))
            if not isinstance(tick, records.Tick):
                continue
            verdict.counts["ticks"] += 1
            if tick.at < last.get(tick.account, tick.at):
                verdict.blame("a tick that goes back", (number, record.offset))
            last[tick.account] = tick.at


def judge_decisions(
    evidence: Evidence, kind: SlotKind, settings: Settings, verdict: Verdict
) -> Counter[tuple[Coordinates, str]]:
    """Outputs are those of a replay of the journal up to the slot's position, byte for byte and in order per key,
    apart from `emitted_at`; the changelog's last rows are the replay's. Returns the letters that were decided.
    """
    letters: Counter[tuple[Coordinates, str]] = Counter()
    for number, journal in evidence.journal.items():
        positions = evidence.positions(number)
        position = positions.feeds.get(f"{kind.journal.name}:{number}", 0)
        decider = kind.decider(settings, number)
        effects = replay(decider, [record for record in journal if record.offset < position])
        letters.update(((source, refusal.code) for refusal, source, _value in effects.letters))
        verdict.counts["journal records decided"] += sum(record.offset < position for record in journal)
        verdict.counts["journal records beyond positions"] += sum(record.offset >= position for record in journal)
        _compare_outputs(evidence, effects, number, verdict)
        _compare_rows(evidence.changelog[number], effects, number, verdict)
    return letters


def replay(decider: Decider, journal: Sequence[Any]) -> Effects:
    """All effects of the journal records, decided in one go by a decider that has no state yet."""
    decider.resume(None)
    whole = Effects()
    for record in journal:
        decider.feed(record.offset, record.key, record.value)
    while decider.pending():
        effects = decider.work(UNBOUNDED)
        whole.rows.update(effects.rows)
        whole.outputs.extend(effects.outputs)
        whole.letters.extend(effects.letters)
    return whole


def _compare_outputs(evidence: Evidence, effects: Effects, number: int, verdict: Verdict) -> None:
    expected: dict[str, Keyed] = defaultdict(lambda: defaultdict(list))
    for output in effects.outputs:
        expected[output.topic][output.key].append(timeless(output.value))
    for topic, partitions in evidence.outputs.items():
        got: Keyed = defaultdict(list)
        for record in partitions.get(number, []):
            got[record.key].append(timeless(record.value))
            verdict.counts["outputs"] += 1
        for key in expected[topic].keys() | got.keys():
            _compare_key(topic, key, expected[topic].get(key, []), got.get(key, []), verdict)


def _compare_key(
    topic: str, key: bytes, expected: list[bytes | None], got: list[bytes | None], verdict: Verdict
) -> None:
    if expected == got:
        return
    missing, extra = Counter(expected) - Counter(got), Counter(got) - Counter(expected)
    verdict.blame(f"outputs missing in {topic}", (key, list(missing)), sum(missing.values()))
    verdict.blame(f"outputs too many in {topic}", (key, list(extra)), sum(extra.values()))
    if not missing and not extra:
        verdict.blame(f"outputs of a key in another order in {topic}", key)


def _compare_rows(changelog: Sequence[Any], effects: Effects, number: int, verdict: Verdict) -> None:
    last = {record.key: record.value for record in changelog if record.key != POSITION_KEY}
    got = {key: value for key, value in last.items() if value is not None}
    expected = {key: value for key, value in effects.rows.items() if value is not None}
    verdict.counts["rows"] += len(expected)
    for key in expected.keys() | got.keys():
        if expected.get(key) != got.get(key):
            verdict.blame("rows that differ", (number, key, expected.get(key), got.get(key)))


def timeless(value: bytes | None) -> bytes | None:
    """A value without `emitted_at`, the one field that is not part of the truth; else byte for byte."""
    return None if value is None else _EMITTED.sub(b"}", value)
