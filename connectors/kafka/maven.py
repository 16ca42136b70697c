"""Finds Maven artifacts in the repository of this machine, in a mirror, or in the central repository."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from traceback import clear_frames
from typing import TYPE_CHECKING

import stamina

from streams.errors import LocalBrokerError

if TYPE_CHECKING:
    from jgo.maven import MavenContext

ATTEMPTS = 3
TIMEOUT_SECONDS = 30
_ADDRESS = re.compile(r"\w+://\S+")


class _FetchError(Exception):
    """One attempt failed and is repeated."""


class Maven:
    """Finds artifacts; `scratch` is the folder for fetched files.

    `LEADSTREAM_MAVEN_MIRROR` (an address) replaces the central repository.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._context = _context(scratch)

    def find(self, group: str, artifact: str, version: str, is_valid: Callable[[Path], bool]) -> Path:
        """Returns the path of an artifact for which `is_valid` holds.

        Raises LocalBrokerError when it cannot be fetched or is not valid.
        """
        local = _local_repository() / _relative_path(group, artifact, version)
        if is_valid(local):
            return local
        try:
            return self._fetch(group, artifact, version, is_valid)
        except _FetchError as error:
            raise LocalBrokerError(
                f"{group}:{artifact}:{version} cannot be fetched ({error}); check the network, or set"
                " LEADSTREAM_MAVEN_MIRROR to a Maven repository that can be reached"
            ) from error

    @stamina.retry(on=_FetchError, attempts=ATTEMPTS, wait_initial=0.3, wait_max=2.0)
    def _fetch(self, group: str, artifact: str, version: str, is_valid: Callable[[Path], bool]) -> Path:
        try:
            path = Path(self._context.project(group, artifact).at_version(version).artifact().resolve())
        except Exception as error:  # jgo and the libraries below it raise many kinds
            self._remove(group, artifact, version)
            # jgo leaves files open when it fails; they close when no frame of the failed call refers to them.
            clear_frames(error.__traceback__)
            raise _FetchError(_short_message(error)) from error
        if not is_valid(path):
            self._remove(group, artifact, version)
            raise _FetchError("its checksum is not the one in the lock file")
        return path

    def _remove(self, group: str, artifact: str, version: str) -> None:
        # Otherwise the next attempt would find a truncated file again.
        (self._scratch / _relative_path(group, artifact, version)).unlink(missing_ok=True)


def _context(scratch: Path) -> MavenContext:
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415 - in the dependency group `local`, not always there
    except ImportError as error:
        raise LocalBrokerError(
            "the local Kafka needs the package jgo to be fetched; install the dependency group `local`"
        ) from error
    certificates = os.environ.get("SSL_CERT_FILE")
    if certificates:
        # jgo fetches with requests, which has another name for this variable.
        os.environ.setdefault("REQUESTS_CA_BUNDLE", certificates)
    mirror = os.environ.get("LEADSTREAM_MAVEN_MIRROR")
    remote = {"mirror": mirror.rstrip("/")} if mirror else None
    return MavenContext(repo_cache=scratch, remote_repos=remote, timeout=TIMEOUT_SECONDS)


def _local_repository() -> Path:
    configured = os.environ.get("M2_REPO")
    return Path(configured) if configured else Path.home() / ".m2" / "repository"


def _relative_path(group: str, artifact: str, version: str) -> Path:
    return Path(*group.split("."), artifact, version, f"{artifact}-{version}.jar")


def _short_message(error: Exception) -> str:
    """Returns the first line of an error without the addresses in it."""
    lines = str(error).splitlines() or [type(error).__name__]
    return _ADDRESS.sub("the repository", lines[0])[:200]
