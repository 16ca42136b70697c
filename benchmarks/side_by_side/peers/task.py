"""What the benchmark tells a peer's program, and how the program tells how far it is."""

from __future__ import annotations

import json
import mmap
import signal
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

_COUNTER = struct.Struct("<QQ")
"""Events handled so far, and 1 when all of them are handled, written and committed."""


@dataclass(frozen=True)
class PeerTask:
    """One run: topics that exist, names that no other run has, and the number of events in the in-topic."""

    run: str
    variant: str
    bootstrap: str
    in_topic: str
    out_topic: str
    state_topic: str
    """For programs that keep their state in a topic by themselves."""
    partitions: int
    total: int
    segments: str
    """File with the neutral form of the segments."""
    progress: str
    """File of the counter."""
    folder: str
    """For the state on disk."""
    passes: int = 1
    """How often the job is done, each time from the beginning; all but the last time the changes are of no use."""
    commit_ms: int | None = None
    """Time between two commits; None for what the peer does by default."""

    @classmethod
    def from_command_line(cls) -> PeerTask:
        """Reads the file that the last argument names."""
        return cls(**json.loads(Path(sys.argv[-1]).read_text()))

    @property
    def commit_seconds(self) -> float | None:
        """Time between two commits in seconds."""
        return None if self.commit_ms is None else self.commit_ms / 1000


class ProgressCounter:
    """Counts in a file that another process reads meanwhile: cheap enough to count each event."""

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:  # noqa: PTH123 - a descriptor for mmap
            self._memory = mmap.mmap(file.fileno(), _COUNTER.size)
        self.count = 0

    def add(self, events: int = 1) -> None:
        """Counts events that are handled."""
        self.count += events
        _COUNTER.pack_into(self._memory, 0, self.count, 0)

    def finish(self) -> None:
        """Says that everything is committed, and waits until the benchmark ends this process."""
        _COUNTER.pack_into(self._memory, 0, self.count, 1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # an event loop may have a handler of its own
        while True:
            signal.pause()


def create_progress_file(path: Path) -> None:
    """Creates the file of a counter at zero."""
    path.write_bytes(bytes(_COUNTER.size))


def read_progress(path: Path) -> tuple[int, bool]:
    """Returns the events handled so far, and whether all are committed."""
    count, is_finished = _COUNTER.unpack(path.read_bytes())
    return count, bool(is_finished)
