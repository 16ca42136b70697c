"""Kafka's formatting of an empty data folder, remembered: later starts need no Java process of its own for it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from connectors.kafka.jars import KAFKA_VERSION, cache_folder

# What the format tool writes: the cluster's id and the features it begins with.
FORMAT_FILES = ("meta.properties", "bootstrap.checkpoint")


def restore_format(data: Path) -> None:
    """Formats the data folder as the first one was; nothing where it has data, or none was remembered."""
    known = _format_cache_folder()
    if data.exists() or not known.is_dir():
        return
    data.mkdir(parents=True)
    for name in FORMAT_FILES:
        shutil.copyfile(known / name, data / name)


def cache_format(data: Path) -> None:
    """Remembers how a broker's data folder was formatted; nothing when that is known, or cannot be kept."""
    known = _format_cache_folder()
    if known.is_dir() or not all((data / name).is_file() for name in FORMAT_FILES):
        return
    # It only saves a second next time: a cache that cannot be written is no reason to complain.
    with contextlib.suppress(OSError):
        known.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=known.parent))
        for name in FORMAT_FILES:
            shutil.copyfile(data / name, part / name)
        part.rename(known)


def _format_cache_folder() -> Path:
    return cache_folder() / f"kafka-{KAFKA_VERSION}-formatted"
