"""The oracle: computes from the published events what a deployment's topics must hold, and compares.

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
from streams.engine.state.memory_rows import MemoryRows
from streams.kafka.deployment import DeploymentRecord, require_deployment
from streams.runtime import checkpoint as checkpoint_records
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.protocols import Decider
from streams.runtime.spec import AppSpec
from streams.settings import Settings
from tests.harness.kafka.topic_reader import TopicRecords, read_topic

UNBOUNDED = Budget(records=1 << 40, bytes=1 << 60, seconds=1e9)

_EMITTED = re.compile(rb',"emitted_at":"[^"]*"}\Z')

Coordinates = tuple[str, int, int]
ValuesByKey = dict[bytes, list[bytes | None]]


@dataclass
class Evidence:
    """The committed records of all topics; topic names without prefix."""

    sources: dict[str, TopicRecords]
    journal: TopicRecords
    changelog: TopicRecords
    dead_letters: TopicRecords
    outputs: dict[str, TopicRecords]
    definitions: TopicRecords
    deployment: DeploymentRecord

    def slot_checkpoint(self, partition: int) -> SlotCheckpoint:
        """A slot's last checkpoint."""
        last = SlotCheckpoint()
        for record in self.changelog[partition]:
            if record.key == CHECKPOINT_KEY:
                last = checkpoint_records.decode(record.value)
        return last


@dataclass
class OracleVerdict:
    """Counts of compared records and of errors, with an example of each error."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add_error(self, error: str, example: Any = "", times: int = 1) -> None:
        """Counts an error `times` times."""
        if times:
            self.wrong[error] += times
            self.examples.setdefault(error, str(example)[:300])

    @property
    def holds(self) -> bool:
        """Whether there is no error."""
        return not self.wrong

    def __str__(self) -> str:
        lines = [f"{name}: {count}" for name, count in sorted(self.counts.items())]
        lines += [f"WRONG {what}: {n}, such as {self.examples[what]}" for what, n in sorted(self.wrong.items())]
        return "\n".join([*lines, "HOLDS" if self.holds else "FAILS"])


async def read_evidence(spec: AppSpec, settings: Settings) -> Evidence:
    """Reads all topics of an app."""

    async def read(topic: str) -> TopicRecords:
        return await read_topic(settings.bootstrap, topic)

    prefix = settings.prefix
    return Evidence(
        sources={topic.name: await read(prefix + topic.name) for topic in spec.sources},
        journal=await read(spec.journal_topic(settings)),
        changelog=await read(spec.changelog_topic(settings)),
        dead_letters=await read(prefix + DEAD_LETTERS.name),
        outputs={topic.name: await read(prefix + topic.name) for topic in spec.outputs if topic != DEAD_LETTERS},
        definitions=await read(prefix + DEFINITIONS.name),
        deployment=await require_deployment(settings),
    )


def verify(evidence: Evidence, spec: AppSpec, settings: Settings) -> OracleVerdict:
    """Compares journal, decisions and ticks; see the functions called."""
    verdict = OracleVerdict()
    load_releases(evidence, spec)
    decided = verify_decisions(evidence, spec, settings, verdict)
    verify_journal(evidence, spec, settings, verdict, decided)
    verify_ticks(evidence, verdict)
    return verdict


def load_releases(evidence: Evidence, spec: AppSpec) -> None:
    """Feeds the spec's release log, which its deciders use, with the records of `definitions`."""
    releases = spec.releases() if spec.releases is not None else None
    for partition in evidence.definitions.values():
        for record in partition:
            if releases is not None:
                releases.add(record.offset, record.timestamp, record.key, record.value)


def verify_journal(
    evidence: Evidence,
    spec: AppSpec,
    settings: Settings,
    verdict: OracleVerdict,
    refusals: Counter[tuple[Coordinates, str]],
) -> None:
    """Every accepted event is in the journal once, in its source partition's order, in its key's partition and
    with the bytes that ingest gives; every refused one is in the dead letters once, as received.
    """
    ingest = spec.ingest(settings)
    journal = journal_by_source(evidence.journal)
    refused: Counter[tuple[Coordinates, str]] = Counter(refusals)
    for topic, partitions in evidence.sources.items():
        for number, published in partitions.items():
            for record in published:
                verdict.counts["published"] += 1
                coordinates = (topic, number, record.offset)
                entries = journal.pop(coordinates, [])
                arrival = entries[0][2].arrival if entries else record.timestamp
                source = SourceRecord(
                    topic, number, record.offset, record.timestamp, record.key, record.value, record.headers, arrival
                )
                results = ingest(source)
                appends = [result for result in results if isinstance(result, Append)]
                refused.update((coordinates, result.code) for result in results if not isinstance(result, Append))
                _compare_entries(coordinates, appends, entries, evidence.deployment, verdict)
    for coordinates in journal:
        if coordinates[0] in evidence.sources:
            verdict.add_error("journaled, never published", coordinates)
    _verify_order(evidence.journal, verdict)
    _verify_dead_letters(evidence, refused, verdict)


ExpectedEntry = tuple[int, Any, records.JournalEvent]


def journal_by_source(journal: TopicRecords) -> dict[Coordinates, list[ExpectedEntry]]:
    """Every event of the journal with its journal partition, by its source coordinates."""
    by_source: dict[Coordinates, list[ExpectedEntry]] = defaultdict(list)
    for number, partition in journal.items():
        for record in partition:
            event = records.decode(record.value)
            if isinstance(event, records.JournalEvent):
                topic, source, offset = event.source
                by_source[topic, source, offset].append((number, record, event))
    return by_source


def _compare_entries(
    coordinates: Coordinates,
    appends: Sequence[Append],
    entries: Sequence[ExpectedEntry],
    deployment: DeploymentRecord,
    verdict: OracleVerdict,
) -> None:
    verdict.counts["accepted"] += len(appends)
    verdict.add_error("accepted and not in the journal", coordinates, max(0, len(appends) - len(entries)))
    verdict.add_error("in the journal more than once", coordinates, max(0, len(entries) - len(appends)))
    for append, (number, record, _event) in zip(appends, entries, strict=False):
        if number != deployment.journal_partition(append.key):
            verdict.add_error("in another journal partition than its key's", coordinates)
        if (record.key, record.value) != (append.key, append.value):
            verdict.add_error("other bytes in the journal than ingest gives", (append.value, record.value))


def _verify_order(journal: TopicRecords, verdict: OracleVerdict) -> None:
    arrivals: dict[tuple[str, int], dict[int, int]] = defaultdict(dict)
    for number, partition in journal.items():
        last: dict[tuple[str, int], int] = {}
        for record in partition:
            event = records.decode(record.value)
            if not isinstance(event, records.JournalEvent):
                continue
            topic, source, offset = event.source
            if last.get((topic, source), -1) > offset:
                verdict.add_error("journaled out of its source's order", (number, record.offset, event.source))
            last[topic, source] = offset
            arrivals[topic, source][offset] = event.arrival
    for source_partition, by_offset in arrivals.items():
        in_order = [by_offset[offset] for offset in sorted(by_offset)]
        back = sum(later < earlier for earlier, later in pairwise(in_order))
        verdict.add_error("arrivals that go back", source_partition, back)


def _verify_dead_letters(
    evidence: Evidence, refusals: Counter[tuple[Coordinates, str]], verdict: OracleVerdict
) -> None:
    published = {
        (topic, number, record.offset): record
        for topic, partitions in evidence.sources.items()
        for number, partition in partitions.items()
        for record in partition
    }
    actual: Counter[tuple[Coordinates, str]] = Counter()
    for partition in evidence.dead_letters.values():
        for record in partition:
            headers = {name: content.decode() for name, content in record.headers}
            coordinates = (headers["source-topic"], int(headers["source-partition"]), int(headers["source-offset"]))
            if coordinates[0] not in evidence.sources:
                continue  # of another app
            actual[coordinates, headers["error-code"]] += 1
            source = published.get(coordinates)
            if source is not None and record.key != source.key:
                verdict.add_error("a dead letter with another key than was received", coordinates)
    verdict.counts["dead letters"] = sum(actual.values())
    for dead_letter, times in (refusals - actual).items():
        verdict.add_error("refused and not in the dead letters", dead_letter, times)
    for dead_letter, times in (actual - refusals).items():
        verdict.add_error("in the dead letters too often", dead_letter, times)


def verify_ticks(evidence: Evidence, verdict: OracleVerdict) -> None:
    """Ticks of a journal partition never go back, account by account; a wall tick is right: no record that
    arrived before it comes after it.
    """
    for number, partition in evidence.journal.items():
        last: dict[str, int] = {}
        for record in partition:
            tick = records.decode(record.value)
            if isinstance(tick, records.JournalEvent) and tick.arrival < last.get("", tick.arrival):
                verdict.add_error("a tick that was too early", (number, record.offset, last[""] - tick.arrival))
            if not isinstance(tick, records.Tick):
                continue
            verdict.counts["ticks"] += 1
            if tick.at < last.get(tick.account, tick.at):
                verdict.add_error("a tick that goes back", (number, record.offset))
            last[tick.account] = tick.at


def verify_decisions(
    evidence: Evidence, spec: AppSpec, settings: Settings, verdict: OracleVerdict
) -> Counter[tuple[Coordinates, str]]:
    """Outputs are those of a replay of the journal up to the slot's position, byte for byte and in order per key,
    apart from `emitted_at`; the changelog's last rows are the replay's. Returns the dead letters of decisions.
    """
    dead_letters: Counter[tuple[Coordinates, str]] = Counter()
    for number, journal in evidence.journal.items():
        positions = evidence.slot_checkpoint(number)
        position = positions.feeds.get(f"{spec.journal.name}:{number}", 0)
        decider = spec.decider(settings, number, MemoryRows())
        effects = replay(decider, [record for record in journal if record.offset < position])
        dead_letters.update(((source, refusal.code) for refusal, source, _value in effects.dead_letters))
        verdict.counts["journal records decided"] += sum(record.offset < position for record in journal)
        verdict.counts["journal records beyond positions"] += sum(record.offset >= position for record in journal)
        _compare_outputs(evidence, effects, number, verdict)
        _compare_rows(evidence.changelog[number], effects, number, verdict)
    return dead_letters


def replay(decider: Decider, journal: Sequence[Any]) -> Effects:
    """All effects of the journal records, decided in one go by a new decider."""
    decider.resume(None)
    whole = Effects()
    for record in journal:
        decider.feed(record.offset, record.key, record.value)
    while decider.has_pending():
        effects = decider.work(UNBOUNDED)
        whole.rows.update(effects.rows)
        whole.outputs.extend(effects.outputs)
        whole.dead_letters.extend(effects.dead_letters)
    return whole


def _compare_outputs(evidence: Evidence, expected_effects: Effects, number: int, verdict: OracleVerdict) -> None:
    expected: dict[str, ValuesByKey] = defaultdict(lambda: defaultdict(list))
    for output in expected_effects.outputs:
        expected[output.topic][output.key].append(without_emitted_at(output.value))
    for topic, partitions in evidence.outputs.items():
        actual: ValuesByKey = defaultdict(list)
        for record in partitions.get(number, []):
            actual[record.key].append(without_emitted_at(record.value))
            verdict.counts["outputs"] += 1
        for key in expected[topic].keys() | actual.keys():
            _compare_key(topic, key, expected[topic].get(key, []), actual.get(key, []), verdict)


def _compare_key(
    topic: str, key: bytes, expected: list[bytes | None], actual: list[bytes | None], verdict: OracleVerdict
) -> None:
    if expected == actual:
        return
    missing, extra = Counter(expected) - Counter(actual), Counter(actual) - Counter(expected)
    verdict.add_error(f"outputs missing in {topic}", (key, list(missing)), sum(missing.values()))
    verdict.add_error(f"outputs too many in {topic}", (key, list(extra)), sum(extra.values()))
    if not missing and not extra:
        verdict.add_error(f"outputs of a key in another order in {topic}", key)


def _compare_rows(changelog: Sequence[Any], expected_effects: Effects, number: int, verdict: OracleVerdict) -> None:
    last = {record.key: record.value for record in changelog if record.key != CHECKPOINT_KEY}
    actual = {key: value for key, value in last.items() if value is not None}
    expected = {key: value for key, value in expected_effects.rows.items() if value is not None}
    verdict.counts["rows"] += len(expected)
    for key in expected.keys() | actual.keys():
        if expected.get(key) != actual.get(key):
            verdict.add_error("rows that differ", (number, key, expected.get(key), actual.get(key)))


def without_emitted_at(value: bytes | None) -> bytes | None:
    """A value without `emitted_at`, the one field that a replay does not repeat; else byte for byte."""
    return None if value is None else _EMITTED.sub(b"}", value)
