"""A hand-over as it stands on `qualified-leads`, and the answer to it as it goes to `crm-results`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from connectors.salesforce.external_id import external_id

HandOverResultKind = Literal["linked", "failed"]
DELETED_IN_CRM = "deleted_in_crm"


class LeadHandOverNumber(msgspec.Struct, frozen=True, order=True):
    """Where the hand-over was decided; rising per contact, whose journal partition is always the same."""

    partition: int
    offset: int
    ordinal: int

    def __str__(self) -> str:
        """As the Lead's own field keeps it."""
        return f"{self.partition}/{self.offset}/{self.ordinal}"

    @classmethod
    def parse(cls, text: str | None) -> LeadHandOverNumber | None:
        """The number in a Lead's field; None where the field is empty or holds something else."""
        parts = (text or "").split("/")
        if len(parts) != 3 or not all(part.isdigit() for part in parts):
            return None
        return cls(*map(int, parts))


class HandOverContact(msgspec.Struct, frozen=True):
    """The contact as it was when it was handed over."""

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


class HandOverLead(msgspec.Struct, frozen=True):
    """What is known of the lead; `record` is the Salesforce Lead of an earlier hand-over."""

    record: str | None = None


class LeadHandOver(msgspec.Struct, frozen=True):
    """One `lead.handed_over`."""

    id: str
    at: str
    number: LeadHandOverNumber
    account: str
    contact: str
    campaign: HandOverCampaign
    snapshot: HandOverContact
    lead: HandOverLead = HandOverLead()

    @property
    def key(self) -> str:
        """The external id of the contact's Lead."""
        return external_id(self.account, self.contact)


@dataclass(frozen=True, slots=True)
class HandOverResult:
    """What Salesforce said to a hand-over: linked, or failed with a code."""

    handover: LeadHandOver
    kind: HandOverResultKind
    record: str | None = None
    member: str | None = None
    code: str | None = None
    message: str = ""

    def to_event(self, at: str) -> dict[str, Any]:
        """The `crm-results` event; its id is made of the hand-over and the kind of result, nothing of the attempt."""
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
        return event

    def _event_id(self) -> str:
        kind = self.kind if self.code != DELETED_IN_CRM else DELETED_IN_CRM
        return hashlib.sha256(f"{self.handover.id}|{kind}".encode()).hexdigest()[:32]


_decode = msgspec.json.Decoder(LeadHandOver).decode


def parse_handover(value: bytes) -> LeadHandOver:
    """The hand-over of a record. Raises msgspec.DecodeError."""
    return _decode(value)


def group_by_contact(batch: list[LeadHandOver]) -> Mapping[str, list[LeadHandOver]]:
    """The hand-overs of each Lead, the latest last: one Lead is in a request at most once."""
    grouped: dict[str, list[LeadHandOver]] = {}
    for handover in sorted(batch, key=lambda each: each.number):
        grouped.setdefault(handover.key, []).append(handover)
    return grouped
