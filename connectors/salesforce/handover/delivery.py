"""Hands leads over to Salesforce, and makes each effect happen once, whatever fails.

A round looks before it writes. 1 It finds every contact's Lead, including those in the recycle bin. 2 It creates the
Leads that never existed, by external id. 3 It changes those that exist by record id, so that one deleted meanwhile is
not created again. 4 It creates the campaign memberships, where "already a member" is success. A hand-over whose
result is not known goes into another round, which finds what the round before wrote in spite of its failure.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import stamina

from connectors.salesforce.handover.delivery_outcome import DeliveryOutcome, PendingHandOver
from connectors.salesforce.handover.handover_records import (
    DELETED_IN_CRM,
    HandOverResult,
    LeadHandOver,
    group_by_contact,
)
from connectors.salesforce.handover.lookup import LeadLookup, SalesforceLead
from connectors.salesforce.handover.mapping import LeadFields, lead_values, updatable_fields
from connectors.salesforce.handover.writer import CollectionWriter, WriteResult
from connectors.salesforce.org.client import OrgClient, SalesforceRow
from connectors.salesforce.org.errors import CircuitOpen, CrmError, ErrorCategory, TransientFailure, classify_error

MAX_TRACKED_CONTACTS = 10_000
_FIRST_REPAIR_WINDOW = timedelta(days=1)
_OVERLAP = timedelta(minutes=10)
"""Salesforce shows some rows minutes late, with the stamp of their write."""

MappingProvider = Callable[[str], LeadFields]
"""Account -> the `lead_fields` of its active release."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How many rounds one call may take, and the waits between them, in seconds."""

    attempts: int = 6
    initial_wait: float = 0.1
    max_wait: float = 5.0
    jitter: float = 0.5


@dataclass(slots=True)
class _Round:
    """The state of one round, by external id: hand-overs, records and failures."""

    groups: Mapping[str, list[LeadHandOver]]
    leads: Mapping[str, SalesforceLead]
    member_refs: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Key -> the field of the member (LeadId or ContactId) and the id of its record."""
    failures: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Key -> code and message of a final refusal."""


class Delivery:
    """Hands over batches, in one thread at a time. `deliver` can be repeated with the same batch."""

    def __init__(self, org: OrgClient, mapping: MappingProvider, retry_policy: RetryPolicy | None = None) -> None:
        self._org = org
        self._mapping = mapping
        self._retry_policy = retry_policy or RetryPolicy()
        self._lookup = LeadLookup(org)
        self._writer = CollectionWriter(org)
        self._record_ids: OrderedDict[str, str] = OrderedDict()
        """External id -> the record that the last hand-over wrote; the last 10,000 contacts."""
        self._newest_handovers: OrderedDict[str, LeadHandOver] = OrderedDict()
        self._updatable_contact_fields: frozenset[str] | None = None
        self._last_repair: datetime | None = None
        self._stopped: dict[str, str] = {}
        self._errors: dict[str, CrmError] = {}

    def deliver(self, batch: Sequence[LeadHandOver]) -> DeliveryOutcome:
        """One attempt over the batch. Raises TransientFailure, CircuitOpen, SalesforceRefused."""
        for handover in batch:
            self.track_newest(handover)
        policy = self._retry_policy
        for attempt in stamina.retry_context(
            on=TransientFailure,
            attempts=policy.attempts,
            timeout=None,
            wait_initial=policy.initial_wait,
            wait_max=policy.max_wait,
            wait_jitter=policy.jitter,
        ):
            with attempt:
                self._stopped = {}
                results = {result.handover.id: result for result in self._deliver_round(list(batch))}
        rest = [each for each in batch if each.id not in results and each.account not in self._stopped]
        error = CrmError("UNABLE_TO_LOCK_ROW", "Salesforce did not take the record")
        pending = [PendingHandOver(each, self._errors.get(each.key, error)) for each in rest]
        return DeliveryOutcome(list(results.values()), pending, dict(self._stopped))

    def track_newest(self, handover: LeadHandOver) -> None:
        """Remembers the newest hand-over of each contact for `repair_outdated_leads`; the last 10,000 contacts."""
        newest = self._newest_handovers.get(handover.key)
        if newest is None or newest.number <= handover.number:
            self._newest_handovers[handover.key] = handover
            self._newest_handovers.move_to_end(handover.key)
        if handover.lead.record is not None:
            self._record_ids[handover.key] = handover.lead.record
        _evict_oldest(self._newest_handovers)
        _evict_oldest(self._record_ids)

    def repair_outdated_leads(self) -> list[LeadHandOver]:
        """Finds Leads that were written from an older hand-over than the newest, and delivers the newest again.

        Such a Lead comes from a worker that was paused in a request and woke up after another worker took over.
        The first call looks at the last day, a later one at the changes since the call before. Returns the hand-overs
        delivered again; raises as `deliver`.
        """
        self._org.check()
        now = self._org.server_time()
        since = ((self._last_repair or now - _FIRST_REPAIR_WINDOW) - _OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")
        outdated = [
            self._newest_handovers[key]
            for key, number in self._lookup.numbers_modified_since(since).items()
            if key in self._newest_handovers and number < self._newest_handovers[key].number
        ]
        if outdated:
            self.deliver(outdated)
        self._last_repair = now
        return outdated

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
        for key, lead in this.leads.items():
            if lead.is_deleted:
                this.failures[key] = (DELETED_IN_CRM, f"the Lead {lead.id} was deleted in Salesforce")
            elif lead.duplicate_ids:
                ids = ", ".join(lead.duplicate_ids)
                this.failures[key] = ("DUPLICATE_EXTERNAL_ID", f"several Leads have this external id: {ids}")

    def _create_leads(self, this: _Round) -> None:
        keys = [key for key in this.groups if key not in this.leads]
        records = [
            {self._org.connection.external_id_field: key, **self._lead_values(this.groups[key][-1])} for key in keys
        ]
        for key, result in zip(keys, self._writer.upsert_leads(records), strict=True):
            self._apply_result(this, key, result, "LeadId")

    def _update_existing(self, this: _Round) -> None:
        usable = {key: lead for key, lead in this.leads.items() if key not in this.failures}
        converted = {key: lead for key, lead in usable.items() if lead.is_converted}
        open_leads = {key: lead for key, lead in usable.items() if not lead.is_converted}
        outdated = {key: lead for key, lead in open_leads.items() if _is_older(lead, this.groups[key][-1])}
        for key in open_leads.keys() - outdated.keys():
            this.member_refs[key] = ("LeadId", open_leads[key].id)
        self._update_leads(this, outdated)
        self._update_contacts(this, converted)

    def _update_leads(self, this: _Round, outdated: Mapping[str, SalesforceLead]) -> None:
        key_field = self._org.connection.external_id_field
        records = [
            {"id": lead.id, key_field: key, **self._lead_values(this.groups[key][-1])}
            for key, lead in outdated.items()
        ]
        for key, result in zip(outdated, self._writer.update("Lead", records), strict=True):
            self._apply_result(this, key, result, "LeadId")

    def _update_contacts(self, this: _Round, converted: Mapping[str, SalesforceLead]) -> None:
        """Writes to the Contacts of converted Leads, which are read-only, the fields that a Contact has too."""
        keys = [key for key, lead in converted.items() if lead.converted_contact_id]
        records = [
            {"id": converted[key].converted_contact_id, **self._contact_values(this.groups[key][-1])} for key in keys
        ]
        for key, result in zip(keys, self._writer.update("Contact", records), strict=True):
            self._apply_result(this, key, result, "ContactId")
        for key in converted.keys() - set(keys):
            this.failures[key] = ("CANNOT_UPDATE_CONVERTED_LEAD", "the Lead was converted without a Contact")

    def _apply_result(self, this: _Round, key: str, result: WriteResult, member_field: str) -> None:
        if isinstance(result, str):
            this.member_refs[key] = (member_field, result)
            return
        category = self._classify(result, this.groups[key][0].account)
        self._errors[key] = result
        if category is ErrorCategory.DELETED:
            this.failures[key] = (DELETED_IN_CRM, "the record was deleted in Salesforce")
        elif category not in (ErrorCategory.RETRY, ErrorCategory.CONVERTED, ErrorCategory.SETUP):
            this.failures[key] = (result.code, result.safe_message)

    def _failure_results(self, this: _Round) -> list[HandOverResult]:
        results = []
        for key, (code, message) in this.failures.items():
            record = this.leads[key].id if key in this.leads else None
            for handover in this.groups[key]:
                results.append(HandOverResult(handover, "failed", record=record, code=code, message=message))
        return results

    # --- memberships ---

    def _create_memberships(self, this: _Round) -> list[HandOverResult]:
        handovers = [each for key in this.member_refs for each in this.groups[key]]
        handovers.sort(key=lambda each: each.number)
        with_campaign = [each for each in handovers if each.campaign.salesforce is not None]
        results = [
            HandOverResult(each, "linked", record=self._record_id(this, each))
            for each in handovers
            if each.campaign.salesforce is None
        ]
        records = [self._member_values(this, each) for each in with_campaign]
        for handover, write in zip(with_campaign, self._writer.create("CampaignMember", records), strict=True):
            if result := self._member_result(handover, self._record_id(this, handover), write):
                results.append(result)
        return results

    def _member_values(self, this: _Round, handover: LeadHandOver) -> SalesforceRow:
        member_field, record = this.member_refs[handover.key]
        target = handover.campaign.salesforce
        assert target is not None
        status = {} if target.member_status is None else {"Status": target.member_status}
        return {"CampaignId": target.campaign, member_field: record, **status}

    def _member_result(self, handover: LeadHandOver, record: str, result: WriteResult) -> HandOverResult | None:
        if isinstance(result, str):
            return HandOverResult(handover, "linked", record=record, member=result)
        category = self._classify(result, handover.account)
        self._errors[handover.key] = result
        if category is ErrorCategory.ALREADY_MEMBER:
            return HandOverResult(handover, "linked", record=record)
        if category in (ErrorCategory.RETRY, ErrorCategory.CONVERTED, ErrorCategory.SETUP):
            return None
        return HandOverResult(handover, "failed", record=record, code=result.code, message=result.safe_message)

    @staticmethod
    def _record_id(this: _Round, handover: LeadHandOver) -> str:
        lead = this.leads.get(handover.key)
        return lead.id if lead is not None else this.member_refs[handover.key][1]

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

    def _classify(self, error: CrmError, account: str) -> ErrorCategory:
        """Classifies the error of a record; the set-up of a mapping stops its account. Raises CircuitOpen."""
        category = classify_error(error, self._org.connection.external_id_field)
        if category is ErrorCategory.PAUSE:
            raise CircuitOpen(f"Salesforce refuses everything for now: {error}")
        if category is ErrorCategory.SETUP:
            self._stopped[account] = (
                f"Salesforce refuses the mapping ({error}): correct lead_fields in the definitions, or the field "
                "access of the integration user"
            )
        return category


def _is_older(lead: SalesforceLead, newest: LeadHandOver) -> bool:
    """Whether a Lead was last written from an older hand-over than this one, or not by Leadstream."""
    return lead.number is None or lead.number < newest.number


def _evict_oldest(entries: OrderedDict[str, Any]) -> None:
    while len(entries) > MAX_TRACKED_CONTACTS:
        entries.popitem(last=False)
