"""Makes the people handed over members of their campaigns, and moves members to the status that is asked for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.salesforce.handover.handover_records import CampaignTarget
from connectors.salesforce.handover.lookup import PersonObject
from connectors.salesforce.handover.record_ids import full_record_id
from connectors.salesforce.handover.writer import CollectionWriter, WriteResult, with_type
from connectors.salesforce.org.client import OrgClient, SalesforceRow
from connectors.salesforce.org.errors import CrmError, ErrorCategory, classify_error

CAMPAIGN_UNKNOWN = "campaign_unknown"
MEMBER_STATUS_UNKNOWN = "member_status_unknown"
STATUS_SECONDS = 600.0
MISSING_STATUS_SECONDS = 30.0
"""How long the statuses of a campaign are kept, and how long that one is missing."""

_CAMPAIGN_ID = re.compile(r"701[a-zA-Z0-9]{12}([a-zA-Z0-9]{3})?")
_CAMPAIGN_ERRORS = frozenset(
    {"INVALID_CROSS_REFERENCE_KEY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "MALFORMED_ID"}
)


@dataclass(frozen=True, slots=True)
class MemberRequest:
    """A person who is to be a member of a campaign.

    `repeated_since` is there where it may have been asked for before: the instant from which on it was. A member that
    was changed since then has the status that we or a person set, and keeps it.
    """

    target: CampaignTarget
    sobject: PersonObject
    record_id: str
    repeated_since: datetime | None = None

    @property
    def pair(self) -> tuple[str, str]:
        """The campaign and the person; there is one member of both."""
        return full_record_id(self.target.campaign), full_record_id(self.record_id)


@dataclass(frozen=True, slots=True)
class MemberOutcome:
    """The id of the member, where Salesforce said it, and the error, where there is none.

    A `problem` (code and message) is final; an error without one may pass.
    """

    member: str | None = None
    problem: tuple[str, str] | None = None
    error: CrmError | None = None


class CampaignMembers:
    """Makes and moves campaign members. "Already a member" is success, and its status is looked at."""

    def __init__(self, org: OrgClient, writer: CollectionWriter, clock: Callable[[], float] = time.monotonic) -> None:
        self._org = org
        self._writer = writer
        self._clock = clock
        self._statuses: dict[str, tuple[float, dict[str, bool]]] = {}
        """Campaign -> when they were read, and its statuses: whether each means that the person responded."""
        self._existence: dict[str, bool] = {}
        """Campaign -> whether it was there when a membership of the present requests failed."""

    def write(self, requests: Sequence[MemberRequest]) -> list[MemberOutcome]:
        """Returns the outcome of each request, in their order. Raises as OrgClient."""
        self._existence.clear()
        self._read_statuses(requests)
        outcomes: dict[int, MemberOutcome] = {}
        for index, request in enumerate(requests):
            if problem := self._problem(request.target):
                outcomes[index] = MemberOutcome(problem=problem)
        fit = [index for index in range(len(requests)) if index not in outcomes]
        created = self._writer.create("CampaignMember", [_member_values(requests[index]) for index in fit])
        existing = []
        for index, result in zip(fit, created, strict=True):
            if isinstance(result, str):
                outcomes[index] = MemberOutcome(member=result)
            elif self._category(result) is ErrorCategory.ALREADY_MEMBER:
                existing.append(index)
            else:
                outcomes[index] = self._failure(requests[index], result)
        moved = self._move([requests[index] for index in existing])
        outcomes.update(zip(existing, moved, strict=True))
        return [outcomes[index] for index in range(len(requests))]

    # --- campaigns and their statuses ---

    def _problem(self, target: CampaignTarget) -> tuple[str, str] | None:
        campaign = full_record_id(target.campaign)
        if _CAMPAIGN_ID.fullmatch(campaign) is None:
            return CAMPAIGN_UNKNOWN, f"{target.campaign!r} is not the id of a campaign in Salesforce"
        statuses = self._statuses_of(campaign)
        if target.member_status is None or not statuses or _status_named(statuses, target.member_status) is not None:
            return None
        known = ", ".join(sorted(statuses))
        return (
            MEMBER_STATUS_UNKNOWN,
            f"the campaign {campaign} has no member status {target.member_status!r}; it has {known}",
        )

    def _read_statuses(self, requests: Iterable[MemberRequest]) -> None:
        """Reads the statuses of the campaigns for which one is asked, where they are not known or are old."""
        asked: dict[str, set[str]] = {}
        for request in requests:
            campaign = full_record_id(request.target.campaign)
            if request.target.member_status is not None and _CAMPAIGN_ID.fullmatch(campaign) is not None:
                asked.setdefault(campaign, set()).add(request.target.member_status)
        due = sorted(campaign for campaign, statuses in asked.items() if self._is_due(campaign, statuses))
        rows = self._org.query_in_batches(
            "SELECT CampaignId, Label, HasResponded FROM CampaignMemberStatus "
            "WHERE IsDeleted = false AND CampaignId IN {}",
            due,
        )
        now = self._clock()
        self._statuses.update({campaign: (now, {}) for campaign in due})
        for row in rows:
            self._statuses_of(full_record_id(str(row["CampaignId"])))[str(row["Label"])] = bool(row["HasResponded"])

    def _statuses_of(self, campaign: str) -> dict[str, bool]:
        return self._statuses.get(campaign, (0.0, {}))[1]

    def _is_due(self, campaign: str, asked: Iterable[str]) -> bool:
        if campaign not in self._statuses:
            return True
        read_at, statuses = self._statuses[campaign]
        is_missing = any(_status_named(statuses, each) is None for each in asked)
        return self._clock() - read_at > (MISSING_STATUS_SECONDS if is_missing else STATUS_SECONDS)

    # --- existing members ---

    def _move(self, requests: Sequence[MemberRequest]) -> list[MemberOutcome]:
        """Moves existing members to the status asked for, but never from one that means "responded" to another.

        Nor does a repetition move one that was changed since it was first asked for.
        """
        members = self._members([each for each in requests if each.target.member_status is not None])
        moves: dict[str, str] = {}
        ids = []
        for request in requests:
            member = members.get(request.pair)
            ids.append(None if member is None else str(member["Id"]))
            if member is None or _was_changed_since(member, request.repeated_since):
                continue
            if (status := self._next_status(request.target, member)) is not None:
                moves[str(member["Id"])] = member["Status"] = status
        records = with_type("CampaignMember", [{"id": key, "Status": status} for key, status in moves.items()])
        results = dict(zip(moves, self._writer.update(records), strict=True))
        return [
            self._move_outcome(request, member_id, results.get(member_id or ""))
            for request, member_id in zip(requests, ids, strict=True)
        ]

    def _members(self, requests: Sequence[MemberRequest]) -> dict[tuple[str, str], SalesforceRow]:
        members: dict[tuple[str, str], SalesforceRow] = {}
        for sobject in ("Lead", "Contact"):
            people = sorted({full_record_id(each.record_id) for each in requests if each.sobject == sobject})
            campaigns = sorted({each.pair[0] for each in requests if each.sobject == sobject})
            if not people:
                continue
            listed = ", ".join(f"'{campaign}'" for campaign in campaigns)
            rows = self._org.query_in_batches(
                f"SELECT Id, CampaignId, {sobject}Id, Status, LastModifiedDate FROM CampaignMember "
                f"WHERE IsDeleted = false AND CampaignId IN ({listed}) AND {sobject}Id IN {{}}",
                people,
            )
            members.update(
                {(full_record_id(row["CampaignId"]), full_record_id(row[f"{sobject}Id"])): row for row in rows}
            )
        return members

    def _next_status(self, target: CampaignTarget, member: SalesforceRow) -> str | None:
        statuses = self._statuses_of(full_record_id(target.campaign))
        asked = _status_named(statuses, target.member_status or "") or target.member_status
        present = str(member["Status"] or "")
        if asked is None or asked.casefold() == present.casefold():
            return None
        is_step_back = statuses.get(present, False) and not statuses.get(asked, False)
        return None if is_step_back else asked

    def _move_outcome(self, request: MemberRequest, member: str | None, result: WriteResult | None) -> MemberOutcome:
        if result is None or isinstance(result, str):
            return MemberOutcome(member=member)
        return self._failure(request, result)

    # --- errors ---

    def _failure(self, request: MemberRequest, error: CrmError) -> MemberOutcome:
        category = self._category(error)
        may_be_campaign = category is ErrorCategory.DELETED or error.code in _CAMPAIGN_ERRORS
        if may_be_campaign and not self._campaign_exists(request.pair[0]):
            message = f"there is no campaign {request.pair[0]} in Salesforce, or the integration user cannot see it"
            return MemberOutcome(problem=(CAMPAIGN_UNKNOWN, message))
        if category is ErrorCategory.REFUSED and not may_be_campaign:
            return MemberOutcome(problem=(error.code, error.safe_message))
        return MemberOutcome(error=error)

    def _campaign_exists(self, campaign: str) -> bool:
        if campaign not in self._existence:
            rows = self._org.query_in_batches(
                "SELECT Id FROM Campaign WHERE IsDeleted = false AND Id IN {}", [campaign]
            )
            self._existence[campaign] = bool(rows)
        return self._existence[campaign]

    def _category(self, error: CrmError) -> ErrorCategory:
        return classify_error(error, self._org.connection.external_id_field)


def _member_values(request: MemberRequest) -> SalesforceRow:
    status = {} if request.target.member_status is None else {"Status": request.target.member_status}
    return {"CampaignId": request.target.campaign, f"{request.sobject}Id": request.record_id, **status}


def _was_changed_since(member: SalesforceRow, since: datetime | None) -> bool:
    return since is not None and datetime.fromisoformat(str(member["LastModifiedDate"])) >= since


def _status_named(statuses: Mapping[str, bool], name: str) -> str | None:
    return next((each for each in statuses if each.casefold() == name.casefold()), None)
