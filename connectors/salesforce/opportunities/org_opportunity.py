"""An opportunity that is ours, as last seen: the org's row, the contacts of ours behind it, and who owns it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from sys import intern
from typing import Any, Literal

import msgspec

from schemas.events.opportunities import OpportunityAttribution

CRM_NAME = "salesforce"
"""The `crm` of our events, which tells them from those of other CRMs; `salesforce:NAME` for an account's own org."""

OpportunityEvent = dict[str, Any]
_LEDGER_FIELDS = ("account", "amount", "currency", "crm_campaign", "contact", "campaign")
"""The fields of an event that its row of the ledger tells, too, beside the outcome."""
RowOutcome = Literal["open", "won", "lost", "deleted"]


class LeadOrigin(msgspec.Struct, frozen=True, gc=False):
    """A contact of ours behind an opportunity, from our fields on a Lead or Contact of the org."""

    account: str
    record: str
    """Id of the Lead or Contact."""
    contact: str | None = None
    """None where the key is a digest."""
    campaign: str | None = None
    """The campaign of the last hand-over."""
    number: str | None = None
    """The number of the last hand-over, as text."""
    converted: str = ""
    """The date of the conversion, as text."""
    merged_into: str = ""
    """Id of the record without a key that it was merged into, which stands in its place; "" where it does itself."""

    @property
    def present_record(self) -> str:
        """Returns the id of the record that stands for it now; "" where the ledger alone knows it."""
        return self.merged_into or self.record

    def is_same_contact_as(self, other: LeadOrigin) -> bool:
        """Whether both are one contact of ours, by whatever record; a digest names none, there the record tells."""
        if self.contact is None or other.contact is None:
            return bool({self.record, self.present_record} & {other.record, other.present_record})
        return (self.account, self.contact) == (other.account, other.contact)


MergedContacts = Mapping[str, Mapping[str, LeadOrigin]]
"""Id of a Contact that may have the roles -> id of a Contact of ours that was merged into it -> that Contact."""


class OpportunityRow(msgspec.Struct, frozen=True, gc=False):
    """What is tracked of a row of the org; `modified` is RFC 3339, `amount` exact decimal text."""

    id: str
    modified: str
    name: str | None
    stage: str | None
    won: bool
    closed: bool
    deleted: bool
    amount: str | None
    currency: str
    close_date: str | None
    crm_campaign: str | None

    @property
    def outcome(self) -> RowOutcome:
        """What the ledger makes of the row: deleted before all, won before closed."""
        if self.deleted:
            return "deleted"
        if self.won:
            return "won"
        return "lost" if self.closed else "open"


def later_modified(row: OpportunityRow, stamp: str) -> OpportunityRow:
    """Returns the row with the later of its own stamp and another one, both as our events have them."""
    return row if row.modified >= stamp else msgspec.structs.replace(row, modified=stamp)


class OrgOpportunity(msgspec.Struct, frozen=True, gc=False):
    """The state of an opportunity that is ours. `lead` and `role` may be of other accounts than its owner."""

    row: OpportunityRow
    account: str
    """"" right after its account released it."""
    attribution: OpportunityAttribution | None = None
    lead: LeadOrigin | None = None
    role: LeadOrigin | None = None
    is_partial: bool = False
    """Whether it comes from the ledger, which does not know every field."""

    def to_state(self) -> OpportunityEvent:
        """Returns the fields of the event that tell the state: those with a value."""
        row = self.row
        origin = self._origin()
        state: OpportunityEvent = {
            "account": self.account,
            "name": row.name,
            "stage": row.stage,
            "won": row.won,
            "closed": row.closed,
            "deleted": row.deleted,
            "amount": row.amount,
            "currency": row.currency,
            "close_date": row.close_date,
            "crm_campaign": row.crm_campaign,
            "origin": self.attribution,
        }
        if origin is not None:
            state |= {
                "contact": origin.contact,
                "campaign": origin.campaign,
                "crm_record": origin.present_record or None,
            }
        return {name: value for name, value in state.items() if value is not None}

    def to_event(self, crm: str, version: int, *, released: bool = False) -> OpportunityEvent:
        """Returns the `opportunity.changed` of this state; its id is the same whenever the same state is seen."""
        state = self.to_state()
        if released:
            state["released"] = True
        event: OpportunityEvent = {
            "type": "opportunity.changed",
            "crm": crm,
            "at": self.row.modified,
            "opportunity": self.row.id,
            "modified": self.row.modified,
            "version": version,
            **state,
        }
        digest = hashlib.sha256(
            json.dumps([self.row.modified, state], sort_keys=True, ensure_ascii=False).encode()
        ).hexdigest()
        return {"id": f"{self.row.id}-{digest[:16]}", **event}

    def tells_the_same_as(self, other: OrgOpportunity) -> bool:
        """Whether both give the same event, as far as both know the fields; a stamp alone is no change."""
        if self.is_partial or other.is_partial:
            return self.to_ledger_state() == other.to_ledger_state()
        return self.to_state() == other.to_state()

    def to_ledger_state(self) -> OpportunityEvent:
        """Returns what the ledger knows of the state, too."""
        state = self.to_state()
        return {"outcome": self.row.outcome, **{name: state.get(name) for name in _LEDGER_FIELDS}}

    def _origin(self) -> LeadOrigin | None:
        """Returns the contact that the owner may know: one of its own, by a role only where that is how it owns."""
        if self.lead is not None:
            return self.lead if self.lead.account == self.account else None
        return self.role if self.attribution == "contact_role" else None


def state_from_event(event: Mapping[str, Any]) -> OrgOpportunity:
    """Returns the state that an event of the connector tells."""
    # Right after it was released an opportunity is no account's: the event of its next one may never have come.
    account = "" if event.get("released") else intern(str(event["account"]))
    attribution = event.get("origin")
    origin = None
    if event.get("crm_record") is not None:
        origin = LeadOrigin(account, str(event["crm_record"]), event.get("contact"), _interned(event.get("campaign")))
    return OrgOpportunity(
        OpportunityRow(
            id=str(event["opportunity"]),
            modified=str(event["modified"]),
            name=event.get("name"),
            stage=_interned(event.get("stage")),
            won=bool(event.get("won")),
            closed=bool(event.get("closed")),
            deleted=bool(event.get("deleted")),
            amount=event.get("amount"),
            currency=intern(str(event.get("currency") or "")),
            close_date=event.get("close_date"),
            crm_campaign=_interned(event.get("crm_campaign")),
        ),
        account=account,
        attribution=attribution,
        lead=None if attribution == "contact_role" else origin,
        role=origin if attribution == "contact_role" else None,
    )


def _interned(text: object) -> str | None:
    """Stages, campaigns and accounts are few and named in every state: each is kept once."""
    return None if text is None else intern(str(text))
