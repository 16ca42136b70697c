"""One partition's tables against what they must hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from streams.verify.flags import ContactFlags
from streams.verify.recomputed import ExpectedContact, PartitionRecomputation
from streams.verify.report import Difference, VerificationReport
from streams.verify.table import FOREIGN_RECORD, OutputTable, key_text

MEMBER_TEXT, NO_MEMBER_TEXT = "member", "no member"
COMPARED_FIELDS = ("status", "points", "made", "changed", "at", "crm")
"""Fields of a lead's row."""


class PartitionComparison:
    """Of the contacts of one journal partition, into a report of all."""

    def __init__(
        self,
        recomputation: PartitionRecomputation,
        members: OutputTable,
        leads: OutputTable,
        flags: ContactFlags,
        report: VerificationReport,
    ) -> None:
        self._recomputation = recomputation
        self._members = members
        self._leads = leads
        self._flags = flags
        self._report = report

    def compare_contact(self, key: bytes) -> None:
        """One contact: its memberships and its leads."""
        expected, flags = self._recomputation.expected_contact(key), self._flags.flags_of(key)
        report = self._report
        report.contacts += 1
        report.memberships += len(expected.members)
        report.leads += len(expected.leads)
        report.flagged_contacts += bool(flags)
        for difference in (*self._membership_differences(key, expected), *self._lead_differences(key, expected)):
            report.differences.append(replace(difference, at=expected.at, flags=flags))

    def report_unknown_rows(self, contact_keys: Collection[bytes], account: str | None) -> None:
        """Rows of contacts that the journal does not know, and records that are no rows at all."""
        for what, table in (("membership", self._members), ("lead", self._leads)):
            for key in table.contact_keys():
                if key in contact_keys or not belongs_to(key, account):
                    continue
                for subject in table.rows(key):
                    found = "a row of a contact that this journal partition does not know"
                    self._report.differences.append(
                        _build_difference(what, key, subject, expected="none", actual=found)
                    )
            for key in sorted(table.foreign_keys) if account is None else ():
                self._report.differences.append(
                    _build_difference(what, b"", key_text(key), expected="none", actual=FOREIGN_RECORD)
                )

    def _membership_differences(self, key: bytes, expected: ExpectedContact) -> Iterator[Difference]:
        rows = self._members.rows(key)
        for segment in sorted(expected.members | rows.keys()):
            wanted = MEMBER_TEXT if segment in expected.members else NO_MEMBER_TEXT
            found = (
                NO_MEMBER_TEXT
                if segment not in rows
                else MEMBER_TEXT
                if rows[segment] is not None
                else FOREIGN_RECORD
            )
            if wanted != found:
                yield _build_difference("membership", key, segment, expected=wanted, actual=found)

    def _lead_differences(self, key: bytes, expected: ExpectedContact) -> Iterator[Difference]:
        rows = self._leads.rows(key)
        for campaign in sorted(expected.leads.keys() | rows.keys()):
            wanted, found = expected.leads.get(campaign), _compared_fields(rows.get(campaign))
            if wanted != found or (campaign in rows and found is None):
                said = FOREIGN_RECORD if campaign in rows and found is None else _lead_text(found)
                yield _build_difference("lead", key, campaign, expected=_lead_text(wanted), actual=said)


def belongs_to(key: bytes, account: str | None) -> bool:
    """Whether a contact's key is of the account; None is any."""
    return account is None or key.startswith(f"{account}/".encode())


def _compared_fields(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """What is recomputed of a row."""
    return None if row is None else {name: row[name] for name in COMPARED_FIELDS if name in row}


def _lead_text(row: dict[str, Any] | None) -> str:
    if row is None:
        return "none"
    told = f"{row.get('status')} with {row.get('points')} points at {row.get('at')}"
    told += f", made {row.get('made')}, changed {row.get('changed')}"
    return told + (f", crm {row['crm']}" if row.get("crm") else "")


def _build_difference(kind: str, key: bytes, subject: str, *, expected: str, actual: str) -> Difference:
    account, _, contact = key_text(key).partition("/")
    return Difference(kind, account, contact, subject, expected, actual)
