"""The folder with one slot's contacts: whose it is, whether it can be trusted, and that one process has it.

    DATA_DIR/contacts/WORKER/CHANGELOG-SLOT/lock             held by the process that uses the folder
    DATA_DIR/contacts/WORKER/CHANGELOG-SLOT/identity.json    of which deployment, format and machine start it is
    DATA_DIR/contacts/WORKER/CHANGELOG-SLOT/data.mdb         the database

What the folder has can be had from the changelog again, so whatever does not fit is deleted and not asked about.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import lmdb
import msgspec
import structlog

from streams.clock import now_ms
from streams.errors import ConfigurationError
from streams.runtime.disk.database import RowDatabase
from streams.runtime.disk.disk_rows import DiskRows
from streams.runtime.disk.row_format import FORMAT

log = structlog.get_logger()

MAX_AGE_MS = 12 * 3_600_000
"""An older database is not continued: of a key that was deleted the changelog says so for a day only (Kafka's
`delete.retention.ms`).
"""

FILES = ("identity.json", "identity.new", "data.mdb", "lock.mdb", "lock")
"""All that is ever in a folder; the lock comes last."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class FolderIdentity(msgspec.Struct, frozen=True):
    """What a folder must agree in to be continued.

    `deployment` tells deployments with equal topic names apart. `boot` names the start of the machine: nothing is
    synced to the disk, so after another start the database may be damaged; "" where the system does not say.
    """

    deployment: str
    changelog: str
    slot: int
    boot: str
    format: int = FORMAT


def current_boot_id() -> str:
    """Names this start of the machine; "" where the system does not say."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def open_slot_folder(folder: Path, identity: FolderIdentity) -> DiskRows:
    """Locks the folder and opens its rows; they begin anew where they cannot be continued.

    Raises ConfigurationError when the folder cannot be written or another process has it.
    """
    lock = _lock_folder(folder)
    problem = _find_problem(folder, identity)
    rows = _continue_rows(folder, lock) if problem is None else problem
    return rows if isinstance(rows, DiskRows) else _make_rows(folder, identity, lock, rows)


def _find_problem(folder: Path, identity: FolderIdentity) -> str | None:
    try:
        found = msgspec.json.decode((folder / "identity.json").read_bytes(), type=FolderIdentity)
    except FileNotFoundError:
        return "new"
    except msgspec.MsgspecError:
        return "its identity cannot be read"
    if found.boot != identity.boot or not identity.boot:
        return "the machine was started anew"
    return None if found == identity else "of another deployment or format"


def _continue_rows(folder: Path, lock: int) -> DiskRows | str:
    """The rows in the folder, or why they cannot be continued."""
    try:
        rows = DiskRows(RowDatabase(folder), lambda: os.close(lock))
    except (lmdb.Error, msgspec.MsgspecError) as error:
        return f"damaged: {error}"
    if rows.state.position and now_ms() - rows.state.wrote_at > MAX_AGE_MS:
        rows.clear()
    return rows


def _make_rows(folder: Path, identity: FolderIdentity, lock: int, why: str) -> DiskRows:
    log.info("contacts on disk begin anew", slot=identity.slot, why=why, folder=str(folder))
    try:
        for name in ("identity.json", "data.mdb", "lock.mdb"):
            (folder / name).unlink(missing_ok=True)
        rows = DiskRows(RowDatabase(folder), lambda: os.close(lock))
        new = folder / "identity.new"
        new.write_bytes(msgspec.json.encode(identity))
        new.replace(folder / "identity.json")
    except (OSError, lmdb.Error) as error:
        raise ConfigurationError(f"contacts cannot be kept in {folder}: {error}; set LEADSTREAM_DATA_DIR") from error
    return rows


def _lock_folder(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ConfigurationError(f"cannot write to {folder}: {error.strerror}; set LEADSTREAM_DATA_DIR") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ConfigurationError(
            f"another process uses {folder}: stop it, or give each worker its own LEADSTREAM_DATA_DIR"
        ) from None
    return descriptor
