"""Revenue as the ledger decides it from `crm-opportunities`, and as the org adds it up itself."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from schemas.definitions import Definitions
from tests.harness.engine.ledger_driver import LedgerDriver
from tests.harness.salesforce.sandbox import OrgApi

RevenueByCampaign = dict[str, dict[str, tuple[int, Decimal]]]
"""Account and campaign, `acme/fair` -> outcome -> count and amount; what has none is left out."""


class RevenueBook:
    """Takes the records of `crm-opportunities` as often as they are read, and has the ledger decide each once."""

    def __init__(self, *releases: Definitions) -> None:
        self._ledger = LedgerDriver(*releases)
        for each in releases:
            self._ledger.apply(account=each.account)
        self._positions: defaultdict[int, int] = defaultdict(int)
        self._outputs_read = 0
        self._totals: RevenueByCampaign = {}
        self.events: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        """Opportunity -> its events, as they were read."""

    @property
    def revenue(self) -> RevenueByCampaign:
        """What was decided last of each campaign."""
        return {name: sums for name, sums in self._totals.items() if sums}

    def add(self, _topic: str, record: Any) -> None:
        """Takes the next record of a partition; one that was taken before changes nothing."""
        if record.offset < self._positions[record.partition]:
            return
        self._positions[record.partition] = record.offset + 1
        event = json.loads(record.value)
        self.events[event["opportunity"]].append(event)
        self._ledger.send_value(record.value)
        outputs = self._ledger.outputs
        for output in outputs[self._outputs_read :]:
            if output.topic == "campaign-revenue":
                row = json.loads(output.value or b"")
                kinds = [kind for kind in ("won", "lost", "open") if row[kind]["count"]]
                sums = {kind: (row[kind]["count"], Decimal(row[kind]["amount"])) for kind in kinds}
                self._totals[f"{row['account']}/{row['campaign']}"] = sums
        self._outputs_read = len(outputs)


def org_revenue(api: OrgApi, conditions: Mapping[str, tuple[str, ...]]) -> RevenueByCampaign:
    """The org's own sums; `conditions` say which opportunities count for an account's campaign, each once."""
    result: RevenueByCampaign = {}
    for name, parts in conditions.items():
        sums: defaultdict[str, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
        for condition in parts:
            soql = (
                "SELECT IsWon, IsClosed, COUNT(Id) opportunities, SUM(Amount) total FROM Opportunity "
                f"WHERE IsDeleted = false AND {condition} GROUP BY IsWon, IsClosed"
            )
            for row in api.query(soql):
                kind = "won" if row["IsWon"] else "lost" if row["IsClosed"] else "open"
                count, amount = sums[kind]
                total = Decimal(str(row["total"] or 0))
                sums[kind] = (count + int(row["opportunities"]), amount + total)
        if sums:
            result[name] = dict(sums)
    return result
