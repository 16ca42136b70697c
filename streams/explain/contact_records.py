"""Collects the journal records that concern one contact: its events, and releases and ticks between them."""

from __future__ import annotations

from streams.engine.journal import records
from streams.engine.journal.records import JournalEvent, JournalRecord, Tick, event_key


class ContactRecords:
    """Keeps the records that concern a contact; of ticks in a row only the latest."""

    def __init__(self, account: str, contact: str) -> None:
        self.records: list[JournalRecord] = []
        self._account = account
        self._key = event_key(account, contact)

    def is_relevant(self, key: bytes) -> bool:
        """Whether a record with that key may concern the contact; keys of records for all contacts have no slash."""
        return key == self._key or b"/" not in key

    def feed(self, value: bytes) -> None:
        """Takes the next relevant record of the contact's journal partition."""
        record = records.decode(value)
        if isinstance(record, Tick):
            self._feed_tick(record)
        elif isinstance(record, JournalEvent) or record.account == self._account:
            self.records.append(record)

    def _feed_tick(self, tick: Tick) -> None:
        if tick.account not in ("", self._account):
            return
        own = Tick(tick.at, self._account)
        last = self.records[-1] if self.records else None
        if isinstance(last, Tick):
            self.records[-1] = own if own.at > last.at else last
        else:
            self.records.append(own)
