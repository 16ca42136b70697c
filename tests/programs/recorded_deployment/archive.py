"""A broker's data folder as one file."""

from __future__ import annotations

import tarfile
from pathlib import Path

DATA = "data"
"""The folder of Kafka's own files below a broker's folder; settings are written anew at each start."""


def pack(broker_folder: Path, archive: Path) -> None:
    """Writes the data of a stopped broker to a file, without times and owners."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:xz") as tar:
        tar.add(broker_folder / DATA, DATA, filter=_anonymize)


def unpack(archive: Path, broker_folder: Path) -> None:
    """Fills the folder of a broker that is not started yet."""
    broker_folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "r:xz") as tar:
        tar.extractall(broker_folder, filter="data")


def _anonymize(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
