"""A limit on the memory of processes and on the page cache that they use, together: a control group of version 1."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import getpid
from pathlib import Path

CONTROLLER = Path("/sys/fs/cgroup/memory")
"""Where Linux mounts the memory controller of version 1."""

_OWN_GROUPS = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class MemoryLimit:
    """A control group with a limit (MB)."""

    group: Path
    limit_mb: int

    def wrap(self, command: Sequence[str]) -> list[str]:
        """Returns a command that enters the group first; its descendants are in it, too."""
        entry = shlex.quote(str(self.group / "cgroup.procs"))
        return ["sh", "-c", f'echo $$ > {entry} && exec "$@"', "sh", *command]


@contextmanager
def memory_limit(limit_mb: int) -> Iterator[MemoryLimit | None]:
    """Yields a group below this process's own one, removed at the end; None where the system does not allow one."""
    try:
        group = _own_group(_OWN_GROUPS.read_text()) / f"leadstream-benchmark-{getpid()}"
        group.mkdir()
    except (OSError, ValueError):
        yield None
        return
    try:
        (group / "memory.limit_in_bytes").write_text(f"{limit_mb}M")
        yield MemoryLimit(group, limit_mb)
    finally:
        group.rmdir()  # its processes have ended; what they left in the page cache belongs to the group above


def _own_group(text: str) -> Path:
    """Returns the group of `/proc/self/cgroup`. Raises ValueError where the controller is not of version 1."""
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            return CONTROLLER / path.lstrip("/")
    raise ValueError("no memory controller of version 1")
