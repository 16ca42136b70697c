"""The one registry of topics: name, direction, key, models, partitions and policy of each (SPEC section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from pydantic import BaseModel

from schemas.events import clock, contacts, crm, leads, opportunities, releases, scores, segments, visits
from schemas.outputs import contacts as contact_outputs
from schemas.outputs import handovers, letters, notifications, revenue
from schemas.outputs import leads as lead_outputs
from schemas.outputs import segments as segment_outputs

Direction = Literal["in", "out", "internal"]
Partitioning = Literal["in", "slots", "one"]
"""How many partitions: as many as the settings give in-topics, as many as there are slots, or one."""

FOREVER = {"retention.ms": "-1"}
WEEK = {"retention.ms": "604800000"}
MONTH = {"retention.ms": "2592000000"}
LOG_APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}
IN_POLICY = {**MONTH, **LOG_APPEND_TIME}
COMPACT = {"cleanup.policy": "compact"}
# A take-over reads everything that is not compacted yet, so segments are small, and rolled and cleaned often.
COMPACT_OFTEN = {
    "cleanup.policy": "compact",
    "segment.bytes": "33554432",
    "segment.ms": "600000",
    "min.cleanable.dirty.ratio": "0.1",
}


class NoModel(Enum):
    """Why no model describes the values of a topic."""

    ENGINE_FORM = "the engine's own form; only the engine reads and writes it"
    AS_RECEIVED = "the bytes of the source record, valid or not"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of a deployment; `name` is without the deployment's prefix."""

    name: str
    direction: Direction
    key: str
    """What the record key holds, in words."""
    models: tuple[type[BaseModel], ...] | NoModel
    """The models of the values, one for each type of record, or the reason why there is none."""
    partitioning: Partitioning
    policy: Mapping[str, str]
    """Kafka's topic configuration."""
    headers: type[BaseModel] | None = None
    """The model of the record headers, where readers need them."""


CONTACT_CHANGES = Topic(
    "contact-changes",
    "in",
    "contact",
    (
        contacts.ContactChanged,
        contacts.ContactDeleted,
        contacts.ContactMerged,
        contacts.ContactIdentified,
        contacts.ContactErased,
    ),
    "in",
    IN_POLICY,
)
WEB_VISITS = Topic(
    "web-visits", "in", "contact or visitor", (visits.WebVisited, visits.ActivityRecorded), "in", IN_POLICY
)
SCORING_EVENTS = Topic("scoring-events", "in", "contact", (scores.ScoreAdjusted,), "in", IN_POLICY)
LEAD_COMMANDS = Topic(
    "lead-commands",
    "in",
    "contact",
    (leads.LeadAdded, leads.LeadQualified, leads.LeadRejected, leads.LeadRemoved, leads.LeadReactivated),
    "in",
    IN_POLICY,
)
SEGMENT_COMMANDS = Topic(
    "segment-commands", "in", "contact", (segments.SegmentMemberAdded, segments.SegmentMemberRemoved), "in", IN_POLICY
)
CRM_OPPORTUNITIES = Topic(
    "crm-opportunities", "in", "opportunity", (opportunities.OpportunityChanged,), "in", IN_POLICY
)
CRM_RESULTS = Topic("crm-results", "in", "contact", (crm.CrmLinked, crm.CrmFailed, crm.CrmOutcome), "in", IN_POLICY)

DEFINITIONS = Topic(
    "definitions", "in", "account", (releases.DefinitionsApplied,), "one", {**FOREVER, **LOG_APPEND_TIME}
)
CLOCK = Topic("clock", "internal", "account", (clock.ClockAdvanced,), "one", {**FOREVER, **LOG_APPEND_TIME})
CLAIMS = Topic(
    "claims", "internal", "source partition", NoModel.ENGINE_FORM, "one", {**COMPACT_OFTEN, **LOG_APPEND_TIME}
)
JOURNAL = Topic("journal", "internal", "account/contact", NoModel.ENGINE_FORM, "slots", FOREVER)
LEDGER_JOURNAL = Topic("ledger-journal", "internal", "account/opportunity", NoModel.ENGINE_FORM, "one", FOREVER)
# The name that Faust gives a table's changelog: application, table, "changelog".
CONTACTS_CHANGELOG = Topic(
    "leadstream-pipeline-contacts-changelog",
    "internal",
    "account/contact",
    NoModel.ENGINE_FORM,
    "slots",
    COMPACT_OFTEN,
)
OPPORTUNITIES_CHANGELOG = Topic(
    "leadstream-ledger-opportunities-changelog",
    "internal",
    "account/opportunity",
    NoModel.ENGINE_FORM,
    "one",
    COMPACT_OFTEN,
)
DEPLOYMENT = Topic("deployment", "internal", "`deployment`, `settings`", NoModel.ENGINE_FORM, "one", COMPACT)

CONTACTS = Topic("contacts", "out", "account/contact", (contact_outputs.ContactRow,), "slots", COMPACT)
SEGMENT_CHANGES = Topic(
    "segment-changes",
    "out",
    "account/contact",
    (segment_outputs.SegmentEntered, segment_outputs.SegmentExited),
    "slots",
    WEEK,
)
SEGMENT_MEMBERS = Topic(
    "segment-members", "out", "account/segment/contact", (segment_outputs.SegmentMember,), "slots", COMPACT
)
LEAD_CHANGES = Topic(
    "lead-changes",
    "out",
    "account/contact",
    (lead_outputs.LeadStatusChanged, lead_outputs.LeadPointsChanged),
    "slots",
    WEEK,
)
LEADS = Topic("leads", "out", "account/campaign/contact", (lead_outputs.LeadRow,), "slots", COMPACT)
QUALIFIED_LEADS = Topic(
    "qualified-leads", "out", "account/contact", (handovers.LeadHandedOver,), "slots", MONTH
)
NOTIFICATIONS = Topic("notifications", "out", "account/contact", (notifications.AutomationNotified,), "slots", WEEK)
CAMPAIGN_REVENUE = Topic(
    "campaign-revenue", "out", "account/campaign/currency", (revenue.CampaignRevenue,), "one", COMPACT
)
DEAD_LETTERS = Topic(
    "dead-letters", "out", "as received", NoModel.AS_RECEIVED, "slots", MONTH, letters.DeadLetterHeaders
)
DEAD_LETTER_RETRIES = Topic(
    "dead-letter-retries",
    "internal",
    "partition:offset of the dead letter",
    NoModel.ENGINE_FORM,
    "one",
    COMPACT,
)

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
    CONTACTS,
    SEGMENT_CHANGES,
    SEGMENT_MEMBERS,
    LEAD_CHANGES,
    LEADS,
    QUALIFIED_LEADS,
    CAMPAIGN_REVENUE,
    NOTIFICATIONS,
    DEAD_LETTERS,
    DEAD_LETTER_RETRIES,
)
