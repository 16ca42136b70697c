"""Tries releases on all contacts of a deployment, to see who would enter and leave (SPEC section 9).

It writes nothing. It reads the contact rows that the workers committed. Where a release needs a back-fill, it reads
the journal up to the offset that the rows are decided to, so that both cover the same records.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.definitions import Definitions
from streams.definitions.preview_report import PreviewReport
from streams.definitions.simulation import Simulation
from streams.definitions.stored_values.mismatches import EventMismatches
from streams.engine.decisions.outputs import JournalPosition
from streams.engine.journal.records import BackfilledState
from streams.engine.partition.backfill import BackfillCounter
from streams.engine.releases.cache import DefinitionsLookup
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.state.contact import decode_contact
from streams.progress import ProgressCallback
from streams.store.store import DeploymentStore, SlotSnapshot

_PROGRESS_STEP = 500


class Preview:
    """Tries new definitions; `definitions` holds them by account, `log` has those in force."""

    def __init__(self, store: DeploymentStore, definitions: Mapping[str, Definitions], log: ReleaseLog) -> None:
        latest = {account: log.latest(account) for account in definitions}
        self.reports = {
            account: PreviewReport.for_release(release.definitions if release else None, definitions[account])
            for account, release in latest.items()
        }
        self._store = store
        self._definitions = definitions

    async def run(self, on_progress: ProgressCallback) -> Mapping[str, PreviewReport]:
        """Returns account -> what its release would emit. Raises BrokerUnavailable, Unavailable."""
        for number in range(self._store.slot_count):
            await self._preview_slot(number, on_progress)
        return self.reports

    async def _preview_slot(self, number: int, on_progress: ProgressCallback) -> None:
        part = f"{number + 1}/{self._store.slot_count}"
        slot = await self._store.read_slot(number, self._is_previewed_key, f"scanning contacts {part}", on_progress)
        # After the rows: the log then has every release that the journal holds up to the decided offset.
        log = await self._store.read_releases()
        position = JournalPosition(number, slot.decided_offset(number))
        simulations = {account: self._build_simulation(account, log, position, slot) for account in self._definitions}
        self._count_partitions_behind(slot, log)
        backfilled = await self._read_backfill(number, position.offset, simulations, log, on_progress)
        for row_count, (key, row) in enumerate(slot.rows.items()):
            account, _, contact = key.decode().partition("/")
            self._add_outputs(
                simulations[account], row, backfilled.get(account, {}).get(contact), self.reports[account]
            )
            if row_count % _PROGRESS_STEP == 0:
                on_progress(f"deciding for contacts {part}", row_count, len(slot.rows))

    def _is_previewed_key(self, key: bytes) -> bool:
        return key.partition(b"/")[0].decode() in self._definitions

    def _count_partitions_behind(self, slot: SlotSnapshot, log: ReleaseLog) -> None:
        status = slot.partition_status
        for account in {key.partition(b"/")[0].decode() for key in slot.rows}:
            latest = log.latest(account)
            if latest is not None and status.releases.get(account, 0) < latest.number:
                self.reports[account].partitions_behind += 1

    def _build_simulation(
        self, account: str, log: ReleaseLog, position: JournalPosition, slot: SlotSnapshot
    ) -> Simulation:
        latest = log.latest(account)
        number = latest.number + 1 if latest is not None else 1
        return Simulation(account, number, self._definitions_lookup(number, log), position, slot.decider_checkpoint)

    def _definitions_lookup(self, number: int, log: ReleaseLog) -> DefinitionsLookup:
        return lambda account, release: (
            self._definitions[account] if release == number else log.definitions(account, release)
        )

    async def _read_backfill(
        self,
        slot: int,
        end: int,
        simulations: Mapping[str, Simulation],
        log: ReleaseLog,
        on_progress: ProgressCallback,
    ) -> dict[str, dict[str, BackfilledState]]:
        """Returns account -> contact -> its back-fill; one pass over the journal serves all accounts."""
        counters = {
            account: BackfillCounter(account, each.backfill_leaves, log.definitions, self._store.settings.engine)
            for account, each in simulations.items()
            if each.backfill_leaves
        }
        if not counters:
            return {}
        event_mismatches = [
            self._event_mismatches(account) for account in counters if self.reports[account].event_checks
        ]
        await self._store.count_journal(slot, [*counters.values(), *event_mismatches], on_progress, end=end)
        for account in counters:
            self.reports[account].is_journal_scanned = True
        return {account: counter.states() for account, counter in counters.items()}

    def _event_mismatches(self, account: str) -> EventMismatches:
        report = self.reports[account]
        return EventMismatches(account, report.event_checks, report.mismatches)

    @staticmethod
    def _add_outputs(
        simulation: Simulation, row: bytes, backfilled: BackfilledState | None, report: PreviewReport
    ) -> None:
        contact = decode_contact(row)
        report.add_contact(contact)
        for topic, body in simulation.simulate(contact, backfilled):
            report.add(topic, body)
