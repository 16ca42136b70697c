"""Hands leads over to Salesforce, and makes each effect happen once, whatever fails.

A round looks before it writes. 1 It finds every contact's record: in the recycle bin, merged, converted, or known by
its e-mail address. 2 It plans each record's fields. 3 It creates the Leads that never existed, by external id. 4 It
changes those that exist by record id, so that one deleted meanwhile is not created again. 5 It makes the campaign
memberships. A round that did not get an answer is repeated, and finds what the round before wrote all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

import stamina

from connectors.salesforce.handover.campaign_target import TargetProvider, recorded_target, with_target
from connectors.salesforce.handover.delivery_outcome import DeliveryOutcome, PendingHandOver
from connectors.salesforce.handover.delivery_round import DeliveryRound
from connectors.salesforce.handover.descriptions import DescriptionCache
from connectors.salesforce.handover.handover_records import (
    DO_NOT_SYNC,
    HandOverResult,
    LeadHandOver,
    LeadHandOverNumber,
    group_by_contact,
)
from connectors.salesforce.handover.lookup import PersonObject, RecordLink, RecordLookup
from connectors.salesforce.handover.mapping import (
    fields_to_read,
    key_field_problems,
    lead_fields_of,
    mapped_fields,
    misfits,
)
from connectors.salesforce.handover.matching import EmailMatcher
from connectors.salesforce.handover.memberships import CampaignMembers
from connectors.salesforce.handover.newest import NewestHandOvers
from connectors.salesforce.handover.number_sweep import NumberSweep
from connectors.salesforce.handover.planning import AccountMapping, RecordPlan, RecordPlanner
from connectors.salesforce.handover.record_ids import CONTACT_PREFIX
from connectors.salesforce.handover.writer import CollectionWriter, cause_of
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.errors import RequestRefused, TransientFailure
from schemas.definitions import Salesforce
from schemas.time_zones import find_zone
from streams.errors import SalesforceRefused, SalesforceUnavailable

MappingProvider = Callable[[str], Salesforce]
"""Account -> the `salesforce` part of its latest release; the default one where it has none."""
TimeZoneProvider = Callable[[str], str]
"""Account -> the name of its time zone."""

_ROUNDS = 2
"""Rounds of one attempt: the second is for records that were merged, converted or created meanwhile."""
_FAILURES_BEFORE_SEARCH = 2
"""Failures of a request, after which the record is searched for that makes it fail."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a round without an answer is tried, and the waits in between, in seconds."""

    attempts: int = 4
    initial_wait: float = 0.1
    max_wait: float = 2.0
    jitter: float = 0.5


def utc(account: str) -> str:
    """Returns the time zone of every account that none is known of."""
    del account
    return "UTC"


class Delivery:
    """Hands over batches, in one thread at a time. `deliver` can be repeated with the same batch."""

    def __init__(
        self,
        org: OrgClient,
        mapping: MappingProvider,
        retry_policy: RetryPolicy | None = None,
        time_zone: TimeZoneProvider = utc,
        target: TargetProvider = recorded_target,
    ) -> None:
        self._org = org
        self._mapping = mapping
        self._time_zone = time_zone
        self._target = target
        self._retry_policy = retry_policy or RetryPolicy()
        self._descriptions = DescriptionCache(org)
        self._lookup = RecordLookup(org, self._descriptions)
        self._matcher = EmailMatcher(self._lookup)
        self._writer = CollectionWriter(org)
        self._memberships = CampaignMembers(org, self._writer)
        self._newest = NewestHandOvers()
        self._lead_sweep = NumberSweep(org, self._descriptions, "Lead")
        self._contact_sweep = NumberSweep(org, self._descriptions, "Contact")
        self._waiting_repairs: dict[str, LeadHandOverNumber] = {}
        """Key -> number of outdated records whose account stands still; as many as hand-overs are remembered."""
        self._writes_contacts = False
        """Whether a Contact was written since the start: else none needs a look for a late write."""

    def deliver(self, batch: Sequence[LeadHandOver]) -> DeliveryOutcome:
        """Tries once to hand over a batch, with a few short retries where Salesforce's answer is not known.

        Raises TransientFailure, CircuitOpen and SalesforceRefused for what concerns the whole org.
        """
        # What is remembered has the target that it was delivered with, and a repair asks for no other.
        batch = [self._with_present_target(each) for each in batch]
        for handover in batch:
            self._newest.add(handover)
        return self._deliver(batch)

    def _deliver(self, batch: Sequence[LeadHandOver], *, is_repair: bool = False) -> DeliveryOutcome:
        results = [_unsynced(each) for each in batch if each.do_not_sync]
        pending: list[PendingHandOver] = []
        stopped: dict[str, str] = {}
        open_handovers = [each for each in batch if not each.do_not_sync]
        for number in range(_ROUNDS):
            if not open_handovers:
                break
            try:
                outcome, changed = self._deliver_with_retries(open_handovers, is_repair=is_repair)
            except (SalesforceUnavailable, SalesforceRefused):
                if number == 0:
                    raise
                break
            except RequestRefused as refused:
                raise SalesforceRefused(f"a query of the connector cannot be read: {refused}") from refused
            results.extend(outcome.results)
            stopped.update(outcome.stopped)
            tried = {each.id for each in open_handovers}
            pending = [*(each for each in pending if each.handover.id not in tried), *outcome.pending]
            open_handovers = [each.handover for each in outcome.pending if each.handover.id in changed]
        if stopped:
            self._descriptions.expire()
        return _in_order_of(batch, DeliveryOutcome(results, pending, stopped))

    def preview(self, batch: Sequence[LeadHandOver]) -> tuple[list[RecordPlan], Mapping[str, str]]:
        """Returns what `deliver` would write, by contact, and the accounts that stand still with the reason.

        Reads and writes nothing. Raises as `deliver`.
        """
        return self._plan([self._with_present_target(each) for each in batch if not each.do_not_sync])

    def _with_present_target(self, handover: LeadHandOver) -> LeadHandOver:
        return with_target(handover, self._target(handover))

    def track_newest(self, handover: LeadHandOver) -> None:
        """Remembers the newest hand-over of each contact for `repair_outdated_leads`; the last 10,000 contacts."""
        self._newest.add(handover)

    def repair_outdated_leads(self, stopped: Collection[str] = ()) -> list[LeadHandOver]:
        """Finds records that were written from an older hand-over than the newest, and delivers the newest again.

        Such a record comes from a worker that was paused in a request and woke up after another worker took over.
        The first call looks at the last day, a later one at the changes since the call before, at 10,000 records of
        an object at most: what is left of an import waits for the next calls. So do records of `stopped` accounts.
        Returns the hand-overs delivered again; raises as `deliver`.
        """
        if not self._newest:
            return []
        sweeps = [self._lead_sweep, self._contact_sweep] if self._writes_contacts else [self._lead_sweep]
        numbers = {key: number for sweep in sweeps for key, number in sweep.read().items()}
        found = self._newest.newer_than({**self._waiting_repairs, **numbers})
        outdated = [each for each in found if each.account not in stopped]
        if outdated:
            self._deliver(outdated, is_repair=True)
        waiting = {each.key for each in found if each.account in stopped}
        self._waiting_repairs = {
            key: number for key, number in {**self._waiting_repairs, **numbers}.items() if key in waiting
        }
        for sweep in sweeps:
            sweep.advance()
        return outdated

    # --- one round ---

    def _deliver_with_retries(
        self, batch: Sequence[LeadHandOver], *, is_repair: bool
    ) -> tuple[DeliveryOutcome, frozenset[str]]:
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
                self._writer.isolates = attempt.num > _FAILURES_BEFORE_SEARCH
                return self._deliver_round(batch, is_repair=is_repair)
        raise AssertionError("the last attempt returns or raises")

    def _deliver_round(
        self, batch: Sequence[LeadHandOver], *, is_repair: bool
    ) -> tuple[DeliveryOutcome, frozenset[str]]:
        """The outcome, and the hand-overs (by id) whose record has become another since the look."""
        plans, stopped = self._plan(batch)
        this = DeliveryRound(self._org.connection, self._writer, self._memberships, plans, is_repair=is_repair)
        outcome = this.run(lambda account: self._mapping(account).assign)
        self._writes_contacts |= any(plan.sobject == "Contact" and plan.values for plan in plans)
        for key, record_id in this.linked_records():
            self._newest.set_record(key, record_id)
        outcome = DeliveryOutcome(outcome.results, outcome.pending, {**stopped, **outcome.stopped})
        return outcome, frozenset(this.changed)

    def _plan(self, batch: Sequence[LeadHandOver]) -> tuple[list[RecordPlan], dict[str, str]]:
        """The plan of each contact's record; an account whose mapping does not fit is in the second part instead."""
        if not batch:
            return [], {}
        try:
            return self._plan_as_described(batch)
        except SalesforceRefused as refused:
            error = cause_of(refused)
            if error is None or error.code != "INVALID_FIELD":
                raise
            # A field that is read was taken away since the objects were described.
            self._descriptions.forget()
            return self._plan_as_described(batch)

    def _plan_as_described(self, batch: Sequence[LeadHandOver]) -> tuple[list[RecordPlan], dict[str, str]]:
        lead = self._descriptions.get("Lead")
        names = self._org.connection
        if problems := key_field_problems(lead, names):
            raise SalesforceRefused(f"Salesforce ({names.display_name}) is not ready: {'; '.join(problems)}")
        mappings = {account: self._account_mapping(account) for account in {each.account for each in batch}}
        stopped = {
            account: f"correct the mapping of {account}, or the access of the integration user: {'; '.join(reasons)}"
            for account, mapping in mappings.items()
            if (reasons := misfits(mapping.salesforce, lead, names))
        }
        groups = group_by_contact([each for each in batch if each.account not in stopped])
        fitting = [mapping for account, mapping in mappings.items() if account not in stopped]
        to_read = frozenset().union(*(fields_to_read(each.salesforce) for each in fitting))
        all_fields = frozenset().union(*(mapped_fields(each.salesforce) for each in fitting))
        links = self._lookup.with_values(self._links(groups, mappings, to_read), all_fields)
        objects: set[PersonObject] = {link.record.sobject for link in links.values() if link.record is not None}
        objects.add("Lead")
        descriptions = {each: self._descriptions.get(each) for each in sorted(objects)}
        planner = RecordPlanner(names, descriptions)
        plans = [
            planner.plan(key, handovers, links.get(key), mappings[handovers[-1].account])
            for key, handovers in groups.items()
        ]
        return plans, stopped

    def _links(
        self,
        groups: Mapping[str, Sequence[LeadHandOver]],
        mappings: Mapping[str, AccountMapping],
        fields: frozenset[str],
    ) -> dict[str, RecordLink]:
        known = {key: record for key in groups if (record := self._newest.record_of(key)) is not None}
        named = {each.key: each.lead.record for group in groups.values() for each in group if each.lead.record}
        known = {**named, **known}
        emails = {}
        for key, handovers in groups.items():
            last = handovers[-1]
            email = last.snapshot.properties.get("email")
            matches = "email" in mappings[last.account].salesforce.match
            makes_record = any(not each.is_update and not each.is_withheld for each in handovers)
            if matches and isinstance(email, str) and "@" in email and makes_record:
                emails[key] = email
        contact_keys = [
            key
            for key, handovers in groups.items()
            if "email" in mappings[handovers[-1].account].salesforce.match
            or known.get(key, "").startswith(CONTACT_PREFIX)
        ]
        links = self._lookup.find(groups, known, fields, contact_keys=contact_keys)
        links.update(self._matcher.match({key: emails[key] for key in emails if key not in links}, fields))
        return links

    def _account_mapping(self, account: str) -> AccountMapping:
        salesforce = self._mapping(account)
        if not salesforce.lead_fields:
            salesforce = salesforce.model_copy(update={"lead_fields": dict(lead_fields_of(salesforce))})
        return AccountMapping(salesforce, _zone(self._time_zone(account)))


def _zone(name: str) -> tzinfo:
    return find_zone(name) or UTC


def _unsynced(handover: LeadHandOver) -> HandOverResult:
    message = "the condition do_not_sync of the account holds for the contact"
    return HandOverResult(handover, "failed", record=handover.lead.record, code=DO_NOT_SYNC, message=message)


def _in_order_of(batch: Sequence[LeadHandOver], outcome: DeliveryOutcome) -> DeliveryOutcome:
    places = {each.id: place for place, each in enumerate(batch)}
    return DeliveryOutcome(
        sorted(outcome.results, key=lambda each: places[each.handover.id]),
        sorted(outcome.pending, key=lambda each: places[each.handover.id]),
        outcome.stopped,
    )
