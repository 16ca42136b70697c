"""Sends dead letters again, each once: the event and its mark are one transaction.

One transactional id serves a deployment, so a new run fences the one before and then reads its marks: what that one
committed is marked, and nothing more of it can be committed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced

from schemas.definitions import Definitions
from schemas.topics import DEAD_LETTER_RETRIES
from schemas.values import instant_text
from streams.clock import now_ms
from streams.engine.journal.validate import EventValidator
from streams.errors import BrokerUnavailable, Fenced
from streams.kafka.clients import broker_errors, fetch_partitions, wait_for_brokers
from streams.kafka.deployment import DeploymentRecord, require_deployment
from streams.kafka.protocols import TransactionalProducer
from streams.kafka.refusals import refusal_of_setting
from streams.progress import ProgressCallback
from streams.settings import Settings
from streams.store.dead_letters.edit import LetterEdit
from streams.store.dead_letters.letter import Letter, LetterCoordinates
from streams.store.dead_letters.marks import RetryMark
from streams.store.dead_letters.reader import CLIENT, LetterReader, open_letters
from streams.store.dead_letters.repair import IN_TOPICS, Hindrance, RetryBuilder, RetryRecord
from streams.store.dead_letters.selection import LetterSelection

BATCH_LETTERS = 200
"""So many letters go back in one transaction."""

_MAX_EXAMPLES = 3
_encode = msgspec.json.Encoder().encode


@dataclass
class RetryReport:
    """What is sent, or would be. `hindrances` count the reasons why letters are not, by kind and code; `examples`
    has some letters of each with its reason in full. `ends` is how far each partition was read.
    """

    sent: int = 0
    repeats: int = 0
    """Letters that were sent again before."""
    by_topic: Counter[str] = field(default_factory=Counter)
    by_code: Counter[str] = field(default_factory=Counter)
    hindrances: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[tuple[LetterCoordinates, str]]] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    """The ids of the first events sent."""
    ends: Mapping[int, int] = field(default_factory=dict)

    def count(self, kind: str) -> int:
        """How many letters are hindered by reasons of a kind."""
        return sum(count for (each, _), count in self.hindrances.items() if each == kind)

    def add(self, letter: Letter, outcome: RetryRecord | Hindrance) -> None:
        """Counts a letter."""
        if isinstance(outcome, RetryRecord):
            self.sent += 1
            self.by_topic[outcome.topic] += 1
            self.by_code[letter.code] += 1
            if len(self.ids) < BATCH_LETTERS:
                self.ids.append(outcome.id)
            return
        kind = (outcome.kind, letter.code)
        self.hindrances[kind] += 1
        examples = self.examples.setdefault(kind, [])
        if len(examples) < _MAX_EXAMPLES:
            examples.append((letter.coordinates, outcome.reason))


async def forecast_retry(
    settings: Settings, selection: LetterSelection, edit: LetterEdit, on_progress: ProgressCallback
) -> RetryReport:
    """What `retry_letters` would do now; nothing is written. Raises TopicsMissing, BrokerUnavailable."""
    builder = await open_builder(settings)
    report = RetryReport()
    async with open_letters(settings) as letters:
        report.ends = letters.end_offsets
        async for letter in letters.read(selection, "counting dead letters", on_progress):
            if letters.marks.mark_of(letter) is not None:
                report.repeats += 1
            else:
                report.add(letter, builder.build(letter, edit, now_ms()))
    return report


async def retry_letters(
    settings: Settings,
    selection: LetterSelection,
    edit: LetterEdit,
    on_progress: ProgressCallback,
    *,
    ends: Mapping[int, int] | None = None,
) -> RetryReport:
    """Sends the letters that are meant, up to `ends` (by partition), but those that were sent before.

    When it ends early, what it had committed is marked and the rest is not sent: it may be run again. Raises
    TopicsMissing, BrokerUnavailable, and Fenced where another run began meanwhile.
    """
    builder = await open_builder(settings)
    await fetch_partitions(settings.bootstrap, [settings.prefix + DEAD_LETTER_RETRIES.name])
    report = RetryReport()
    async with _open_sender(settings) as sender, open_letters(settings, ends) as letters:
        report.ends = letters.end_offsets
        await sender.forget(letters)
        async for letter in letters.read(selection, "sending dead letters again", on_progress):
            if letters.marks.mark_of(letter) is not None:
                report.repeats += 1
                continue
            outcome = builder.build(letter, edit, now_ms())
            if isinstance(outcome, RetryRecord):
                await sender.add(letter, outcome, is_edited=bool(edit))
            report.add(letter, outcome)
        await sender.commit()
    return report


async def open_builder(settings: Settings) -> RetryBuilder:
    """The builder for the deployment as it is now. Raises TopicsMissing, BrokerUnavailable."""
    deployment = await require_deployment(settings)
    from streams.store.releases import ReleaseRepository  # noqa: PLC0415 - validation is slow to import

    names = sorted(IN_TOPICS)
    partitions = await fetch_partitions(settings.bootstrap, [settings.prefix + name for name in names])
    counts = {name: len(partitions[settings.prefix + name]) for name in names}
    log = await ReleaseRepository(settings, deployment.clock).read_log()

    def definitions_of(account: str) -> Definitions | None:
        latest = log.latest(account)
        return None if latest is None else latest.definitions

    return RetryBuilder(counts, _validator(settings, deployment), definitions_of)


def _validator(settings: Settings, deployment: DeploymentRecord) -> EventValidator:
    return EventValidator(deployment.clock, settings.future_ms, normalize_ids=deployment.normalize_ids)


class _Sender:
    """Collects records and their marks, and commits them in transactions."""

    def __init__(self, settings: Settings, producer: TransactionalProducer) -> None:
        self._prefix = settings.prefix
        self._marks_topic = settings.prefix + DEAD_LETTER_RETRIES.name
        self._producer = producer
        self._pending: list[tuple[Letter, RetryRecord, bool]] = []
        self._tombstones: list[LetterCoordinates] = []

    async def forget(self, letters: LetterReader) -> None:
        """Removes the marks of letters that are gone."""
        self._tombstones = list(letters.marks.marks_before(letters.first_offsets))[:BATCH_LETTERS]
        if self._tombstones:
            await self.commit()

    async def add(self, letter: Letter, record: RetryRecord, *, is_edited: bool) -> None:
        """Adds a letter; every so many of them are committed."""
        self._pending.append((letter, record, is_edited))
        if len(self._pending) >= BATCH_LETTERS:
            await self.commit()

    async def commit(self) -> None:
        """Writes what was added, all of it or nothing. Raises Fenced, BrokerUnavailable."""
        if not self._pending and not self._tombstones:
            return
        try:
            await self._producer.begin_transaction()
            try:
                await self._send()
            except BaseException:
                await self._producer.abort_transaction()
                raise
            await self._producer.commit_transaction()
        except ProducerFenced as error:
            raise Fenced(
                "another `dead-letters retry` began meanwhile and goes on; what this one had sent is marked"
            ) from error
        except KafkaError as error:
            raise BrokerUnavailable(
                f"Kafka did not take the events: {error}; what was sent before is marked, so run the command again"
            ) from error
        self._pending.clear()
        self._tombstones.clear()

    async def _send(self) -> None:
        now = instant_text(now_ms())
        futures = []
        for letter, record, is_edited in self._pending:
            mark = RetryMark(letter.timestamp, record.id, now, is_edited)
            topic = self._prefix + record.topic
            futures += [
                await self._producer.send(
                    topic, record.value, record.key, partition=record.partition, headers=list(record.headers)
                ),
                await self._producer.send(self._marks_topic, _encode(mark), str(letter.coordinates).encode()),
            ]
        for coordinates in self._tombstones:
            futures.append(await self._producer.send(self._marks_topic, None, str(coordinates).encode()))
        # aiokafka commits although a batch was refused, so each answer is looked at.
        await asyncio.gather(*futures)


@asynccontextmanager
async def _open_sender(settings: Settings) -> AsyncIterator[_Sender]:
    """A sender that has fenced the one of any other run. Raises BrokerUnavailable, ConfigurationError."""
    producer: TransactionalProducer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap,
        client_id=CLIENT,
        transactional_id=f"{settings.prefix}{CLIENT}-retry",
        transaction_timeout_ms=settings.transaction_timeout_ms,
        request_timeout_ms=settings.request_ms,
        linger_ms=5,
    )
    wait_for_brokers(producer.client)
    with broker_errors(settings.bootstrap):
        try:
            await producer.start()
        except KafkaError as error:
            await producer.stop()
            raise refusal_of_setting(error) from error
    try:
        yield _Sender(settings, producer)
    finally:
        await producer.stop()


def examples_in_order(report: RetryReport) -> Sequence[tuple[str, str, int, Sequence[tuple[LetterCoordinates, str]]]]:
    """The kinds, codes and counts of what is not sent, with examples, by kind and code."""
    return [
        (kind, code, count, report.examples[kind, code]) for (kind, code), count in sorted(report.hindrances.items())
    ]
