"""Lookup of our contacts' Leads before every write: live, deleted or converted, and from which hand-over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.salesforce.handover.handover_records import LeadHandOverNumber
from connectors.salesforce.org.client import OrgClient, SalesforceRow


@dataclass(frozen=True, slots=True)
class SalesforceLead:
    """A Lead as Salesforce has it; `number` is that of the hand-over that last wrote it."""

    id: str
    is_deleted: bool
    converted_contact_id: str | None
    is_converted: bool
    number: LeadHandOverNumber | None
    duplicate_ids: tuple[str, ...] = ()
    """The ids of all live Leads with this key where there are several, because the field is not unique."""


class LeadLookup:
    """Finds Leads by external id, or by record id where the external id is gone."""

    def __init__(self, org: OrgClient) -> None:
        self._org = org
        names = org.connection
        self._select_clause = (
            f"SELECT Id, {names.external_id_field}, {names.number_field}, IsDeleted, IsConverted, ConvertedContactId "
            "FROM Lead WHERE "
        )

    def find(self, keys: Iterable[str], links: Mapping[str, str]) -> dict[str, SalesforceLead]:
        """Returns the Lead of each key that has or had one; `links` has the record ids of keys from earlier results.

        A Lead that was purged from the recycle bin is only known by its link; it counts as deleted.
        """
        keys = list(keys)
        number = self._org.connection.number_field
        rows = self._org.query_in_batches(
            f"{self._select_clause}{self._org.connection.external_id_field} IN {{}}", keys
        )
        groups: dict[str, list[SalesforceRow]] = {}
        for row in rows:
            groups.setdefault(str(row[self._org.connection.external_id_field]).lower(), []).append(row)
        leads = {key: _preferred_lead(groups[key], number) for key in keys if key in groups}
        missing = {key: links[key] for key in keys if key not in leads and key in links}
        leads.update(self._find_by_link(missing))
        return leads

    def _find_by_link(self, links: Mapping[str, str]) -> dict[str, SalesforceLead]:
        rows = self._org.query_in_batches(f"{self._select_clause}Id IN {{}}", sorted(set(links.values())))
        number = self._org.connection.number_field
        by_id = {str(row["Id"]): row for row in rows}
        purged = {
            key: SalesforceLead(link, True, None, False, None) for key, link in links.items() if link not in by_id
        }
        return {
            **purged,
            **{key: _preferred_lead([by_id[link]], number) for key, link in links.items() if link in by_id},
        }

    def numbers_modified_since(self, stamp: str) -> dict[str, LeadHandOverNumber]:
        """Returns the number, by external id, on each live Lead modified at `stamp` (SOQL date-time) or later."""
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
    """Returns the live Lead where there is one, else the deleted one."""
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
