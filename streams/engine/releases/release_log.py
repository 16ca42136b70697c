"""Derives the releases of every account from the topic `definitions` alone (SPEC section 9).

A record is a valid release when it can be parsed, its definitions are valid, and it is based on the account's latest
valid release; every other record is void. Its number is its rank among the valid ones. Readers of the same records
know the same releases. A release is decided by the engine version that it states, else by that of the release before.
The oldest version is never stated: the engine that has no other knows no such key, and its records are void alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from pydantic import ValidationError

from schemas.definitions import Definitions
from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION, EngineVersion
from schemas.events.base import DEFAULT_ACCOUNT
from schemas.events.releases import DefinitionsApplied
from streams.engine.journal.records import Marker
from streams.engine.validation import lowered_version_problem, path_text, validate_definitions
from streams.errors import DefinitionsRefused


@dataclass(frozen=True, slots=True)
class Release:
    """One immutable, numbered whole of an account's definitions: `document` as published, `definitions` as parsed."""

    account: str
    number: int
    offset: int
    id: str
    hash: str
    at: int | None
    """When it takes effect (ms); None stands for the account's last tick."""
    arrival: int
    document: Mapping[str, Any]
    definitions: Definitions

    @property
    def versioned_document(self) -> Mapping[str, Any]:
        """The document, which states its engine version also where the published one leaves it to the one before."""
        return {"engine_version": self.definitions.engine_version, **self.document}

    def to_marker(self) -> Marker:
        """The marker that every journal partition gets."""
        return Marker(
            account=self.account,
            number=self.number,
            offset=self.offset,
            hash=self.hash,
            at=self.at,
            semantics=self.definitions.engine_version,
        )


@dataclass(frozen=True, slots=True)
class VoidRelease:
    """A record of `definitions` that is not a release, and the reason."""

    offset: int
    account: str
    id: str
    reason: str


@dataclass
class ReleaseLog:
    """All releases so far; `clock` is the deployment's. Takes records in offset order and ignores repeated ones."""

    clock: Literal["wall", "events"] = "wall"
    void_releases: list[VoidRelease] = field(default_factory=list)
    _releases: dict[str, list[Release]] = field(default_factory=dict)
    _last_offset: int = -1

    def add(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> Marker | None:
        """Adds a record that arrived at `timestamp` (ms). Returns the marker of a valid release, else None."""
        if offset < self.next_offset:
            return None
        return self.append(self.parse(offset, timestamp, key, value))

    @property
    def next_offset(self) -> int:
        """The offset after that of the last record; 0 before the first."""
        return self._last_offset + 1

    def append(self, release: Release | VoidRelease) -> Marker | None:
        """Adds what `parse` made of the next record; returns what `add` does."""
        if release.offset < self.next_offset:
            return None
        self._last_offset = release.offset
        if isinstance(release, VoidRelease):
            self.void_releases.append(release)
            return None
        self._releases.setdefault(release.account, []).append(release)
        return release.to_marker()

    def latest(self, account: str) -> Release | None:
        """The account's latest valid release; None when it has none."""
        releases = self._releases.get(account)
        return releases[-1] if releases else None

    def get(self, account: str, number: int) -> Release:
        """One release of an account. Raises KeyError when no release has that number (yet)."""
        releases = self._releases.get(account, [])
        if not 1 <= number <= len(releases):
            raise KeyError(f"account {account} has no release {number}")
        return releases[number - 1]

    def definitions(self, account: str, number: int) -> Definitions:
        """The parsed definitions of one release. Raises KeyError as `get` does."""
        return self.get(account, number).definitions

    def releases_of(self, account: str) -> tuple[Release, ...]:
        """The account's releases in the order of their numbers."""
        return tuple(self._releases.get(account, ()))

    def accounts(self) -> tuple[str, ...]:
        """The accounts that have a release, in order."""
        return tuple(sorted(self._releases))

    def engine_versions(self) -> dict[str, EngineVersion]:
        """Account -> the engine version of its latest release."""
        return {account: releases[-1].definitions.engine_version for account, releases in self._releases.items()}

    def parse(self, offset: int, arrival: int, key: bytes | None, value: bytes | None) -> Release | VoidRelease:
        """What the record after the last one is, which arrived at `arrival` (ms). It changes nothing here."""
        try:
            record = DefinitionsApplied.model_validate(msgspec.json.decode(value or b""))
        except (msgspec.DecodeError, ValidationError, ValueError, RecursionError) as error:
            message = str(error).splitlines()[0]
            return VoidRelease(offset, _key_text(key), "", f"not a release: {message}")
        account = record.account or _key_text(key) or DEFAULT_ACCOUNT
        release_id = record.id or ""
        latest = self.latest(account)
        version = OLDEST_VERSION if latest is None else latest.definitions.engine_version
        result = validate_definitions(record.definitions, version)
        if result.definitions is None:
            problem = result.problems[0]
            return VoidRelease(offset, account, release_id, f"{path_text(problem.path)}: {problem.message}")
        if result.definitions.account != account:
            reason = f"the definitions are of the account {result.definitions.account}, the record of {account}"
            return VoidRelease(offset, account, release_id, reason)
        number = latest.number if latest else 0
        if record.based_on != number:
            return VoidRelease(
                offset, account, release_id, f"based on release {record.based_on}, but {number} is the latest"
            )
        if result.definitions.engine_version < version:
            reason = (
                f"engine version {result.definitions.engine_version} is before {version}, that of release {number}"
            )
            return VoidRelease(offset, account, release_id, reason)
        if record.definitions.get("engine_version") == OLDEST_VERSION:
            reason = f"engine version {OLDEST_VERSION} is never stated: leave `engine_version` out"
            return VoidRelease(offset, account, release_id, reason)
        return Release(
            account=account,
            number=number + 1,
            offset=offset,
            id=release_id,
            hash=content_hash(record.definitions),
            at=self._effective_instant(record.at, arrival),
            arrival=arrival,
            document=record.definitions,
            definitions=result.definitions,
        )

    def _effective_instant(self, at: int | None, arrival: int) -> int | None:
        if self.clock == "events":
            return at
        return arrival if at is None else min(at, arrival)


def next_document(document: Mapping[str, Any], latest: Release | None) -> Mapping[str, Any]:
    """The document as the record of the release after `latest` carries it; None: of the account's first release.

    A first one states the newest engine version where the document states none. The oldest version is left out: a
    first release without any has it, a later one keeps it, and an engine that knows no other can read the record.
    Raises DefinitionsRefused for a version before the account's.
    """
    if "engine_version" not in document:
        return {**document, "engine_version": NEWEST_VERSION} if latest is None else document
    problem = None if latest is None else lowered_version_problem(document, latest.definitions.engine_version)
    if problem is not None:
        raise DefinitionsRefused(f"{path_text(problem.path)}: {problem.message}")
    if document["engine_version"] != OLDEST_VERSION:
        return document
    return {key: value for key, value in document.items() if key != "engine_version"}


def content_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 of the definitions as canonical JSON: keys sorted, no spaces."""
    return hashlib.sha256(msgspec.json.encode(document, order="sorted")).hexdigest()


def _key_text(key: bytes | None) -> str:
    return (key or b"").decode(errors="replace")
