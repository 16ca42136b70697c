"""The outputs of one contact at one place of the journal, numbered in the order they are added."""

from __future__ import annotations

from schemas.topics import LEAD_CHANGES, LEADS, QUALIFIED_LEADS, SEGMENT_CHANGES, SEGMENT_MEMBERS
from schemas.values import instant_text as text
from streams.engine.decisions.outputs import (
    LEAD,
    MEMBER,
    Body,
    Cause,
    HandOver,
    LeadPointsChange,
    LeadRow,
    LeadStatusChange,
    Membership,
    Number,
    Place,
    SegmentChange,
    contact_key,
    table_key,
    written,
)
from streams.engine.journal.effects import Output, Refusal
from streams.engine.releases.compiled import CompiledCampaign
from streams.engine.state.contact import Contact, Lead
from streams.engine.state.points import points_number


class Drafts:
    """Collects what one contact's decisions at one place of the journal want written."""

    def __init__(self, place: Place, contact: Contact) -> None:
        self.outputs: list[Output] = []
        self.refusals: list[Refusal] = []
        self._place = place
        self._contact = contact
        self._ordinal = 0
        self._steps: list[tuple[str, str, Body]] = []

    def refuse(self, code: str, message: str) -> None:
        """What cannot be done becomes a dead letter."""
        self.refusals.append(Refusal(code, message))

    def segment_changed(self, segment: str, entered: bool, at: int, cause: Cause) -> None:
        """A net change of membership, as an event and as a row."""
        kind = "segment.entered" if entered else "segment.exited"
        account, contact = self._contact.account, self._contact.id
        event = SegmentChange(account=account, contact=contact, at=at, cause=cause, type=kind, segment=segment)
        self._add(SEGMENT_CHANGES.name, contact_key(account, contact), event, segment)
        key = table_key(account, segment, contact)
        if not entered:
            self.outputs.append(Output(SEGMENT_MEMBERS.name, key, None))
            return
        row = Membership(
            account=account, contact=contact, at=at, cause=cause, type=MEMBER, segment=segment, since=text(at)
        )
        self._add(SEGMENT_MEMBERS.name, key, row, segment)

    def status_changed(self, campaign: str, before: str | None, lead: Lead, at: int, cause: Cause) -> None:
        """One step of a lead's status; written by `write_steps`."""
        body = LeadStatusChange(
            account=self._contact.account,
            contact=self._contact.id,
            at=at,
            cause=cause,
            type="lead.status_changed",
            campaign=campaign,
            from_=before,
            to=lead.status,
            points=points_number(lead.points),
        )
        # Within one record a lead may be left and made anew for the same cause: the status tells the two apart.
        self._steps.append((LEAD_CHANGES.name, f"{campaign}/{lead.status}", body))

    def points_changed(self, campaign: str, added: int, lead: Lead, at: int, cause: Cause) -> None:
        """One change of a lead's points, in millionths; written by `write_steps`."""
        body = LeadPointsChange(
            account=self._contact.account,
            contact=self._contact.id,
            at=at,
            cause=cause,
            type="lead.points_changed",
            campaign=campaign,
            added=points_number(added),
            points=points_number(lead.points),
        )
        self._steps.append((LEAD_CHANGES.name, campaign, body))

    def handed_over(self, campaign: CompiledCampaign, lead: Lead, at: int, cause: Cause) -> None:
        """A lead that became qualified, with all that a CRM needs; written by `write_steps`."""
        points = points_number(lead.points)
        contact = self._contact
        body = HandOver(
            account=self._contact.account,
            contact=self._contact.id,
            at=at,
            cause=cause,
            type="lead.handed_over",
            campaign=campaign.described,
            lead={"status": lead.status, "points": points, "made": text(lead.made), **_crm_record(contact)},
            points=points,
            snapshot={
                "status": contact.status,
                "properties": dict(contact.properties),
                "score": points_number(contact.score),
                "scores": {name: points_number(score) for name, score in contact.scores.items()},
            },
        )
        self._steps.append((QUALIFIED_LEADS.name, campaign.id, body))

    def write_steps(self) -> None:
        """The changes of leads collected so far, step by step."""
        for topic, subject, body in self._steps:
            self._add(topic, contact_key(body.account, body.contact), body, subject)
        self._steps.clear()

    def lead_row(self, campaign: str, lead: Lead, at: int, cause: Cause) -> None:
        """The lead as it stands now."""
        row = LeadRow(
            account=self._contact.account,
            contact=self._contact.id,
            at=at,
            cause=cause,
            type=LEAD,
            campaign=campaign,
            status=lead.status,
            points=points_number(lead.points),
            made=text(lead.made),
            changed=text(lead.changed),
            crm=lead.crm,
        )
        self._add(LEADS.name, table_key(self._contact.account, campaign, self._contact.id), row, campaign)

    def _add(self, topic: str, key: bytes, body: Body, subject: str) -> None:
        number = Number(self._place.partition, self._place.offset, self._ordinal)
        self._ordinal += 1
        self.outputs.append(Output(topic, key, written(body, subject, number)))


def _crm_record(contact: Contact) -> dict[str, str]:
    """The CRM's one record of the contact, as the answer to any of its hand-overs named it."""
    for lead in contact.leads.values():
        if record := lead.crm.get("record"):
            return {"record": record}
    return {}
