"""Caches how Kafka formats an empty data folder, so that later starts need no extra Java process for it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from connectors.kafka.jars import KAFKA_VERSION, cache_folder

# What the format tool writes: the cluster's id and the features it begins with.
FORMAT_FILES = ("meta.properties", "bootstrap.checkpoint")


def restore_format(data: Path) -> None:
    """Formats the data folder from the cache; does nothing where the folder exists or the cache is empty."""
    cache = _format_cache_folder()
    if data.exists() or not cache.is_dir():
        return
    data.mkdir(parents=True)
    for name in FORMAT_FILES:
        shutil.copyfile(cache / name, data / name)


def cache_format(data: Path) -> None:
    """Caches the format of a broker's data folder; does nothing where it is cached already or cannot be."""
    cache = _format_cache_folder()
    if cache.is_dir() or not all((data / name).is_file() for name in FORMAT_FILES):
        return
    # The cache only saves a second: failing to write it is no error.
    with contextlib.suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=cache.parent))
        for name in FORMAT_FILES:
            shutil.copyfile(data / name, part / name)
        part.rename(cache)


def _format_cache_folder() -> Path:
    return cache_folder() / f"kafka-{KAFKA_VERSION}-formatted"
