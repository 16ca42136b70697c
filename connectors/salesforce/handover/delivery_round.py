"""Writes the records and memberships of one round, and tells what became of each hand-over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from connectors.salesforce.handover.delivery_outcome import DeliveryOutcome, PendingHandOver
from connectors.salesforce.handover.handover_records import HandOverResult, LeadHandOver
from connectors.salesforce.handover.memberships import CampaignMembers, MemberOutcome, MemberRequest
from connectors.salesforce.handover.planning import RecordPlan
from connectors.salesforce.handover.writer import AssignmentRule, CollectionWriter, WriteResult, with_type
from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.errors import CircuitOpen, CrmError, ErrorCategory, classify_error

_AGAIN = (ErrorCategory.RETRY, ErrorCategory.CONVERTED, ErrorCategory.DELETED, ErrorCategory.ALREADY_MEMBER)
"""What another look explains, or what passes."""


class DeliveryRound:
    """The writes of one round. Records that were not written have no memberships made.

    A repair (`is_repair`) delivers again what was delivered, though a record's number says otherwise.
    """

    def __init__(
        self,
        names: Connection,
        writer: CollectionWriter,
        memberships: CampaignMembers,
        plans: Sequence[RecordPlan],
        *,
        is_repair: bool = False,
    ) -> None:
        self._names = names
        self._writer = writer
        self._memberships = memberships
        self._plans = plans
        self._is_repair = is_repair
        self._results: list[HandOverResult] = []
        self._pending: list[PendingHandOver] = []
        self._stopped: dict[str, str] = {}
        self.changed: set[str] = set()
        """Ids of pending hand-overs whose record was converted, deleted, merged or created since the look."""
        self._failed: set[str] = set()
        """Keys whose record was not written."""

    def run(self, assignment: Callable[[str], AssignmentRule]) -> DeliveryOutcome:
        """Writes everything; `assignment` says of an account whether its new Leads meet assignment rules.

        Raises as OrgClient, and CircuitOpen where the error of one record concerns all.
        """
        for plan in self._plans:
            self._answer_problems(plan)
        new = [plan for plan in self._plans if plan.is_creation]
        changed = [plan for plan in self._plans if plan.values and not plan.is_creation]
        self._create(new, assignment)
        self._update(changed)
        self._make_members()
        return DeliveryOutcome(self._results, self._pending, self._stopped)

    def linked_records(self) -> Iterator[tuple[str, str]]:
        """Yields the key of each contact whose record is known, and the record's id."""
        for plan in self._plans:
            if plan.linked_id is not None and plan.key not in self._failed:
                yield plan.key, plan.linked_id

    # --- records ---

    def _answer_problems(self, plan: RecordPlan) -> None:
        for handover in plan.handovers:
            if handover.id in plan.problems:
                code, message = plan.problems[handover.id]
                self._results.append(
                    HandOverResult(handover, "failed", record=plan.linked_id, code=code, message=message)
                )

    def _create(self, plans: Sequence[RecordPlan], assignment: Callable[[str], AssignmentRule]) -> None:
        """Creates Leads; what assigns otherwise needs a request of its own."""
        groups: dict[AssignmentRule, list[RecordPlan]] = {}
        for plan in plans:
            groups.setdefault(assignment(plan.handovers[-1].account), []).append(plan)
        for rule, group in groups.items():
            results = self._writer.upsert_leads([plan.values for plan in group], rule)
            for plan, result in zip(group, results, strict=True):
                self._take(plan, result)

    def _update(self, plans: Sequence[RecordPlan]) -> None:
        # One request takes both objects, in a part for each change from one to the other.
        plans = sorted(plans, key=lambda plan: plan.sobject, reverse=True)
        records = [
            record for plan in plans for record in with_type(plan.sobject, [{"id": plan.record_id, **plan.values}])
        ]
        for plan, result in zip(plans, self._writer.update(records), strict=True):
            self._take(plan, result)

    def _take(self, plan: RecordPlan, result: WriteResult) -> None:
        if isinstance(result, str):
            plan.record_id = result
            plan.linked_id = plan.linked_id or result
            return
        self._failed.add(plan.key)
        error = self._explain(plan, result)
        for handover in plan.open_handovers:
            self._take_error(handover, error, plan.linked_id)

    def _explain(self, plan: RecordPlan, error: CrmError) -> CrmError:
        """Says what stands behind an error that does not say it: a record that cannot be seen, a duplicate rule."""
        if error.code == "DUPLICATES_DETECTED":
            message = (
                "a duplicate rule of the org blocks the record: let the integration user pass it, or match by e-mail"
            )
            return CrmError(error.code, message, error.fields)
        is_hidden = error.code == "DUPLICATE_VALUE" and "<unknown>" in error.message
        if not is_hidden or self._names.external_id_field not in plan.values:
            return error
        field = self._names.external_id_field
        return CrmError(
            error.code,
            f"{field}: a record that the integration user cannot see has the contact's key: give the user access to "
            "it, or clear the key there",
            (field,),
        )

    def _take_error(self, handover: LeadHandOver, error: CrmError, record: str | None) -> None:
        category = classify_error(error, self._names.external_id_field)
        if category is ErrorCategory.PAUSE:
            raise CircuitOpen(f"Salesforce refuses everything for now: {error.code}: {error.safe_message}")
        if category is ErrorCategory.SETUP:
            self._stopped[handover.account] = (
                f"correct the mapping of {handover.account}, or the access of the integration user: "
                f"{error.code}: {error.safe_message}"
            )
        elif category in _AGAIN:
            self._pending.append(PendingHandOver(handover, error))
            if category is not ErrorCategory.RETRY or (error.code == "DUPLICATE_VALUE" and not error.fields):
                self.changed.add(handover.id)
        else:
            self._results.append(
                HandOverResult(handover, "failed", record=record, code=error.code, message=error.safe_message)
            )

    # --- memberships ---

    def _make_members(self) -> None:
        requests: list[tuple[RecordPlan, LeadHandOver, MemberRequest]] = []
        for plan in self._plans:
            if plan.key in self._failed:
                continue
            for handover in plan.open_handovers:
                target = handover.campaign.salesforce
                if plan.record_id is None:
                    continue
                if target is None or handover.is_update:
                    self._results.append(_linked(plan, handover))
                else:
                    since = self._repeated_since(plan, handover)
                    request = MemberRequest(target, plan.sobject, plan.record_id, since)
                    requests.append((plan, handover, request))
        requests.sort(key=lambda each: each[1].number)
        outcomes = self._memberships.write([request for _, _, request in requests])
        for (plan, handover, _), outcome in zip(requests, outcomes, strict=True):
            self._take_member(plan, handover, outcome)

    def _repeated_since(self, plan: RecordPlan, handover: LeadHandOver) -> datetime | None:
        """When a hand-over was decided that may have been delivered before; None for a first try.

        A repeat by hand is none: what was refused before is asked for anew.
        """
        is_repeated = not handover.retry and (self._is_repair or handover.id in plan.repeats)
        return datetime.fromisoformat(handover.at) if is_repeated else None

    def _take_member(self, plan: RecordPlan, handover: LeadHandOver, outcome: MemberOutcome) -> None:
        if outcome.problem is not None:
            code, message = outcome.problem
            self._results.append(
                HandOverResult(handover, "failed", record=plan.linked_id, code=code, message=message)
            )
        elif outcome.error is not None:
            self._take_error(handover, outcome.error, plan.linked_id)
        else:
            self._results.append(_linked(plan, handover, outcome.member))


def _linked(plan: RecordPlan, handover: LeadHandOver, member: str | None = None) -> HandOverResult:
    return HandOverResult(
        handover, "linked", record=plan.linked_id, member=member, notes=plan.notes.get(handover.id, ())
    )
