"""Checks whether an org is ready, and whether the definitions of its accounts fit it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connectors.salesforce.check.campaign_targets import CampaignCheck, shared_target_problems, targeted_campaigns
from connectors.salesforce.check.lead_mapping import MappingCheck
from connectors.salesforce.check.org_schema import OrgSchema
from connectors.salesforce.check.own_fields import own_field_problems
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.errors import SetupRefused
from schemas.definitions import Definitions, Salesforce

MAX_CLOCK_SKEW = timedelta(minutes=2)
"""Salesforce refuses an assertion that ends more than 3 minutes from its own time."""
LOW_SHARE = 0.8
"""The part of the daily limit above which a check says that it is nearly spent."""

_READ, _CREATE, _EDIT = "queryable", "createable", "updateable"
_ACTS = {_READ: "read", _CREATE: "create", _EDIT: "edit"}
_OBJECTS: Mapping[str, tuple[str, ...]] = {
    "Lead": (_READ, _CREATE, _EDIT),
    "Contact": (_READ, _EDIT),
    "Campaign": (_READ,),
    "CampaignMember": (_READ, _CREATE, _EDIT),
    "CampaignMemberStatus": (_READ,),
    "Opportunity": (_READ,),
}
_CONTACT_ROLE = "OpportunityContactRole"
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "Lead": ("IsConverted", "ConvertedContactId", "ConvertedOpportunityId"),
    "Opportunity": ("Amount", "CampaignId", "StageName", "CloseDate", "IsWon", "IsClosed"),
}
"""What is read beside the mapping: for conversions and revenue."""


@dataclass(slots=True)
class OrgReport:
    """What a check saw, of the org and of each of its accounts; notes hinder nothing."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    account_problems: dict[str, list[str]] = field(default_factory=dict)
    account_notes: dict[str, list[str]] = field(default_factory=dict)

    def problem_lines(self) -> list[str]:
        """All problems, each a line that begins with its account where it has one."""
        return [*self.problems, *_lines(self.account_problems)]

    def note_lines(self) -> list[str]:
        """All notes, each a line that begins with its account where it has one."""
        return [*self.notes, *_lines(self.account_notes)]


def check_org(
    org: OrgClient, accounts: Mapping[str, Definitions], others: Mapping[str, Definitions] | None = None
) -> OrgReport:
    """Returns what is wrong with an org and the definitions of its accounts.

    `others` are accounts of the org that are not checked themselves: they may name the same campaigns. Without any
    account the default mapping is checked. Takes some five requests. Raises SalesforceRefused for the login, and
    SalesforceUnavailable for an org that does not answer.
    """
    report = OrgReport()
    if problem := _version_problem(org):
        report.problems.append(problem)
        return report  # nothing else can be asked
    org.check()
    schema = OrgSchema(org, _objects(accounts))
    report.problems += [*_access_problems(schema, accounts), *own_field_problems(schema, org.connection)]
    report.notes += _org_notes(org, schema)
    for name, definitions in accounts.items():
        _check_account(org, schema, name, definitions, report)
    if not accounts and not others:
        mapping = MappingCheck(Definitions(), schema, org.connection)
        report.problems += mapping.problems()
    if schema.is_visible("Campaign"):
        _check_campaigns(org, accounts, others or {}, report)
    return report


def hands_over(definitions: Definitions) -> bool:
    """Whether an account may hand over leads, or says how; one without campaigns has no leads."""
    return bool(definitions.campaigns) or definitions.salesforce is not None


def _check_account(org: OrgClient, schema: OrgSchema, name: str, definitions: Definitions, report: OrgReport) -> None:
    if not hands_over(definitions):
        return
    mapping = MappingCheck(definitions, schema, org.connection)
    problems = list(mapping.problems())
    if definitions.salesforce is not None:
        problems += _assignment_problems(org, definitions.salesforce, mapping.notes)
    _add(report.account_problems, name, problems)
    _add(report.account_notes, name, mapping.notes)


def _check_campaigns(
    org: OrgClient, accounts: Mapping[str, Definitions], others: Mapping[str, Definitions], report: OrgReport
) -> None:
    targets = targeted_campaigns(accounts)
    present = targeted_campaigns({name: each for name, each in others.items() if name not in accounts})
    check = CampaignCheck(org)
    for name, problem in (*check.problems(targets), *shared_target_problems([*present, *targets])):
        if name in accounts:
            _add(report.account_problems, name, [problem])
    for name, note in check.notes:
        _add(report.account_notes, name, [note])


def _add(lists: dict[str, list[str]], account: str, texts: list[str]) -> None:
    if texts:
        lists.setdefault(account, []).extend(texts)


def _lines(lists: Mapping[str, list[str]]) -> list[str]:
    return [f"{name}: {text}" for name, texts in lists.items() for text in texts]


def _version_problem(org: OrgClient) -> str | None:
    versions = org.versions()
    wanted = org.connection.version
    if wanted in versions:
        return None
    served = f"it serves {versions[0]} to {versions[-1]}" if versions else "it says of no version that it serves it"
    return f"the org does not serve version {wanted} of the API: {served}; set LEADSTREAM_SALESFORCE_VERSION"


def _access_problems(schema: OrgSchema, accounts: Mapping[str, Definitions]) -> Iterator[str]:
    for sobject, acts in _objects(accounts).items():
        if not schema.is_visible(sobject):
            yield f"the integration user may not see the object {sobject}: give it access ({_words(acts)})"
            continue
        if lacking := [act for act in acts if not schema.allows(sobject, act)]:
            yield f"the integration user may not {_words(lacking)} records of {sobject}: give it access"
        fields = schema.fields(sobject)
        for name in _FIELDS.get(sobject, ()):
            if name not in fields:
                yield f"the integration user may not see {sobject}.{name}: give it read access to the field"


def _objects(accounts: Mapping[str, Definitions]) -> Mapping[str, tuple[str, ...]]:
    by_roles = any(each.salesforce is not None and each.salesforce.attribution for each in accounts.values())
    return {**_OBJECTS, _CONTACT_ROLE: (_READ,)} if by_roles else _OBJECTS


def _words(acts: Any) -> str:
    return ", ".join(_ACTS[act] for act in acts)


def _org_notes(org: OrgClient, schema: OrgSchema) -> Iterator[str]:
    if abs(skew := org.clock_skew()) > MAX_CLOCK_SKEW:
        yield f"this machine's clock is {skew.total_seconds():+.0f} s from the org's: set it, or JWT logins fail"
    if org.usage.share() >= LOW_SHARE:
        yield f"{org.usage.remaining} of {org.usage.limit} API requests are left of 24 hours"
    if "CurrencyIsoCode" not in schema.fields("Opportunity"):
        connection = org.connection
        place = f"currency of {connection.source}" if connection.source else "LEADSTREAM_SALESFORCE_CURRENCY"
        yield f"the org has one currency; amounts count as {connection.currency} ({place})"


def _assignment_problems(org: OrgClient, salesforce: Salesforce, notes: list[str]) -> Iterator[str]:
    if salesforce.assign is False:
        return
    try:
        rules = org.query_all("SELECT Id, Active FROM AssignmentRule WHERE SobjectType = 'Lead'")
    except SetupRefused:
        notes.append("assign: the integration user may not see assignment rules, so it is not checked")
        return
    if salesforce.assign is True:
        if not any(rule["Active"] for rule in rules):
            notes.append("assign: no assignment rule for Leads is active, so new Leads are nobody's but the user's")
    elif str(salesforce.assign)[:15] not in {str(rule["Id"])[:15] for rule in rules}:
        yield f"assign: there is no assignment rule {salesforce.assign} for Leads in Salesforce"
