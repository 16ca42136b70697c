"""A worker that starts removes what its former slots left behind, once that is of no use to anybody."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import structlog

from streams.runtime.disk.slot_folder import MAX_AGE_MS, FolderIdentity, open_slot_folder
from streams.runtime.disk.unused_folders import remove_unused_folders

CHANGELOG = "p-leadstream-pipeline-contacts-changelog"
LONG_AGO = MAX_AGE_MS / 1000 + 60
LATELY = MAX_AGE_MS / 1000 - 60


def leave_behind(worker_folder: Path, slot: int, age: float, changelog: str = CHANGELOG) -> Path:
    """The folder of a slot whose database was written to `age` seconds ago."""
    folder = worker_folder / f"{changelog}-{slot}"
    rows = open_slot_folder(folder, FolderIdentity("17-0", changelog, slot, "boot"))
    rows.commit({b"ids:0:one/ann": b"[]"}, b"checkpoint", 7)
    rows.close()
    os.utime(folder / "data.mdb", (time.time() - age,) * 2)
    return folder


def test_what_was_unused_for_twelve_hours_goes_and_what_was_used_lately_stays(tmp_path: Path) -> None:
    unused, used = leave_behind(tmp_path, 3, LONG_AGO), leave_behind(tmp_path, 4, LATELY)
    with structlog.testing.capture_logs() as lines:
        remove_unused_folders(tmp_path, CHANGELOG)
    assert [each.name for each in tmp_path.iterdir()] == [used.name]
    assert [(line["event"], line["folder"]) for line in lines] == [("contacts on disk removed", str(unused))]


def test_a_folder_that_was_never_filled_goes_by_its_own_age(tmp_path: Path) -> None:
    folder = tmp_path / f"{CHANGELOG}-0"
    folder.mkdir()
    os.utime(folder, (time.time() - LONG_AGO,) * 2)
    remove_unused_folders(tmp_path, CHANGELOG)
    assert not folder.exists()


def test_the_folder_of_a_slot_that_is_silent_for_long_stays_while_a_process_has_it(tmp_path: Path) -> None:
    folder = leave_behind(tmp_path, 3, 0)
    rows = open_slot_folder(folder, FolderIdentity("17-0", CHANGELOG, 3, "boot"))
    os.utime(folder / "data.mdb", (time.time() - LONG_AGO,) * 2)
    remove_unused_folders(tmp_path, CHANGELOG)
    assert rows.state.position == 7
    assert sorted(each.name for each in folder.iterdir()) == ["data.mdb", "identity.json", "lock", "lock.mdb"]
    rows.close()


def test_other_deployments_and_what_somebody_put_there_stay(tmp_path: Path) -> None:
    foreign = leave_behind(tmp_path, 3, LONG_AGO, changelog="q-" + CHANGELOG)
    longer = leave_behind(tmp_path, 3, LONG_AGO, changelog=CHANGELOG + "-old")
    noted = leave_behind(tmp_path, 4, LONG_AGO)
    (noted / "notes.txt").write_text("ours")
    remove_unused_folders(tmp_path, CHANGELOG)
    assert sorted(tmp_path.iterdir()) == sorted([foreign, longer, noted])
    assert (noted / "data.mdb").exists()


def test_without_a_folder_there_is_nothing_to_do(tmp_path: Path) -> None:
    remove_unused_folders(tmp_path / "nothing", CHANGELOG)


def test_a_folder_that_cannot_be_removed_is_named_and_the_worker_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = leave_behind(tmp_path, 3, LONG_AGO)

    def refuse(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rmdir", refuse)
    with structlog.testing.capture_logs() as lines:
        remove_unused_folders(tmp_path, CHANGELOG)
    assert [(line["event"], line["folder"]) for line in lines] == [("contacts on disk not removed", str(folder))]
