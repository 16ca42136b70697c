"""The definitions in force, followed on their topic: where the field mapping of hand-overs comes from."""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaConsumer

from schemas.definitions import Definitions
from schemas.topics import DEFINITIONS
from streams.engine.releases.release_log import ReleaseLog
from streams.settings import Settings


class ActiveDefinitions:
    """Knows the latest valid release of every account; `start` returns when it has read all there is."""

    def __init__(self, settings: Settings) -> None:
        self._releases = ReleaseLog(settings.clock)
        self._settings = settings
        self._consumer: Any = None

    def latest(self, account: str) -> Definitions | None:
        """An account's definitions; None when it has none."""
        release = self._releases.latest(account)
        return None if release is None else release.definitions

    async def start(self) -> None:
        """Reads the topic to its present end. Raises KafkaError."""
        self._consumer = AIOKafkaConsumer(
            self._settings.prefix + DEFINITIONS.name,
            bootstrap_servers=self._settings.bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )
        await self._consumer.start()
        [place] = self._consumer.assignment()
        end = (await self._consumer.end_offsets([place]))[place]
        while await self._consumer.position(place) < end:
            await self._read(200)

    async def follow(self) -> None:
        """Reads what comes, until it is cancelled."""
        while True:
            await self._read(1_000)

    async def stop(self) -> None:
        """Reads no more."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def _read(self, timeout_ms: int) -> None:
        for records in (await self._consumer.getmany(timeout_ms=timeout_ms)).values():
            for record in records:
                self._releases.add(record.offset, record.timestamp, record.key, record.value)
