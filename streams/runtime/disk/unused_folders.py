"""Removes the folders of slots that have been at other workers for so long that they would begin anew anyway."""

from __future__ import annotations

import fcntl
import os
import re
import time
from pathlib import Path

import structlog

from streams.runtime.disk.slot_folder import FILES, MAX_AGE_MS

log = structlog.get_logger()


def remove_unused_folders(worker_folder: Path, changelog: str) -> None:
    """Removes a worker's folders of this changelog whose database was not written to for more than MAX_AGE_MS.

    One that a process uses stays, and so does one that holds anything else. An error of the file system leaves a
    folder as it is.
    """
    name = re.compile(re.escape(changelog) + r"-\d+")
    folders = worker_folder.iterdir() if worker_folder.is_dir() else ()
    for folder in sorted(each for each in folders if name.fullmatch(each.name)):
        try:
            if _is_unused(folder) and _remove(folder):
                log.info("contacts on disk removed", why="unused for more than 12 hours", folder=str(folder))
        except OSError as error:
            log.warning("contacts on disk not removed", why=error.strerror, folder=str(folder))


def _is_unused(folder: Path) -> bool:
    database = folder / "data.mdb"
    written_at = (database if database.exists() else folder).stat().st_mtime
    return (time.time() - written_at) * 1000 > MAX_AGE_MS


def _remove(folder: Path) -> bool:
    """Removes the folder; False when another process has it or something else is in it."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if {each.name for each in folder.iterdir()} - set(FILES):
            return False
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
