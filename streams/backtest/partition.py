"""Decides one journal partition twice: by the releases that decided it, and by other definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from schemas.definitions import Definitions
from streams.engine.journal.effects import Append, Budget, Output, SourcePosition
from streams.engine.journal.records import (
    JournalEvent,
    JournalRecord,
    Marker,
    Proposal,
    Slice,
    Tick,
    decode,
)
from streams.engine.partition.decider import PartitionDecider
from streams.engine.partition.release_records import release_records
from streams.engine.releases.cache import DefinitionsLookup
from streams.engine.settings import EngineSettings
from streams.replay.spool import Spool
from streams.settings import Clock

DECISION_BATCH_SIZE = 2_000
"""Journal records between two rounds of decisions."""

_UNBOUNDED = Budget(records=1 << 60, bytes=1 << 60)

OutputHandler = Callable[[Output], None]


class PartitionBacktest:
    """Two deciders over the same records, of the accounts that have other definitions alone.

    `definitions` are those, by account; `lookup` has the releases that decided. From the instant `since` (ms) on the
    others decide, as if they had been applied then; None: from the first record on. Outputs of an account count from
    there on, on both sides.
    """

    def __init__(
        self,
        *,
        partition: int,
        definitions: Mapping[str, Definitions],
        lookup: DefinitionsLookup,
        settings: EngineSettings,
        clock: Clock,
        since: int | None,
        on_actual: OutputHandler,
        on_hypothetical: OutputHandler,
    ) -> None:
        self._definitions = definitions
        self._lookup = lookup
        self._clock = clock
        self._since = since
        self._on_actual = on_actual
        self._on_hypothetical = on_hypothetical
        self._actual = PartitionDecider(partition, lookup, settings)
        self._hypothetical = PartitionDecider(partition, self._hypothetical_definitions, settings)
        for decider in (self._actual, self._hypothetical):
            decider.resume(None)
        self._numbers: dict[str, int] = {}
        """Account -> the number of its hypothetical release, once that decides."""
        self._spool = Spool()
        self._offset = 0
        """The next offset of the hypothetical journal."""
        self._undecided_count = 0
        self._refused_sources: set[SourcePosition] = set()
        if since is None:
            self._introduce(definitions)

    def feed(self, offset: int, key: bytes, value: bytes) -> JournalRecord | None:
        """Takes the next journal record; returns it, None where it concerns no account that is asked about."""
        record = decode(value)
        if not self._concerns(record):
            return None
        self._introduce(self._due_accounts(record))
        self._actual.feed(offset, key, value)
        if not isinstance(record, Marker | Proposal | Slice) or record.account not in self._numbers:
            self._append(Append(key, value))
        self._undecided_count += 1
        if self._undecided_count >= DECISION_BATCH_SIZE:
            self._decide()
        return record

    def finish(self) -> None:
        """Decides what is left; to be called after the last record."""
        self._decide()

    @property
    def has_begun(self) -> bool:
        """Whether other definitions of any account decide: not where the records end before `since`."""
        return bool(self._numbers)

    def close(self) -> None:
        """Deletes what was kept of the journal for back-fills."""
        self._spool.close()

    def _concerns(self, record: JournalRecord) -> bool:
        return record.account in self._definitions or (isinstance(record, Tick) and not record.account)

    def _due_accounts(self, record: JournalRecord) -> Iterable[str]:
        """The accounts whose other definitions decide from this record on."""
        since = self._since
        if since is None or len(self._numbers) == len(self._definitions):
            return ()
        if isinstance(record, JournalEvent):
            # As a release does: on the wall clock by arrival, on the events clock by the account's own time.
            if self._clock == "wall":
                return self._definitions if record.arrival >= since else ()
            return (record.account,) if record.at >= since else ()
        if isinstance(record, Tick):  # it closes the instants before its own
            accounts = (record.account,) if record.account else self._definitions
            return accounts if record.at > since else ()
        if isinstance(record, Marker):
            return (record.account,) if record.at is not None and record.at >= since else ()
        return ()

    def _introduce(self, accounts: Iterable[str]) -> None:
        """Lets the other definitions of accounts decide from here on: counts what they need of the past first."""
        for account in accounts:
            if account in self._numbers:
                continue
            self._decide()
            number = self._hypothetical.known_release(account) + 1
            self._numbers[account] = number
            version = self._definitions[account].engine_version
            marker = Marker(account, number, 0, "", self._since, version)
            for entry in release_records(self._hypothetical, marker, self._spool.records, self._refused_sources):
                self._append(entry)
                self._decide()

    def _hypothetical_definitions(self, account: str, number: int) -> Definitions:
        first = self._numbers.get(account)
        return self._definitions[account] if first is not None and number >= first else self._lookup(account, number)

    def _append(self, append: Append) -> None:
        if self._since is not None:
            self._spool.add(self._offset, append.key, append.value)
        self._hypothetical.feed(self._offset, append.key, append.value)
        self._offset += 1

    def _decide(self) -> None:
        self._undecided_count = 0
        while self._actual.has_pending():
            for output in self._actual.work(_UNBOUNDED).outputs:
                if self._is_counted(output):
                    self._on_actual(output)
        while self._hypothetical.has_pending():
            effects = self._hypothetical.work(_UNBOUNDED)
            self._refused_sources.update(source for _, source, _ in effects.dead_letters)
            for output in effects.outputs:
                if self._is_counted(output):
                    self._on_hypothetical(output)

    def _is_counted(self, output: Output) -> bool:
        return output.key.partition(b"/")[0].decode() in self._numbers
