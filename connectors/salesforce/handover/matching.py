"""Finds the record of a person whom the org knows already, by e-mail address, before a Lead is made."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.salesforce.handover.lookup import OrgRecord, PersonObject, RecordLink, RecordLookup

MAX_ADDRESS_LENGTH = 80
"""Of an e-mail address in Salesforce, where the org says none."""


class EmailMatcher:
    """Links contacts to Leads, else to Contacts, with their address and without the key of another contact."""

    def __init__(self, lookup: RecordLookup) -> None:
        self._lookup = lookup

    def match(self, emails: Mapping[str, str], fields: frozenset[str]) -> dict[str, RecordLink]:
        """Returns the links of the keys in `emails` for which the org has a record; each record is linked once.

        An earlier key goes first, and of several records the most recently modified. A Contact is linked only where
        the object has our key field: it could not be told from a stranger's at the next hand-over.
        """
        links: dict[str, RecordLink] = {}
        for sobject in ("Lead", "Contact"):
            open_emails = {key: email for key, email in emails.items() if key not in links}
            if open_emails and self._lookup.carries_keys(sobject) and "Email" in self._lookup.description(sobject):
                links.update(self._match_object(sobject, open_emails, fields))
        return links

    def _match_object(
        self, sobject: PersonObject, emails: Mapping[str, str], fields: frozenset[str]
    ) -> dict[str, RecordLink]:
        condition = "Email IN {} AND IsDeleted = false" + (" AND IsConverted = false" if sobject == "Lead" else "")
        longest = self._lookup.description(sobject)["Email"].length or MAX_ADDRESS_LENGTH
        # No record has a longer one, and a query has no room for just any.
        addresses = sorted({normal_address(email) for email in emails.values() if len(email) <= longest})
        found = self._lookup.query(sobject, condition, addresses, fields, "Email", "LastModifiedDate")
        found.sort(key=lambda each: (str(each[1].get("LastModifiedDate") or ""), each[0].id), reverse=True)
        by_address: dict[str, list[OrgRecord]] = {}
        for record, row in found:
            by_address.setdefault(normal_address(str(row["Email"])), []).append(record)
        links = {}
        taken: set[str] = set()
        for key, email in emails.items():
            for record in by_address.get(normal_address(email), ()):
                if record.id not in taken and not record.is_foreign_to(key):
                    taken.add(record.id)
                    links[key] = RecordLink(record.id, record, is_matched=True)
                    break
        return links


def normal_address(email: str) -> str:
    """Returns the form of an address in which Salesforce compares it: without regard to case."""
    return email.strip().lower()
