"""A worker's name: its group instance id, held under a lock in the data folder.

Static membership keeps a worker's slots over a restart; for that its name must be stable, and used by one process.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from streams.errors import ConfigurationError, DuplicateWorker, UsageError

_ALLOWED = re.compile(r"[A-Za-z0-9._-]{1,100}")
MAX_WORKERS = 1_000


@dataclass(frozen=True)
class WorkerNameLock:
    """A name and the descriptor of its lock; the lock lives as long as any process holds the descriptor."""

    name: str
    descriptor: int

    def release(self) -> None:
        """Releases the lock."""
        os.close(self.descriptor)


def lock_worker_name(data_dir: Path, name: str | None) -> WorkerNameLock:
    """Locks `name`, or else the host's name with the first free number.

    Raises DuplicateWorker when another process on this machine holds `name`, UsageError for a name that Kafka
    does not take, ConfigurationError when the data folder cannot be written.
    """
    if name is not None:
        lock = _try_lock(data_dir, _validate_name(name))
        if lock is None:
            raise DuplicateWorker(f"a worker named {name} runs on this machine already; choose another --name")
        return lock
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:80] or "worker"
    for number in range(1, MAX_WORKERS):
        lock = _try_lock(data_dir, f"{host}-{number}")
        if lock is not None:
            return lock
    raise DuplicateWorker(f"{MAX_WORKERS - 1} workers run on this machine already")


def _validate_name(name: str) -> str:
    if not _ALLOWED.fullmatch(name):
        raise UsageError(
            f"a worker's name has letters, digits, dots, dashes and underscores, at most 100; got {name!r}"
        )
    return name


def _try_lock(data_dir: Path, name: str) -> WorkerNameLock | None:
    folder = data_dir / "workers"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ConfigurationError(f"cannot write to {folder}: {error.strerror}; set LEADSTREAM_DATA_DIR") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return WorkerNameLock(name, descriptor)
