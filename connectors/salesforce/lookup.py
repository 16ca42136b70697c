"""What Salesforce has of our contacts, asked before every write: live, deleted, converted, and how new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.salesforce.client import OrgClient, SalesforceRow
from connectors.salesforce.handover import LeadHandOverNumber


@dataclass(frozen=True, slots=True)
class SalesforceLead:
    """A Lead as Salesforce has it; `number` is that of the hand-over it was last written from."""

    id: str
    is_deleted: bool
    converted_contact_id: str | None
    is_converted: bool
    number: LeadHandOverNumber | None
    duplicate_ids: tuple[str, ...] = ()
    """Ids of all live Leads of this key, where there are several: the field is not unique."""


class LeadLookup:
    """Finds Leads by external id, and by a link known from before where the id is gone."""

    def __init__(self, org: OrgClient) -> None:
        self._org = org
        names = org.connection
        self._select_clause = (
            f"SELECT Id, {names.external_id_field}, {names.number_field}, IsDeleted, IsConverted, ConvertedContactId "
            "FROM Lead WHERE "
        )

    def find(self, keys: Iterable[str], links: Mapping[str, str]) -> dict[str, SalesforceLead]:
        """The Lead of each key that has one or had one; `links` are record ids known for keys.

        A Lead that was purged from the recycle bin is found by nothing but the link: it counts as deleted.
        """
        wanted = list(keys)
        number = self._org.connection.number_field
        rows = self._org.query_in_batches(
            f"{self._select_clause}{self._org.connection.external_id_field} IN {{}}", wanted
        )
        grouped: dict[str, list[SalesforceRow]] = {}
        for row in rows:
            grouped.setdefault(str(row[self._org.connection.external_id_field]).lower(), []).append(row)
        found = {key: _preferred_lead(grouped[key], number) for key in wanted if key in grouped}
        unfound = {key: links[key] for key in wanted if key not in found and key in links}
        found.update(self._find_by_link(unfound))
        return found

    def _find_by_link(self, links: Mapping[str, str]) -> dict[str, SalesforceLead]:
        rows = self._org.query_in_batches(f"{self._select_clause}Id IN {{}}", sorted(set(links.values())))
        number = self._org.connection.number_field
        known = {str(row["Id"]): row for row in rows}
        purged = {
            key: SalesforceLead(link, True, None, False, None) for key, link in links.items() if link not in known
        }
        return {
            **purged,
            **{key: _preferred_lead([known[link]], number) for key, link in links.items() if link in known},
        }

    def numbers_modified_since(self, stamp: str) -> dict[str, LeadHandOverNumber]:
        """The number on every live Lead of ours that was modified at `stamp` (SOQL date-time) or later."""
        names = self._org.connection
        rows = self._org.query_all(
            f"SELECT {names.external_id_field}, {names.number_field} FROM Lead WHERE SystemModstamp >= {stamp} "
            f"AND {names.external_id_field} != null AND IsDeleted = false AND IsConverted = false"
        )
        numbers = {
            str(row[names.external_id_field]): LeadHandOverNumber.parse(row[names.number_field]) for row in rows
        }
        return {key: number for key, number in numbers.items() if number is not None}


def _preferred_lead(rows: list[SalesforceRow], number_field: str) -> SalesforceLead:
    """The live Lead where there is one, else the one deleted."""
    live = sorted(str(row["Id"]) for row in rows if not row["IsDeleted"])
    row = min(rows, key=lambda each: (bool(each["IsDeleted"]), str(each["Id"])))
    return SalesforceLead(
        id=str(row["Id"]),
        is_deleted=bool(row["IsDeleted"]),
        converted_contact_id=row["ConvertedContactId"],
        is_converted=bool(row["IsConverted"]),
        number=LeadHandOverNumber.parse(row[number_field]),
        duplicate_ids=tuple(live) if len(live) > 1 else (),
    )
