"""One journal partition recomputed: what every contact's memberships and leads must be at its end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from streams.batch.chronicle import Chronicle, Placed, Terms
from streams.batch.leads import Fault, faults
from streams.batch.memberships import members
from streams.batch.reliance import leaning, replayed
from streams.batch.timeline import Contents, Timeline
from streams.batch.told import Told
from streams.engine.records import Event, decode, event_key
from streams.settings import Settings
from streams.verify.replayed import Replayed, leads_of

_END = 1 << 62


@dataclass(frozen=True)
class Expected:
    """What one contact must be: its memberships, and which of them rest on replayed leads."""

    members: frozenset[str]
    leaning: frozenset[str]
    leads: dict[str, dict[str, Any]]
    """Campaign -> row of `leads` as replayed."""
    flags: tuple[str, ...]
    """Bounds of the state that the contact reached."""
    at: int
    """The instant (ms) that it is asked at."""
    told: Told


class Recomputed:
    """Fed in the journal's order; `contents` gives the definitions of an account's release by number."""

    def __init__(self, partition: int, contents: Contents, settings: Settings) -> None:
        self._terms = Terms(settings.lateness_ms, settings.repeat_ms, settings.repeat_ids)
        self._timeline = Timeline(contents)
        self._replayed = Replayed(partition, contents, settings)
        self._events: dict[bytes, list[Placed]] = defaultdict(list)
        self._chronicle: Chronicle | None = None
        self._leads: dict[bytes, dict[str, dict[str, Any]]] = defaultdict(dict)

    def feed(self, offset: int, key: bytes, value: bytes) -> None:
        """The next record of the journal. Raises msgspec.DecodeError for bytes that no Leadstream wrote."""
        record = decode(value)
        if isinstance(record, Event):
            self._events[event_key(record.account, record.contact)].append((offset, record))
        else:
            self._timeline.add(offset, record)
        self._replayed.feed(offset, key, value)

    def finish(self) -> list[bytes]:
        """After the last record: the keys of all contacts."""
        self._replayed.finish()
        accounts = {key.partition(b"/")[0].decode() for key in self._events}
        aside = {account: leaning(self._timeline.releases(account)) for account in accounts}
        self._chronicle = Chronicle(self._timeline, self._terms, self._replayed.refused, aside)
        for row in self._replayed.leads.values():
            self._leads[event_key(row["account"], row["contact"])][row["campaign"]] = row
        return sorted(self._events)

    def expected(self, key: bytes) -> Expected:
        """What the contact must be."""
        assert self._chronicle is not None, "finish comes first"
        told = self._chronicle.tell(self._events[key])
        row = self._replayed.contact(key)
        at = max(told.clock, self._timeline.tick_before(told.account, _END) - 1)
        flags = tuple(row.flags)
        if told.release is None:
            return Expected(frozenset(), frozenset(), self._leads.get(key, {}), flags, at, told)
        releases = self._timeline.releases(told.account)
        told.world.leads = leads_of(row, told.release.definitions, at)
        aside = replayed(releases)
        inside = members(told.world, told.release, at, told.kept, aside=aside, known=aside & row.members.keys())
        return Expected(frozenset(inside), frozenset(leaning(releases)), self._leads.get(key, {}), flags, at, told)

    def broken(self, expected: Expected, found: dict[str, str]) -> list[Fault]:
        """Rules that the contact's leads break; `found` is campaign -> status as the stream wrote it."""
        releases = self._timeline.releases(expected.told.account)
        return list(faults(expected.told, expected.members, found, releases, expected.at))
