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

from connectors.salesforce.client import OrgClient, Row
from connectors.salesforce.errors import CircuitOpen, CrmError, Transient, Verdict, verdict
from connectors.salesforce.handover import DELETED_IN_CRM, Answer, HandOver, by_contact
from connectors.salesforce.lookup import Found, Lookup
from connectors.salesforce.mapping import LeadFields, lead_values, writable
from connectors.salesforce.writer import Writer, Written
from streams.errors import SalesforceRefused

REMEMBERED = 10_000
_FIRST_LOOK = timedelta(days=1)
_OVERLAP = timedelta(minutes=10)
"""Salesforce shows some rows minutes late, under the stamp of their writing."""

MappingOf = Callable[[str], LeadFields]
"""The `lead_fields` of an account's release in force."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a round is repeated within one call, and the waits in between, in seconds."""

    attempts: int = 6
    first_wait: float = 0.1
    longest_wait: float = 5.0
    jitter: float = 0.5


@dataclass(slots=True)
class _Round:
    """What one round knows: the hand-overs by key, and where each key's record is."""

    groups: Mapping[str, list[HandOver]]
    found: Mapping[str, Found]
    people: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Per key the member's field (LeadId or ContactId) and the record it names."""
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Per key the code and message of a refusal for good."""


class Delivery:
    """Hands over batches. For one thread at a time; `deliver` can be repeated with the same batch at will."""

    def __init__(self, org: OrgClient, mapping: MappingOf, patience: Patience | None = None) -> None:
        self._org = org
        self._mapping = mapping
        self._patience = patience or Patience()
        self._lookup = Lookup(org)
        self._writer = Writer(org)
        self._links: OrderedDict[str, str] = OrderedDict()
        self._newest: OrderedDict[str, HandOver] = OrderedDict()
        self._contact_fields: frozenset[str] | None = None
        self._repaired: datetime | None = None

    def deliver(self, batch: Sequence[HandOver]) -> list[Answer]:
        """The answer to each hand-over, in their order. Raises Transient, CircuitOpen, SalesforceRefused."""
        for handover in batch:
            self.remember(handover)
        answers: dict[str, Answer] = {}
        patience = self._patience
        for attempt in stamina.retry_context(
            on=Transient,
            attempts=patience.attempts,
            timeout=None,
            wait_initial=patience.first_wait,
            wait_max=patience.longest_wait,
            wait_jitter=patience.jitter,
        ):
            with attempt:
                open_ones = [handover for handover in batch if handover.id not in answers]
                answers.update({answer.handover.id: answer for answer in self._round(open_ones)})
                if unanswered := [each for each in batch if each.id not in answers]:
                    raise Transient(f"Salesforce left {len(unanswered)} of {len(batch)} hand-overs unanswered")
        return [answers[handover.id] for handover in batch]

    def remember(self, handover: HandOver) -> None:
        """Keeps the newest hand-over of each contact, for `repair`; the last 10,000 contacts."""
        kept = self._newest.get(handover.key)
        if kept is None or kept.number <= handover.number:
            self._newest[handover.key] = handover
            self._newest.move_to_end(handover.key)
        if handover.lead.record is not None:
            self._links[handover.key] = handover.lead.record
        _forget_oldest(self._newest)
        _forget_oldest(self._links)

    def repair(self) -> list[HandOver]:
        """Finds Leads that lately got an older snapshot than the newest one handed over, and writes that again.

        A worker that was stopped in the middle of a request, and wakes after another took over, does such a thing.
        The first call looks at the last day, a later one at what changed since the call before.
        """
        self._org.check()
        now = self._org.server_time()
        since = ((self._repaired or now - _FIRST_LOOK) - _OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")
        older = [
            self._newest[key]
            for key, number in self._lookup.written_since(since).items()
            if key in self._newest and number < self._newest[key].number
        ]
        if older:
            self.deliver(older)
        self._repaired = now
        return older

    # --- one round ---

    def _round(self, batch: list[HandOver]) -> list[Answer]:
        groups = by_contact(batch)
        links = {key: self._links[key] for key in groups if key in self._links}
        this = _Round(groups, self._lookup.find(groups, links))
        self._settle_found(this)
        self._make(this)
        self._change(this)
        for key, (_, record) in this.people.items():
            self._links[key] = this.found[key].id if key in this.found else record
        return [*self._refusals(this), *self._memberships(this)]

    def _settle_found(self, this: _Round) -> None:
        for key, found in this.found.items():
            if found.deleted:
                this.failed[key] = (DELETED_IN_CRM, f"the Lead {found.id} was deleted in Salesforce")
            elif found.doubles:
                doubles = ", ".join(found.doubles)
                this.failed[key] = ("DUPLICATE_EXTERNAL_ID", f"several Leads have this external id: {doubles}")

    def _make(self, this: _Round) -> None:
        keys = [key for key in this.groups if key not in this.found]
        records = [{self._org.connection.external_id: key, **self._lead(this.groups[key][-1])} for key in keys]
        for key, written in zip(keys, self._writer.upsert_leads(records), strict=True):
            self._note(this, key, written, "LeadId")

    def _change(self, this: _Round) -> None:
        standing = {key: found for key, found in this.found.items() if key not in this.failed}
        converted = {key: found for key, found in standing.items() if found.converted}
        leads = {key: found for key, found in standing.items() if not found.converted}
        older = {key: found for key, found in leads.items() if _is_older(found, this.groups[key][-1])}
        for key in leads.keys() - older.keys():
            this.people[key] = ("LeadId", leads[key].id)
        self._change_leads(this, older)
        self._change_contacts(this, converted)

    def _change_leads(self, this: _Round, older: Mapping[str, Found]) -> None:
        own = self._org.connection.external_id
        records = [{"id": found.id, own: key, **self._lead(this.groups[key][-1])} for key, found in older.items()]
        for key, written in zip(older, self._writer.update("Lead", records), strict=True):
            self._note(this, key, written, "LeadId")

    def _change_contacts(self, this: _Round, converted: Mapping[str, Found]) -> None:
        """A converted Lead is read-only: what the Contact has too goes there."""
        keys = [key for key, found in converted.items() if found.converted_contact]
        records = [{"id": converted[key].converted_contact, **self._contact(this.groups[key][-1])} for key in keys]
        for key, written in zip(keys, self._writer.update("Contact", records), strict=True):
            self._note(this, key, written, "ContactId")
        for key in converted.keys() - set(keys):
            this.failed[key] = ("CANNOT_UPDATE_CONVERTED_LEAD", "the Lead was converted without a Contact")

    def _note(self, this: _Round, key: str, written: Written, person: str) -> None:
        if isinstance(written, str):
            this.people[key] = (person, written)
            return
        decided = self._decide(written)
        if decided is Verdict.DELETED:
            this.failed[key] = (DELETED_IN_CRM, "the record was deleted in Salesforce")
        elif decided not in (Verdict.RETRY, Verdict.CONVERTED):
            this.failed[key] = (written.code, written.telling)

    def _refusals(self, this: _Round) -> list[Answer]:
        answers = []
        for key, (code, message) in this.failed.items():
            record = this.found[key].id if key in this.found else None
            for handover in this.groups[key]:
                answers.append(Answer(handover, "failed", record=record, code=code, message=message))
        return answers

    # --- memberships ---

    def _memberships(self, this: _Round) -> list[Answer]:
        standing = [each for key in this.people for each in this.groups[key]]
        standing.sort(key=lambda each: each.number)
        targeted = [each for each in standing if each.campaign.salesforce is not None]
        answers = [
            Answer(each, "linked", record=self._record(this, each))
            for each in standing
            if each.campaign.salesforce is None
        ]
        records = [self._member(this, each) for each in targeted]
        for handover, written in zip(targeted, self._writer.create("CampaignMember", records), strict=True):
            if answer := self._member_answer(handover, self._record(this, handover), written):
                answers.append(answer)
        return answers

    def _member(self, this: _Round, handover: HandOver) -> Row:
        person, record = this.people[handover.key]
        target = handover.campaign.salesforce
        assert target is not None
        status = {} if target.member_status is None else {"Status": target.member_status}
        return {"CampaignId": target.campaign, person: record, **status}

    def _member_answer(self, handover: HandOver, record: str, written: Written) -> Answer | None:
        if isinstance(written, str):
            return Answer(handover, "linked", record=record, member=written)
        decided = self._decide(written)
        if decided is Verdict.ALREADY_MEMBER:
            return Answer(handover, "linked", record=record)
        if decided in (Verdict.RETRY, Verdict.CONVERTED):
            return None
        return Answer(handover, "failed", record=record, code=written.code, message=written.telling)

    @staticmethod
    def _record(this: _Round, handover: HandOver) -> str:
        found = this.found.get(handover.key)
        return found.id if found is not None else this.people[handover.key][1]

    # --- values ---

    def _lead(self, handover: HandOver) -> Row:
        names = self._org.connection
        return {
            **lead_values(self._mapping(handover.account), handover.snapshot.properties),
            names.number_field: str(handover.number),
            names.campaign_field: handover.campaign.id,
        }

    def _contact(self, handover: HandOver) -> Row:
        if self._contact_fields is None:
            self._contact_fields = writable(self._org.describe("Contact"))
        values = lead_values(self._mapping(handover.account), handover.snapshot.properties)
        return {name: value for name, value in values.items() if name in self._contact_fields}

    def _decide(self, error: CrmError) -> Verdict:
        """What an error of one record means. Raises CircuitOpen, SalesforceRefused where it speaks of all records."""
        decided = verdict(error, self._org.connection.external_id)
        if decided is Verdict.PAUSE:
            raise CircuitOpen(f"Salesforce refuses everything for now: {error}")
        if decided is Verdict.SETUP:
            raise SalesforceRefused(
                f"Salesforce refuses the mapping ({error}): correct lead_fields in the definitions, or the field "
                "access of the integration user"
            )
        return decided


def _is_older(found: Found, newest: HandOver) -> bool:
    """Whether a Lead was last written from an older hand-over than this one, or by nobody of ours."""
    return found.number is None or found.number < newest.number


def _forget_oldest(kept: OrderedDict[str, Any]) -> None:
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)
