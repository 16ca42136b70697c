"""A kind of slots: what one Faust app runs. The pipeline has N slots, the ledger one; the runtime is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from schemas.topics import Topic
from streams.engine.journal.records import Marker
from streams.runtime.protocols import Decider, Ingest
from streams.settings import Settings


class MarkerLog(Protocol):
    """Which records of `definitions` are releases in force; pure, fed in offset order."""

    def add(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> Marker | None:
        """The marker of a valid release; None for a void one (based on another than the latest) or anything else."""


@dataclass(frozen=True)
class AppSpec:
    """All that distinguishes one app from another; topics carry no prefix.

    `outputs` are all the topics its slots write to besides journal and changelog. `register(app, shell, sources,
    journal)` lays the agents onto the app; `releases` makes the log that judges `definitions`, None for a kind
    that appends no markers.
    """

    name: str
    slots: int
    journal: Topic
    sources: tuple[Topic, ...]
    outputs: tuple[Topic, ...]
    table: str
    ingest: Callable[[Settings], Ingest]
    decider: Callable[[Settings, int], Decider]
    register: Callable[[Any, Any, Any, Any], None]
    releases: Callable[[], MarkerLog] | None = None

    def app_id(self, settings: Settings) -> str:
        """The group id, and the head of every transactional id."""
        return f"{settings.prefix}leadstream-{self.name}"

    def changelog_topic(self, settings: Settings) -> str:
        """The changelog's full topic name, as Faust makes it."""
        return f"{self.app_id(settings)}-{self.table}-changelog"

    def journal_topic(self, settings: Settings) -> str:
        """The journal's full topic name."""
        return settings.prefix + self.journal.name

    def source_topics(self, settings: Settings) -> list[str]:
        """The in-topics' full names."""
        return [settings.prefix + topic.name for topic in self.sources]
