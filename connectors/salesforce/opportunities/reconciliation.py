"""Compares the org's own state with the ledger, opportunity by opportunity, and sum by sum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from connectors.salesforce.opportunities.cursor import Cursor
from connectors.salesforce.opportunities.ledger_state import (
    LedgerOpportunity,
    current_rows,
    is_record_id,
    modified_at_least,
    state_from_ledger,
)
from connectors.salesforce.opportunities.org_opportunity import OpportunityEvent, OrgOpportunity
from connectors.salesforce.opportunities.poll import OpportunityPoll, as_deleted

DifferenceKind = Literal["missed", "differs", "other_account", "counted_twice", "gone", "unseen"]
"""Missed: the ledger has no row. Gone: Salesforce's log names its deletion; unseen: it is neither shown nor named."""

LedgerRows = Mapping[tuple[str, str], LedgerOpportunity]
"""Account and id -> a row."""


@dataclass(frozen=True, slots=True)
class OrgState:
    """What the org says of every opportunity that is ours, by id."""

    crm: str
    states: Mapping[str, OrgOpportunity]
    unseen: frozenset[str]
    gone: frozenset[str]
    requests: int
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class OpportunityDifference:
    """One opportunity whose row is not what the org says; `ledger` and `org` have the fields that differ."""

    opportunity: str
    account: str
    kind: DifferenceKind
    ledger: Mapping[str, Any] | None
    org: Mapping[str, Any] | None
    mends: tuple[OpportunityEvent, ...]
    """The events that make the row right."""

    def to_dict(self) -> dict[str, Any]:
        """Returns it for JSON."""
        return {
            "opportunity": self.opportunity,
            "account": self.account,
            "kind": self.kind,
            "ledger": self.ledger,
            "org": self.org,
        }


def ask_org(poll: OpportunityPoll, rows: LedgerRows) -> OrgState:
    """Reads everything of ours from the org, and what has become of the ledger's opportunities.

    Raises what a poll raises.
    """
    current = current_rows(row for row in rows.values() if poll.is_of_org(row.account))
    version = max((row.version for row in current.values()), default=0)
    known = {each: state_from_ledger(row) for each, row in current.items()}
    _, after = poll(Cursor.from_states(known, version))
    assert after.until is not None
    absent = poll.report.unseen | poll.report.purged
    shown = {each: state for each, state in after.states.items() if each not in absent}
    return OrgState(poll.crm, shown, poll.report.unseen, poll.report.purged, poll.report.requests, after.until)


def find_differences(org: OrgState, rows: LedgerRows, account: str | None = None) -> list[OpportunityDifference]:
    """Returns the differences, of all accounts or of one, in the order of the ids."""
    rows_by_id: dict[str, list[LedgerOpportunity]] = {}
    for row in rows.values():
        if is_record_id(row.id):
            rows_by_id.setdefault(row.id, []).append(row)
    differences: list[OpportunityDifference] = []
    for each in sorted({*org.states, *rows_by_id}):
        differences.extend(_differences_of(org, each, rows_by_id.get(each, [])))
    return [each for each in differences if account in (None, each.account)]


def _differences_of(
    org: OrgState, opportunity: str, rows: list[LedgerOpportunity]
) -> Iterable[OpportunityDifference]:
    # Later than what the ledger has, and no time: a poll would take that for its own position, though the comparison
    # may be of one account alone.
    version = max((row.version for row in rows), default=0) + 1
    state = org.states.get(opportunity)
    if state is None:
        yield from _absent(org, opportunity, rows, version)
        return
    # The ledger decides by the stamp first, and that of a deletion which nobody saw is later than the org's own.
    state = modified_at_least(state, max((row.modified for row in rows), default=0))
    own = next((row for row in rows if row.account == state.account), None)
    others = [row for row in rows if row.account != state.account and row.outcome != "deleted"]
    mend = state.to_event(org.crm, version)
    if own is None and not state.row.deleted:
        kind: DifferenceKind = "other_account" if others else "missed"
        releases = [_release(org, state, row, version) for row in others]
        ledger = _ledger_state(state_from_ledger(others[0])) if others else None
        yield OpportunityDifference(opportunity, state.account, kind, ledger, _ledger_state(state), (*releases, mend))
    elif own is not None:
        known = state_from_ledger(own)
        if not state.tells_the_same_as(known):
            ledger, org_fields = _differing(_ledger_state(known), _ledger_state(state))
            yield OpportunityDifference(opportunity, state.account, "differs", ledger, org_fields, (mend,))
        for row in others:
            release = _release(org, state, row, version)
            ledger = _ledger_state(state_from_ledger(row))
            yield OpportunityDifference(
                opportunity, row.account, "counted_twice", ledger, _ledger_state(state), (release,)
            )


def _absent(
    org: OrgState, opportunity: str, rows: list[LedgerOpportunity], version: int
) -> Iterable[OpportunityDifference]:
    kind: DifferenceKind | None = (
        "gone" if opportunity in org.gone else "unseen" if opportunity in org.unseen else None
    )
    for row in rows:
        known = state_from_ledger(row)
        if kind is not None and not known.row.deleted:
            state = OrgOpportunity(as_deleted(known.row, org.asked_at), known.account, None, known.lead)
            mends = (state.to_event(org.crm, version),)
            yield OpportunityDifference(opportunity, row.account, kind, _ledger_state(known), None, mends)


def _release(org: OrgState, state: OrgOpportunity, row: LedgerOpportunity, version: int) -> OpportunityEvent:
    return OrgOpportunity(state.row, row.account).to_event(org.crm, version, released=True)


def _ledger_state(state: OrgOpportunity) -> dict[str, Any]:
    return state.to_ledger_state()


_Value = TypeVar("_Value")


def _differing(one: Mapping[str, _Value], other: Mapping[str, _Value]) -> tuple[dict[str, _Value], dict[str, _Value]]:
    """Returns the fields of both that are not equal."""
    names = [name for name in one if one[name] != other[name]]
    return {name: one[name] for name in names}, {name: other[name] for name in names}
