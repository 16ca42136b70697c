"""The registry of topics: a topic *is* its name, key, value, partitions and policy (SPEC section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Direction = Literal["in", "out", "internal"]
Partitioning = Literal["in", "slots", "one"]
"""How many partitions: as in-topics are set, as many as there are slots, or one."""

FOREVER = {"retention.ms": "-1"}
WEEK = {"retention.ms": "604800000"}
MONTH = {"retention.ms": "2592000000"}
LOG_APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}
COMPACT = {"cleanup.policy": "compact"}
# A take-over reads everything that is not compacted yet: small segments, rolled and cleaned often.
COMPACT_OFTEN = {
    "cleanup.policy": "compact",
    "segment.bytes": "33554432",
    "segment.ms": "600000",
    "min.cleanable.dirty.ratio": "0.1",
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as the deployment needs it; `name` carries no prefix."""

    name: str
    direction: Direction
    key: str
    value: str
    partitioning: Partitioning
    config: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


CONTACT_CHANGES = Topic("contact-changes", "in", "contact", "contact events", "in", {**MONTH, **LOG_APPEND_TIME})
WEB_VISITS = Topic("web-visits", "in", "contact or visitor", "visits, activities", "in", {**MONTH, **LOG_APPEND_TIME})
SCORING_EVENTS = Topic("scoring-events", "in", "contact", "score.adjusted", "in", {**MONTH, **LOG_APPEND_TIME})
LEAD_COMMANDS = Topic("lead-commands", "in", "contact", "lead commands", "in", {**MONTH, **LOG_APPEND_TIME})
SEGMENT_COMMANDS = Topic("segment-commands", "in", "contact", "list commands", "in", {**MONTH, **LOG_APPEND_TIME})
CRM_OPPORTUNITIES = Topic(
    "crm-opportunities", "in", "opportunity", "opportunity.changed", "in", {**MONTH, **LOG_APPEND_TIME}
)
CRM_RESULTS = Topic("crm-results", "in", "contact", "answers of the CRM", "in", {**MONTH, **LOG_APPEND_TIME})

DEFINITIONS = Topic("definitions", "in", "account", "releases", "one", {**FOREVER, **LOG_APPEND_TIME})
CLOCK = Topic("clock", "internal", "account", "clock.advanced", "one", {**FOREVER, **LOG_APPEND_TIME})
CLAIMS = Topic("claims", "internal", "source partition", "claims", "one", {**COMPACT_OFTEN, **LOG_APPEND_TIME})
JOURNAL = Topic("journal", "internal", "account/contact", "journal records", "slots", FOREVER)
LEDGER_JOURNAL = Topic("ledger-journal", "internal", "account/opportunity", "journal records", "one", FOREVER)
# Named as Faust names the changelog of a table: application, table, "changelog".
CONTACTS_CHANGELOG = Topic(
    "leadstream-pipeline-contacts-changelog", "internal", "account/contact", "rows", "slots", COMPACT_OFTEN
)
OPPORTUNITIES_CHANGELOG = Topic(
    "leadstream-ledger-opportunities-changelog", "internal", "account/opportunity", "rows", "one", COMPACT_OFTEN
)
DEPLOYMENT = Topic("deployment", "internal", "`deployment`", "what is fixed at creation", "one", COMPACT)

SEGMENT_CHANGES = Topic("segment-changes", "out", "account/contact", "segment changes", "slots", WEEK)
SEGMENT_MEMBERS = Topic("segment-members", "out", "account/segment/contact", "memberships", "slots", COMPACT)
LEAD_CHANGES = Topic("lead-changes", "out", "account/contact", "lead changes", "slots", WEEK)
LEADS = Topic("leads", "out", "account/campaign/contact", "leads", "slots", COMPACT)
QUALIFIED_LEADS = Topic("qualified-leads", "out", "account/contact", "lead.handed_over", "slots", MONTH)
CAMPAIGN_REVENUE = Topic("campaign-revenue", "out", "account/campaign/currency", "revenue", "one", COMPACT)
DEAD_LETTERS = Topic("dead-letters", "out", "as received", "as received", "slots", MONTH)

PIPELINE_IN = (CONTACT_CHANGES, WEB_VISITS, SCORING_EVENTS, LEAD_COMMANDS, SEGMENT_COMMANDS, CRM_RESULTS)
LEDGER_IN = (CRM_OPPORTUNITIES,)
ALL_TOPICS = (
    *PIPELINE_IN,
    *LEDGER_IN,
    DEFINITIONS,
    CLOCK,
    CLAIMS,
    JOURNAL,
    LEDGER_JOURNAL,
    CONTACTS_CHANGELOG,
    OPPORTUNITIES_CHANGELOG,
    DEPLOYMENT,
    SEGMENT_CHANGES,
    SEGMENT_MEMBERS,
    LEAD_CHANGES,
    LEADS,
    QUALIFIED_LEADS,
    CAMPAIGN_REVENUE,
    DEAD_LETTERS,
)
