"""Rows lie in memory unless the settings say disk and the app has all its state in them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from streams.app import ledger_spec, pipeline_spec
from streams.engine.state.memory_rows import MemoryRows
from streams.errors import BrokerUnavailable, ConfigurationError, TopicsMissing
from streams.runtime.disk import row_stores
from streams.runtime.disk.disk_rows import DiskRows
from streams.runtime.disk.row_stores import NoLocalRows, RowStores
from streams.runtime.spec import AppSpec
from streams.settings import ContactStorage, Settings


def open_store(
    folder: Path, storage: ContactStorage, monkeypatch: pytest.MonkeyPatch, *, ledger: bool = False
) -> RowStores:
    async def read_id(_settings: Settings) -> str:
        return "17-0"

    monkeypatch.setattr(row_stores, "read_deployment_id", read_id)
    settings = Settings(prefix="p-", data_dir=folder, contact_store=storage)
    spec: AppSpec = ledger_spec(settings) if ledger else pipeline_spec(settings)
    stores = RowStores(settings, spec, "w1")
    asyncio.run(stores.prepare())
    return stores


@pytest.mark.parametrize(("storage", "ledger"), [("memory", False), ("disk", True)])
def test_rows_lie_in_memory(
    storage: ContactStorage, ledger: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, local_rows = open_store(tmp_path, storage, monkeypatch, ledger=ledger).open(0)
    assert isinstance(rows, MemoryRows)
    assert isinstance(local_rows, NoLocalRows)
    assert local_rows.start_restore(50) == (0, b"")
    assert list(tmp_path.iterdir()) == []


def test_a_broker_that_does_not_show_the_deployment_any_more_is_not_back_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read_id(_settings: Settings) -> str:
        raise TopicsMissing("there is no deployment with this prefix")

    monkeypatch.setattr(row_stores, "read_deployment_id", read_id)
    settings = Settings(prefix="p-", data_dir=tmp_path, contact_store="disk")
    with pytest.raises(BrokerUnavailable, match="there before: there is no deployment with this prefix"):
        asyncio.run(RowStores(settings, pipeline_spec(settings), "w1").prepare())


def test_each_worker_and_slot_has_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = open_store(tmp_path, "disk", monkeypatch)
    opened = [stores.open(slot) for slot in (0, 3)]
    changelog = "p-leadstream-pipeline-contacts-changelog"
    folders = {str(path.parent.relative_to(tmp_path)) for path in tmp_path.rglob("data.mdb")}
    assert folders == {f"contacts/w1/{changelog}-0", f"contacts/w1/{changelog}-3"}
    for rows, local_rows in opened:
        assert isinstance(rows, DiskRows)
        assert rows is local_rows
    with pytest.raises(ConfigurationError):
        stores.open(3)
    for _, local_rows in opened:
        local_rows.close()


@pytest.mark.parametrize("storage", ["disk", "memory"])
def test_the_first_take_over_removes_what_was_long_unused(
    storage: ContactStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "contacts" / "w1" / "p-leadstream-pipeline-contacts-changelog-5"
    folder.mkdir(parents=True)
    os.utime(folder, (0, 0))
    other_worker = tmp_path / "contacts" / "w2" / folder.name
    other_worker.mkdir(parents=True)
    os.utime(other_worker, (0, 0))
    open_store(tmp_path, storage, monkeypatch)
    assert not folder.exists()
    assert other_worker.exists()
