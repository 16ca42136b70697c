"""The state of an opportunity as its row of the ledger tells it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from sys import intern
from typing import Protocol, TypeVar

import msgspec

from connectors.salesforce.opportunities.org_opportunity import (
    LeadOrigin,
    OpportunityRow,
    OrgOpportunity,
    later_modified,
)

_OPPORTUNITY_ID = re.compile(r"006[A-Za-z0-9]{15}")


class LedgerOpportunity(Protocol):
    """A row of the ledger; `modified` in ms, `amount` as decimal text, `outcome` open, won, lost or deleted."""

    @property
    def account(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def modified(self) -> int: ...

    @property
    def version(self) -> int: ...

    @property
    def outcome(self) -> str: ...

    @property
    def currency(self) -> str: ...

    @property
    def amount(self) -> str | None: ...

    @property
    def crm_campaign(self) -> str | None: ...

    @property
    def campaign(self) -> str | None: ...

    @property
    def contact(self) -> str | None: ...


LedgerRowType = TypeVar("LedgerRowType", bound=LedgerOpportunity)


def is_record_id(opportunity: str) -> bool:
    """Whether an opportunity is Salesforce's: the ledger also has those of other CRMs."""
    return _OPPORTUNITY_ID.fullmatch(opportunity) is not None


def current_rows(rows: Iterable[LedgerRowType]) -> dict[str, LedgerRowType]:
    """Returns, by id, the row that counts of each opportunity of Salesforce.

    An account that released one has a row of it, too, which says that it is deleted.
    """
    current: dict[str, LedgerRowType] = {}
    for row in rows:
        if is_record_id(row.id) and (row.id not in current or _rank(row) > _rank(current[row.id])):
            current[row.id] = row
    return current


def _rank(row: LedgerOpportunity) -> tuple[bool, int, int]:
    return row.outcome != "deleted", row.modified, row.version


def state_from_ledger(row: LedgerOpportunity) -> OrgOpportunity:
    """Returns the state; it is partial, since the ledger keeps neither names nor stages."""
    origin = None
    if row.contact is not None or row.campaign is not None:
        origin = LeadOrigin(row.account, "", row.contact, row.campaign)
    return OrgOpportunity(
        OpportunityRow(
            id=row.id,
            modified=_stamp(row.modified),
            name=None,
            stage=None,
            won=row.outcome == "won",
            closed=row.outcome in ("won", "lost"),
            deleted=row.outcome == "deleted",
            amount=row.amount,
            currency=intern(row.currency),
            close_date=None,
            crm_campaign=row.crm_campaign,
        ),
        account=intern(row.account),
        lead=origin,
        is_partial=True,
    )


def modified_at_least(state: OrgOpportunity, modified: int) -> OrgOpportunity:
    """Returns the state with a stamp that is not before `modified` (ms)."""
    return msgspec.structs.replace(state, row=later_modified(state.row, _stamp(modified)))


def _stamp(modified: int) -> str:
    return f"{datetime.fromtimestamp(modified // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{modified % 1000:03d}Z"
