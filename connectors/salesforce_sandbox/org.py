"""The state of the sandbox: records, logins, settings, rules, faults and the request log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox.faults import FaultInjector
from connectors.salesforce_sandbox.logins import OAuthClient
from connectors.salesforce_sandbox.records.assignment import ASSIGNMENT_RULE, AssignmentRules
from connectors.salesforce_sandbox.records.campaigns import insert_campaign
from connectors.salesforce_sandbox.records.duplicates import DuplicateRule
from connectors.salesforce_sandbox.records.sales import SOBJECTS
from connectors.salesforce_sandbox.records.schema import SObject
from connectors.salesforce_sandbox.records.store import RecordStore
from connectors.salesforce_sandbox.records.validation import ValidationRule
from connectors.salesforce_sandbox.request_meter import RequestMeter
from connectors.salesforce_sandbox.soql.execution import QueryResult
from connectors.salesforce_sandbox.soql.paths import QueryContext

FIRST_SCHEMA: Mapping[str, SObject] = {**SOBJECTS, ASSIGNMENT_RULE.name: ASSIGNMENT_RULE}


@dataclass(slots=True)
class OrgSettings:
    """What the control call `settings` changes."""

    page_size: int = 2_000
    copy_custom_fields: bool = False
    """Whether a conversion copies our fields of the lead to the contact, as an org can be told to do."""
    daily_limit: int = 15_000
    latency_ms: float = 0.0
    """How long every request waits before it is served."""


@dataclass(slots=True)
class Org:
    """The state behind the HTTP handlers."""

    oauth_client: OAuthClient
    campaigns: Mapping[str, str]
    """The campaigns that the org starts with: id -> name."""
    schema: dict[str, SObject] = field(default_factory=lambda: dict(FIRST_SCHEMA))
    store: RecordStore = field(default_factory=RecordStore)
    faults: FaultInjector = field(default_factory=FaultInjector)
    settings: OrgSettings = field(default_factory=OrgSettings)
    duplicate_rules: list[DuplicateRule] = field(default_factory=list)
    validation_rules: list[ValidationRule] = field(default_factory=list)
    assignment_rules: AssignmentRules = field(default_factory=AssignmentRules)
    hidden_objects: set[str] = field(default_factory=set)
    """The objects that the integration user has no access to."""
    request_log: list[dict[str, Any]] = field(default_factory=list)
    locators: dict[str, QueryResult] = field(default_factory=dict)
    """The results of queries that have further pages, by their locator."""
    request_meter: RequestMeter = field(default_factory=RequestMeter)
    outage_end: datetime | None = None
    """Until when, by its own clock, the org is out of service."""

    def __post_init__(self) -> None:
        self._seed()

    def reset(self) -> None:
        """Empties the org, except for the campaigns it started with; tokens stay valid."""
        self.store = RecordStore()
        self.faults.clear()
        self.request_log.clear()
        self.locators.clear()
        self.schema = dict(FIRST_SCHEMA)
        self.settings = OrgSettings()
        self.duplicate_rules.clear()
        self.validation_rules.clear()
        self.assignment_rules = AssignmentRules()
        self.hidden_objects.clear()
        self.oauth_client.is_refused = False
        self.request_meter.clear()
        self.outage_end = None
        self._seed()

    def find_sobject(self, name: str) -> SObject | None:
        """Returns the object of this name, whatever its case; None when there is none that one may see."""
        schema = self.visible_schema()
        if name in schema:
            return schema[name]
        return next((each for each in schema.values() if each.name.lower() == name.lower()), None)

    def visible_schema(self) -> Mapping[str, SObject]:
        """Returns the objects that the integration user has access to."""
        if not self.hidden_objects:
            return self.schema
        return {name: sobject for name, sobject in self.schema.items() if name not in self.hidden_objects}

    def query_context(self) -> QueryContext:
        """Returns what queries read."""
        return QueryContext(self.visible_schema(), self.store)

    def _seed(self) -> None:
        for record_id, name in self.campaigns.items():
            insert_campaign(self.store, {"Name": name, "IsActive": True}, record_id)


ORG: web.AppKey[Org] = web.AppKey("org", Org)
