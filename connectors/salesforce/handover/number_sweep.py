"""Reads the numbers on records that changed, in bounded steps: an import may have changed every record of an org."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.salesforce.handover.descriptions import DescriptionCache
from connectors.salesforce.handover.handover_records import LeadHandOverNumber
from connectors.salesforce.handover.lookup import PersonObject
from connectors.salesforce.org.client import OrgClient

MAX_ROWS = 10_000
"""So many records a step reads, in five requests where Salesforce answers with 2,000 at a time."""
_FIRST_WINDOW = timedelta(days=1)
_OVERLAP = timedelta(minutes=10)
"""Salesforce shows some rows minutes late, with the stamp of their write."""


class NumberSweep:
    """Goes through the records of an object that carry a key of ours, in the order of their changes.

    A step begins ten minutes before the last one that came to the end; behind one that did not, it goes on at the
    next record. A step is repeated until `advance`.
    """

    def __init__(self, org: OrgClient, descriptions: DescriptionCache, sobject: PersonObject) -> None:
        self._org = org
        self._descriptions = descriptions
        self._sobject = sobject
        self._start: str | None = None
        """The condition for the records of a step; None before the first one."""
        self._next_start: str | None = None

    def read(self) -> dict[str, LeadHandOverNumber]:
        """Returns the number, by external id, on the live records of a step. Raises as OrgClient."""
        names = self._org.connection
        key, number = names.external_id_field, names.number_field
        if not {key, number} <= self._descriptions.get(self._sobject).keys():
            return {}
        now = self._org.server_time()
        start = self._start or f"SystemModstamp >= {_literal(now - _FIRST_WINDOW - _OVERLAP)}"
        is_open = " AND IsConverted = false" if self._sobject == "Lead" else ""
        rows = self._org.query_all(
            f"SELECT Id, SystemModstamp, {key}, {number} FROM {self._sobject} WHERE {start} AND {key} != null "
            f"AND {number} != null AND IsDeleted = false{is_open} ORDER BY SystemModstamp, Id LIMIT {MAX_ROWS}"
        )
        if len(rows) < MAX_ROWS:
            # Before the first answer the time was this machine's, whose clock may be ahead.
            self._next_start = f"SystemModstamp >= {_literal(min(now, self._org.server_time()) - _OVERLAP)}"
        else:
            stamp, last_id = _literal(datetime.fromisoformat(rows[-1]["SystemModstamp"])), rows[-1]["Id"]
            self._next_start = f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{last_id}'))"
        numbers = {str(row[key]): LeadHandOverNumber.parse(row[number]) for row in rows}
        return {key: number for key, number in numbers.items() if number is not None}

    def advance(self) -> None:
        """What the last step returned is settled: the next one goes on from there."""
        self._start = self._next_start


def _literal(instant: datetime) -> str:
    """The instant as SOQL has it; stamps of records have whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
