"""Looks for our contacts' records before every write: live, deleted, merged or converted, and what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from connectors.salesforce.handover.descriptions import DescriptionCache, ObjectDescription
from connectors.salesforce.handover.field_rules import FieldDigests, digests_that_hold
from connectors.salesforce.handover.handover_records import DELETED_IN_CRM, LeadHandOverNumber
from connectors.salesforce.handover.record_ids import CONTACT_PREFIX, full_record_id, is_person_id
from connectors.salesforce.org.client import OrgClient, SalesforceRow
from connectors.salesforce.org.connection import Connection

PersonObject = Literal["Lead", "Contact"]
_MAX_MERGES = 10
"""How many merges are followed from one record to the next."""


@dataclass(frozen=True, slots=True)
class OrgRecord:
    """A Lead or Contact as Salesforce has it; `number` is that of the hand-over that last wrote it."""

    sobject: PersonObject
    id: str
    key: str | None = None
    number: LeadHandOverNumber | None = None
    digests: FieldDigests | None = None
    is_deleted: bool = False
    master_id: str | None = None
    is_converted: bool = False
    converted_contact_id: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def is_foreign_to(self, key: str) -> bool:
        """Whether the record carries the key of another contact."""
        return self.key is not None and self.key.lower() != key.lower()


@dataclass(frozen=True, slots=True)
class RecordLink:
    """What the key of a contact leads to: the record to write to, or why there is none.

    `linked_id` is the id that results name: the Lead's, where the record is the Contact that it was converted into.
    `origin` is that Lead. A foreign record carries another contact's key: it is linked, and its fields stay.
    """

    linked_id: str
    record: OrgRecord | None = None
    origin: OrgRecord | None = None
    is_foreign: bool = False
    is_matched: bool = False
    problem: tuple[str, str] | None = None
    """Code and message of the answer, where there is no record."""


class RecordLookup:
    """Finds records by external id, or by record id where the external id is gone; follows merges and conversions."""

    def __init__(self, org: OrgClient, descriptions: DescriptionCache) -> None:
        self._org = org
        self._descriptions = descriptions

    def find(
        self,
        keys: Iterable[str],
        links: Mapping[str, str],
        fields: frozenset[str],
        *,
        contact_keys: Sequence[str] = (),
    ) -> dict[str, RecordLink]:
        """Returns the link of each key that has or had a record, with the values of `fields`.

        `links` has the record ids of keys from earlier results; a record that was purged from the recycle bin is
        known by its link only, and counts as deleted. One of another CRM is passed over. `contact_keys` are those
        that a Contact without a Lead may carry.
        """
        keys = list(keys)
        leads = self._leads_by_key(keys, fields)
        found: dict[str, RecordLink | OrgRecord] = {**leads}
        missing = {key: links[key] for key in keys if key not in found and is_person_id(links.get(key, ""))}
        for sobject in ("Lead", "Contact"):
            by_id = {key: link for key, link in missing.items() if _object_of(link) == sobject}
            found.update(self._records_by_link(sobject, by_id, fields))
        found.update(self._contacts_by_key([key for key in contact_keys if key not in found], fields))
        self._follow_merges(found, fields)
        self._follow_conversions(found, fields)
        return _without_doubles(
            {key: each if isinstance(each, RecordLink) else _link(key, each) for key, each in found.items()}
        )

    def with_values(self, links: Mapping[str, RecordLink], fields: frozenset[str]) -> dict[str, RecordLink]:
        """Returns the links with the values of `fields` where there are no digests, which make these needless."""
        completed = dict(links)
        for sobject in ("Lead", "Contact"):
            records = {key: each.record for key, each in links.items() if self._needs_values(each, sobject)}
            values = self._by_id(sobject, [each.id for each in records.values() if each is not None], fields)
            for key, record in records.items():
                # One that is gone since the first look is told by the write.
                if record is not None and record.id in values:
                    completed[key] = replace(links[key], record=replace(record, values=values[record.id].values))
        return completed

    def _needs_values(self, link: RecordLink, sobject: PersonObject) -> bool:
        record, origin = link.record, link.origin
        if record is None or record.sobject != sobject or link.is_foreign:
            return False
        if self._org.connection.written_field not in self._descriptions.get(sobject):
            return True
        is_known = record.number is not None or (origin is not None and origin.number is not None)
        return is_known and record.digests is None and (origin is None or origin.digests is None)

    def query(
        self, sobject: PersonObject, condition: str, values: Sequence[str], fields: frozenset[str], *more: str
    ) -> list[tuple[OrgRecord, SalesforceRow]]:
        """Returns the records that match `condition`, whose `{}` stands for `values`, and their rows."""
        if not values:
            return []
        names = self.columns(sobject, fields, *more)
        rows = self._org.query_in_batches(f"SELECT {', '.join(names)} FROM {sobject} WHERE {condition}", values)
        return [(_parse_record(sobject, row, fields, self._org.connection), row) for row in rows]

    def columns(self, sobject: PersonObject, fields: frozenset[str], *more: str) -> list[str]:
        """Returns the columns to read: our own, what a link follows, and those of `fields` that the object has."""
        names = self._org.connection
        wanted = [
            *("Id", "IsDeleted", "MasterRecordId"),
            *(("IsConverted", "ConvertedContactId") if sobject == "Lead" else ()),
            *(names.external_id_field, names.number_field, names.written_field),
            *more,
            *sorted(fields),
        ]
        description = self._descriptions.get(sobject)
        return [name for name in dict.fromkeys(wanted) if name in description]

    def carries_keys(self, sobject: PersonObject) -> bool:
        """Whether the object has our key field."""
        return self._org.connection.external_id_field in self._descriptions.get(sobject)

    def description(self, sobject: PersonObject) -> ObjectDescription:
        """Returns the fields of the object."""
        return self._descriptions.get(sobject)

    # --- the steps ---

    def _leads_by_key(self, keys: Sequence[str], fields: frozenset[str]) -> dict[str, RecordLink | OrgRecord]:
        found = self.query("Lead", f"{self._org.connection.external_id_field} IN {{}}", keys, fields)
        return _preferred_by_key(keys, [record for record, _ in found])

    def _contacts_by_key(self, keys: Sequence[str], fields: frozenset[str]) -> dict[str, RecordLink | OrgRecord]:
        if not keys or not self.carries_keys("Contact"):
            return {}
        found = self.query("Contact", f"{self._org.connection.external_id_field} IN {{}}", keys, fields)
        return _preferred_by_key(keys, [record for record, _ in found])

    def _records_by_link(
        self, sobject: PersonObject, links: Mapping[str, str], fields: frozenset[str]
    ) -> dict[str, RecordLink | OrgRecord]:
        records = self._by_id(sobject, links.values(), fields)
        return {key: records.get(full_record_id(link), _gone(sobject, link)) for key, link in links.items()}

    def _by_id(self, sobject: PersonObject, ids: Iterable[str], fields: frozenset[str]) -> dict[str, OrgRecord]:
        found = self.query(sobject, "Id IN {}", sorted({full_record_id(each) for each in ids}), fields)
        return {record.id: record for record, _ in found}

    def _follow_merges(self, found: dict[str, RecordLink | OrgRecord], fields: frozenset[str]) -> None:
        """Puts the survivor in the place of each record that was merged into another, over several merges."""
        for _ in range(_MAX_MERGES):
            merged = {
                key: each
                for key, each in found.items()
                if isinstance(each, OrgRecord) and each.is_deleted and each.master_id is not None
            }
            if not merged:
                return
            for sobject in ("Lead", "Contact"):
                losers = {key: each for key, each in merged.items() if each.sobject == sobject}
                masters = {key: each.master_id for key, each in losers.items() if each.master_id is not None}
                survivors = self._by_id(sobject, masters.values(), fields) if masters else {}
                for key, master in masters.items():
                    survivor = survivors.get(full_record_id(master))
                    found[key] = _gone(sobject, master) if survivor is None else _heir(survivor, losers[key])

    def _follow_conversions(self, found: dict[str, RecordLink | OrgRecord], fields: frozenset[str]) -> None:
        converted = {key: each for key, each in found.items() if isinstance(each, OrgRecord) and each.is_converted}
        targets = {key: lead.converted_contact_id for key, lead in converted.items() if lead.converted_contact_id}
        contacts: dict[str, RecordLink | OrgRecord] = {}
        if targets:
            contacts.update(self._records_by_link("Contact", targets, fields))
            self._follow_merges(contacts, fields)
        for key, lead in converted.items():
            contact = contacts.get(key)
            if contact is None:
                message = "the Lead was converted without a Contact"
                found[key] = RecordLink(lead.id, problem=("CANNOT_UPDATE_CONVERTED_LEAD", message))
            else:
                found[key] = contact if isinstance(contact, RecordLink) else _link(key, contact, lead)


def _object_of(record_id: str) -> PersonObject:
    return "Contact" if record_id.startswith(CONTACT_PREFIX) else "Lead"


def _preferred_by_key(keys: Sequence[str], records: Iterable[OrgRecord]) -> dict[str, RecordLink | OrgRecord]:
    """The live record of each key where there is one, else one that was merged, else a deleted one."""
    by_key: dict[str, list[OrgRecord]] = {}
    for record in records:
        by_key.setdefault((record.key or "").lower(), []).append(record)
    preferred: dict[str, RecordLink | OrgRecord] = {}
    for key in keys:
        candidates = by_key.get(key.lower())
        if candidates is None:
            continue
        live = sorted(each.id for each in candidates if not each.is_deleted)
        if len(live) > 1:
            message = f"several {candidates[0].sobject}s have this external id: {', '.join(live)}"
            preferred[key] = RecordLink(live[0], problem=("DUPLICATE_EXTERNAL_ID", message))
        else:
            preferred[key] = min(candidates, key=lambda each: (each.is_deleted, each.master_id is None, each.id))
    return preferred


def _gone(sobject: PersonObject, record_id: str) -> RecordLink:
    message = f"the {sobject} {record_id} was deleted in Salesforce, or the integration user cannot see it"
    return RecordLink(full_record_id(record_id), problem=(DELETED_IN_CRM, message))


def _heir(survivor: OrgRecord, loser: OrgRecord) -> OrgRecord:
    """The survivor of a merge; what we wrote to the loser last counts for it where we never wrote to it."""
    if survivor.key is not None or survivor.digests is not None:
        return survivor
    return replace(survivor, digests=loser.digests, number=survivor.number or loser.number)


def _link(key: str, record: OrgRecord, origin: OrgRecord | None = None) -> RecordLink:
    linked_id = origin.id if origin is not None else record.id
    if record.is_deleted:
        message = f"the {record.sobject} {record.id} was deleted in Salesforce"
        return RecordLink(linked_id, problem=(DELETED_IN_CRM, message))
    return RecordLink(linked_id, record, origin, is_foreign=record.is_foreign_to(key))


def _without_doubles(links: Mapping[str, RecordLink]) -> dict[str, RecordLink]:
    """Leaves a record without a key, to which several keys lead after merges, to the first of them."""
    owners: dict[str, str] = {}
    result = {}
    for key, link in links.items():
        record = link.record
        is_taken = record is not None and not link.is_foreign and owners.setdefault(record.id, key) != key
        result[key] = replace(link, is_foreign=True) if is_taken else link
    return result


def _parse_record(sobject: PersonObject, row: SalesforceRow, fields: frozenset[str], names: Connection) -> OrgRecord:
    return OrgRecord(
        sobject=sobject,
        id=str(row["Id"]),
        key=row.get(names.external_id_field) or None,
        number=LeadHandOverNumber.parse(row.get(names.number_field)),
        digests=digests_that_hold(row.get(names.written_field), row.get(names.number_field), names.number_field),
        is_deleted=bool(row["IsDeleted"]),
        master_id=row.get("MasterRecordId") or None,
        is_converted=bool(row.get("IsConverted")),
        converted_contact_id=row.get("ConvertedContactId") or None,
        values={name: row[name] for name in fields if name in row},
    )
