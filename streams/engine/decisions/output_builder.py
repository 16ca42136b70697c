"""Builds the outputs of one contact at one journal position, numbered in the order they are added."""

from __future__ import annotations

from typing import Any

from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from schemas.topics import (
    CONTACTS,
    LEAD_CHANGES,
    LEADS,
    NOTIFICATIONS,
    QUALIFIED_LEADS,
    SEGMENT_CHANGES,
    SEGMENT_MEMBERS,
)
from schemas.values import instant_text as text
from schemas.values import points_from_millionths
from streams.engine.decisions.hand_overs.crm_results import record_rank
from streams.engine.decisions.outputs import (
    CONTACT_TYPE,
    ENTERED_TYPE,
    EXITED_TYPE,
    LEAD_TYPE,
    MEMBER_TYPE,
    ContactFields,
    HandOverOutput,
    JournalPosition,
    LeadPointsChange,
    LeadStatusChange,
    LeadTableRow,
    LeadUpdateOutput,
    NoticeOutput,
    OutputBody,
    OutputCause,
    OutputNumber,
    OutputTemplate,
    contact_key,
    contact_texts,
    encode_output,
    table_key,
)
from streams.engine.journal.effects import TOMBSTONE, Output, Refusal
from streams.engine.releases.compiled_campaigns import CompiledCampaign
from streams.engine.state.contact import Contact, Lead
from streams.engine.version import HAND_OVERS_VERSION

_SEGMENT_CHANGES, _SEGMENT_MEMBERS, _CONTACTS = SEGMENT_CHANGES.name, SEGMENT_MEMBERS.name, CONTACTS.name


class OutputBuilder:
    """Collects the outputs and refusals of one contact's decisions at one journal position."""

    __slots__ = (
        "_contact",
        "_engine_version",
        "_lead_changes",
        "_ordinal",
        "_position",
        "_template",
        "outputs",
        "refusals",
        "value_bytes",
    )

    def __init__(
        self, position: JournalPosition, contact: Contact, engine_version: EngineVersion = NEWEST_VERSION
    ) -> None:
        self.outputs: list[Output] = []
        self.refusals: list[Refusal] = []
        self.value_bytes = 0
        """The size of the values of `outputs`."""
        self._position = position
        self._contact = contact
        self._engine_version = engine_version
        self._ordinal = 0
        self._template: OutputTemplate | None = None
        self._lead_changes: list[tuple[str, str, OutputBody]] = []  # topic, subject, body

    def add_refusal(self, code: str, message: str) -> None:
        """Adds the dead letter of something that cannot be done."""
        self.refusals.append(Refusal(code, message))

    def add_segment_change(
        self, segment: str, is_entry: bool, at: int, cause: OutputCause, leaves: bytes = b""
    ) -> None:
        """Adds a net change of membership, as an event and as a row. `leaves`: those that decided, as a JSON list."""
        template, ordinal, contact = self._template, self._ordinal, self._contact
        if template is None or template.cause is not cause or template.at != at:
            template = self._template_for(at, cause)
        change = template.write_change(segment, is_entry, leaves, ordinal)
        size = len(change)
        key = table_key(contact.account, segment, contact.id)
        if is_entry:
            ordinal += 1
            row = template.write_row(segment, leaves, ordinal)
            size += len(row)
            self.outputs += (
                Output(_SEGMENT_CHANGES, template.key, change, ENTERED_TYPE),
                Output(_SEGMENT_MEMBERS, key, row, MEMBER_TYPE),
            )
        else:
            self.outputs += (
                Output(_SEGMENT_CHANGES, template.key, change, EXITED_TYPE),
                Output(_SEGMENT_MEMBERS, key, None, TOMBSTONE),
            )
        self.value_bytes += size
        self._ordinal = ordinal + 1

    def add_status_change(
        self, campaign: str, previous_status: str | None, lead: Lead, at: int, cause: OutputCause
    ) -> None:
        """Adds one step of a lead's status at the next `flush_lead_changes`."""
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
        # Within one record a lead may be deleted and created again for the same cause: the status keeps ids apart.
        self._lead_changes.append((LEAD_CHANGES.name, f"{campaign}/{lead.status}", body))

    def add_points_change(self, campaign: str, amount: int, lead: Lead, at: int, cause: OutputCause) -> None:
        """Adds one change of a lead's points (`amount` in millionths) at the next `flush_lead_changes`."""
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
        """Adds a qualified lead with everything that a CRM needs at the next `flush_lead_changes`."""
        body = HandOverOutput(
            account=self._contact.account,
            contact=self._contact.id,
            at=at,
            cause=cause,
            type="lead.handed_over",
            campaign=campaign.description,
            lead=self._lead_document(lead),
            points=points_from_millionths(lead.points),
            snapshot=self._snapshot(),
        )
        self._lead_changes.append((QUALIFIED_LEADS.name, campaign.id, body))

    def add_notice(self, campaign: CompiledCampaign, notice: str, lead: Lead, at: int, cause: OutputCause) -> None:
        """Adds the notice of the rule that is the cause at the next `flush_lead_changes`; the lead as it is now."""
        body = NoticeOutput(
            account=self._contact.account,
            contact=self._contact.id,
            at=at,
            cause=cause,
            type="automation.notified",
            notice=notice,
            rule=cause.rule,
            campaign=campaign.description,
            lead=self._lead_document(lead),
            snapshot=self._snapshot(),
        )
        self._lead_changes.append((NOTIFICATIONS.name, f"{campaign.id}/{notice}", body))

    def pending_hand_overs(self) -> list[str]:
        """The campaigns whose leads the next `flush_lead_changes` hands over."""
        return [body.campaign["id"] for _, _, body in self._lead_changes if isinstance(body, HandOverOutput)]

    def keep_back_hand_overs(self) -> None:
        """Marks what the next `flush_lead_changes` hands over: the CRM is not to get it."""
        for _, _, body in self._lead_changes:
            if isinstance(body, HandOverOutput):
                body.do_not_sync = True

    def add_lead_update(
        self,
        campaign: dict[str, Any],
        lead: Lead,
        at: int,
        cause: OutputCause,
        occasions: list[str],
        *,
        do_not_sync: bool,
        opted_out: bool,
    ) -> None:
        """Adds what happened to a lead after its hand-over; `campaign` is its campaign as hand-overs describe it."""
        body = LeadUpdateOutput(
            account=self._contact.account,
            contact=self._contact.id,
            at=at,
            cause=cause,
            type="lead.updated",
            campaign=campaign,
            lead=self._lead_document(lead),
            occasions=occasions,
            snapshot=self._snapshot(),
            do_not_sync=do_not_sync,
            opted_out=opted_out,
        )
        self._add_output(QUALIFIED_LEADS.name, contact_key(body.account, body.contact), body, campaign["id"])

    def flush_lead_changes(self) -> None:
        """Moves the changes of leads collected so far to the outputs, step by step."""
        for topic, subject, body in self._lead_changes:
            self._add_output(topic, contact_key(body.account, body.contact), body, subject)
        self._lead_changes.clear()

    def add_lead_row(self, campaign: str, lead: Lead, at: int, cause: OutputCause) -> None:
        """Adds the row of the lead as it is now."""
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

    def add_contact_row(self, at: int, cause: OutputCause) -> None:
        """Adds the row of the contact as it is now."""
        contact, template = self._contact, self._template_for(at, cause)
        last_seen = contact.last_activity
        fields = ContactFields(
            contact.status,
            contact.properties,
            points_from_millionths(contact.score),
            _scores(contact),
            contact_texts(contact).created,
            None if last_seen is None else template.at_text if last_seen == at else text(last_seen),
        )
        row = template.write_contact(fields, self._ordinal)
        self.outputs.append(Output(_CONTACTS, template.key, row, CONTACT_TYPE))
        self.value_bytes += len(row)
        self._ordinal += 1

    def _lead_document(self, lead: Lead) -> dict[str, Any]:
        points = points_from_millionths(lead.points)
        crm_record = _crm_record(self._contact, self._engine_version)
        return {"status": lead.status, "points": points, "made": text(lead.created), **crm_record}

    def _snapshot(self) -> dict[str, Any]:
        contact = self._contact
        return {
            "status": contact.status,
            "properties": dict(contact.properties),
            "score": points_from_millionths(contact.score),
            "scores": _scores(contact),
        }

    def _template_for(self, at: int, cause: OutputCause) -> OutputTemplate:
        template = self._template
        if template is None or template.cause is not cause or template.at != at:
            template = self._template = OutputTemplate(self._contact, self._position, at, cause)
        return template

    def _add_output(self, topic: str, key: bytes, body: OutputBody, subject: str) -> None:
        number = OutputNumber(self._position.partition, self._position.offset, self._ordinal)
        self._ordinal += 1
        value = encode_output(body, subject, number)
        self.outputs.append(Output(topic, key, value, body.type))
        self.value_bytes += len(value)


def _scores(contact: Contact) -> dict[str, float]:
    scores = contact.scores
    return {name: points_from_millionths(score) for name, score in scores.items()} if scores else {}


def _crm_record(contact: Contact, version: EngineVersion) -> dict[str, str]:
    """The CRM's record of the contact, as the newest answer to any of its hand-overs names it.

    Before `HAND_OVERS_VERSION` as that of its first lead does: after a merge in the CRM that may be a former record.
    """
    linked = [lead.crm for lead in contact.leads.values() if lead.crm.get("record")]
    if not linked:
        return {}
    if version < HAND_OVERS_VERSION:
        return {"record": linked[0]["record"]}
    return {"record": max(linked, key=record_rank)["record"]}
