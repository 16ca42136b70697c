"""A ledger to feed and read: opportunities in, totals and outputs out."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from schemas.definitions import Definitions
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.engine.journal.effects import Append, Budget, Effects, Output, SourceRecord
from streams.engine.journal.records import Marker, encode
from streams.engine.journal.validate import EventValidator
from streams.engine.ledger.decider import LedgerDecider

SPRING, AUTUMN, FOREIGN = "7015A000000SPR1QAO", "7015A000000AUT1QAO", "7015A000000FOR1QAO"
NOON = 1_772_366_400_000


def ledger_definitions(
    *, account: str = "default", engine_version: EngineVersion = NEWEST_VERSION, **crm_campaigns: str
) -> Definitions:
    """Definitions with these campaigns: our id -> the CRM's."""
    campaigns = [{"id": ours, "salesforce": {"campaign": theirs}} for ours, theirs in crm_campaigns.items()]
    return Definitions.model_validate({"account": account, "campaigns": campaigns, "engine_version": engine_version})


class LedgerDriver:
    """One ledger with its journal, rows and outputs; `restart` makes a new one of what was written."""

    def __init__(self, *releases: Definitions) -> None:
        self.releases: defaultdict[str, list[Definitions]] = defaultdict(list)
        for each in releases or [ledger_definitions(spring=SPRING, autumn=AUTUMN)]:
            self.releases[each.account].append(each)
        self.rows: dict[bytes, bytes] = {}
        self.outputs: list[Output] = []
        self.journal: list[tuple[bytes, bytes]] = []
        self.position = 0
        self._validator = EventValidator("events")
        self._decider = self._new_decider()
        self._release: defaultdict[str, int] = defaultdict(int)

    def apply(self, number: int | None = None, account: str = "default") -> None:
        """Puts the marker of a release into the journal; the next one by default."""
        self.append(b"release", self.next_marker(number, account))

    def next_marker(self, number: int | None = None, account: str = "default") -> bytes:
        """The marker of a release, the account's next one by default."""
        self._release[account] = number or self._release[account] + 1
        number = self._release[account]
        return encode(
            Marker(account, number, number, "hash", NOON, self.releases[account][number - 1].engine_version)
        )

    def add_release(self, definitions: Definitions) -> None:
        """Adds a release for `apply` without deciding it yet."""
        self.releases[definitions.account].append(definitions)

    def send(self, opportunity: str = "o1", at: int = 0, **fields: Any) -> None:
        """Tells an opportunity as the CRM has it at `at` seconds after noon."""
        stamp = f"2026-03-01T12:{at // 60:02d}:{at % 60:02d}.000Z"
        fields.setdefault("crm_campaign", SPRING)
        fields.setdefault("currency", "EUR")
        event = {"id": f"{opportunity}-{at}", "type": "opportunity.changed", "at": stamp, "modified": stamp}
        self.send_value(json.dumps({**event, "opportunity": opportunity, **fields}).encode())

    def send_value(self, value: bytes) -> None:
        """Tells what a record of `crm-opportunities` says."""
        [accepted] = self._validator(SourceRecord("crm-opportunities", 0, 0, NOON, None, value, (), NOON))
        assert isinstance(accepted, Append), accepted
        self.append(accepted.key, accepted.value)

    def append(self, key: bytes, value: bytes) -> None:
        """The next journal record, decided at once."""
        self.journal.append((key, value))
        self._decider.feed(len(self.journal) - 1, key, value)
        while self._decider.has_pending():
            self.work(Budget())

    def work(self, budget: Budget) -> Effects:
        """One portion, committed."""
        effects = self._decider.work(budget)
        self.rows.update({key: value for key, value in effects.rows.items() if value is not None})
        for output in effects.outputs:
            assert output.type == json.loads(output.value or b"")["type"], (
                "metrics count another type than is written"
            )
        self.outputs.extend(effects.outputs)
        self.position = self._decider.resume_offset(len(self.journal))
        return effects

    def restart(self) -> None:
        """A new owner: restored from rows, fed from the position on."""
        self._decider = self._new_decider()
        for key, value in self.rows.items():
            self._decider.restore(key, value)
        self._decider.resume(b"{}")
        for offset in range(self.position, len(self.journal)):
            self._decider.feed(offset, *self.journal[offset])

    def append_undecided(self, key: bytes, value: bytes) -> None:
        """The next journal record, not decided yet."""
        self.journal.append((key, value))
        self._decider.feed(len(self.journal) - 1, key, value)

    def append_interrupted(self, key: bytes, value: bytes, portion: int) -> None:
        """The next journal record; after a portion of so many opportunities a new owner begins it again."""
        self.append_undecided(key, value)
        self.work(Budget(records=portion))
        self.restart()
        while self.has_pending:
            self.work(Budget())

    @property
    def has_pending(self) -> bool:
        return self._decider.has_pending()

    def known_release(self) -> int:
        """The number of the account's release as the ledger knows it."""
        return self._decider.known_release("default")

    def revenue(
        self, campaign: str = "spring", currency: str = "EUR", account: str = "default"
    ) -> dict[str, tuple[int, str]]:
        """The last row of `campaign-revenue`: per kind count and amount, idle kinds left out."""
        key = f"{account}/{campaign}/{currency}".encode()
        rows = [
            json.loads(each.value or b"")
            for each in self.outputs
            if each.topic == "campaign-revenue" and each.key == key
        ]
        if not rows:
            return {}
        sums = {kind: (rows[-1][kind]["count"], rows[-1][kind]["amount"]) for kind in ("won", "lost", "open")}
        return {kind: each for kind, each in sums.items() if each != (0, "0")}

    def revenue_rows(self) -> list[dict[str, Any]]:
        """The rows of revenue, in the order of writing."""
        return [json.loads(each.value or b"") for each in self.outputs if each.topic == "campaign-revenue"]

    def outcomes(self) -> list[dict[str, Any]]:
        """The outcome events for leads."""
        return [json.loads(each.value or b"") for each in self.outputs if each.topic == "crm-results"]

    def _new_decider(self) -> LedgerDecider:
        return LedgerDecider(lambda account, number: self.releases[account][number - 1])
