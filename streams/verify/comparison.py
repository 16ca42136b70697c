"""Compares one partition's tables with the recomputed rows."""

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
    """Compares the contacts of one journal partition, and adds the differences to `report`."""

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
        """Compares the memberships and leads of one contact."""
        expected, flags = self._recomputation.expected_contact(key), self._flags.flags_of(key)
        report = self._report
        report.contacts += 1
        report.memberships += len(expected.members)
        report.leads += len(expected.leads)
        report.flagged_contacts += bool(flags)
        for difference in (*self._membership_differences(key, expected), *self._lead_differences(key, expected)):
            report.differences.append(replace(difference, at=expected.at, flags=flags))

    def report_unknown_rows(self, contact_keys: Collection[bytes], account: str | None) -> None:
        """Reports rows of contacts that are not in the journal, and records that are no rows at all."""
        for kind, table in (("membership", self._members), ("lead", self._leads)):
            for key in table.contact_keys():
                if key in contact_keys or not belongs_to(key, account):
                    continue
                for subject in table.rows(key):
                    actual = "a row of a contact that this journal partition does not know"
                    self._report.differences.append(
                        _build_difference(kind, key, subject, expected="none", actual=actual)
                    )
            for key in sorted(table.foreign_keys) if account is None else ():
                self._report.differences.append(
                    _build_difference(kind, b"", key_text(key), expected="none", actual=FOREIGN_RECORD)
                )

    def _membership_differences(self, key: bytes, expected: ExpectedContact) -> Iterator[Difference]:
        rows = self._members.rows(key)
        for segment in sorted(expected.members | rows.keys()):
            expected_text = MEMBER_TEXT if segment in expected.members else NO_MEMBER_TEXT
            actual_text = (
                NO_MEMBER_TEXT
                if segment not in rows
                else MEMBER_TEXT
                if rows[segment] is not None
                else FOREIGN_RECORD
            )
            if expected_text != actual_text:
                yield _build_difference("membership", key, segment, expected=expected_text, actual=actual_text)

    def _lead_differences(self, key: bytes, expected: ExpectedContact) -> Iterator[Difference]:
        rows = self._leads.rows(key)
        for campaign in sorted(expected.leads.keys() | rows.keys()):
            lead, row = expected.leads.get(campaign), _compared_fields(rows.get(campaign))
            is_foreign = campaign in rows and row is None
            if lead != row or is_foreign:
                actual_text = FOREIGN_RECORD if is_foreign else _lead_text(row)
                yield _build_difference("lead", key, campaign, expected=_lead_text(lead), actual=actual_text)


def belongs_to(key: bytes, account: str | None) -> bool:
    """Whether a contact's key belongs to the account; None stands for all accounts."""
    return account is None or key.startswith(f"{account}/".encode())


def _compared_fields(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """Returns the fields of a row that are recomputed."""
    return None if row is None else {name: row[name] for name in COMPARED_FIELDS if name in row}


def _lead_text(row: dict[str, Any] | None) -> str:
    if row is None:
        return "none"
    text = f"{row.get('status')} with {row.get('points')} points at {row.get('at')}"
    text += f", made {row.get('made')}, changed {row.get('changed')}"
    return text + (f", crm {row['crm']}" if row.get("crm") else "")


def _build_difference(kind: str, key: bytes, subject: str, *, expected: str, actual: str) -> Difference:
    account, _, contact = key_text(key).partition("/")
    return Difference(kind, account, contact, subject, expected, actual)
