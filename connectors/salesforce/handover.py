"""A hand-over as it stands on `qualified-leads`, and the answer to it as it goes to `crm-results`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from connectors.salesforce.identity import external_id

Number = tuple[int, int, int]
Kind = Literal["linked", "failed"]
DELETED_IN_CRM = "deleted_in_crm"


class Snapshot(msgspec.Struct, frozen=True):
    """The contact as it was when it was handed over."""

    properties: dict[str, Any] = {}
    status: str = "active"


class CampaignTarget(msgspec.Struct, frozen=True):
    """The Salesforce campaign and the status of its new members; None leaves the campaign's default status."""

    campaign: str
    member_status: str | None = None


class HandOver(msgspec.Struct, frozen=True):
    """One `lead.handed_over`; `number` is (journal partition, offset, ordinal) and rises per contact."""

    id: str
    at: str
    number: Number
    account: str
    contact: str
    campaign: str
    snapshot: Snapshot
    salesforce: CampaignTarget | None = None
    record: str | None = None
    """The Salesforce Lead of an earlier hand-over, where the pipeline knows it."""

    @property
    def key(self) -> str:
        """The external id of the contact's Lead."""
        return external_id(self.account, self.contact)

    @property
    def rank(self) -> tuple[int, int]:
        """What compares two hand-overs of one contact, whose journal partition is always the same."""
        return self.number[1], self.number[2]


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
            "campaign": self.handover.campaign,
            "hand_over": self.handover.id,
            "number": list(self.handover.number),
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


def number_text(number: Number) -> str:
    """A number as the Lead's own field keeps it."""
    return "/".join(str(part) for part in number)


def rank_of(text: str | None) -> tuple[int, int] | None:
    """The rank in a Lead's number field; None where the field is empty or holds something else."""
    parts = (text or "").split("/")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return None
    return int(parts[1]), int(parts[2])


def by_contact(batch: list[HandOver]) -> Mapping[str, list[HandOver]]:
    """The hand-overs of each Lead, the latest last: one Lead is in a request at most once."""
    grouped: dict[str, list[HandOver]] = {}
    for handover in sorted(batch, key=lambda each: each.rank):
        grouped.setdefault(handover.key, []).append(handover)
    return grouped
