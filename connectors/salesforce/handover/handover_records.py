"""Hand-overs as read from `qualified-leads`, and the results of them as written to `crm-results`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from connectors.salesforce.external_id import external_id
from connectors.salesforce.handover.coercion import FieldNote

HandOverResultKind = Literal["linked", "failed"]
DELETED_IN_CRM = "deleted_in_crm"
DO_NOT_SYNC = "do_not_sync"


class LeadHandOverNumber(msgspec.Struct, frozen=True, order=True):
    """Where in the journal the hand-over was decided; it rises for each contact, whose partition never changes."""

    partition: int
    offset: int
    ordinal: int

    def __str__(self) -> str:
        """Returns the text for the Lead's number field."""
        return f"{self.partition}/{self.offset}/{self.ordinal}"

    @classmethod
    def parse(cls, text: str | None) -> LeadHandOverNumber | None:
        """Returns the number in a Lead's field; None where the field is empty or holds something else."""
        parts = (text or "").split("/")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
            return None
        return cls(*map(int, parts))


class HandOverContact(msgspec.Struct, frozen=True):
    """The contact at the time of the hand-over."""

    properties: dict[str, Any] = {}
    status: str = "active"


class CampaignTarget(msgspec.Struct, frozen=True):
    """The Salesforce campaign and the status of its new members; None leaves the campaign's default status."""

    campaign: str
    member_status: str | None = None


class HandOverCampaign(msgspec.Struct, frozen=True):
    """The campaign that the lead qualified in."""

    id: str
    salesforce: CampaignTarget | None = None


class HandOverCause(msgspec.Struct, frozen=True):
    """Why it was decided; of that the release that decided it."""

    release: int | None = None


class HandOverLead(msgspec.Struct, frozen=True):
    """The lead; `record` is the id of the Salesforce Lead from an earlier hand-over."""

    record: str | None = None


class LeadHandOver(msgspec.Struct, frozen=True):
    """One `lead.handed_over` or `lead.updated` record; fields that the connector does not use are left out."""

    id: str
    at: str
    number: LeadHandOverNumber
    account: str
    contact: str
    campaign: HandOverCampaign
    snapshot: HandOverContact
    lead: HandOverLead = HandOverLead()
    cause: HandOverCause = HandOverCause()
    type: Literal["lead.handed_over", "lead.updated"] = "lead.handed_over"
    occasions: tuple[str, ...] = ()
    """What happened to a lead that is updated, in the words of the mapping's `updates`."""
    do_not_sync: bool = False
    opted_out: bool = False
    """Whether it tells of an opt-out, and is to go out for that reason."""
    retry: int = 0
    """The number of a retry by hand."""
    is_withheld: bool = False
    """Whether the contact opted out while it waited; no record says that, but who hands over."""

    @property
    def is_update(self) -> bool:
        """Whether it changes a record of an earlier hand-over; else it makes one where there is none."""
        return self.type == "lead.updated"

    @property
    def is_forbidden(self) -> bool:
        """Whether the contact's consent forbade hand-overs when it was decided."""
        return self.do_not_sync or self.opted_out

    @property
    def tells_consent_alone(self) -> bool:
        """Whether it only says whether consent forbids hand-overs now: there is nothing to hand over or to answer."""
        return self.is_update and not self.occasions

    @property
    def key(self) -> str:
        """The external id of the contact's Lead."""
        return external_id(self.account, self.contact)


@dataclass(frozen=True, slots=True)
class HandOverResult:
    """The result of a hand-over: linked, or failed with a code."""

    handover: LeadHandOver
    kind: HandOverResultKind
    record: str | None = None
    member: str | None = None
    code: str | None = None
    message: str = ""
    notes: tuple[FieldNote, ...] = ()
    """What was cut or left out of the values, where it was linked."""

    def to_event(self, at: str) -> dict[str, Any]:
        """Returns the `crm-results` event; its id depends on hand-over, kind and retry, not on the attempt."""
        event: dict[str, Any] = {
            "id": self._event_id(),
            "type": f"crm.{self.kind}",
            "at": at,
            "account": self.handover.account,
            "contact": self.handover.contact,
            "campaign": self.handover.campaign.id,
            "hand_over": self.handover.id,
            "number": list(msgspec.structs.astuple(self.handover.number)),
        }
        optional = {"record": self.record, "member": self.member, "code": self.code}
        event.update({name: value for name, value in optional.items() if value is not None})
        if self.kind == "failed":
            event["message"] = self.message
        elif self.notes:
            event["notes"] = [{"field": each.field, "note": each.note, "reason": each.reason} for each in self.notes]
        if self.handover.retry:
            event["retry"] = self.handover.retry
        if self.handover.is_update:
            event["update"] = True
        return event

    def _event_id(self) -> str:
        kind = self.kind if self.code != DELETED_IN_CRM else DELETED_IN_CRM
        parts = [self.handover.id, kind]
        if self.handover.retry:
            parts.append(str(self.handover.retry))
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


_decode = msgspec.json.Decoder(LeadHandOver).decode


def parse_handover(value: bytes) -> LeadHandOver:
    """Returns the hand-over in a record's value. Raises msgspec.DecodeError."""
    return _decode(value)


def group_by_contact(batch: list[LeadHandOver]) -> Mapping[str, list[LeadHandOver]]:
    """Returns the hand-overs by external id, the latest last; a request may contain each Lead only once."""
    groups: dict[str, list[LeadHandOver]] = {}
    for handover in sorted(batch, key=lambda each: each.number):
        groups.setdefault(handover.key, []).append(handover)
    return groups
