"""The jars of the local Kafka: pinned in a lock file, fetched once, and checked by their hashes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.kafka.maven import Maven
from streams.errors import LocalBrokerError
from streams.progress import ProgressCallback, ignore_progress

KAFKA_VERSION = "4.2.1"
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

    Raises LocalBrokerError when one cannot be fetched or its hash is not that of the lock file.
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
    with _cache_lock(folder):
        missing = [jar for jar in jars if not jar.matches_file(folder / jar.file_name)]
        if missing:
            _fetch_jars(folder, missing, report)
        (folder / ".checked").write_text(stamp)


@contextmanager
def _cache_lock(folder: Path) -> Iterator[None]:
    """Lets one process at a time fill the cache; the others wait and find it full."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch_jars(folder: Path, missing: list[Jar], report: ProgressCallback) -> None:
    total = sum(jar.size for jar in missing)
    done = 0
    scratch = folder / ".fetch"
    shutil.rmtree(scratch, ignore_errors=True)
    maven = Maven(scratch)
    report(f"fetching Kafka {KAFKA_VERSION}", done, total)

    def fetch_jar(jar: Jar) -> int:
        source = maven.find(jar.group, jar.artifact, jar.version, jar.matches_file)
        part = folder / f".{jar.file_name}.part"
        shutil.copyfile(source, part)
        part.replace(folder / jar.file_name)
        return jar.size

    with ThreadPoolExecutor(max_workers=8) as pool:
        for size in pool.map(fetch_jar, missing):
            done += size
            report(f"fetching Kafka {KAFKA_VERSION}", done, total)
    shutil.rmtree(scratch, ignore_errors=True)
