"""Finds out why the local Kafka did not start, from its logs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_TAIL_CHARACTERS = 20_000

# (text in the logs, its meaning and what to do). The first match counts, so causes come before effects.
_REASONS = (
    ("Failed to acquire lock on file", "another Kafka uses this data folder; stop it first"),
    ("Address already in use", "its port is in use; choose another one"),
    ("No space left on device", "the disk is full; make room"),
    ("unsafe memory access operation", "the disk is full; make room"),
    ("AccessDeniedException", "its data folder cannot be written; mend the permissions"),
    ("Read-only file system", "its data folder cannot be written; choose another one"),
    ("No readable meta.properties", "its data folder is damaged; throw the data away to start anew"),
    ("doesn't match previous node id", "the data folder belongs to another broker; choose another one"),
    ("Invalid cluster.id", "the data folder belongs to another broker; choose another one"),
    ("OutOfMemoryError", "there is not enough memory"),
    ("insufficient memory for the Java Runtime", "there is not enough memory"),
    ("UnsupportedClassVersionError", "this Java is too old"),
)


def start_failure_reason(logs: Iterable[Path]) -> str:
    """Returns the reason according to the ends of `logs`, or else the names of the logs."""
    logs = list(logs)
    text = "".join(_read_tail(log) for log in logs)
    for sign, meaning in _REASONS:
        if sign in text:
            return meaning
    return f"see {' and '.join(str(log) for log in logs)}"


def _read_tail(log: Path) -> str:
    if not log.is_file():
        return ""
    return log.read_text(errors="replace")[-_TAIL_CHARACTERS:]
