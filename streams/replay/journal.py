"""Runs the engine over a deployment's `definitions` and journal, beside running workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aiokafka import TopicPartition

from schemas.definitions import Definitions
from schemas.topics import DEFINITIONS, JOURNAL
from streams.engine.journal.effects import Budget, Output
from streams.engine.partition.decider import PartitionDecider
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.state.contact import Contact
from streams.kafka.clients import fetch_partitions
from streams.kafka.deployment import require_deployment
from streams.kafka.protocols import Consumer
from streams.kafka.reader import (
    Offsets,
    fetch_end_offsets,
    open_consumer,
    read_to_end,
    require_key,
    require_value,
)
from streams.progress import ProgressCallback
from streams.replay.state import StateRow, state_rows
from streams.settings import Settings
from streams.store.releases import read_releases

_ACTIVITY = "scanning the journal"
DECISION_BUDGET = Budget(records=20_000, bytes=1 << 40)


class JournalReplay:
    """Decides the journal up to the end that it has when `run` starts. `on_output` gets each output."""

    def __init__(
        self, settings: Settings, on_output: Callable[[Output], None], on_progress: ProgressCallback
    ) -> None:
        self._settings = settings
        self._on_output = on_output
        self._on_progress = on_progress
        self._record_count = 0
        self._total_records = 0
        self.refused_count = 0
        """Number of dead letters."""
        self._releases = ReleaseLog(settings.clock)
        self._deciders: list[PartitionDecider] = []

    async def run(self) -> None:
        """Decides one journal partition after the other.

        Raises TopicsMissing, TopicsMismatch where the settings decide otherwise, BrokerUnavailable, Unavailable.
        """
        deployment = await require_deployment(self._settings)
        settings = self._settings = deployment.settings_of_reader(self._settings)
        self._releases = ReleaseLog(deployment.clock)
        journal, definitions = settings.prefix + JOURNAL.name, settings.prefix + DEFINITIONS.name
        partitions = await fetch_partitions(settings.bootstrap, [journal, definitions])
        async with open_consumer(settings.bootstrap, "leadstream-replay") as consumer:
            # The journal's ends first: `definitions` then has every release whose marker is before them.
            ends = await fetch_end_offsets(consumer, partitions[journal])
            await read_releases(consumer, partitions[definitions][0], self._releases)
            self._total_records = sum(ends.values())
            for partition in partitions[journal]:
                await self._replay_partition(consumer, partition, ends)

    def state(self) -> Iterator[StateRow]:
        """Returns memberships and leads at the end of the journal, points as of each contact's clock."""
        clocks: dict[tuple[str, str], int] = {}
        contacts: list[Contact] = []
        for decider in self._deciders:
            for contact in decider.contacts():
                contacts.append(contact)
                clocks[contact.account, contact.id] = decider.clock_of(contact)
        return state_rows(contacts, self._latest_definitions, lambda contact: clocks[contact.account, contact.id])

    def _latest_definitions(self, account: str) -> Definitions | None:
        latest = self._releases.latest(account)
        return latest.definitions if latest else None

    async def _replay_partition(self, consumer: Consumer, partition: TopicPartition, end_offsets: Offsets) -> None:
        decider = PartitionDecider(partition.partition, self._releases.definitions, self._settings.engine)
        decider.resume(None)
        self._deciders.append(decider)
        start_count = self._record_count
        record_count = 0
        async for record in read_to_end(consumer, [partition], ends=end_offsets):
            decider.feed(record.offset, require_key(record), require_value(record))
            record_count += 1
            if record_count % DECISION_BUDGET.records == 0:
                self._decide_pending(decider)
                self._on_progress(_ACTIVITY, start_count + record.offset + 1, self._total_records)
        self._decide_pending(decider)
        self._record_count = start_count + end_offsets[partition]
        self._on_progress(_ACTIVITY, self._record_count, self._total_records)

    def _decide_pending(self, decider: PartitionDecider) -> None:
        while decider.has_pending():
            effects = decider.work(DECISION_BUDGET)
            self.refused_count += len(effects.dead_letters)
            for output in effects.outputs:
                self._on_output(output)
