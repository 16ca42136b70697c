"""Chooses where the contacts of a worker's slots lie: in memory, or on local disk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from streams.engine.state.memory_rows import MemoryRows
from streams.engine.state.row_store import RowStore
from streams.kafka.clients import seen_topics
from streams.kafka.deployment import read_deployment_id
from streams.runtime.disk.slot_folder import FolderIdentity, current_boot_id, open_slot_folder
from streams.runtime.disk.unused_folders import remove_unused_folders
from streams.runtime.spec import AppSpec
from streams.settings import Settings


class LocalRows(Protocol):
    """What a slot does to rows that outlive the process; with rows in memory there is nothing to do."""

    def start_restore(self, end: int) -> tuple[int, bytes]:
        """The changelog offset to restore from, where the changelog ends at `end`, and the last checkpoint record
        before it, b"" for none.
        """

    def commit_restored(self, checkpoint: bytes, position: int) -> None:
        """The records before changelog offset `position` were restored; `checkpoint` is the last one among them."""

    def commit(self, records: Mapping[bytes, bytes | None], checkpoint: bytes, position: int) -> None:
        """A transaction was committed that wrote these records and this checkpoint before offset `position`."""

    def clear(self) -> None:
        """Begins anew, without contacts."""

    def record_count(self) -> int:
        """About how many contacts there are."""

    def close(self) -> None:
        """Ends its use."""


class NoLocalRows:
    """A `LocalRows` that keeps nothing; `rows` are those in memory."""

    def __init__(self, rows: MemoryRows | None = None) -> None:
        self._rows = rows

    def start_restore(self, end: int) -> tuple[int, bytes]:
        """The whole changelog is to be restored."""
        del end
        return 0, b""

    def commit_restored(self, checkpoint: bytes, position: int) -> None:
        """Keeps nothing."""

    def commit(self, records: Mapping[bytes, bytes | None], checkpoint: bytes, position: int) -> None:
        """Keeps nothing."""

    def clear(self) -> None:
        """Has nothing."""

    def record_count(self) -> int:
        """How many contacts there are."""
        return 0 if self._rows is None else self._rows.record_count()

    def close(self) -> None:
        """Has nothing open."""


class RowStores:
    """Opens the row stores of one worker's slots."""

    def __init__(self, settings: Settings, spec: AppSpec, worker: str) -> None:
        self._settings = settings
        self._changelog = spec.changelog_topic(settings)
        self._has_row_store = spec.has_row_store
        self._is_on_disk = spec.has_row_store and settings.contact_store == "disk"
        self._folder: Path = settings.data_dir / "contacts" / worker
        self._deployment = ""
        self._is_prepared = False

    async def prepare(self) -> None:
        """At the first call, removes folders long unused and reads what tells this deployment from others.

        Raises BrokerUnavailable.
        """
        if self._is_prepared:
            return
        # With contacts in memory too: what is there is from a time when they were on disk.
        if self._has_row_store:
            await asyncio.to_thread(remove_unused_folders, self._folder, self._changelog)
        if self._is_on_disk:
            with seen_topics():
                self._deployment = await read_deployment_id(self._settings)
        self._is_prepared = True

    def open(self, slot: int) -> tuple[RowStore, LocalRows]:
        """A slot's rows, for its decider and for itself.

        Raises ConfigurationError when its folder cannot be written or another process has it.
        """
        if not self._is_on_disk:
            memory = MemoryRows()
            return memory, NoLocalRows(memory)
        identity = FolderIdentity(self._deployment, self._changelog, slot, current_boot_id())
        rows = open_slot_folder(self._folder / f"{self._changelog}-{slot}", identity)
        return rows, rows
