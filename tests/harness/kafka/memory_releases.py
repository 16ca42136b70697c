"""Releases on a topic that is kept in memory."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.engine_versions import EngineVersion
from streams.settings import Clock, Settings
from streams.store.releases import ReleaseRepository


class MemoryReleases(ReleaseRepository):
    """Its topic is in memory; nobody works."""

    def __init__(self, clock: Clock = "events") -> None:
        super().__init__(Settings(), clock)
        self._count = 0

    def append(self, account: str, value: bytes) -> None:
        """Adds a record."""
        self._log.add(self._count, 1, account.encode(), value)
        self._count += 1

    def append_release(self, account: str, based_on: int, **definitions: Any) -> None:
        """Adds a record of definitions as another writer would."""
        record: dict[str, Any] = {"type": "definitions.applied", "id": f"other-{self._count}", "account": account}
        record |= {"based_on": based_on, "definitions": {"account": account, **definitions}}
        self.append(account, msgspec.json.encode(record))

    async def _read_new_records(self) -> None:
        return

    async def _require_workers(self, version: EngineVersion) -> None:
        return

    async def _send_record(self, account: str, value: bytes) -> None:
        self.append(account, value)
