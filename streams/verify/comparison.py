"""One partition's tables against what they must hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from streams.verify.flags import Flags
from streams.verify.recomputed import Expected, Recomputed
from streams.verify.report import Difference, Report
from streams.verify.table import FOREIGN, Table, text

IN, OUT = "member", "no member"
RECOMPUTED = ("status", "points", "made", "changed", "at", "crm")
"""Fields of a lead's row."""


class Comparison:
    """Of the contacts of one journal partition, into a report of all."""

    def __init__(self, recomputed: Recomputed, members: Table, leads: Table, flags: Flags, report: Report) -> None:
        self._recomputed = recomputed
        self._members = members
        self._leads = leads
        self._flags = flags
        self._report = report

    def contact(self, key: bytes) -> None:
        """One contact: its memberships and its leads."""
        expected, flags = self._recomputed.expected(key), self._flags.of(key)
        report = self._report
        report.contacts += 1
        report.memberships += len(expected.members)
        report.leads += len(expected.leads)
        report.flagged += bool(flags)
        for difference in (*self._of_members(key, expected), *self._of_leads(key, expected)):
            report.differences.append(replace(difference, at=expected.at, flags=flags))

    def strangers(self, known: Collection[bytes], account: str | None) -> None:
        """Rows of contacts that the journal does not know, and records that are no rows at all."""
        for what, table in (("membership", self._members), ("lead", self._leads)):
            for key in table.contacts():
                if key in known or not is_of(key, account):
                    continue
                for subject in table.rows(key):
                    found = "a row of a contact that this journal partition does not know"
                    self._report.differences.append(_difference(what, key, subject, wanted="none", found=found))
            for key in sorted(table.foreign) if account is None else ():
                self._report.differences.append(_difference(what, b"", text(key), wanted="none", found=FOREIGN))

    def _of_members(self, key: bytes, expected: Expected) -> Iterator[Difference]:
        rows = self._members.rows(key)
        for segment in sorted(expected.members | rows.keys()):
            wanted = IN if segment in expected.members else OUT
            found = OUT if segment not in rows else IN if rows[segment] is not None else FOREIGN
            if wanted != found:
                yield _difference("membership", key, segment, wanted=wanted, found=found)

    def _of_leads(self, key: bytes, expected: Expected) -> Iterator[Difference]:
        rows = self._leads.rows(key)
        for campaign in sorted(expected.leads.keys() | rows.keys()):
            wanted, found = expected.leads.get(campaign), _told(rows.get(campaign))
            if wanted != found or (campaign in rows and found is None):
                said = FOREIGN if campaign in rows and found is None else _lead(found)
                yield _difference("lead", key, campaign, wanted=_lead(wanted), found=said)


def is_of(key: bytes, account: str | None) -> bool:
    """Whether a contact's key is of the account; None is any."""
    return account is None or key.startswith(f"{account}/".encode())


def _told(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """What is recomputed of a row."""
    return None if row is None else {name: row[name] for name in RECOMPUTED if name in row}


def _lead(row: dict[str, Any] | None) -> str:
    if row is None:
        return "none"
    told = f"{row.get('status')} with {row.get('points')} points at {row.get('at')}"
    told += f", made {row.get('made')}, changed {row.get('changed')}"
    return told + (f", crm {row['crm']}" if row.get("crm") else "")


def _difference(what: str, key: bytes, subject: str, *, wanted: str, found: str) -> Difference:
    account, _, contact = text(key).partition("/")
    return Difference(what, account, contact, subject, wanted, found)
