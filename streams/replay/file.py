"""The very same engine over lines of events, without a broker, on the events clock (SPEC section 10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas.definitions import Definitions
from schemas.topics import CRM_OPPORTUNITIES, CRM_RESULTS
from schemas.values import instant_text
from streams.engine.journal import records
from streams.engine.journal.effects import Append, Budget, Output, Refusal, Source, SourceRecord
from streams.engine.journal.validate import Door
from streams.engine.ledger.decider import LedgerDecider
from streams.engine.partition.decider import PartitionDecider
from streams.engine.partition.release_records import introduce
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.state.contact import Contact
from streams.engine.validation import check, path_text
from streams.errors import DefinitionsRefused
from streams.publish.lines import ClockLine, DefinitionsLine, EventLine, Item, RefusedLine
from streams.replay.spool import Spool
from streams.replay.state import state_rows

PORTION = 2_000
"""Journal records between two portions of decisions."""

EVENT_TOPICS = frozenset({"segment-changes", "lead-changes", "qualified-leads"})
"""Topics whose records are events; the others are tables of where things stand."""

Document = Mapping[str, Any]
_encode = msgspec.json.Encoder().encode
_UNBOUNDED = Budget(records=1 << 60, bytes=1 << 60)


@dataclass(slots=True)
class Report:
    """What became of the lines."""

    events: int = 0
    passed_over: int = 0
    refused: int = 0
    outputs: int = 0
    latest: dict[str, int] = field(default_factory=dict)
    """Account -> the largest `at` (ms) of its lines."""


class Replay:
    """Decides lines in the order given. `write` gets each output, `complain` one line for what was refused."""

    def __init__(
        self,
        accounts: Mapping[str, Document],
        write: Callable[[Output], None],
        complain: Callable[[str], None],
    ) -> None:
        self.report = Report()
        self._write = write
        self._complain = complain
        self._door = Door("events")
        self._log = ReleaseLog("events")
        self._decider = PartitionDecider(0, self._definitions)
        self._decider.resume(None)
        self._ledger = LedgerDecider(self._definitions)
        self._ledger.resume(None)
        self._spool = Spool()
        self._refused: set[Source] = set()
        self._offset = 0
        self._accepted = 0
        self._fed = 0
        self._where: dict[tuple[str, int, int], str] = {}
        self._end: dict[str, int] = {}
        for account, document in accounts.items():
            self._apply(account, document, None, "definitions")

    def run(self, items: Iterable[Item], until: int | None = None) -> None:
        """Decides everything up to `until` (ms), or up to each account's largest `at`; that instant included.

        Raises DefinitionsRefused naming the line of definitions that cannot be applied.
        """
        try:
            self._run(items, until)
        finally:
            self._spool.close()

    def _run(self, items: Iterable[Item], until: int | None) -> None:
        for item in items:
            self._one(item, until)
        for account in sorted({*self.report.latest, *self._log.accounts()}):
            end = self.report.latest.get(account) if until is None else until
            if end is not None:
                self._end[account] = end
                self._tick(account, end + 1)
        self._decide()

    def state(self) -> Iterator[dict[str, Any]]:
        """Final memberships and leads by account, contact, segment and campaign; points as of the end."""
        return state_rows(self._decider.contacts(), self._in_force, self._end_of)

    def _one(self, item: Item, until: int | None) -> None:
        if isinstance(item, RefusedLine):
            self._refuse(item.where, item.reason)
            return
        if until is not None and item.at is not None and item.at > until:
            self.report.passed_over += 1
            return
        if item.at is not None:
            self.report.latest[item.account] = max(item.at, self.report.latest.get(item.account, item.at))
        if isinstance(item, EventLine):
            self._event(item)
        elif isinstance(item, ClockLine):
            self._tick(item.account, item.at)
        else:
            self._definitions_line(item)

    def _event(self, item: EventLine) -> None:
        event = item.outgoing
        self.report.events += 1
        self._accept(event.topic, event.key, event.value, event.where)

    def _accept(self, topic: str, key: bytes | None, value: bytes | None, where: str) -> None:
        self._accepted += 1
        place = (topic, 0, self._accepted)
        for outcome in self._door(SourceRecord(*place, None, key, value, (), 0)):
            if isinstance(outcome, Refusal):
                self._refuse(where, f"{outcome.code}: {outcome.message}")
            elif topic == CRM_OPPORTUNITIES.name:
                self._tell_ledger(outcome, where)
            else:
                self._where[place] = where
                self._feed(outcome)

    def _tell_ledger(self, entry: Append, where: str) -> None:
        """An opportunity, or a release, is decided at once; what it means for a lead is an event of its contact."""
        self._ledger.feed(self._offset, entry.key, entry.value)
        self._offset += 1
        while self._ledger.pending():
            for output in self._ledger.work(_UNBOUNDED).outputs:
                self.report.outputs += 1
                self._write(output)
                if output.topic == CRM_RESULTS.name:
                    self._accept(output.topic, output.key, output.value, where)

    def _tick(self, account: str, at: int) -> None:
        self._tell_all(Append(records.TICK_KEY, records.encode(records.Tick(at, account))))

    def _definitions_line(self, item: DefinitionsLine) -> None:
        if not isinstance(item.definitions, dict):
            raise DefinitionsRefused(f"{item.where}: `definitions` must be an object")
        self._apply(item.account, {"account": item.account, **item.definitions}, item.at, item.where)

    def _apply(self, account: str, document: Document, at: int | None, where: str) -> None:
        problems = check(document).problems
        if problems:
            first = problems[0]
            raise DefinitionsRefused(f"{where}: {path_text(first.path)}: {first.message}")
        latest = self._log.latest(account)
        record: dict[str, Any] = {"type": "definitions.applied", "account": account, "definitions": document}
        record["based_on"] = latest.number if latest else 0
        if at is not None:
            record["at"] = instant_text(at)
        marker = self._log.add(self._offset, 0, account.encode(), _encode(record))
        if marker is None:
            raise DefinitionsRefused(f"{where}: {self._log.voids[-1].reason}")
        self._decide()
        for entry in introduce(self._decider, marker, self._spool.records, self._refused):
            self._tell_all(entry)
        self._tell_ledger(Append(records.MARKER_KEY, records.encode(marker)), where)

    def _definitions(self, account: str, number: int) -> Definitions:
        return self._log.get(account, number).content

    def _in_force(self, account: str) -> Definitions | None:
        latest = self._log.latest(account)
        return latest.content if latest else None

    def _end_of(self, contact: Contact) -> int:
        return self._end.get(contact.account, contact.clock)

    def _tell_all(self, entry: Append) -> None:
        """What concerns every contact is finished before the next line, so that outputs come in the file's order."""
        self._feed(entry)
        self._decide()

    def _feed(self, entry: Append) -> None:
        self._spool.add(self._offset, entry.key, entry.value)
        self._decider.feed(self._offset, entry.key, entry.value)
        self._offset += 1
        self._fed += 1
        if self._fed >= PORTION:
            self._decide()

    def _decide(self) -> None:
        self._fed = 0
        while self._decider.pending():
            effects = self._decider.work(_UNBOUNDED)
            for output in effects.outputs:
                self.report.outputs += 1
                self._write(output)
            self._refused.update(source for _, source, _ in effects.letters)
            for refusal, source, _ in effects.letters:
                self._refuse(self._where[source], f"{refusal.code}: {refusal.message}")
        self._where.clear()

    def _refuse(self, where: str, reason: str) -> None:
        self.report.refused += 1
        self._complain(f"{where}: {reason}")
