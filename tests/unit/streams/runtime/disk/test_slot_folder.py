"""A folder is continued when it is this deployment's and whole, and made anew otherwise; one process has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from streams.errors import ConfigurationError
from streams.runtime.disk import disk_rows, slot_folder
from streams.runtime.disk.disk_rows import DiskRows
from streams.runtime.disk.slot_folder import MAX_AGE_MS, FolderIdentity, current_boot_id, open_slot_folder

OURS = FolderIdentity("17-0", "p-changelog", 3, "boot")


def fill(folder: Path) -> None:
    rows = open_slot_folder(folder, OURS)
    rows.commit({b"ids:0:one/ann": b"[]"}, b"checkpoint", 7)
    rows.close()


def position(rows: DiskRows) -> int:
    rows.close()
    return rows.state.position


def test_the_same_deployment_continues(tmp_path: Path) -> None:
    fill(tmp_path / "a" / "b")
    assert position(open_slot_folder(tmp_path / "a" / "b", OURS)) == 7


@pytest.mark.parametrize(
    "other",
    [
        msgspec.structs.replace(OURS, deployment="18-0"),
        msgspec.structs.replace(OURS, changelog="q-changelog"),
        msgspec.structs.replace(OURS, slot=4),
        msgspec.structs.replace(OURS, boot="after a power cut"),
        msgspec.structs.replace(OURS, format=OURS.format + 1),
    ],
)
def test_anything_else_begins_anew(other: FolderIdentity, tmp_path: Path) -> None:
    fill(tmp_path)
    assert position(open_slot_folder(tmp_path, other)) == 0


def test_where_the_system_does_not_say_when_it_started_nothing_is_continued(tmp_path: Path) -> None:
    unknown = msgspec.structs.replace(OURS, boot="")
    open_slot_folder(tmp_path, unknown).close()
    fill(tmp_path)
    assert position(open_slot_folder(tmp_path, unknown)) == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "data.mdb").write_bytes(b"no database" * 1_000),
        lambda folder: (folder / "data.mdb").unlink(),
        lambda folder: (folder / "identity.json").write_bytes(b"{"),
        lambda folder: (folder / "identity.json").unlink(),
    ],
)
def test_a_damaged_folder_begins_anew(damage: Callable[[Path], None], tmp_path: Path) -> None:
    fill(tmp_path)
    damage(tmp_path)
    assert position(open_slot_folder(tmp_path, OURS)) == 0
    fill(tmp_path)
    assert position(open_slot_folder(tmp_path, OURS)) == 7


@pytest.mark.parametrize(("age", "expected"), [(MAX_AGE_MS, 7), (MAX_AGE_MS + 1, 0)])
def test_what_was_long_unused_begins_anew(
    age: int, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_rows, "now_ms", lambda: 1_000)
    fill(tmp_path)
    monkeypatch.setattr(slot_folder, "now_ms", lambda: 1_000 + age)
    assert position(open_slot_folder(tmp_path, OURS)) == expected


def test_two_processes_do_not_open_one_folder(tmp_path: Path) -> None:
    rows = open_slot_folder(tmp_path, OURS)
    with pytest.raises(ConfigurationError, match="another process uses"):
        open_slot_folder(tmp_path, OURS)
    rows.close()
    open_slot_folder(tmp_path, OURS).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="LEADSTREAM_DATA_DIR"):
        open_slot_folder(tmp_path / "file" / "slot", OURS)


def test_the_start_of_this_machine_has_one_name() -> None:
    assert current_boot_id() == current_boot_id()
