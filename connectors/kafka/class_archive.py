"""Kafka's classes as Java loads them fastest: an archive of class data, by which a start takes half the time."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from connectors.kafka.jars import KAFKA_VERSION, cache_folder
from connectors.kafka.java import Java
from streams.progress import ProgressCallback, ignore_progress

POLL_SECONDS = 0.1
LOWEST_PRIORITY = 19
MAX_ARCHIVES = 3


class ClassArchive:
    """The archive for one Java and one set of jars, in the cache; Java ignores an archive that does not fit.

    A Kafka that runs without one can write a list of the classes that it loads; from that list the archive is made.
    """

    def __init__(self, java: Java, jars: Sequence[Path]) -> None:
        self._java = java
        self._jars = jars
        self.path = cache_folder() / f"kafka-{KAFKA_VERSION}-classes" / f"{_fingerprint(java, jars)}.jsa"

    def options(self, class_list: Path | None) -> list[str]:
        """Returns Java's options: to use the archive; where there is none, to write `class_list` if there is one."""
        if self.path.is_file():
            return [f"-XX:SharedArchiveFile={self.path}"]
        return [] if class_list is None else [f"-XX:DumpLoadedClassList={class_list}"]

    def build(self, class_list: Path, log_settings: Path, report: ProgressCallback = ignore_progress) -> bool:
        """Makes the archive from the classes listed so far, at the lowest priority: about 5 s of CPU, 65 MB.

        Returns whether there is one now: it only saves time, so that a failure is no error. What `report` raises ends
        it; nothing is left then.
        """
        if self.path.is_file():
            return True
        part = self.path.with_suffix(f".{os.getpid()}.part")
        complete_list = part.with_suffix(".list")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Kafka may be in the midst of a line.
            complete_list.write_text(class_list.read_text().rpartition("\n")[0] + "\n")
            options = ["-Xshare:dump", f"-XX:SharedClassListFile={complete_list}", f"-XX:SharedArchiveFile={part}"]
            if _run(self._java.command(self._jars, log_settings, options), report) == 0 and part.is_file():
                self._keep(part)
        except OSError:
            return False
        finally:
            complete_list.unlink(missing_ok=True)
            part.unlink(missing_ok=True)
        return self.path.is_file()

    def _keep(self, part: Path) -> None:
        """Gives the archive its name; of those of other Javas and jars only the newest stay."""
        part.replace(self.path)
        archives = sorted(self.path.parent.glob("*.jsa"), key=lambda archive: archive.stat().st_mtime)
        for former in archives[:-MAX_ARCHIVES]:
            former.unlink(missing_ok=True)


def _run(command: Sequence[str], report: ProgressCallback) -> int:
    """Runs a command until it ends, and returns its exit code; what `report` raises kills it."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in the terminal must only reach us
    )
    try:
        os.setpriority(os.PRIO_PROCESS, process.pid, LOWEST_PRIORITY)
        while process.poll() is None:
            report("preparing the next start", 0, 0)
            time.sleep(POLL_SECONDS)
    finally:
        process.kill()
        process.wait()
    return process.returncode


def _fingerprint(java: Java, jars: Sequence[Path]) -> str:
    """Returns what tells apart the archives of different Javas and jars: Java compares what these are made of.

    Where Java lies does not matter: each environment of a machine may have its own copy.
    """
    facts = [_stamp(java.path), *(f"{jar} {_stamp(jar)}" for jar in jars)]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def _stamp(file: Path) -> str:
    """Returns the size and time of a file."""
    if not file.is_file():
        return "missing"
    stat = file.stat()
    return f"{stat.st_size} {stat.st_mtime_ns}"
