"""A hand-over as it stands on `qualified-leads`, and the answer to it as it goes to `crm-results`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from connectors.salesforce.external_id import external_id

Kind = Literal["linked", "failed"]
DELETED_IN_CRM = "deleted_in_crm"


class Number(msgspec.Struct, frozen=True, order=True):
    """Where the hand-over was decided; rising per contact, whose journal partition is always the same."""

    partition: int
    offset: int
    ordinal: int

    def __str__(self) -> str:
        """As the Lead's own field keeps it."""
        return f"{self.partition}/{self.offset}/{self.ordinal}"

    @classmethod
    def read(cls, text: str | None) -> Number | None:
        """The number in a Lead's field; None where the field is empty or holds something else."""
        parts = (text or "").split("/")
        if len(parts) != 3 or not all(part.isdigit() for part in parts):
            return None
        return cls(*map(int, parts))


class Snapshot(msgspec.Struct, frozen=True):
    """The contact as it was when it was handed over."""

    properties: dict[str, Any] = {}
    status: str = "active"


class CampaignTarget(msgspec.Struct, frozen=True):
    """The Salesforce campaign and the status of its new members; None leaves the campaign's default status."""

    campaign: str
    member_status: str | None = None


class Campaign(msgspec.Struct, frozen=True):
    """The campaign that the lead qualified in."""

    id: str
    salesforce: CampaignTarget | None = None


class Lead(msgspec.Struct, frozen=True):
    """What is known of the lead; `record` is the Salesforce Lead of an earlier hand-over."""

    record: str | None = None


class HandOver(msgspec.Struct, frozen=True):
    """One `lead.handed_over`."""

    id: str
    at: str
    number: Number
    account: str
    contact: str
    campaign: Campaign
    snapshot: Snapshot
    lead: Lead = Lead()

    @property
    def key(self) -> str:
        """The external id of the contact's Lead."""
        return external_id(self.account, self.contact)


@dataclass(frozen=True, slots=True)
class Answer:
    """What Salesforce said to a hand-over: linked, or failed with a code."""

    handover: HandOver
    kind: Kind
    record: str | None = None
    member: str | None = None
    code: str | None = None
    message: str = ""

    def event(self, at: str) -> dict[str, Any]:
        """The `crm-results` event; its id is made of the hand-over and the kind of result, nothing of the attempt."""
        event: dict[str, Any] = {
            "id": self._id(),
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

    def _id(self) -> str:
        kind = self.kind if self.code != DELETED_IN_CRM else DELETED_IN_CRM
        return hashlib.sha256(f"{self.handover.id}|{kind}".encode()).hexdigest()[:32]


_decode = msgspec.json.Decoder(HandOver).decode


def read(value: bytes) -> HandOver:
    """The hand-over of a record. Raises msgspec.DecodeError."""
    return _decode(value)


def by_contact(batch: list[HandOver]) -> Mapping[str, list[HandOver]]:
    """The hand-overs of each Lead, the latest last: one Lead is in a request at most once."""
    grouped: dict[str, list[HandOver]] = {}
    for handover in sorted(batch, key=lambda each: each.number):
        grouped.setdefault(handover.key, []).append(handover)
    return grouped
