"""`AppSpec`: everything that distinguishes one Faust app from another; the runtime is the same for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from schemas.topics import Topic
from streams.engine.journal.records import Marker
from streams.engine.state.row_store import RowStore
from streams.kafka.partitions import PartitionKey
from streams.kafka.worker_groups import group_id
from streams.runtime.faust.protocols import FaustApp, FaustTopic
from streams.runtime.inputs.partition_buffer import BatchGroup
from streams.runtime.protocols import Decider, Ingest
from streams.settings import Settings


class MarkerLog(Protocol):
    """Judges which records of `definitions` are valid releases; pure, fed in offset order."""

    def add(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> Marker | None:
        """The marker of a valid release; None for a void one (based on another than the latest) or anything else."""


class RunReceiver(Protocol):
    """The slot manager, as far as agents need it."""

    def forward(self, group: BatchGroup) -> None:
        """Passes runs on to their slots."""


RegisterAgents = Callable[[FaustApp, RunReceiver, FaustTopic, FaustTopic], None]


@dataclass(frozen=True)
class AppSpec:
    """One Faust app: the pipeline with N slots, or the ledger with one. Topics carry no prefix.

    `outputs` are all topics that its slots write to besides journal and changelog. `decider(settings, slot, rows)`
    makes a slot's decider; a BackfillingDecider gets back-fills. `register(app, receiver, sources, journal)`
    registers the agents. `releases` makes the log that judges `definitions`; without it no markers are appended.
    `has_row_store`: whether all that its deciders restore is in `rows`. `records_decisions`: whether its settings
    become those of a deployment that has no record of the settings that decide. `past_command`: the command of the
    process that counts the past for a release, where there is one. `partition_key` is that of the deployment.
    """

    name: str
    slots: int
    journal: Topic
    sources: tuple[Topic, ...]
    outputs: tuple[Topic, ...]
    table: str
    ingest: Callable[[Settings], Ingest]
    decider: Callable[[Settings, int, RowStore], Decider]
    register: RegisterAgents
    releases: Callable[[], MarkerLog] | None = None
    has_row_store: bool = False
    records_decisions: bool = False
    past_command: tuple[str, ...] = ()
    partition_key: PartitionKey = "record"

    def app_id(self, settings: Settings) -> str:
        """The group id, and the head of every transactional id."""
        return group_id(settings.prefix, self.name)

    def changelog_topic(self, settings: Settings) -> str:
        """The changelog's full topic name, as Faust makes it."""
        return f"{self.app_id(settings)}-{self.table}-changelog"

    def journal_topic(self, settings: Settings) -> str:
        """The journal's full topic name."""
        return settings.prefix + self.journal.name

    def source_topics(self, settings: Settings) -> list[str]:
        """The in-topics' full names."""
        return [settings.prefix + topic.name for topic in self.sources]
