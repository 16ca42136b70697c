"""Plans the write of one contact's record: which object, which fields, by the rules of its account's mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from connectors.salesforce.handover.coercion import FieldNote
from connectors.salesforce.handover.descriptions import ObjectDescription
from connectors.salesforce.handover.field_rules import (
    HANDED_OVER,
    FieldChanges,
    LeadFields,
    RecordState,
    digests_text,
    plan_fields,
    value_digest,
)
from connectors.salesforce.handover.handover_records import DO_NOT_SYNC, CampaignTarget, LeadHandOver
from connectors.salesforce.handover.lookup import PersonObject, RecordLink
from connectors.salesforce.handover.mapping import lead_fields_of, update_fields_of
from connectors.salesforce.org.client import SalesforceRow
from connectors.salesforce.org.connection import Connection
from schemas.definitions import Salesforce

NO_RECORD = "no_record"
OPTED_OUT = (DO_NOT_SYNC, "the contact opted out before Salesforce took the hand-over, so nothing more is made of it")
_FOREIGN_REASON = "the record carries another contact's key, so its fields stay"
_OLDER_REASON = "the record was written from a later hand-over, so its fields stay"


@dataclass(frozen=True, slots=True)
class AccountMapping:
    """The mapping of an account, and the time zone of its days."""

    salesforce: Salesforce
    zone: tzinfo


@dataclass(slots=True)
class RecordPlan:
    """What one attempt does for a contact: `values` go to the record of `record_id`, or to a new Lead.

    Without values nothing is written. `problems` are hand-overs with the code and message of their final answer.
    """

    key: str
    handovers: Sequence[LeadHandOver]
    sobject: PersonObject = "Lead"
    record_id: str | None = None
    linked_id: str | None = None
    is_matched: bool = False
    is_written: bool = False
    """Whether the record was written from the last of the hand-overs, or from a newer one."""
    values: SalesforceRow = field(default_factory=dict)
    notes: dict[str, tuple[FieldNote, ...]] = field(default_factory=dict)
    """Id of a hand-over -> what was cut or left out of its values."""
    problems: dict[str, tuple[str, str]] = field(default_factory=dict)
    repeats: frozenset[str] = frozenset()
    """Ids of the hand-overs that the record was written from before, by the number on it."""

    @property
    def is_creation(self) -> bool:
        """Whether a Lead is made."""
        return self.record_id is None and bool(self.values)

    @property
    def members(self) -> list[CampaignTarget]:
        """The Salesforce campaigns that the record is made a member of, and the statuses asked for."""
        targets = (each.campaign.salesforce for each in self.open_handovers if not each.is_update)
        return [target for target in targets if target is not None]

    @property
    def open_handovers(self) -> list[LeadHandOver]:
        """The hand-overs without a final answer."""
        return [each for each in self.handovers if each.id not in self.problems]


class RecordPlanner:
    """Plans records; `descriptions` has Lead, and Contact where a link leads to one."""

    def __init__(self, names: Connection, descriptions: Mapping[PersonObject, ObjectDescription]) -> None:
        self._names = names
        self._descriptions = descriptions

    def plan(
        self, key: str, handovers: Sequence[LeadHandOver], link: RecordLink | None, mapping: AccountMapping
    ) -> RecordPlan:
        """Returns the plan for a contact's hand-overs, the latest last: the same as one write after the other."""
        plan = RecordPlan(key, handovers)
        plan.problems = {each.id: OPTED_OUT for each in handovers if each.is_withheld}
        if link is None:
            self._plan_creation(plan, mapping)
            return plan
        plan.linked_id, plan.is_matched = link.linked_id, link.is_matched
        if link.record is None:
            problem = link.problem or ("UNKNOWN_EXCEPTION", "")
            plan.problems |= {each.id: problem for each in plan.open_handovers}
            return plan
        plan.sobject, plan.record_id = link.record.sobject, link.record.id
        if link.is_foreign:
            note = FieldNote(self._names.external_id_field, "left_out", _FOREIGN_REASON)
            plan.notes = {each.id: (note,) for each in handovers}
            return plan
        if plan.open_handovers:
            self._plan_update(plan, link, mapping)
        return plan

    def _plan_creation(self, plan: RecordPlan, mapping: AccountMapping) -> None:
        waiting = plan.open_handovers
        first = next((at for at, each in enumerate(waiting) if not each.is_update), len(waiting))
        for each in waiting[:first]:
            no_record = (NO_RECORD, "Salesforce has no record of this contact that could be updated")
            plan.problems[each.id] = OPTED_OUT if each.opted_out else no_record
        if handovers := waiting[first:]:
            state = RecordState(keeps_digests=self._keeps_digests("Lead"))
            self._plan_writes(plan, handovers, state, mapping)
            plan.values[self._names.external_id_field] = plan.key

    def _plan_update(self, plan: RecordPlan, link: RecordLink, mapping: AccountMapping) -> None:
        record, origin = link.record, link.origin
        assert record is not None
        number = record.number or (origin.number if origin is not None else None)
        digests = record.digests if record.digests is not None else origin.digests if origin is not None else None
        keeps_digests = self._keeps_digests(plan.sobject)
        state = RecordState(
            exists=True,
            present=record.values,
            digests=digests if keeps_digests else None,
            was_written=number is not None,
            keeps_digests=keeps_digests,
        )
        last_digest = (digests or {}).get(self._names.number_field)
        waiting = plan.open_handovers
        newer = [each for each in waiting if number is None or number < each.number]
        plan.repeats = frozenset(
            each.id for each in waiting if each not in newer or value_digest(str(each.number)) == last_digest
        )
        plan.is_written = not newer
        # Without a word nobody would see that a journal begun anew writes nothing to the records of the former one.
        note = FieldNote(self._names.number_field, "left_out", _OLDER_REASON)
        plan.notes = {each.id: (note,) for each in plan.handovers if number is not None and each.number < number}
        if newer:
            handed_over = None if number is None else (digests or {}).get(HANDED_OVER, str(number))
            self._plan_writes(plan, newer, state, mapping, handed_over)
        if record.key is None and self._is_written(plan.sobject, self._names.external_id_field):
            plan.values[self._names.external_id_field] = plan.key

    def _plan_writes(
        self,
        plan: RecordPlan,
        handovers: Sequence[LeadHandOver],
        state: RecordState,
        mapping: AccountMapping,
        handed_over: str | None = None,
    ) -> None:
        """Plans the writes; `handed_over` is the number of the last hand-over before them."""
        is_new = not state.exists
        for handover in handovers:
            changes = self._changes(plan, handover, state, mapping)
            plan.values.update(changes.values)
            plan.notes[handover.id] = changes.notes
            state = changes.apply_to(state)
        if not state.keeps_digests and not is_new:
            last = handovers[-1].id
            reason = f"the {plan.sobject} has no such field, so only empty fields are written"
            note = FieldNote(self._names.written_field, "left_out", reason)
            plan.notes[last] = (*plan.notes[last], note)
        self._add_own_values(plan, handovers, state, handed_over)

    def _changes(
        self, plan: RecordPlan, handover: LeadHandOver, state: RecordState, mapping: AccountMapping
    ) -> FieldChanges:
        description = self._descriptions[plan.sobject]
        if handover.is_update:
            fields = update_fields_of(mapping.salesforce, handover.occasions)
        else:
            fields = lead_fields_of(mapping.salesforce)
        # A Contact has some of the fields of a Lead.
        known: LeadFields = {
            name: source
            for name, source in fields.items()
            if name in description
            and (description[name].updateable if state.exists else description[name].createable)
        }
        return plan_fields(
            known,
            handover.snapshot.properties,
            state,
            description,
            zone=mapping.zone,
            value_write="always" if handover.is_update else "create",
        )

    def _add_own_values(
        self, plan: RecordPlan, handovers: Sequence[LeadHandOver], state: RecordState, handed_over: str | None
    ) -> None:
        qualified = [each for each in handovers if not each.is_update]
        own: dict[str, Any] = {self._names.number_field: str(handovers[-1].number)}
        if qualified:
            own[self._names.campaign_field] = qualified[-1].campaign.id
            handed_over = str(qualified[-1].number)
        digests = {**(state.digests or {}), self._names.number_field: value_digest(own[self._names.number_field])}
        digests.pop(HANDED_OVER, None)
        # The number is that of the last write; which hand-over was the last one decides whose an opportunity is.
        if handed_over is not None and handed_over != own[self._names.number_field]:
            digests[HANDED_OVER] = handed_over
        own[self._names.written_field] = digests_text(digests)
        plan.values.update({name: value for name, value in own.items() if self._is_written(plan.sobject, name)})

    def _keeps_digests(self, sobject: PersonObject) -> bool:
        return self._is_written(sobject, self._names.written_field)

    def _is_written(self, sobject: PersonObject, name: str) -> bool:
        described = self._descriptions[sobject].get(name)
        return described is not None and described.updateable
