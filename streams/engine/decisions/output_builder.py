"""The outputs of one contact at one place of the journal, numbered in the order they are added."""

from __future__ import annotations

from schemas.topics import LEAD_CHANGES, LEADS, QUALIFIED_LEADS, SEGMENT_CHANGES, SEGMENT_MEMBERS
from schemas.values import instant_text as text
from streams.engine.decisions.outputs import (
    LEAD_TYPE,
    MEMBER_TYPE,
    HandOverOutput,
    JournalPosition,
    LeadPointsChange,
    LeadStatusChange,
    LeadTableRow,
    MembershipRow,
    OutputBody,
    OutputCause,
    OutputNumber,
    SegmentChange,
    contact_key,
    encode_output,
    table_key,
)
from streams.engine.journal.effects import Output, Refusal
from streams.engine.releases.compiled import CompiledCampaign
from streams.engine.state.contact import Contact, Lead
from streams.engine.state.points import points_from_millionths


class OutputBuilder:
    """Collects what one contact's decisions at one place of the journal want written."""

    def __init__(self, position: JournalPosition, contact: Contact) -> None:
        self.outputs: list[Output] = []
        self.refusals: list[Refusal] = []
        self._position = position
        self._contact = contact
        self._ordinal = 0
        self._lead_changes: list[tuple[str, str, OutputBody]] = []

    def add_refusal(self, code: str, message: str) -> None:
        """What cannot be done becomes a dead letter."""
        self.refusals.append(Refusal(code, message))

    def add_segment_change(self, segment: str, is_entry: bool, at: int, cause: OutputCause) -> None:
        """A net change of membership, as an event and as a row."""
        kind = "segment.entered" if is_entry else "segment.exited"
        account, contact = self._contact.account, self._contact.id
        event = SegmentChange(account=account, contact=contact, at=at, cause=cause, type=kind, segment=segment)
        self._add_output(SEGMENT_CHANGES.name, contact_key(account, contact), event, segment)
        key = table_key(account, segment, contact)
        if not is_entry:
            self.outputs.append(Output(SEGMENT_MEMBERS.name, key, None))
            return
        row = MembershipRow(
            account=account, contact=contact, at=at, cause=cause, type=MEMBER_TYPE, segment=segment, since=text(at)
        )
        self._add_output(SEGMENT_MEMBERS.name, key, row, segment)

    def add_status_change(
        self, campaign: str, previous_status: str | None, lead: Lead, at: int, cause: OutputCause
    ) -> None:
        """One step of a lead's status; written by `flush_lead_changes`."""
        body = LeadStatusChange(
            account=self._contact.account,
            contact=self._contact.id,
            at=at,
            cause=cause,
            type="lead.status_changed",
            campaign=campaign,
            from_=previous_status,
            to=lead.status,
            points=points_from_millionths(lead.points),
        )
        # Within one record a lead may be left and made anew for the same cause: the status tells the two apart.
        self._lead_changes.append((LEAD_CHANGES.name, f"{campaign}/{lead.status}", body))

    def add_points_change(self, campaign: str, amount: int, lead: Lead, at: int, cause: OutputCause) -> None:
        """One change of a lead's points, in millionths; written by `flush_lead_changes`."""
        body = LeadPointsChange(
            account=self._contact.account,
            contact=self._contact.id,
            at=at,
            cause=cause,
            type="lead.points_changed",
            campaign=campaign,
            added=points_from_millionths(amount),
            points=points_from_millionths(lead.points),
        )
        self._lead_changes.append((LEAD_CHANGES.name, campaign, body))

    def add_hand_over(self, campaign: CompiledCampaign, lead: Lead, at: int, cause: OutputCause) -> None:
        """A lead that became qualified, with all that a CRM needs; written by `flush_lead_changes`."""
        points = points_from_millionths(lead.points)
        contact = self._contact
        body = HandOverOutput(
            account=self._contact.account,
            contact=self._contact.id,
            at=at,
            cause=cause,
            type="lead.handed_over",
            campaign=campaign.description,
            lead={"status": lead.status, "points": points, "made": text(lead.created), **_crm_record(contact)},
            points=points,
            snapshot={
                "status": contact.status,
                "properties": dict(contact.properties),
                "score": points_from_millionths(contact.score),
                "scores": {name: points_from_millionths(score) for name, score in contact.scores.items()},
            },
        )
        self._lead_changes.append((QUALIFIED_LEADS.name, campaign.id, body))

    def flush_lead_changes(self) -> None:
        """The changes of leads collected so far, step by step."""
        for topic, subject, body in self._lead_changes:
            self._add_output(topic, contact_key(body.account, body.contact), body, subject)
        self._lead_changes.clear()

    def add_lead_row(self, campaign: str, lead: Lead, at: int, cause: OutputCause) -> None:
        """The lead as it stands now."""
        row = LeadTableRow(
            account=self._contact.account,
            contact=self._contact.id,
            at=at,
            cause=cause,
            type=LEAD_TYPE,
            campaign=campaign,
            status=lead.status,
            points=points_from_millionths(lead.points),
            made=text(lead.created),
            changed=text(lead.changed),
            crm=lead.crm,
        )
        self._add_output(LEADS.name, table_key(self._contact.account, campaign, self._contact.id), row, campaign)

    def _add_output(self, topic: str, key: bytes, body: OutputBody, subject: str) -> None:
        number = OutputNumber(self._position.partition, self._position.offset, self._ordinal)
        self._ordinal += 1
        self.outputs.append(Output(topic, key, encode_output(body, subject, number)))


def _crm_record(contact: Contact) -> dict[str, str]:
    """The CRM's one record of the contact, as the answer to any of its hand-overs named it."""
    for lead in contact.leads.values():
        if record := lead.crm.get("record"):
            return {"record": record}
    return {}
