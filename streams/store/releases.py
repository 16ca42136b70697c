"""The topic `definitions`, read and added to: for commands that need the release in force, or make one."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from schemas.topics import DEFINITIONS
from schemas.values import instant_text
from streams.engine.releases.release_log import Release, ReleaseLog, VoidRelease
from streams.engine.validation import path_text, validate_definitions
from streams.errors import DefinitionsRefused, Internal, UsageError
from streams.kafka.clients import broker_errors, fetch_partitions
from streams.publish.lines import DefinitionsLine
from streams.settings import Clock, Settings

_encode = msgspec.json.Encoder().encode


class ReleaseRepository:
    """What stands in `definitions`; `clock` is the deployment's. Every call reads what was added meanwhile."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._topic = settings.prefix + DEFINITIONS.name
        self._clock = clock
        self._log = ReleaseLog(clock)
        self._next_offset = 0

    async def latest(self, account: str) -> Release | None:
        """The account's release in force; None when it has none. Raises BrokerUnavailable, TopicsMissing."""
        await self._read_new_records()
        return self._log.latest(account)

    async def read_log(self) -> ReleaseLog:
        """Everything that stands in the topic now. Raises BrokerUnavailable, TopicsMissing."""
        await self._read_new_records()
        return self._log

    async def apply_line(self, line: DefinitionsLine) -> int:
        """Makes a release of the line and returns its number. Raises DefinitionsRefused naming the line."""
        document = self._validate_document(line)
        try:
            self.require_not_future(line.at)
        except UsageError as error:
            raise DefinitionsRefused(f"{line.location}: {error}") from error
        latest = await self.latest(line.account)
        made = await self.write_release(line.account, document, latest.number if latest else 0, line.at)
        if isinstance(made, VoidRelease):
            raise DefinitionsRefused(f"{line.location}: {made.reason}")
        return made.number

    def require_not_future(self, at: int | None) -> None:
        """Raises UsageError for an instant still to come, on the wall clock: it would be cut to the arrival."""
        if self._clock == "wall" and at is not None and at > time.time() * 1000:
            raise UsageError(
                f"{instant_text(at)} is still to come; on the wall clock there is no applying in advance,"
                " a release takes effect when it arrives"
            )

    async def write_release(
        self, account: str, document: Mapping[str, Any], based_on: int, at: int | None = None
    ) -> Release | VoidRelease:
        """Writes one record, and reads back what every reader makes of it. `at` in ms."""
        id_ = f"release-{uuid.uuid4()}"
        record: dict[str, Any] = {"type": "definitions.applied", "id": id_, "account": account, "based_on": based_on}
        if at is not None:
            record["at"] = instant_text(at)
        await self._send_record(account, _encode(record | {"definitions": document}))
        log = await self.read_log()
        known: list[Release | VoidRelease] = [*log.releases_of(account), *log.void_releases]
        for each in known:
            if each.id == id_:
                return each
        raise Internal(f"the release {id_} was acknowledged and is not in the topic {self._topic}")

    def _validate_document(self, line: DefinitionsLine) -> dict[str, Any]:
        if not isinstance(line.definitions, dict):
            raise DefinitionsRefused(f"{line.location}: `definitions` must be an object")
        document = {"account": line.account, **line.definitions}
        problems = validate_definitions(document).problems
        if problems:
            first = problems[0]
            raise DefinitionsRefused(f"{line.location}: {path_text(first.path)}: {first.message}")
        return document

    async def _send_record(self, account: str, value: bytes) -> None:
        with broker_errors(self._settings.bootstrap):
            producer: Any = AIOKafkaProducer(
                bootstrap_servers=self._settings.bootstrap, acks="all", enable_idempotence=True
            )
            await producer.start()
            try:
                await producer.send_and_wait(self._topic, value, account.encode())
            finally:
                await producer.stop()

    async def _read_new_records(self) -> None:
        """Folds everything from where the last call stopped up to the topic's present end."""
        place = (await fetch_partitions(self._settings.bootstrap, [self._topic]))[self._topic][0]
        with broker_errors(self._settings.bootstrap):
            consumer: Any = AIOKafkaConsumer(
                bootstrap_servers=self._settings.bootstrap, isolation_level="read_committed", enable_auto_commit=False
            )
            await consumer.start()
            try:
                consumer.assign([place])
                consumer.seek(place, self._next_offset)
                end = (await consumer.end_offsets([place]))[place]
                while await consumer.position(place) < end:
                    fetched = await consumer.getmany(place, timeout_ms=500)
                    for record in fetched.get(place, []):
                        self._log.add(record.offset, record.timestamp, record.key, record.value)
                self._next_offset = end
            finally:
                await consumer.stop()
