"""The jars of the local Kafka: pinned in a lock file, fetched once, and checked by their hashes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from connectors.kafka.maven import Maven
from streams.errors import LocalBrokerError
from streams.progress import ProgressCallback, ignore_progress

KAFKA_VERSION = "4.2.1"
FETCH_THREADS = 8
POLL_SECONDS = 0.1
LOCK_FILE = Path(__file__).with_name(f"kafka-{KAFKA_VERSION}.lock")


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned artifact: Maven coordinates, size in bytes, sha256 in hexadecimal digits."""

    group: str
    artifact: str
    version: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        """The name of its file in Maven repositories."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def coordinates(self) -> str:
        """The Maven coordinates."""
        return f"{self.group}:{self.artifact}:{self.version}"

    def matches_file(self, path: Path) -> bool:
        """Whether `path` holds exactly this jar."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        return hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def read_lock_file(lock_file: Path = LOCK_FILE) -> list[Jar]:
    """Returns the jars in the lock file."""
    jars = []
    for line in lock_file.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        coordinates, size, sha256 = line.split()
        group, artifact, version = coordinates.split(":")
        jars.append(Jar(group, artifact, version, int(size), sha256))
    return jars


def cache_folder() -> Path:
    """Returns the folder for fetched files: `LEADSTREAM_CACHE`, else `leadstream` in the user's cache folder."""
    configured = os.environ.get("LEADSTREAM_CACHE")
    if configured:
        return Path(configured)
    user_cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(user_cache) if user_cache else Path.home() / ".cache") / "leadstream"


def kafka_jars(report: ProgressCallback = ignore_progress, lock_file: Path = LOCK_FILE) -> list[Path]:
    """Returns the paths of all jars in the lock file, and fetches those that are not in the cache.

    Raises RepositoryUnavailable when the repository does not answer, LocalBrokerError when it lacks one or has one
    with another hash than that of the lock file. What `report` raises ends the fetch at once.
    """
    folder = cache_folder() / lock_file.stem
    jars = read_lock_file(lock_file)
    stamp = hashlib.sha256(lock_file.read_bytes()).hexdigest()
    paths = [folder / jar.file_name for jar in jars]
    if not _is_cache_valid(folder, jars, stamp):
        try:
            _fill_cache(folder, jars, stamp, report)
        except OSError as error:
            raise LocalBrokerError(
                f"Kafka's jars cannot be kept in {folder} ({error.strerror}); set LEADSTREAM_CACHE to a"
                " folder that can be written"
            ) from error
    return paths


def _is_cache_valid(folder: Path, jars: list[Jar], stamp: str) -> bool:
    # No need to hash 42 MB at every start: a file only gets its final name after its hash was checked.
    stamp_file = folder / ".checked"
    if not stamp_file.is_file() or stamp_file.read_text() != stamp:
        return False
    return all(_has_size(folder / jar.file_name, jar.size) for jar in jars)


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _fill_cache(folder: Path, jars: list[Jar], stamp: str, report: ProgressCallback) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with _cache_lock(folder, report):
        missing = [jar for jar in jars if not jar.matches_file(folder / jar.file_name)]
        if missing:
            _fetch_jars(folder, missing, report)
        (folder / ".checked").write_text(stamp)


@contextmanager
def _cache_lock(folder: Path, report: ProgressCallback) -> Iterator[None]:
    """Lets one process at a time fill the cache; the others wait and find it full."""
    with (folder / ".lock").open("w") as file:
        while not _try_lock(file.fileno()):
            report("waiting for another process that fetches Kafka", 0, 0)
            time.sleep(POLL_SECONDS)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _fetch_jars(folder: Path, missing: list[Jar], report: ProgressCallback) -> None:
    total = sum(jar.size for jar in missing)
    scratch = folder / ".fetch"
    shutil.rmtree(scratch, ignore_errors=True)
    fetch = _ParallelFetch(folder, Maven(scratch), missing)
    try:
        for done in fetch.sizes():
            report(f"fetching Kafka {KAFKA_VERSION}", done, total)
    finally:
        fetch.give_up()
    shutil.rmtree(scratch, ignore_errors=True)


class _ParallelFetch:
    """Fetches jars in threads that nobody waits for: a download that hangs must not keep a process from its end."""

    def __init__(self, folder: Path, maven: Maven, jars: list[Jar]) -> None:
        self._folder = folder
        self._maven = maven
        self._count = len(jars)
        self._waiting: SimpleQueue[Jar] = SimpleQueue()
        self._results: SimpleQueue[int | BaseException] = SimpleQueue()
        for jar in jars:
            self._waiting.put(jar)
        self._is_given_up = False

    def sizes(self) -> Iterator[int]:
        """Yields how many bytes are there, again and again until all are. Raises as `Maven.find`, and OSError."""
        for number in range(FETCH_THREADS):
            threading.Thread(target=self._work, name=f"fetch-{number}", daemon=True).start()
        done = 0
        yield done
        while self._count:
            try:
                result = self._results.get(timeout=POLL_SECONDS)
            except Empty:
                yield done
                continue
            if isinstance(result, BaseException):
                raise result
            self._count -= 1
            done += result
            yield done

    def give_up(self) -> None:
        """Lets the threads end after what they are at."""
        self._is_given_up = True
        self._maven.give_up()

    def _work(self) -> None:
        while not self._is_given_up:
            try:
                jar = self._waiting.get_nowait()
            except Empty:
                return
            try:
                self._results.put(self._fetch(jar))
            except BaseException as error:  # noqa: BLE001 - raised by `sizes`, in the thread that waits
                self._results.put(error)

    def _fetch(self, jar: Jar) -> int:
        source = self._maven.find(jar.group, jar.artifact, jar.version, jar.matches_file)
        part = self._folder / f".{jar.file_name}.part"
        shutil.copyfile(source, part)
        part.replace(self._folder / jar.file_name)
        return jar.size
