"""Counts where operators met values of another type: by owner, property and operator, with an example."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from streams.definitions.stored_values.event_checks import EventCheck
from streams.definitions.stored_values.property_checks import PropertyCheck
from streams.definitions.stored_values.tally import ValueTally, bounded_lines
from streams.definitions.stored_values.value_checks import OperatorSite, ValueCheck
from streams.engine.journal.effects import SourcePosition
from streams.engine.journal.records import JournalEvent, decode
from streams.engine.state.contact import Contact

if TYPE_CHECKING:
    from streams.engine.partition.backfill import JournalEntry


class ValueMismatches:
    """The contacts with values that an operator cannot meet; its size is bounded by the number of operators."""

    def __init__(self, checks: Iterable[PropertyCheck] = ()) -> None:
        # Equal checks run once, however many conditions have them.
        self._sites: dict[str, dict[ValueCheck, list[OperatorSite]]] = {}
        self._tallies: dict[OperatorSite, ValueTally] = {}
        for each in checks:
            self._sites.setdefault(each.name, {}).setdefault(each.check, []).append(each.site)

    def add(self, contact: Contact) -> None:
        """Looks at the properties of a contact; several misfits at one site count once."""
        misfits: dict[OperatorSite, Any] = {}
        for name, sites_by_check in self._sites.items():
            value = contact.properties.get(name)
            if value is None:
                continue
            for check, sites in sites_by_check.items():
                misfit = check.misfit(value)
                if misfit is not None:
                    for site in sites:
                        misfits.setdefault(site, misfit)
        for site, misfit in misfits.items():
            self.add_misfit(site, contact.id, misfit)

    def add_misfit(self, site: OperatorSite, contact: str, value: Any) -> None:
        """Counts a contact that was not counted at the site before."""
        self._tallies.setdefault(site, ValueTally()).add(contact, value)

    def to_list(self) -> list[dict[str, Any]]:
        """Returns all of them as JSON for a machine, the most contacts first."""
        return [{**site.to_dict(), **tally.to_dict()} for site, tally in self._sorted_tallies()]

    def lines(self) -> Iterator[str]:
        """Yields a line for each operator, for people; the most contacts first, a bounded number."""
        yield from bounded_lines(
            [f"{site.owner}: {site.text()}, {tally.text()}" for site, tally in self._sorted_tallies()]
        )

    def notes(self) -> Iterator[str]:
        """Yields the same as sentences, for a search, whose condition is the only owner."""
        yield from bounded_lines(
            [f"{site.text()} met values of another type in {tally.text()}" for site, tally in self._sorted_tallies()]
        )

    def _sorted_tallies(self) -> list[tuple[OperatorSite, ValueTally]]:
        def rank(entry: tuple[OperatorSite, ValueTally]) -> tuple[int, str, str, str, str]:
            site, tally = entry
            return -tally.count, site.owner, site.subject, site.property, site.operator

        return sorted(self._tallies.items(), key=rank)


class EventMismatches:
    """Counts the same in the visits and activities of one journal partition, which holds all events of its contacts.

    It remembers for each operator which contacts it has counted.
    """

    def __init__(self, account: str, checks: Iterable[EventCheck], mismatches: ValueMismatches) -> None:
        self._prefix = account.encode() + b"/"
        self._mismatches = mismatches
        contacts_by_site: dict[OperatorSite, set[str]] = {}
        self._checks = [(check, contacts_by_site.setdefault(check.site, set())) for check in checks]

    def count(self, journal: Iterable[JournalEntry], refused_sources: Container[SourcePosition]) -> None:
        """Looks at the next records of the journal; what a decision refused is passed over."""
        from streams.engine.decisions.apply_event import activity_from_event  # noqa: PLC0415 - slow to import

        for _, key, value in journal:
            if not key.startswith(self._prefix):
                continue
            event = decode(value)
            assert isinstance(event, JournalEvent)
            activity = activity_from_event(event)
            if activity is None or event.source in refused_sources:
                continue
            for check, counted_contacts in self._checks:
                misfit = None if event.owner in counted_contacts else check.misfit(activity)
                if misfit is not None:
                    counted_contacts.add(event.owner)
                    self._mismatches.add_misfit(check.site, event.owner, misfit)
