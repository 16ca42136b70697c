"""Handing leads over: what makes each effect happen once, whatever fails.

A round looks before it writes. 1 It finds every contact's Lead, those in the recycle bin too. 2 It makes the Leads
that never existed, by external id. 3 It changes those that exist by record id, so that one deleted meanwhile is not
made anew. 4 It makes the campaign memberships, where "already a member" is success. Whatever was not answered for
sure goes into another round, which finds what the round before had done in spite of its failure.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import stamina

from connectors.salesforce.client import OrgClient, SalesforceRow
from connectors.salesforce.errors import CircuitOpen, CrmError, ErrorCategory, TransientFailure, classify_error
from connectors.salesforce.handover import DELETED_IN_CRM, HandOverResult, LeadHandOver, group_by_contact
from connectors.salesforce.lookup import LeadLookup, SalesforceLead
from connectors.salesforce.mapping import LeadFields, lead_values, updatable_fields
from connectors.salesforce.writer import CollectionWriter, WriteResult
from streams.errors import SalesforceRefused

MAX_TRACKED_CONTACTS = 10_000
_FIRST_REPAIR_WINDOW = timedelta(days=1)
_OVERLAP = timedelta(minutes=10)
"""Salesforce shows some rows minutes late, under the stamp of their writing."""

MappingProvider = Callable[[str], LeadFields]
"""The `lead_fields` of an account's release in force."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a round is repeated within one call, and the waits in between, in seconds."""

    attempts: int = 6
    initial_wait: float = 0.1
    max_wait: float = 5.0
    jitter: float = 0.5


@dataclass(slots=True)
class _Round:
    """What one round knows: the hand-overs by key, and where each key's record is."""

    groups: Mapping[str, list[LeadHandOver]]
    leads: Mapping[str, SalesforceLead]
    member_refs: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Per key the member's field (LeadId or ContactId) and the record it names."""
    failures: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Per key the code and message of a refusal for good."""


class Delivery:
    """Hands over batches. For one thread at a time; `deliver` can be repeated with the same batch at will."""

    def __init__(self, org: OrgClient, mapping: MappingProvider, retry_policy: RetryPolicy | None = None) -> None:
        self._org = org
        self._mapping = mapping
        self._retry_policy = retry_policy or RetryPolicy()
        self._lookup = LeadLookup(org)
        self._writer = CollectionWriter(org)
        self._record_ids: OrderedDict[str, str] = OrderedDict()
        self._newest_handovers: OrderedDict[str, LeadHandOver] = OrderedDict()
        self._updatable_contact_fields: frozenset[str] | None = None
        self._last_repair: datetime | None = None

    def deliver(self, batch: Sequence[LeadHandOver]) -> list[HandOverResult]:
        """The answer to each hand-over, in their order. Raises Transient, CircuitOpen, SalesforceRefused."""
        for handover in batch:
            self.track_newest(handover)
        answers: dict[str, HandOverResult] = {}
        patience = self._retry_policy
        for attempt in stamina.retry_context(
            on=TransientFailure,
            attempts=patience.attempts,
            timeout=None,
            wait_initial=patience.initial_wait,
            wait_max=patience.max_wait,
            wait_jitter=patience.jitter,
        ):
            with attempt:
                open_ones = [handover for handover in batch if handover.id not in answers]
                answers.update({answer.handover.id: answer for answer in self._deliver_round(open_ones)})
                if unanswered := [each for each in batch if each.id not in answers]:
                    raise TransientFailure(f"Salesforce left {len(unanswered)} of {len(batch)} hand-overs unanswered")
        return [answers[handover.id] for handover in batch]

    def track_newest(self, handover: LeadHandOver) -> None:
        """Keeps the newest hand-over of each contact, for `repair_outdated_leads`; the last 10,000 contacts."""
        kept = self._newest_handovers.get(handover.key)
        if kept is None or kept.number <= handover.number:
            self._newest_handovers[handover.key] = handover
            self._newest_handovers.move_to_end(handover.key)
        if handover.lead.record is not None:
            self._record_ids[handover.key] = handover.lead.record
        _evict_oldest(self._newest_handovers)
        _evict_oldest(self._record_ids)

    def repair_outdated_leads(self) -> list[LeadHandOver]:
        """Finds Leads that lately got an older snapshot than the newest one handed over, and writes that again.

        A worker that was stopped in the middle of a request, and wakes after another took over, does such a thing.
        The first call looks at the last day, a later one at what changed since the call before.
        """
        self._org.check()
        now = self._org.server_time()
        since = ((self._last_repair or now - _FIRST_REPAIR_WINDOW) - _OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")
        older = [
            self._newest_handovers[key]
            for key, number in self._lookup.numbers_modified_since(since).items()
            if key in self._newest_handovers and number < self._newest_handovers[key].number
        ]
        if older:
            self.deliver(older)
        self._last_repair = now
        return older

    # --- one round ---

    def _deliver_round(self, batch: list[LeadHandOver]) -> list[HandOverResult]:
        groups = group_by_contact(batch)
        links = {key: self._record_ids[key] for key in groups if key in self._record_ids}
        this = _Round(groups, self._lookup.find(groups, links))
        self._fail_unusable_leads(this)
        self._create_leads(this)
        self._update_existing(this)
        for key, (_, record) in this.member_refs.items():
            self._record_ids[key] = this.leads[key].id if key in this.leads else record
        return [*self._failure_results(this), *self._create_memberships(this)]

    def _fail_unusable_leads(self, this: _Round) -> None:
        for key, found in this.leads.items():
            if found.is_deleted:
                this.failures[key] = (DELETED_IN_CRM, f"the Lead {found.id} was deleted in Salesforce")
            elif found.duplicate_ids:
                doubles = ", ".join(found.duplicate_ids)
                this.failures[key] = ("DUPLICATE_EXTERNAL_ID", f"several Leads have this external id: {doubles}")

    def _create_leads(self, this: _Round) -> None:
        keys = [key for key in this.groups if key not in this.leads]
        records = [
            {self._org.connection.external_id_field: key, **self._lead_values(this.groups[key][-1])} for key in keys
        ]
        for key, written in zip(keys, self._writer.upsert_leads(records), strict=True):
            self._apply_result(this, key, written, "LeadId")

    def _update_existing(self, this: _Round) -> None:
        standing = {key: found for key, found in this.leads.items() if key not in this.failures}
        converted = {key: found for key, found in standing.items() if found.is_converted}
        leads = {key: found for key, found in standing.items() if not found.is_converted}
        older = {key: found for key, found in leads.items() if _is_older(found, this.groups[key][-1])}
        for key in leads.keys() - older.keys():
            this.member_refs[key] = ("LeadId", leads[key].id)
        self._update_leads(this, older)
        self._update_contacts(this, converted)

    def _update_leads(self, this: _Round, outdated: Mapping[str, SalesforceLead]) -> None:
        own = self._org.connection.external_id_field
        records = [
            {"id": found.id, own: key, **self._lead_values(this.groups[key][-1])} for key, found in outdated.items()
        ]
        for key, written in zip(outdated, self._writer.update("Lead", records), strict=True):
            self._apply_result(this, key, written, "LeadId")

    def _update_contacts(self, this: _Round, converted: Mapping[str, SalesforceLead]) -> None:
        """A converted Lead is read-only: what the Contact has too goes there."""
        keys = [key for key, found in converted.items() if found.converted_contact_id]
        records = [
            {"id": converted[key].converted_contact_id, **self._contact_values(this.groups[key][-1])} for key in keys
        ]
        for key, written in zip(keys, self._writer.update("Contact", records), strict=True):
            self._apply_result(this, key, written, "ContactId")
        for key in converted.keys() - set(keys):
            this.failures[key] = ("CANNOT_UPDATE_CONVERTED_LEAD", "the Lead was converted without a Contact")

    def _apply_result(self, this: _Round, key: str, result: WriteResult, member_field: str) -> None:
        if isinstance(result, str):
            this.member_refs[key] = (member_field, result)
            return
        decided = self._classify(result)
        if decided is ErrorCategory.DELETED:
            this.failures[key] = (DELETED_IN_CRM, "the record was deleted in Salesforce")
        elif decided not in (ErrorCategory.RETRY, ErrorCategory.CONVERTED):
            this.failures[key] = (result.code, result.safe_message)

    def _failure_results(self, this: _Round) -> list[HandOverResult]:
        answers = []
        for key, (code, message) in this.failures.items():
            record = this.leads[key].id if key in this.leads else None
            for handover in this.groups[key]:
                answers.append(HandOverResult(handover, "failed", record=record, code=code, message=message))
        return answers

    # --- memberships ---

    def _create_memberships(self, this: _Round) -> list[HandOverResult]:
        standing = [each for key in this.member_refs for each in this.groups[key]]
        standing.sort(key=lambda each: each.number)
        targeted = [each for each in standing if each.campaign.salesforce is not None]
        answers = [
            HandOverResult(each, "linked", record=self._record_id(this, each))
            for each in standing
            if each.campaign.salesforce is None
        ]
        records = [self._member_values(this, each) for each in targeted]
        for handover, written in zip(targeted, self._writer.create("CampaignMember", records), strict=True):
            if answer := self._member_result(handover, self._record_id(this, handover), written):
                answers.append(answer)
        return answers

    def _member_values(self, this: _Round, handover: LeadHandOver) -> SalesforceRow:
        person, record = this.member_refs[handover.key]
        target = handover.campaign.salesforce
        assert target is not None
        status = {} if target.member_status is None else {"Status": target.member_status}
        return {"CampaignId": target.campaign, person: record, **status}

    def _member_result(self, handover: LeadHandOver, record: str, result: WriteResult) -> HandOverResult | None:
        if isinstance(result, str):
            return HandOverResult(handover, "linked", record=record, member=result)
        decided = self._classify(result)
        if decided is ErrorCategory.ALREADY_MEMBER:
            return HandOverResult(handover, "linked", record=record)
        if decided in (ErrorCategory.RETRY, ErrorCategory.CONVERTED):
            return None
        return HandOverResult(handover, "failed", record=record, code=result.code, message=result.safe_message)

    @staticmethod
    def _record_id(this: _Round, handover: LeadHandOver) -> str:
        found = this.leads.get(handover.key)
        return found.id if found is not None else this.member_refs[handover.key][1]

    # --- values ---

    def _lead_values(self, handover: LeadHandOver) -> SalesforceRow:
        names = self._org.connection
        return {
            **lead_values(self._mapping(handover.account), handover.snapshot.properties),
            names.number_field: str(handover.number),
            names.campaign_field: handover.campaign.id,
        }

    def _contact_values(self, handover: LeadHandOver) -> SalesforceRow:
        if self._updatable_contact_fields is None:
            self._updatable_contact_fields = updatable_fields(self._org.describe("Contact"))
        values = lead_values(self._mapping(handover.account), handover.snapshot.properties)
        return {name: value for name, value in values.items() if name in self._updatable_contact_fields}

    def _classify(self, error: CrmError) -> ErrorCategory:
        """What an error of one record means. Raises CircuitOpen, SalesforceRefused where it speaks of all records."""
        decided = classify_error(error, self._org.connection.external_id_field)
        if decided is ErrorCategory.PAUSE:
            raise CircuitOpen(f"Salesforce refuses everything for now: {error}")
        if decided is ErrorCategory.SETUP:
            raise SalesforceRefused(
                f"Salesforce refuses the mapping ({error}): correct lead_fields in the definitions, or the field "
                "access of the integration user"
            )
        return decided


def _is_older(lead: SalesforceLead, newest: LeadHandOver) -> bool:
    """Whether a Lead was last written from an older hand-over than this one, or by nobody of ours."""
    return lead.number is None or lead.number < newest.number


def _evict_oldest(entries: OrderedDict[str, Any]) -> None:
    while len(entries) > MAX_TRACKED_CONTACTS:
        entries.popitem(last=False)
