"""Compares one partition's tables with the recomputed rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from streams.verify.flags import ContactFlags
from streams.verify.hand_over_log import record_text
from streams.verify.recomputed import ExpectedContact, PartitionRecomputation
from streams.verify.report import Difference, VerificationReport
from streams.verify.table import FOREIGN_RECORD, NO_SUBJECT, PartitionTables, key_text

MEMBER_TEXT, NO_MEMBER_TEXT = "member", "no member"
COMPARED_FIELDS = ("status", "points", "made", "changed", "at", "crm")
"""Fields of a lead's row."""

CONTACT_FIELDS = ("status", "score", "scores", "created", "last_seen", "at")
"""Fields of a contact's row, besides its properties."""

_MAX_FIELDS, _MAX_TEXT = 12, 100
"""So many differing fields of a row are shown, each with so many characters."""


class PartitionComparison:
    """Compares the contacts of one journal partition, and adds the differences to `report`."""

    def __init__(
        self,
        recomputation: PartitionRecomputation,
        tables: PartitionTables,
        flags: ContactFlags,
        report: VerificationReport,
    ) -> None:
        self._recomputation = recomputation
        self._tables = tables
        self._flags = flags
        self._report = report

    def compare_contact(self, key: bytes) -> None:
        """Compares the memberships, the leads, the row and the hand-overs of one contact."""
        expected, flags = self._recomputation.expected_contact(key), self._flags.flags_of(key)
        report = self._report
        report.contacts += 1
        report.memberships += len(expected.members)
        report.leads += len(expected.leads)
        report.contact_rows += expected.row is not None
        report.hand_overs += len(self._tables.hand_overs.records(key))
        report.flagged_contacts += bool(flags)
        differences = (
            *self._membership_differences(key, expected),
            *self._lead_differences(key, expected),
            *self._row_differences(key, expected),
            *self._hand_over_differences(key, expected),
        )
        for difference in differences:
            report.differences.append(replace(difference, at=expected.at, flags=flags))

    def report_unknown_rows(self, contact_keys: Collection[bytes], account: str | None) -> None:
        """Reports rows of contacts that are not in the journal, and records that are no rows at all."""
        tables = self._tables
        for kind, table in (("membership", tables.members), ("lead", tables.leads), ("contact", tables.contacts)):
            for key in table.contact_keys():
                if key in contact_keys or not belongs_to(key, account):
                    continue
                for subject in table.rows(key):
                    actual = "a row of a contact that this journal partition does not know"
                    self._report.differences.append(
                        _build_difference(kind, key, subject, expected="none", actual=actual)
                    )
            for key in sorted(table.foreign_keys) if account is None else ():
                place = (key, NO_SUBJECT) if table is tables.contacts else (b"", key_text(key))
                self._report.differences.append(
                    _build_difference(kind, *place, expected="none", actual=FOREIGN_RECORD)
                )

    def _membership_differences(self, key: bytes, expected: ExpectedContact) -> Iterator[Difference]:
        rows = self._tables.members.rows(key)
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
        rows = self._tables.leads.rows(key)
        for campaign in sorted(expected.leads.keys() | rows.keys()):
            lead, row = expected.leads.get(campaign), _compared_fields(rows.get(campaign))
            is_foreign = campaign in rows and row is None
            if lead != row or is_foreign:
                actual_text = FOREIGN_RECORD if is_foreign else _lead_text(row)
                yield _build_difference("lead", key, campaign, expected=_lead_text(lead), actual=actual_text)

    def _row_differences(self, key: bytes, expected: ExpectedContact) -> Iterator[Difference]:
        rows = self._tables.contacts.rows(key)
        is_foreign = bool(rows) and rows[NO_SUBJECT] is None
        fields, actual_fields = _json_fields(expected.row), _json_fields(rows.get(NO_SUBJECT))
        names = [
            name
            for name in sorted(fields.keys() | actual_fields.keys())
            if fields.get(name) != actual_fields.get(name)
        ]
        if names or is_foreign:
            actual_text = FOREIGN_RECORD if is_foreign else _fields_text(actual_fields, names)
            expected_text = _fields_text(fields, names)
            yield _build_difference("contact", key, NO_SUBJECT, expected=expected_text, actual=actual_text)

    def _hand_over_differences(self, key: bytes, expected: ExpectedContact) -> Iterator[Difference]:
        """Yields the first record that is not as it must be."""
        log = self._tables.hand_overs
        difference = log.first_difference(expected.hand_overs, log.records(key))
        if difference is None:
            return
        campaign = next(record["campaign"] for record in difference if record is not None)
        wanted, found = ("none" if record is None else record_text(record) for record in difference)
        yield _build_difference("hand_over", key, campaign, expected=wanted, actual=found)


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


def _json_fields(row: dict[str, Any] | None) -> dict[str, str]:
    """Field of a contact's row -> its JSON, each property for itself: 1, 1.0 and true are three values."""
    if row is None:
        return {}
    properties = row.get("properties")
    fields = {name: row[name] for name in CONTACT_FIELDS if name in row}
    if isinstance(properties, dict):
        fields |= {f"property {name}": value for name, value in properties.items()}
    return {name: json.dumps(value, sort_keys=True, ensure_ascii=False) for name, value in fields.items()}


def _fields_text(fields: dict[str, str], names: list[str]) -> str:
    """The fields of these names; `none` where there is no row."""
    if not fields:
        return "none"
    texts = [f"{name} {_cut_text(fields.get(name, 'missing'))}" for name in names[:_MAX_FIELDS]]
    more = len(names) - len(texts)
    return ", ".join(texts) + (f" and {more} more" if more else "")


def _cut_text(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 3]}..."


def _build_difference(kind: str, key: bytes, subject: str, *, expected: str, actual: str) -> Difference:
    account, _, contact = key_text(key).partition("/")
    return Difference(kind, account, contact, subject, expected, actual)
