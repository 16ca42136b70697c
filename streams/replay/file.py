"""Runs the engine over lines of events, without a broker, on the events clock (SPEC section 10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas.definitions import Definitions
from schemas.engine_versions import OLDEST_VERSION
from schemas.topics import CRM_OPPORTUNITIES, CRM_RESULTS
from schemas.values import instant_text
from streams.engine.journal import records
from streams.engine.journal.effects import Append, Budget, Output, Refusal, SourcePosition, SourceRecord
from streams.engine.journal.validate import EventValidator
from streams.engine.ledger.decider import LedgerDecider
from streams.engine.partition.decider import PartitionDecider
from streams.engine.partition.release_records import release_records
from streams.engine.releases.release_log import ReleaseLog, next_document
from streams.engine.settings import EngineSettings
from streams.engine.state.contact import Contact
from streams.engine.validation import path_text, validate_definitions
from streams.errors import DefinitionsRefused
from streams.publish.lines import ClockLine, DefinitionsLine, EventLine, ParsedLine, RefusedLine
from streams.replay.spool import Spool
from streams.replay.state import state_rows

DECISION_BATCH_SIZE = 2_000
"""Journal records between two rounds of decisions."""

EVENT_TOPICS = frozenset({"segment-changes", "lead-changes", "qualified-leads", "notifications"})
"""Topics whose records are events; the others are tables of the current state."""

RawDefinitions = Mapping[str, Any]
_encode = msgspec.json.Encoder().encode
_UNBOUNDED = Budget(records=1 << 60, bytes=1 << 60)


@dataclass(slots=True)
class ReplayReport:
    """Counts of lines and outputs."""

    event_count: int = 0
    skipped_count: int = 0
    refused_count: int = 0
    invalid_line_count: int = 0
    """Those of the refused lines that are no events, whatever is decided."""
    output_count: int = 0
    latest_instants: dict[str, int] = field(default_factory=dict)
    """Account -> the largest `at` (ms) of its lines."""


class FileReplay:
    """Decides lines in their order. `on_output` gets each output, `on_refusal` one text for each refused line.

    `accounts` holds account -> its definitions at the start; `normalize_ids` is the deployment's setting. Raises
    DefinitionsRefused when they are not valid.
    """

    def __init__(
        self,
        accounts: Mapping[str, RawDefinitions],
        settings: EngineSettings,
        on_output: Callable[[Output], None],
        on_refusal: Callable[[str], None],
        *,
        normalize_ids: bool = False,
    ) -> None:
        self.report = ReplayReport()
        self._on_output = on_output
        self._on_refusal = on_refusal
        self._validator = EventValidator("events", normalize_ids=normalize_ids)
        self._releases = ReleaseLog("events")
        self._decider = PartitionDecider(0, self._releases.definitions, settings)
        self._decider.resume(None)
        self._ledger = LedgerDecider(self._releases.definitions)
        self._ledger.resume(None)
        self._spool = Spool()
        self._dead_letter_sources: set[SourcePosition] = set()
        self._offset = 0
        self._accepted_count = 0
        self._undecided_count = 0
        self._locations: dict[tuple[str, int, int], str] = {}
        """Source of an undecided event -> file and line."""
        self._end_instants: dict[str, int] = {}
        for account, document in accounts.items():
            self._apply_definitions(account, document, None, "definitions")

    def run(self, items: Iterable[ParsedLine], until: int | None = None) -> None:
        """Decides all lines up to and including `until` (ms), None for each account's largest `at`.

        Raises DefinitionsRefused with the line of definitions that cannot be applied.
        """
        try:
            self._process_items(items, until)
        finally:
            self._spool.close()

    def _process_items(self, items: Iterable[ParsedLine], until: int | None) -> None:
        for item in items:
            self._process_item(item, until)
        for account in sorted({*self.report.latest_instants, *self._releases.accounts()}):
            end = self.report.latest_instants.get(account) if until is None else until
            if end is not None:
                self._end_instants[account] = end
                self._append_tick(account, end + 1)
        self._decide_pending()

    def state(self) -> Iterator[dict[str, Any]]:
        """Returns final memberships and leads by account, contact, segment and campaign; points as of the end."""
        return state_rows(self._decider.contacts(), self._latest_definitions, self._end_instant)

    @property
    def undefined_accounts(self) -> list[str]:
        """Returns the accounts of lines that had no definitions at any time, so that nothing was decided for them."""
        return sorted(self.report.latest_instants.keys() - self._releases.accounts())

    def _process_item(self, item: ParsedLine, until: int | None) -> None:
        if isinstance(item, RefusedLine):
            self._refuse_invalid_line(item.location, item.reason)
            return
        if until is not None and item.at is not None and item.at > until:
            self.report.skipped_count += 1
            return
        if item.at is not None:
            self.report.latest_instants[item.account] = max(
                item.at, self.report.latest_instants.get(item.account, item.at)
            )
        if isinstance(item, EventLine):
            self._process_event(item)
        elif isinstance(item, ClockLine):
            self._append_tick(item.account, item.at)
        else:
            self._apply_line(item)

    def _process_event(self, item: EventLine) -> None:
        event = item.event
        self.report.event_count += 1
        self._accept_record(event.topic, event.key, event.value, event.location)

    def _accept_record(self, topic: str, key: bytes | None, value: bytes | None, location: str) -> None:
        self._accepted_count += 1
        source = (topic, 0, self._accepted_count)
        for outcome in self._validator(SourceRecord(*source, None, key, value, (), 0)):
            if isinstance(outcome, Refusal):
                self._refuse_invalid_line(location, f"{outcome.code}: {outcome.message}")
            elif topic == CRM_OPPORTUNITIES.name:
                self._decide_ledger(outcome, location)
            else:
                self._locations[source] = location
                self._append(outcome)

    def _decide_ledger(self, append: Append, location: str) -> None:
        """Decides an opportunity or a release at once; a result for a lead becomes an event of its contact."""
        self._ledger.feed(self._offset, append.key, append.value)
        self._offset += 1
        while self._ledger.has_pending():
            for output in self._ledger.work(_UNBOUNDED).outputs:
                self.report.output_count += 1
                self._on_output(output)
                if output.topic == CRM_RESULTS.name:
                    self._accept_record(output.topic, output.key, output.value, location)

    def _append_tick(self, account: str, at: int) -> None:
        self._append_and_decide(Append(records.TICK_KEY, records.encode(records.Tick(at, account))))

    def _apply_line(self, item: DefinitionsLine) -> None:
        if not isinstance(item.definitions, dict):
            raise DefinitionsRefused(f"{item.location}: `definitions` must be an object")
        self._apply_definitions(item.account, {"account": item.account, **item.definitions}, item.at, item.location)

    def _apply_definitions(self, account: str, document: RawDefinitions, at: int | None, location: str) -> None:
        latest = self._releases.latest(account)
        try:
            document = next_document(document, latest)
        except DefinitionsRefused as error:
            raise DefinitionsRefused(f"{location}: {error}") from error
        version = OLDEST_VERSION if latest is None else latest.definitions.engine_version
        problems = validate_definitions(document, version).problems
        if problems:
            first = problems[0]
            raise DefinitionsRefused(f"{location}: {path_text(first.path)}: {first.message}")
        record: dict[str, Any] = {"type": "definitions.applied", "account": account, "definitions": document}
        record["based_on"] = latest.number if latest else 0
        if at is not None:
            record["at"] = instant_text(at)
        marker = self._releases.add(self._offset, 0, account.encode(), _encode(record))
        if marker is None:
            raise DefinitionsRefused(f"{location}: {self._releases.void_releases[-1].reason}")
        self._decide_pending()
        for entry in release_records(self._decider, marker, self._spool.records, self._dead_letter_sources):
            self._append_and_decide(entry)
        self._decide_ledger(Append(records.MARKER_KEY, records.encode(marker)), location)

    def _latest_definitions(self, account: str) -> Definitions | None:
        latest = self._releases.latest(account)
        return latest.definitions if latest else None

    def _end_instant(self, contact: Contact) -> int:
        return self._end_instants.get(contact.account, contact.clock)

    def _append_and_decide(self, append: Append) -> None:
        """Appends a record for all contacts and decides it at once, so that outputs come in the file's order."""
        self._append(append)
        self._decide_pending()

    def _append(self, append: Append) -> None:
        self._spool.add(self._offset, append.key, append.value)
        self._decider.feed(self._offset, append.key, append.value)
        self._offset += 1
        self._undecided_count += 1
        if self._undecided_count >= DECISION_BATCH_SIZE:
            self._decide_pending()

    def _decide_pending(self) -> None:
        self._undecided_count = 0
        while self._decider.has_pending():
            effects = self._decider.work(_UNBOUNDED)
            for output in effects.outputs:
                self.report.output_count += 1
                self._on_output(output)
            self._dead_letter_sources.update(source for _, source, _ in effects.dead_letters)
            for refusal, source, _ in effects.dead_letters:
                self._refuse_line(self._locations[source], f"{refusal.code}: {refusal.message}")
        self._locations.clear()

    def _refuse_invalid_line(self, location: str, reason: str) -> None:
        self.report.invalid_line_count += 1
        self._refuse_line(location, reason)

    def _refuse_line(self, location: str, reason: str) -> None:
        self.report.refused_count += 1
        self._on_refusal(f"{location}: {reason}")
