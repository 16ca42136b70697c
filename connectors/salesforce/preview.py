"""What hand-overs would write to an org, field by field with the rule that decides, without writing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from connectors.salesforce.handover.coercion import FieldNote
from connectors.salesforce.handover.delivery import Delivery, MappingProvider
from connectors.salesforce.handover.handover_records import DO_NOT_SYNC, LeadHandOver
from connectors.salesforce.handover.mapping import lead_fields_of, own_fields, update_fields_of
from connectors.salesforce.handover.planning import RecordPlan
from connectors.salesforce.org.connection import Connection
from schemas.definitions import FieldWrite, LeadField

PreviewAction = Literal["create", "update", "link", "nothing", "refuse"]
"""A Lead is made, a record is changed, a record that was matched is linked, all stays, or the answer is a refusal."""


@dataclass(frozen=True, slots=True)
class FieldPreview:
    """One field: the rule, the value that is written (None where the field stays), and what was cut or left out."""

    name: str
    rule: FieldWrite | Literal["own"]
    value: Any = None
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON for a machine."""
        stays = self.value is None
        fields = {"field": self.name, "rule": self.rule, "written": not stays}
        return fields | ({} if stays else {"value": self.value}) | ({"note": self.note} if self.note else {})


@dataclass(frozen=True, slots=True)
class HandOverPreview:
    """What becomes of one hand-over: `record` is the id of the record, `problem` why it is refused.

    `is_written`: the record was written from this hand-over or a newer one, so its mapped fields stay. `org` names
    the org that it goes to, empty where there is only one.
    """

    handover: LeadHandOver
    action: PreviewAction
    sobject: str = "Lead"
    record: str | None = None
    is_matched: bool = False
    is_written: bool = False
    fields: tuple[FieldPreview, ...] = ()
    problem: str | None = None
    org: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON for a machine."""
        target = None if self.handover.is_update else self.handover.campaign.salesforce
        return {
            "account": self.handover.account,
            "org": self.org,
            "contact": self.handover.contact,
            "hand_over": self.handover.id,
            "number": str(self.handover.number),
            "at": self.handover.at,
            "action": self.action,
            "object": self.sobject,
            "record": self.record,
            "matched": self.is_matched,
            "fields": [each.to_dict() for each in self.fields],
            "member_of": None if target is None or self.action == "refuse" else target.campaign,
            "member_status": None if target is None or self.action == "refuse" else target.member_status,
            "problem": self.problem,
        }

    def lines(self) -> list[str]:
        """Returns it for people."""
        handover = self.handover
        what = f"{handover.type} {handover.number} of {handover.at}, campaign {handover.campaign.id}"
        where = f", to {self.org}" if self.org else ""
        lines = [f"{handover.account}/{handover.contact}: {what}{where}", f"  {self._action_text()}"]
        if self.is_written:
            lines.append("  it was written from this hand-over or a newer one: the next one may change its fields")
        width = max((len(each.name) for each in self.fields), default=0)
        for each in self.fields:
            value = "stays" if each.value is None else f"= {each.value!r}"
            lines.append(f"  {each.name:{width}}  {each.rule:6}  {value}{f'  ({each.note})' if each.note else ''}")
        target = self.to_dict()
        if target["member_of"] is not None:
            status = f" with the status {target['member_status']}" if target["member_status"] else ""
            lines.append(f"  then a member of the Salesforce campaign {target['member_of']}{status}")
        return lines

    def _action_text(self) -> str:
        record = f"the {self.sobject} {self.record}{', found by its email' if self.is_matched else ''}"
        texts: Mapping[PreviewAction, str] = {
            "create": "makes a Lead",
            "update": f"changes {record}",
            "link": f"links {record}",
            "nothing": f"changes nothing of {record}",
            "refuse": f"would be refused: {self.problem}",
        }
        return texts[self.action]


def preview_handovers(
    delivery: Delivery, mapping: MappingProvider, connection: Connection, handovers: Sequence[LeadHandOver]
) -> list[HandOverPreview]:
    """Returns a preview of each hand-over by itself, in their order.

    Raises TransientFailure, CircuitOpen and SalesforceRefused for what concerns the whole org.
    """
    return [_preview(delivery, mapping, connection, each) for each in handovers]


def _preview(
    delivery: Delivery, mapping: MappingProvider, connection: Connection, handover: LeadHandOver
) -> HandOverPreview:
    if handover.do_not_sync:
        return HandOverPreview(handover, "refuse", problem=f"{DO_NOT_SYNC}: the account's condition holds")
    plans, stopped = delivery.preview([handover])
    if not plans:
        return HandOverPreview(handover, "refuse", problem=stopped[handover.account])
    [plan] = plans
    if problem := plan.problems.get(handover.id):
        return HandOverPreview(handover, "refuse", plan.sobject, plan.linked_id, problem=": ".join(problem))
    [handover] = plan.handovers  # with the Salesforce campaign that the present definitions name
    salesforce = mapping(handover.account)
    sources = update_fields_of(salesforce, handover.occasions) if handover.is_update else lead_fields_of(salesforce)
    notes = {note.field: note for note in plan.notes.get(handover.id, ())}
    mapped = tuple(_field(name, source, handover, plan, notes.pop(name, None)) for name, source in sources.items())
    own = tuple(
        FieldPreview(name, "own", plan.values.get(name), notes.pop(name).reason if name in notes else None)
        for name in own_fields(connection)
        if name in plan.values or name in notes
    )
    return HandOverPreview(
        handover, _action(plan), plan.sobject, plan.record_id, plan.is_matched, plan.is_written, (*mapped, *own)
    )


def _field(
    name: str, source: LeadField, handover: LeadHandOver, plan: RecordPlan, note: FieldNote | None
) -> FieldPreview:
    fixed: FieldWrite = "always" if handover.is_update else "create"
    rule = source.write or (fixed if source.value is not None else "always")
    text = None if note is None else f"{note.note.replace('_', ' ')}: {note.reason}"
    return FieldPreview(name, rule, plan.values.get(name), text)


def _action(plan: RecordPlan) -> PreviewAction:
    if plan.is_creation:
        return "create"
    if not plan.values:
        return "nothing"
    return "link" if plan.is_matched else "update"
